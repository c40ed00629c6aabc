"""Rows of BICS's calls and recordings, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from simulators import zones
from simulators.calls import MICRO, Call, stamp
from simulators.engine import Simulator
from simulators.numbers import Spelled, columns, spell
from simulators.reprint import Print, on_clock
from simulators.tables import Row, packed

_STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "answered": ("ANSWER", "RECEIVED", "COMPLETED", "answered"),
    "no_answer": ("NOANSWER", "MISSED"),
    "busy": ("BUSY",),
    "rejected": ("REJECTED",),  # this word and those of the unknown ones are not in the mapping's list
    "canceled": ("CANCEL",),
    "abandoned": ("ABANDONED",),
    "voicemail": ("VOICEMAIL",),
    "congestion": ("CONGESTION",),
    "failed": ("CHANUNAVAIL", "FAILED"),
    "unknown": ("PARKED", ""),
}
_KNOWN: Final = {"answered", "no_answer", "busy", "canceled", "congestion", "failed"}
_SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "inbound": ("IN",),
    "outbound": ("OUT",),
    "internal": ("INT",),
    "other": ("C2C", ""),
}
_PARTIES: Final = ("caller", "callee", "system", "Agent", "bridge", None, "")
_UUID_EPOCH: Final = 0x01B21DD213814000  # 1582-10-15 in units of 100 ns before 1970
SIGNED: Final = b"@SIGNED@"
_STORE: Final = "https://s30m.s3.ap-southeast-1.amazonaws.com/rc"


class Recording(NamedTuple):
    """The recording of a call, made at `created`, in seconds since 1970."""

    call: Call
    created: int


def _uuid1(seconds: int, ident: int) -> str:
    """A UUID of version 1 whose time is that second, as in the vendor's samples."""
    time = seconds * 10_000_000 + ident % 10_000_000 + _UUID_EPOCH
    fields = (time & 0xFFFFFFFF, time >> 32 & 0xFFFF, time >> 48 & 0x0FFF | 0x1000)
    return str(UUID(fields=(*fields, 0x80 | ident >> 24 & 0x3F, ident >> 32 & 0xFF, ident >> 40 & (1 << 48) - 1)))


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _end(call: Call) -> int:
    """When a call ended here: some last for more than a day."""
    return call.end + (90_000 if call.answered and call.chance(1, 0.3) else 0)


class BicsRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "bics"
    cursors: ClassVar[Mapping[str, str | None]] = {"call_records": "ended_at", "recordings": "created_at"}
    link_marker = "SIGNATURE-OF-A-LINK-"
    prints = Print(("start_at", "end_at", "created_at"), on_clock("%Y-%m-%d %H:%M:%S"), "notes", ("charges",))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.zone = ZoneInfo(self.options["zone"])
        self.own_zone = self.zone
        self._filter_zone = ZoneInfo(self.options["filter_zone"])

    def rows(self, stream: str) -> Iterator[Row]:
        for at, row, truth in self.published(stream):
            yield Row(at, at, 0, row["id"], packed(row), truth)
        for call in self.calls():
            if stream == "call_records":
                end = _end(call)
                cut = zones.read(zones.local(end, self.zone), self.zone)[1]
                body = packed(self._printed(call))
                yield Row(end * MICRO, cut * MICRO, self.visible(end), self._name(call), body, call)
            elif call.recorded:
                made = Recording(call, _end(call) + call.pick(2, range(90)))
                cut = zones.read(zones.local(made.created, self.zone), self.zone)[1]
                name, body = _uuid1(made.created, call.ident >> 16), packed(self._printed_recording(made))
                yield Row(made.created * MICRO, cut * MICRO, self.visible(made.created), name, body, made)

    def _name(self, call: Call) -> str:
        return _uuid1(call.start, call.ident) if self.options["epochs"] else call.uuid4

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        match row.item:
            case Recording():
                return {"created_at": row.item.created * MICRO}
            case Call():
                return {"start_at": row.item.start * MICRO, "end_at": _end(row.item) * MICRO}
        return {}

    @staticmethod
    def _sides(call: Call) -> tuple[Spelled, Spelled]:
        caller, callee = (spell(side.number, "bare", bare_is_known=True) for side in (call.caller, call.callee))
        return caller, callee

    @staticmethod
    def _bridge(call: Call) -> str | None:
        own = {"inbound": call.callee, "outbound": call.caller}.get(call.direction)
        return call.pick(3, (f"44{own.number.text}" if own else None, f"44{own.number.text}" if own else "", None, ""))

    @staticmethod
    def _party(call: Call) -> str | None:
        word = call.pick(4, _PARTIES)
        return "caller" if word == "Agent" and call.direction not in {"inbound", "outbound"} else word

    def _link(self, call: Call) -> str | None:
        where = self.recordings.link(f"{call.ident % 10**6}/c-{call.ident % 10**9}.mp3", _STORE)
        return f"{where}?{SIGNED.decode()}" if call.recorded else None

    @staticmethod
    def _stranger(call: Call) -> str | None:
        return {"inbound": call.caller, "outbound": call.callee}.get(call.direction, call.callee).name

    def _local(self, seconds: int) -> str:
        return f"{zones.local(seconds, self.zone):%Y-%m-%d %H:%M:%S}"

    def _printed(self, call: Call) -> dict[str, Any]:
        caller, callee = self._sides(call)
        row = {
            "id": self._name(call),
            "call_from": caller.text or "",
            "call_to": callee.text,
            "service": call.pick(5, _SERVICES[call.direction]),
            "bridge": self._bridge(call),
            "status": call.pick(6, _STATUSES[call.outcome]),
            "duration": _clock(_end(call) - call.start),
            "billing": _clock(-(-call.talk // 30) * 30),
            "pulsing": "30",
            "charges": self._charges(call),
            "start_at": self._local(call.start),
            "end_at": self._local(_end(call)),
            "hangup_by": self._party(call),
            "dtmf": call.pick(7, (None, "1", "#42", "")),
            "location": "GB",
            "region": "LN",
            "provider": call.pick(8, ("RJ", None, "")),
            "notes": call.pick(9, (None, "Zoë ruft zurück", "", " x ")),
            "audio": self._link(call),
            "name": self._stranger(call),
        }
        if not call.recorded and call.chance(10, 3):
            del row["audio"], row["notes"], row["bridge"]
        return row

    @staticmethod
    def _charges(call: Call) -> str | None:
        return None if call.chance(11, 5) else f"{call.charge // 10_000}.{call.charge % 10_000:04}"

    def _printed_recording(self, made: Recording) -> dict[str, Any]:
        caller, callee = self._sides(made.call)
        return {
            "id": _uuid1(made.created, made.call.ident >> 16),
            "call_from": caller.text or "",
            "call_to": callee.text,
            "audio": self._link(made.call),
            "duration": _clock(made.call.talk),
            "agent": made.call.pick(12, (None, made.call.callee.name, "")),
            "created_at": self._local(made.created),
        }

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if isinstance(item, Recording):
            return self._expected_recording(item)
        if not isinstance(item, Call):
            return dict(item)
        start, _, start_issues = zones.read(zones.local(item.start, self.zone), self.zone)
        end, _, end_issues = zones.read(zones.local(_end(item), self.zone), self.zone)
        caller, callee = self._sides(item)
        bare = not item.recorded and item.chance(10, 3)
        word = item.pick(5, _SERVICES[item.direction])
        inbound, outbound = word == "IN", word in {"OUT", "C2C"}
        party = (self._party(item) or "").lower()
        party = {"agent": "callee" if inbound else "caller", "bridge": "unknown"}.get(party, party)
        name = self._stranger(item) or None
        bridge = None if bare else self._bridge(item)
        unparsed = "unparsed" in {caller.kind, callee.kind}
        return {
            "started_at": stamp(start),
            "ended_at": stamp(end),
            "duration_seconds": _end(item) - item.start,
            "billed_seconds": -(-item.talk // 30) * 30,
            "direction": "inbound" if inbound else "outbound" if outbound else "unknown",
            "direction_raw": word or None,
            "disposition": item.outcome if item.outcome in _KNOWN else "unknown",
            "disposition_raw": item.pick(6, _STATUSES[item.outcome]) or None,
            "hangup_party": party or None,
            **columns("from", caller, region),
            **columns("to", callee, region),
            "from_name": name if inbound else None,
            "to_name": name if outbound else None,
            "did_number": bridge or (callee.text if inbound else None),
            "carrier": item.pick(8, ("RJ", None, None)),
            "charge_amount": self._charges(item),
            "is_recorded": True if item.recorded else None,
            "recording_url": self._link(item),
            "notes": None if bare else item.pick(9, (None, "Zoë ruft zurück", None, "x")),
            "dtmf": item.pick(7, (None, "1", "#42", None)),
            "issues": [
                *(["number_unparsed"] * unparsed + start_issues + end_issues),
                *(["end_before_start"] if end < start else []),
            ],
        }

    def _expected_recording(self, made: Recording) -> dict[str, Any]:
        caller, callee = self._sides(made.call)
        created, _, issues = zones.read(zones.local(made.created, self.zone), self.zone)
        return {
            **columns("from", caller, None, kind=False),
            **columns("to", callee, None, kind=False),
            "recording_url": self._link(made.call),
            "duration_seconds": made.call.talk,
            "agent": made.call.pick(12, (None, made.call.callee.name, None)) or None,
            "created_at": stamp(created),
            "issues": ["number_unparsed"] * ("unparsed" in {caller.kind, callee.kind}) + issues,
        }

    def canonical(self, stream: str, row: Row, columns: dict[str, Any], account_id: str) -> dict[str, Any]:
        """Complete the row. Its link is the frozen one; where links are fresh it differs at every read."""
        signed, expires = self._signature(frozen=True)
        if columns.get("recording_url"):
            columns["recording_url"] = columns["recording_url"].replace(SIGNED.decode(), signed)
            columns["recording_expires_at"] = expires
        if stream == "call_records":
            made = super().canonical(stream, row, columns, account_id)
        else:
            own = {"vendor": self.vendor, "account_id": account_id, "vendor_record_id": row.id, "schema_version": 1}
            made = {"recording_expires_at": None, "issues": [], "recording_url": None, **columns, **own}
            made |= {"recording_id": f"{self.vendor}:{account_id}:{row.id}", "raw": orjson.loads(row.body)}
        if made["raw"].get("audio"):
            made["raw"]["audio"] = made["raw"]["audio"].replace(SIGNED.decode(), signed)
        return made

    def _signature(self, *, frozen: bool) -> tuple[str, str]:
        """Return the query of a signed link, and when it expires."""
        at = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc).timestamp()) if frozen else int(self.now())
        date = stamp(at).replace("-", "").replace(":", "")
        signature = f"{self.link_marker}{'FROZEN' if frozen else len(self.requests)}"
        query = "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=EXAMPLE%2F"
        query += f"{date[:8]}%2Fap-southeast-1%2Fs3%2Faws4_request&X-Amz-Date={date}&X-Amz-SignedHeaders=host"
        holds = self.options["link_seconds"]
        return f"{query}&X-Amz-Expires={holds}&X-Amz-Signature={signature}", stamp(at + holds)
