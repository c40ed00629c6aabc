"""Rows of Aircall's calls, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from simulators.calls import MICRO, STAFF, Call, Party, stamp
from simulators.engine import Simulator
from simulators.numbers import Spelled, columns, spell
from simulators.reprint import Print
from simulators.tables import Row, packed

_DIRECTIONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "inbound": ("inbound",),
    "outbound": ("outbound",),
    "internal": ("internal",),  # not in the vendor's list
    "other": ("conference", None),
}
_WAITED: Final = ("agents_did_not_answer", "no_available_agent", "out_of_opening_hours")
_GAVE_UP: Final = ("short_abandoned", "abandoned_in_ivr", "abandoned_in_classic")
_REASONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "answered": (None,),
    "no_answer": _WAITED,
    "voicemail": ("agents_did_not_answer", None),
    "unknown": ("a_reason_of_tomorrow",),
}
_TIMES: Final = ("started_at", "answered_at", "ended_at")
_EXPIRES: Final = 3600
SIGNED: Final = b"@SIGNED@"
_STORE: Final = "https://example-store.s3.amazonaws.com"
_NOTES: Final = ((), ("Zoë ruft zurück",), (" first note ", "second note"), ("",))
_TAGS: Final = ((), ("Sales",), (" Sales ", "VIP"), ())
_CAUSES: Final = (None, "normal", "", " busy_line ")


def _clock(at: int, _: ZoneInfo) -> str:
    return str(at // MICRO)


def _person(party: Party) -> dict[str, Any]:
    number = 400 + STAFF.index(party)
    return {
        "id": number,
        "direct_link": f"https://api.aircall.io/v1/users/{number}",
        "name": party.name,
        "email": f"{party.user}@example.com",
        "extension": party.extension,
        "time_zone": "Europe/London",
        "language": "en-US",
    }


class AircallRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "aircall"
    link_marker = "SIGNATURE-OF-A-LINK-"
    prints = Print(_TIMES, _clock, "sid", ("cost",))

    def rows(self, stream: str) -> Iterator[Row]:
        for at, row, truth in self.published(stream):
            yield Row(at, at, 0, str(row["id"]), packed(row), truth)
        for call in self.calls():
            created = call.start + self.options["created_after"]
            shown = self.visible(call.start if self.options["shows_ongoing"] else call.end)
            yield Row(created * MICRO, call.start * MICRO, shown, self._id(call), packed(self._printed(call)), call)

    @staticmethod
    def _id(call: Call) -> str:
        return str(call.ident % 10**14)

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        return {key: printed[key] * MICRO for key in _TIMES if printed[key] is not None}

    def put_time(self, printed: dict[str, Any], key: str, at: int, text: str) -> None:
        thousand = 1000 if self.options["unit"] == "milliseconds" else 1
        printed[key] = int(text) * thousand if text.isdigit() else text

    def still_going_on(self, row: Row, printed: dict[str, Any]) -> dict[str, Any]:
        if isinstance(row.item, Call) and row.item.end > self.now():
            answered = printed["answered_at"] is not None and printed["answered_at"] <= self.now()
            printed |= {"status": "answered" if answered else "initial", "ended_at": None, "duration": 0}
            printed |= {} if answered else {"answered_at": None, "missed_call_reason": None}
            printed |= {"recording": None, "voicemail": None}
        return printed

    @staticmethod
    def _sides(call: Call) -> tuple[Spelled, Spelled]:
        caller, callee = (
            spell(side.number, call.pick(slot, ("spaced", "plus")))
            for slot, side in ((1, call.caller), (2, call.callee))
        )
        # A number that the company gave up is gone from the rows.
        if call.chance(3, 3):
            return (Spelled(None), callee) if call.direction == "outbound" else (caller, Spelled(None))
        return caller, callee

    @staticmethod
    def _user(call: Call) -> Party | None:
        party = {"inbound": call.callee, "internal": call.callee, "outbound": call.caller}.get(call.direction)
        if party is not None and party.user is not None and (call.answered or call.pick(4, (True, False))):
            return next(one for one in STAFF if one.user == party.user)
        return None

    @staticmethod
    def _stranger(call: Call) -> Party | None:
        return {"inbound": call.caller, "outbound": call.callee}.get(call.direction)

    def _reason(self, call: Call) -> str | None:
        if call.direction not in {"inbound", "internal"} and call.outcome != "unknown":
            return None
        return call.pick(5, _REASONS.get(call.outcome, _GAVE_UP))

    @staticmethod
    def _cost(call: Call) -> str | None:
        return None if call.chance(6, 20) else f"{call.charge // 100}.{call.charge % 100:02}"

    def _link(self, call: Call, kind: str) -> str | None:
        wanted = call.recorded and call.answered if kind == "recording" else call.outcome == "voicemail"
        inbound = call.direction in {"inbound", "internal"}
        if not wanted or (kind == "voicemail" and not inbound):
            return None
        where = self.recordings.link(f"{kind}/{call.ident % 10**9}.mp3", _STORE)
        return f"{where}?{SIGNED.decode()}"

    def _contact(self, call: Call) -> dict[str, Any] | None:
        stranger = self._stranger(call)
        if stranger is None or not stranger.name:
            return None
        first, _, last = stranger.name.partition(" ")
        company = "&" in stranger.name
        return {
            "id": call.ident % 10**6,
            "first_name": None if company else first,
            "last_name": None if company else last,
            "company_name": stranger.name if company else "Example Ltd",
            "information": None,
            "is_shared": True,
        }

    def _forwarded(self, call: Call) -> Party | None:
        return call.pick(7, (None, None, None, STAFF[call.ident % len(STAFF)]))

    def _printed(self, call: Call) -> dict[str, Any]:
        caller, callee = self._sides(call)
        ours, theirs = (caller, callee) if call.direction == "outbound" else (callee, caller)
        user, forwarded = self._user(call), self._forwarded(call)
        identity = int(self._id(call))
        line = {"id": 1234, "name": "London", "digits": ours.text, "country": "GB", "time_zone": "Europe/London"}
        row = {
            "id": identity,
            "sid": f"CA{call.ident:032x}",
            "direct_link": f"https://api.aircall.io/v1/calls/{identity}",
            "direction": call.pick(8, _DIRECTIONS[call.direction]),
            "status": "done",
            "missed_call_reason": self._reason(call),
            "started_at": call.start,
            "answered_at": call.start + call.ring if call.answered else None,
            "ended_at": call.end,
            "duration": call.duration,
            "voicemail": self._link(call, "voicemail"),
            "recording": self._link(call, "recording"),
            "asset": f"https://assets.aircall.io/calls/{identity}/recording" if call.recorded else None,
            "raw_digits": theirs.text,
            "user": _person(user) if user else None,
            "contact": self._contact(call),
            "archived": call.pick(9, (True, False)),
            "assigned_to": None,
            "transferred_by": None,
            "transferred_to": _person(forwarded) if forwarded else None,
            "teams": [{"id": 678, "name": "Sales"}] if call.direction == "inbound" else [],
            "cost": self._cost(call),
            "number": line if ours.text is not None else None,
            "comments": [{"id": 735, "content": text, "posted_at": call.end + 60} for text in call.pick(10, _NOTES)],
            "tags": [{"id": 1, "name": text, "color": "#0033CC"} for text in call.pick(11, _TAGS)],
        }
        if cause := call.pick(12, _CAUSES):
            row["hangup_cause"] = cause
        return row

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, Call):
            return dict(item)
        caller, callee = self._sides(item)
        direction = item.pick(8, _DIRECTIONS[item.direction])
        inbound, outbound = direction == "inbound", direction == "outbound"
        ours = caller if outbound else callee
        user, stranger, forwarded = self._user(item), self._stranger(item), self._forwarded(item)
        names = [stranger.name or None if stranger else None, user.name if user else None]
        if outbound:
            names.reverse()
        cost = self._cost(item)
        link = self._link(item, "recording") or self._link(item, "voicemail")
        unparsed = "unparsed" in {caller.kind, callee.kind}
        return {
            "started_at": stamp(item.start),
            "answered_at": stamp(item.start + item.ring) if item.answered else None,
            "ended_at": stamp(item.end),
            "duration_seconds": item.duration,
            "ring_seconds": item.ring if item.answered else item.duration,
            "talk_seconds": item.talk if item.answered else 0,
            "direction": direction if item.direction != "other" else "unknown",
            "direction_raw": direction,
            "disposition": self._disposition(item),
            "disposition_raw": self._reason(item) or "done",
            "hangup_cause": (item.pick(12, _CAUSES) or "").strip() or None,
            **columns("from", caller, region),
            **columns("to", callee, region),
            "from_name": names[0],
            "to_name": names[1],
            "to_extension": user.extension if user and inbound else None,
            "from_extension": user.extension if user and outbound else None,
            "from_user": f"{user.user}@example.com" if user and outbound else None,
            "to_user": f"{user.user}@example.com" if user and inbound else None,
            "did_number": ours.text if inbound else None,
            "presented_number": ours.text if outbound else None,
            "answered_by": user.name if user and inbound and item.answered else None,
            "forwarded_to": forwarded.name if forwarded else None,
            "charge_amount": f"{item.charge // 10_000}.{item.charge % 10_000:04}" if cost else None,
            "charge_currency": "USD" if cost else None,
            "is_recorded": True if self._link(item, "recording") else None,
            "recording_url": link,
            "tag": ", ".join(text.strip() for text in item.pick(11, _TAGS)) or None,
            "notes": "\n".join(text.strip() for text in item.pick(10, _NOTES)) or None,
            "issues": ["number_unparsed"] * unparsed,
        }

    def _disposition(self, call: Call) -> str:
        if call.answered:
            return "answered"
        if self._link(call, "voicemail"):
            return "voicemail"
        reason = self._reason(call)
        if reason in _GAVE_UP:
            return "abandoned"
        return "no_answer" if reason in {*_WAITED, None} else "unknown"

    def canonical(self, stream: str, row: Row, columns: dict[str, Any], account_id: str) -> dict[str, Any]:
        """Complete the row. Its links are the frozen ones; where links are fresh they differ at every read."""
        signed, expires = self._signature(frozen=True)
        if columns.get("recording_url"):
            columns["recording_url"] = columns["recording_url"].replace(SIGNED.decode(), signed)
            columns["recording_expires_at"] = expires
        made = super().canonical(stream, row, columns, account_id)
        made["raw"] = orjson.loads(orjson.dumps(made["raw"]).replace(SIGNED, signed.encode()))
        return made

    def _signature(self, *, frozen: bool) -> tuple[str, str]:
        """Return the query of a signed link, and when it expires."""
        at = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc).timestamp()) if frozen else int(self.now())
        date = stamp(at).replace("-", "").replace(":", "")
        signature = f"{self.link_marker}{'FROZEN' if frozen else len(self.requests)}"
        query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-SignedHeaders=host"
        return f"{query}&X-Amz-Expires={_EXPIRES}&X-Amz-Signature={signature}", stamp(at + _EXPIRES)

    @staticmethod
    def without_contacts(rows: Sequence[bytes]) -> list[bytes]:
        """The rows as they are where nobody asked for the contacts."""
        return [orjson.dumps({**orjson.loads(row), "contact": None}) for row in rows]
