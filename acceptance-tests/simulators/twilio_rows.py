"""Rows of Twilio's calls, a leg each, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from simulators import zones
from simulators.calls import MICRO, Call, Party, amount, stamp
from simulators.engine import Simulator
from simulators.numbers import Spelled, columns, spell
from simulators.reprint import Print
from simulators.tables import Row, packed

ACCOUNT: Final = "AC" + "a1" * 16
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WITHHELD: Final = {
    "ANONYMOUS": "+266696687",
    "RESTRICTED": "+7378742833",
    "BLOCKED": "+2562533",
    "UNKNOWN": "+8656696",
    "UNAVAILABLE": "+86282452253",
}
"""What a caller who wants to stay unknown is printed as: the keys of a telephone that spell the word."""

_DIRECTIONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "inbound": ("inbound", "inbound", "trunking-originating"),
    "outbound": ("outbound-api", "outbound-dial", "trunking-terminating"),
    "internal": ("outbound-dial",),  # the vendor has no word for it
    "other": ("", "outbound-parked"),
}
_READ_DIRECTIONS: Final = {
    "inbound": "inbound",
    "trunking-originating": "inbound",
    "outbound-api": "outbound",
    "outbound-dial": "outbound",
    "trunking-terminating": "outbound",
}
_STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "answered": ("completed",),
    "voicemail": ("completed",),
    "no_answer": ("no-answer",),
    "abandoned": ("no-answer",),
    "busy": ("busy",),
    "rejected": ("busy",),
    "canceled": ("canceled",),
    "congestion": ("failed",),
    "failed": ("failed",),
    "unknown": ("ringing", "parked", "", "in-progress"),
}
_READ_STATUSES: Final = {
    "completed": "answered",
    "in-progress": "answered",
    "no-answer": "no_answer",
    "busy": "busy",
    "canceled": "canceled",
    "failed": "failed",
}


class Leg(NamedTuple):
    """One row: a call, or the leg that it dialled."""

    call: Call
    is_dialled: bool = False

    @property
    def start(self) -> int:
        return self.call.start + (self.call.ring if self.is_dialled else 0)

    @property
    def ring(self) -> int:
        return 0 if self.is_dialled else self.call.ring

    @property
    def sid(self) -> str:
        return f"CA{self.call.ident ^ ((1 << 128) - 1 if self.is_dialled else 0):032x}"


def rfc2822(at: int, zone: ZoneInfo | timezone = timezone.utc) -> str:
    """Print microseconds since 1970 as `Fri, 18 Oct 2019 17:02:00 +0000`."""
    moment = datetime.fromtimestamp(at // MICRO, zone)
    day = f"{_WEEKDAYS[moment.weekday()]}, {moment.day:02} {zones.MONTHS[moment.month - 1]} {moment.year}"
    return f"{day} {moment:%H:%M:%S %z}"


class TwilioRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "twilio"
    id_key: ClassVar[str] = "sid"
    prints = Print(("start_time", "end_time"), rfc2822, "caller_name", ("price",))

    def rows(self, stream: str) -> Iterator[Row]:
        for at, row, truth in self.published(stream):
            yield Row(at, at, 0, row["sid"], packed({**row, "account_sid": ACCOUNT}), truth)
        for call in self.calls():
            legs = [Leg(call), Leg(call, is_dialled=True)] if call.answered and call.chance(1, 4) else [Leg(call)]
            for leg in legs:
                at = leg.start * MICRO
                visible = call.start if self.options["shows_ongoing"] else self.visible(call.end)
                yield Row(at, at, visible, leg.sid, packed(self._printed(leg)), leg)

    def _never_dialled(self, leg: Leg) -> bool:
        """Whether the call has no start. None of these lies outside the period: nothing could tell them apart there."""
        first, last = self.start.timestamp(), self.end.timestamp() if self.end else self.now()
        inside = first <= leg.start <= last
        return bool(self.options["undialled"]) and inside and leg.call.outcome == "canceled" and leg.call.chance(2, 50)

    def _has_end(self, leg: Leg) -> bool:
        """A call that did not succeed has none, says the page; scripts show some that have."""
        succeeded = self._status(leg) == "completed"
        return not self._never_dialled(leg) and (succeeded or leg.call.chance(3, 40))

    @staticmethod
    def _status(leg: Leg) -> str:
        return leg.call.pick(4, _STATUSES[leg.call.outcome])

    @staticmethod
    def _direction(leg: Leg) -> str | None:
        return "outbound-dial" if leg.is_dialled else leg.call.pick(5, _DIRECTIONS[leg.call.direction])

    @staticmethod
    def _spelled(side: Party, call: Call, slot: int) -> Spelled:
        if side.number.kind == "anonymous":
            return Spelled(_WITHHELD[call.pick(slot, tuple(_WITHHELD))], "anonymous")
        if side.number.kind == "extension":
            user = side.user or ""
            return call.pick(
                slot,
                (
                    Spelled(f"client:{user}", "unparsed"),
                    Spelled(f"sip:{side.extension}@office.sip.example.com", "sip_uri"),
                    Spelled(side.extension, "extension"),
                ),
            )
        return spell(side.number, "plus")

    def _sides(self, leg: Leg) -> tuple[Spelled, Spelled]:
        call = leg.call
        caller, callee = self._spelled(call.caller, call, 6), self._spelled(call.callee, call, 7)
        return (caller, Spelled("client:front.desk", "unparsed")) if leg.is_dialled else (caller, callee)

    def _price(self, leg: Leg) -> str | None:
        return amount(leg.call.charge) if self._status(leg) == "completed" and not leg.call.chance(8, 5) else None

    def _name(self, leg: Leg) -> str | None:
        return leg.call.caller.name if self._direction(leg) == "inbound" else None

    @staticmethod
    def _answered_by(leg: Leg) -> str | None:
        if leg.call.outcome not in {"answered", "voicemail"}:
            return None
        return leg.call.pick(9, ("human", "machine_start", None, "", "unknown"))

    def _printed(self, leg: Leg) -> dict[str, Any]:
        call, status = leg.call, self._status(leg)
        caller, callee = self._sides(leg)
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{leg.sid}"
        started, ended = not self._never_dialled(leg), self._has_end(leg)
        price = self._price(leg)
        return {
            "sid": leg.sid,
            "date_created": rfc2822(leg.start * MICRO),
            "date_updated": rfc2822(call.end * MICRO),
            "parent_call_sid": Leg(call).sid if leg.is_dialled else None,
            "account_sid": ACCOUNT,
            "to": callee.text,
            "to_formatted": callee.text,
            "from": caller.text or "",
            "from_formatted": caller.text or "",
            "phone_number_sid": f"PN{call.ident % 10**9:032x}" if call.direction == "inbound" else None,
            "status": status,
            "start_time": rfc2822(leg.start * MICRO) if started else None,
            "end_time": rfc2822(call.end * MICRO) if ended else None,
            "duration": str(call.talk) if status == "completed" else call.pick(10, (None, "", "0")) if ended else None,
            "price": None if price is None else f"-{price}" if float(price) else price,
            "price_unit": call.pick(11, ("USD", "USD", "EUR")),
            "direction": self._direction(leg),
            "answered_by": self._answered_by(leg),
            "api_version": "2010-04-01",
            "forwarded_from": call.pick(12, (None, "", "+442079460199")) if call.direction == "inbound" else None,
            "group_sid": None,
            "caller_name": self._name(leg),
            "queue_time": call.pick(13, ("0", "1000", None)),
            "trunk_sid": self._trunk(leg),
            "uri": f"{path}.json",
            "subresource_uris": {"recordings": f"{path}/Recordings.json", "events": f"{path}/Events.json"},
        }

    def _trunk(self, leg: Leg) -> str | None:
        return f"TK{7:032x}" if (self._direction(leg) or "").startswith("trunking") else None

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        if not isinstance(row.item, Leg):
            return {}
        times = {"start_time": row.item.start, "end_time": row.item.call.end}
        return {key: at * MICRO for key, at in times.items() if printed[key]}

    def still_going_on(self, row: Row, printed: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(row.item, Leg):
            return printed
        call, delay = row.item.call, self.options["price_delay_seconds"]
        if delay is not None and self.now() < call.end + delay:
            printed["price"] = None
        if self.now() < call.end:
            open_columns = dict.fromkeys(("end_time", "duration", "price", "answered_by"))
            return {**printed, **open_columns, "status": "in-progress"}
        return printed

    def spoken(self, row: Row, zone: ZoneInfo | None = None, more: Mapping[str, Any] | None = None) -> bytes:
        """Print a row; one whose price is not known yet has none."""
        if self.options["price_delay_seconds"] is not None and not self.options["shows_ongoing"]:
            row = replace(row, body=packed(self.still_going_on(row, orjson.loads(row.body))))
        return super().spoken(row, zone, more)

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, Leg):
            return dict(item)
        call, status, direction = item.call, self._status(item), self._direction(item)
        caller, callee = self._sides(item)
        started, ended = not self._never_dialled(item), self._has_end(item)
        word = call.pick(10, (None, "", "0")) if ended else None
        reading = _READ_DIRECTIONS.get(direction or "", "unknown")
        clients = [(side.text or "").partition("client:")[2] or None for side in (caller, callee)]
        unparsed = "unparsed" in {caller.kind, callee.kind}
        return {
            "call_group_id": Leg(call).sid,
            "started_at": stamp(item.start) if started else None,
            "ended_at": stamp(call.end) if ended else None,
            "duration_seconds": call.end - item.start if ended else None,
            "talk_seconds": call.talk if status == "completed" else 0 if word == "0" else None,
            "direction": reading,
            "direction_raw": direction or None,
            "disposition": _READ_STATUSES.get(status, "unknown"),
            "disposition_raw": status or None,
            **columns("from", caller, region),
            **columns("to", callee, region),
            "from_name": (self._name(item) or "").strip() or None,
            "from_user": clients[0],
            "to_user": clients[1],
            "did_number": callee.text if reading == "inbound" else None,
            "presented_number": caller.text if reading == "outbound" else None,
            "answered_by": self._answered_by(item) or None,
            "trunk": self._trunk(item),
            "charge_amount": self._price(item),
            "charge_currency": call.pick(11, ("USD", "USD", "EUR")),
            "issues": ["number_unparsed"] * unparsed,
        }
