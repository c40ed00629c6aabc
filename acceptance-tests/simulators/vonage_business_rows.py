"""Rows of Vonage's call logs, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from simulators.calls import MICRO, Call, amount, number_in_json, plain, stamp
from simulators.engine import Simulator
from simulators.numbers import Spelled, columns, spell
from simulators.reprint import Print, on_clock, read_back
from simulators.tables import Row, packed

_DIRECTIONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "inbound": ("Inbound",),
    "outbound": ("Outbound", "OUTBOUND"),
    "internal": ("Internal", "INTRA_PBX", "Intra PBX"),
    "other": ("Conference", None),
}
_RESULTS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "answered": ("Answered", "Answered", "Completed", "CONNECTED"),
    "no_answer": ("Missed", "No Answer", "NOT_ANSWERED", "Unanswered"),
    "busy": ("Busy",),
    "rejected": ("Rejected", "Declined"),
    "canceled": ("Cancelled", "Canceled"),
    "abandoned": ("Abandoned",),
    "voicemail": ("Voicemail", "Voice Mail"),
    "failed": ("Failed",),
    "congestion": ("Network Congestion",),  # a word that the mapping does not know
    "unknown": ("Parked", None),
}
_KNOWN: Final = {key for key in _RESULTS if key not in {"congestion", "unknown"}}
_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_STYLES: Final = ("bare", "bare", "bare", "plus", "zeros")


def _extension(text: str | None, call: Call) -> str | int | None:
    """Documented as a number; live clients get text. A number cannot keep a leading zero."""
    return int(text) if text and text[0] != "0" and call.chance(12, 60) else text


class VonageBusinessRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "vonage_business"
    default_region = "US"
    cursors: ClassVar[Mapping[str, str | None]] = {"call_records": "started_at"}
    prints = Print(("start", "end"), on_clock(_FORMAT), "source_user_full_name", ("charge", "rate"))

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        return {key: read_back(printed[key], _FORMAT) for key in self.prints.times if printed.get(key)}

    def still_going_on(self, row: Row, printed: dict[str, Any]) -> dict[str, Any]:
        if isinstance(row.item, Call) and row.item.end > self.now():
            printed |= {"length": 0, "result": None}
            del printed["end"]
        return printed

    def end_of(self, row: Row) -> int | None:
        """Return the end that a row is printed with, in seconds."""
        if not isinstance(row.item, Call):
            return row.key // MICRO
        return self._end(row.item) if row.item.end <= self.now() else None

    def _end(self, call: Call) -> int | None:
        if self.options["ends"] == "none_unanswered" and not call.answered:
            return None
        return call.start if self.options["ends"] == "start" else call.end

    def rows(self, stream: str) -> Iterator[Row]:
        for at, row, truth in self.published(stream):
            yield Row(at, at, 0, row["id"], packed(row), truth)
        for call in self.calls():
            start, visible = call.start * MICRO, self.visible(call.end)
            visible = call.start if self.options["shows_ongoing"] else visible
            yield Row(start, start, visible, call.uuid4, packed(self._printed(call)), call)

    def _sides(self, call: Call) -> tuple[Spelled, Spelled]:
        numbers = (call.caller.number, 1), (call.callee.number, 2)
        caller, callee = (spell(number, call.pick(slot, _STYLES), bare_is_known=True) for number, slot in numbers)
        return caller, callee

    def _printed(self, call: Call) -> dict[str, Any]:
        sides = [
            int(side.text)
            if side.text and side.text.isdigit() and side.text[0] != "0" and call.chance(3, 70)
            else side.text
            for side in self._sides(call)
        ]
        row = {
            "id": call.uuid4,
            "in_network": call.direction == "internal",
            "international": self._international(call),
            "from": sides[0],
            "to": sides[1],
            "direction": call.pick(4, _DIRECTIONS[call.direction]),
            "length": call.duration,
            "start": plain(call.start),
            "end": None if (end := self._end(call)) is None else plain(end),
            "charge": number_in_json(call.charge),
            "rate": 0,
            "destination_device_name": call.callee.name or "",
            "destination_user_full_name": call.callee.name,
            "destination_user": call.callee.user,
            "destination_sip_id": f"VH{call.ident % 10_000_000:07}",
            "destination_extension": _extension(call.callee.extension, call),
            "source_device_name": call.caller.name or "",
            "source_user_full_name": call.caller.name,
            "source_user": call.caller.user,
            "custom_tag": call.pick(5, ("", "Sales", " Support ", None)),
            "source_sip_id": "",
            "source_extension": _extension(call.caller.extension, call),
            "result": call.pick(6, _RESULTS[call.outcome]),
            "recorded": call.recorded,
        }
        if call.chance(7, 3):
            # Keys that are missing, and one that nobody documented.
            del row["custom_tag"], row["in_network"], row["charge"]
            row["site"] = {"id": 1}
        return row

    @staticmethod
    def _international(call: Call) -> bool | None:
        return call.pick(8, (True, False, None)) if call.direction != "internal" else False

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, Call):
            return dict(item)
        caller, callee = self._sides(item)
        result = item.pick(6, _RESULTS[item.outcome])
        direction = item.pick(4, _DIRECTIONS[item.direction])
        bare = item.chance(7, 3)
        tag = item.pick(5, ("", "Sales", " Support ", None))
        return {
            "started_at": stamp(item.start),
            "ended_at": None if (end := self._end(item)) is None else stamp(end),
            "duration_seconds": item.duration,
            "direction": "unknown" if item.direction == "other" else item.direction,
            "direction_raw": direction,
            "disposition": item.outcome if item.outcome in _KNOWN else "unknown",
            "disposition_raw": result,
            **columns("from", caller, region),
            **columns("to", callee, region),
            "from_name": item.caller.name or None,
            "to_name": item.callee.name or None,
            "from_user": item.caller.user,
            "to_user": item.callee.user,
            "from_extension": item.caller.extension,
            "to_extension": item.callee.extension,
            "answered_by": item.callee.user if item.answered else None,
            "charge_amount": None if bare else amount(item.charge),
            "is_international": self._international(item),
            "is_on_net": None if bare else item.direction == "internal",
            "is_recorded": item.recorded,
            "tag": (tag or "").strip() or None if not bare else None,
            "issues": ["number_unparsed"] if "unparsed" in {caller.kind, callee.kind} else [],
        }
