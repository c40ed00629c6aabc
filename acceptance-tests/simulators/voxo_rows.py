"""Rows of VOXO's call reports, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Final

from simulators import zones
from simulators.calls import MICRO, Call, stamp
from simulators.engine import Simulator
from simulators.numbers import Spelled, columns, spell
from simulators.reprint import Print, on_clock, read_back
from simulators.tables import Row, packed

FORMAT: Final = "%m/%d/%y %H:%M:%S"
_DIRECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "inbound": ("IN",),
    "outbound": ("OUT",),
    "internal": ("INTERNAL", "LOCAL"),
    "other": ("FEATURE",),
}
_DISPOSITIONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "answered": ("ANSWERED",),
    "no_answer": ("NO ANSWER",),
    "busy": ("BUSY",),
    "rejected": ("REJECTED",),
    "canceled": ("CANCEL",),
    "abandoned": ("ABANDON",),  # not in the mapping's list
    "voicemail": ("VOICEMAIL",),
    "congestion": ("CONGESTION",),
    "failed": ("FAILED",),
    "unknown": ("", "HANGUP"),
}
_KNOWN: Final = set(_DISPOSITIONS) - {"abandoned", "unknown"}
_CARRIERS: Final = ("EXAMPLE TELEPHONE CO.", "Söhne Télécom", None, "")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(FORMAT)


class VoxoRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "voxo"
    default_region = "US"
    prints = Print(("time",), on_clock(FORMAT), "callerIdName")

    def put_time(self, printed: dict[str, Any], key: str, at: int, text: str) -> None:
        day, slash, rest = text.partition("/")
        month, _, _ = rest.partition("/")
        swapped = self.options["day_first"] and slash
        printed[key] = f"{month}/{day}{rest[len(month) :]}" if swapped else text

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        return {"time": read_back(printed["time"], FORMAT)}

    def rows(self, stream: str) -> Iterator[Row]:
        for at, row, truth in self.published(stream):
            # The vendor prints them in New York's time, as its first sample request asked for.
            yield Row(at, at, 0, row["id"], packed(row), truth)
        for call in self.calls():
            at = (call.start + self._slip(call)) * MICRO
            yield Row(at, at, self.visible(call.end), call.uuid4, packed(self._printed(call)), call)

    def _slip(self, call: Call) -> int:
        """Seconds that the printed time is off from the epoch in the id: a wrong zone, or no zone at all."""
        if not (self.options["slips"] and self.options["epochs"]):
            return 0
        return call.pick(1, (-18_000, 3600, 20_700, 400, -75)) if call.chance(2, 1) else 0

    @staticmethod
    def _sides(call: Call) -> tuple[Spelled, Spelled]:
        sides = []
        for slot, number in ((3, call.caller.number), (4, call.callee.number)):
            # Without country code a number is American; one of another country then cannot be read.
            american = number.country == "US"
            style = call.pick(
                slot, ("national", "bare", "plus", "spaced") if american else ("plus", "zeros", "plus", "bare")
            )
            sides.append(spell(number, style))
        return sides[0], sides[1]

    def _unique(self, call: Call) -> str:
        prefix = call.pick(5, ("atl-ast2-", "", "nyc-ast1-"))
        if not self.options["epochs"]:
            return f"{prefix}{call.ident % 10_000_000}"
        return f"{prefix}{call.start}.{call.ident % 10_000_000}"

    def _flags(self, call: Call) -> tuple[int | None, int | None]:
        return call.pick(6, (0, 1, None)), call.pick(7, (0, None, 1))

    def _quality(self, call: Call) -> tuple[int | float, int | float, int | float]:
        return call.pick(8, (0, 4.4, 5, 3.25, 1)), call.pick(9, (0, 1.25, 0.1)), call.pick(10, (0, 0.5, 2))

    def _legs(self, call: Call) -> tuple[str, str]:
        other = f"atl-ast2-{call.start - 7}.{call.ident % 9_999_991}" if self.options["epochs"] else "atl-ast2-7"
        return call.pick(11, ("", "", other)), call.pick(12, ("", "", other))

    def _printed(self, call: Call) -> dict[str, Any]:
        caller, callee = self._sides(call)
        international, toll_free = self._flags(call)
        mos, jitter, loss = self._quality(call)
        before, after = self._legs(call)
        carrier = call.pick(13, _CARRIERS)
        return {
            "id": call.uuid4,
            "time": _time(call.start + self._slip(call)),
            "callerIdNumber": caller.text if caller.text is not None else "",
            "callerIdName": call.caller.name,
            "dialedNum": callee.text,
            "direction": call.pick(14, _DIRECTIONS[call.direction]),
            "disposition": call.pick(15, _DISPOSITIONS[call.outcome]),
            "duration": call.duration,
            "percentJitter": jitter,
            "packetLoss": loss,
            "qos": 0,
            "uniqueId": self._unique(call),
            "prevUniqueId": before,
            "whoAnswered": (call.callee.user or "") if call.answered else "",
            "recorded": int(call.recorded),
            "queueCall": call.pick(16, (0, 0, 1)),
            **dict.fromkeys(("ocn", "ani", "lata", "city", "rateCenter", "state", "jurisdiction", "local")),
            "lec": carrier,
            "lecType": "CLEC" if carrier else None,
            "spid": None,
            "isTollFree": toll_free,
            "nextUniqueId": after,
            "isInternational": international,
            "presented": 1,
            "mos": mos,
            "callOutcome": call.pick(17, ("", "Hangup", " Transferred ")),
            "afterAnswerDuration": call.talk,
            "outgoingCidNum": call.pick(5, (None, "2025550199")) if call.direction == "outbound" else None,
            "billingId": call.pick(6, (None, 4711, "B-9")),
            "partnerId": None,
            "geolocation": None,
        }

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, Call):
            return dict(item)
        caller, callee = self._sides(item)
        international, toll_free = self._flags(item)
        mos, jitter, loss = self._quality(item)
        before, after = self._legs(item)
        slip = self._slip(item)
        # A slip of whole half hours says that the zone was wrong, so the epoch wins; else, and where the epoch may be
        # that of the leg before, the time stays.
        start = item.start if zones.corrects(slip) and not before else item.start + slip
        billing = item.pick(6, (None, 4711, "B-9"))
        sides = {**columns("from", caller, region), **columns("to", callee, region)}
        unparsed = "unparsed" in {sides["from_number_kind"], sides["to_number_kind"]}
        return {
            "call_group_id": self._unique(item),
            "previous_leg_id": before or None,
            "next_leg_id": after or None,
            "started_at": stamp(start),
            "answered_at": stamp(start + item.ring) if item.talk else None,
            "ended_at": stamp(start + item.duration),
            "duration_seconds": item.duration,
            "ring_seconds": item.ring,
            "talk_seconds": item.talk,
            "direction": "unknown" if item.direction == "other" else item.direction,
            "direction_raw": item.pick(14, _DIRECTIONS[item.direction]),
            "disposition": item.outcome if item.outcome in _KNOWN else "unknown",
            "disposition_raw": item.pick(15, _DISPOSITIONS[item.outcome]) or None,
            "hangup_cause": (None, "Hangup", "Transferred")[item.pick(17, range(3))],
            **sides,
            "from_name": item.caller.name or None,
            "did_number": callee.text if item.direction == "inbound" else None,
            "presented_number": item.pick(5, (None, "2025550199")) if item.direction == "outbound" else None,
            "answered_by": item.callee.user if item.answered else None,
            "carrier": item.pick(13, _CARRIERS) or None,
            "billed_account": None if billing is None else str(billing),
            "is_international": None if international is None else bool(international),
            "is_toll_free": None if toll_free is None else bool(toll_free),
            "is_queue_call": bool(item.pick(16, (0, 0, 1))),
            "is_recorded": item.recorded,
            "mos": mos or None,
            # Where the score is 0, nothing was measured.
            "jitter_percent": jitter if mos else None,
            "packet_loss_percent": loss if mos else None,
            "issues": ["number_unparsed"] * unparsed + ["time_mismatch"] * (slip != 0),
        }
