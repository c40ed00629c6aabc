"""Rows of Acefone's call report, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from simulators import zones
from simulators.calls import MICRO, Call, amount, number_in_json, stamp
from simulators.engine import Simulator
from simulators.numbers import Number, Spelled, columns, spell
from simulators.reprint import Print
from simulators.tables import Row, packed

_HINTS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "inbound": ("inbound", "dialer (inbound)"),
    "outbound": ("outbound", "clicktocall"),
    "internal": ("internal",),
    "other": ("conference", None),
}
_STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "answered": ("answered", "Answered"),
    "no_answer": ("missed", "noanswer", "Missed"),
    "busy": ("busy",),
    "rejected": ("rejected",),
    "canceled": ("canceled", "Cancelled"),
    "abandoned": ("abandoned",),
    "voicemail": ("voicemail",),
    "congestion": ("congestion",),
    "failed": ("failed",),
    "unknown": ("transferred", ""),
}
_CAUSES: Final[tuple[tuple[str | None, int | None], ...]] = (
    *(("Normal Clearing", 16), ("USER_BUSY", 17), ("No Answer", 19), ("call-rejected", 21), ("Interworking", 127)),
    *(("Switching Equipment Congestion", 42), ("Lost in transit", None), ("", None), (None, None)),
)
_MONEY: Final = ("call_stats.total_charges",)
_LAST_LINES: Final[tuple[tuple[str, str | None], ...]] = (
    (" Caller hanged up the call", "caller"),
    (" Agent hung up the call", "callee"),
    ("Caller hung up", "caller"),
    (" Call ended", None),
)


class _Time(NamedTuple):
    printed: datetime
    meant: int
    as_printed: int
    issues: list[str]


class AcefoneRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "acefone"
    default_region = "GB"
    link_marker = "LINK-TOKEN-"
    prints = Print(("date",), lambda at, zone: zones.printed(zones.local(at // MICRO, zone)), "service", _MONEY)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.zone = ZoneInfo(self.options["zone"])
        self._clock = ZoneInfo(self.options["printed_zone"] or self.options["zone"])
        self.own_zone = self._clock

    def rows(self, stream: str) -> Iterator[Row]:
        for key, row, truth in self.published(stream):
            cut = zones.read(zones.local(key // MICRO, ZoneInfo("UTC")), self.zone)[1] * MICRO
            yield Row(key, cut, 0, str(row["id"]), packed(row), truth)
        for call in self.calls():
            time = self._time(call)
            key = zones.wall(time.printed) * MICRO
            body = packed(self._printed(call, time))
            yield Row(key, time.as_printed * MICRO, self.visible(call.end), self._id(call), body, call)

    @staticmethod
    def _id(call: Call) -> str:
        return str(call.ident % 10**12)

    def _call_id(self, call: Call) -> str | None:
        if not self.options["epochs"]:
            return f"c{call.ident % 10**10}"
        return call.pick(1, (f"{call.start}.{call.ident % 10_000}",) * 17 + (f"{str(call.start)[:2]}XXXXXX.4XX0", None))

    def _time(self, call: Call) -> _Time:
        evident = self.options["epochs"] and "X" not in (self._call_id(call) or "X")
        near = zones.local(call.start - 7200, self.zone), zones.local(call.start + 7200, self.zone)
        slip = 0
        if self.options["slips"] and evident and call.chance(2, 1) and near[1] - near[0] == zones.FOUR_HOURS:
            slip = call.pick(3, (3600, -18_000, 20_700, 400))
        printed = zones.local(call.start + slip, self._clock)
        return _Time(printed, *zones.read(printed, self.zone, call.start if evident else None))

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        return {"date": row.item.start * MICRO} if isinstance(row.item, Call) else {}

    def put_time(self, printed: dict[str, Any], key: str, at: int, text: str) -> None:
        """The day and the time of day stand in the row once more."""
        super().put_time(printed, key, at, text)
        clock = zones.local(at // MICRO, self.own_zone)
        printed["call_stats"] |= {"call_date": f"{clock:%Y-%m-%d}", "connection_time": f"{clock:%H:%M:%S}"}

    @staticmethod
    def _sides(call: Call) -> tuple[Spelled, Spelled]:
        sides = []
        for slot, number in ((4, call.caller.number), (5, call.callee.number)):
            british = number.country != "US"
            style = call.pick(slot, ("bare", "national", "plus") if british else ("bare", "zeros", "plus"))
            sides.append(spell(number, style, bare_is_known=True))
        # An inbound call may have no destination.
        silent = call.direction == "inbound" and call.chance(6, 40)
        return sides[0], Spelled(None) if silent else sides[1]

    @staticmethod
    def _charge(call: Call) -> tuple[Any, str]:
        """Return the charges as sent, and as they are to be read: text as it is spelt."""
        text = f"{call.charge // 10_000}.{call.charge % 10_000:04}"
        return call.pick(7, ((text, text), (number_in_json(call.charge), amount(call.charge))))

    @staticmethod
    def _answered_by(call: Call) -> Any:
        extension = call.callee.extension
        if not call.answered or extension is None:
            return ""
        return int(extension) if extension[0] != "0" and call.chance(8, 70) else extension

    def _link(self, call: Call) -> str | None:
        marked = f"{self.link_marker}{call.ident % 10**9}"
        where = self.recordings.link(f"{call.ident % 10**9}.mp3", "https://recordings.example.com")
        return f"{where}?token={marked}" if call.recorded else None

    def _flow(self, call: Call, date: str) -> tuple[list[str] | None, str | None, str | None]:
        """Return the lines of the call, and the DID and the side that hung up which they tell."""
        if call.chance(9, 5):
            return None, None, None
        last, party = call.pick(10, _LAST_LINES)
        if call.direction != "inbound":
            return [f"Call placed at {date}", last], None, party
        did = spell(Number("e164", call.callee.number.text, "GB"), call.pick(11, ("bare", "plus"))).text
        lines = [f"Call received on {did} at {date}", f" Dialed Extension ({call.callee.name}) at {date}", last]
        return lines, did, party

    def _printed(self, call: Call, time: _Time) -> dict[str, Any]:
        caller, callee = self._sides(call)
        date = zones.printed(time.printed)
        flow, _, _ = self._flow(call, date)
        as_text = call.chance(12, 60)
        count = str if as_text else int
        stats: dict[str, Any] = {
            "inbound_sec": 0,
            "outbound_sec": 0,
            "bill_sec": count(call.talk),
            "bill_calls": "0",
            "total_charges": self._charge(call)[0],
            "connection_time": date[12:],
            "ring_time": count(call.ring),
            "answer_time": count(call.talk),
            "call_flow": flow,
            "call_id": self._call_id(call),
            "call_date": f"{time.printed:%Y-%m-%d}",
            "call_duration": count(call.duration),
        }
        if call.chance(13, 40):
            stats["unique_id"] = call.ident % 10**15
        row = {
            "id": int(self._id(call)),
            "call_stats": stats,
            "call_hint": call.pick(14, _HINTS[call.direction]),
            "source": caller.text or "",
            "destination": callee.text,
            "forward_to_number": call.pick(15, (None, "", "442079460021 Extension (Zoë)")),
            "reason_key": "",
            "hangup_cause": call.pick(16, _CAUSES)[0],
            "date": date,
            "recording_file_link": self._link(call),
            "status": call.pick(17, _STATUSES[call.outcome]),
            "call_answered_by": self._answered_by(call),
            "service": f"Extension ({call.callee.name})",
        }
        if not call.recorded and call.chance(18, 5):
            del row["recording_file_link"], row["forward_to_number"]
        return row

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, Call):
            return dict(item)
        caller, callee = self._sides(item)
        sides = {**columns("from", caller, region), **columns("to", callee, region)}
        time = self._time(item)
        _, did, party = self._flow(item, "")
        cause, q850 = item.pick(16, _CAUSES)
        group = str(item.ident % 10**15) if item.chance(13, 40) else self._call_id(item)
        missing = not item.recorded and item.chance(18, 5)
        unparsed = "unparsed" in {sides["from_number_kind"], sides["to_number_kind"]}
        return {
            "call_group_id": group,
            "started_at": stamp(time.meant),
            "answered_at": stamp(time.meant + item.ring) if item.talk else None,
            "ended_at": stamp(time.meant + item.duration),
            "duration_seconds": item.duration,
            "ring_seconds": item.ring,
            "talk_seconds": item.talk,
            "billed_seconds": item.talk,
            "direction": "unknown" if item.direction == "other" else item.direction,
            "direction_raw": item.pick(14, _HINTS[item.direction]),
            "disposition": item.outcome,
            "disposition_raw": item.pick(17, _STATUSES[item.outcome]) or None,
            "hangup_cause": cause or None,
            "q850_cause": q850,
            "hangup_party": party,
            **sides,
            "did_number": did,
            "forwarded_to": None if missing else item.pick(15, (None, None, "442079460021 Extension (Zoë)")),
            "answered_by": str(self._answered_by(item)) or None,
            "charge_amount": self._charge(item)[1],
            "is_recorded": None if missing else item.recorded,
            "recording_url": self._link(item),
            "issues": ["number_unparsed"] * unparsed + time.issues,
        }
