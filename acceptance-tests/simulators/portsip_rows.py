"""Rows of PortSIP's call records and legs, and what each has to be read as."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final, NamedTuple

from simulators.calls import MICRO, Call, amount, number_in_json, stamp
from simulators.engine import Simulator
from simulators.numbers import Number, Spelled, columns, spell
from simulators.portsip_reports import Report, report_columns, report_rows
from simulators.reprint import Print
from simulators.tables import Row, packed

DOMAIN: Final = "pbx.example.com"
_DIRECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "inbound": ("INBOUND_CALL", "INBOUND"),
    "outbound": ("OUTBOUND_CALL",),
    "internal": ("EXTENSION_CALL", "INTERNAL_CALL", "ext"),
    "other": ("INBOUND_OUTBOUND_CALL", "INBOUND_OUTBOUND_CALL", "in2out"),
}
# How a call ends: the word, the SIP status, and what the mapping makes of the two where nobody answered.
_ENDS: Final[Mapping[str, tuple[tuple[str, int, str], ...]]] = {
    "answered": (
        *(("CALLER_DISCONNECTED", 200, ""), ("CALLEE_DISCONNECTED", 200, ""), ("CALLER_DISCONNECT", 200, "")),
        *(("BLIND_TRANSFER_COMPLETED", 200, ""), ("", 200, ""), ("REFERRED", 0, "")),
    ),
    "no_answer": (
        ("", 408, "no_answer"),
        ("", 480, "no_answer"),
        ("NO_ANSWER", 0, "no_answer"),
        ("RING_TIMEOUT", 1, "no_answer"),
    ),
    "busy": (("", 486, "busy"), ("CALLEE_BUSY", 486, "busy"), ("", 600, "busy")),
    "rejected": (
        ("", 603, "rejected"),
        ("", 403, "rejected"),
        ("CALLEE_DECLINED", 603, "rejected"),
        ("CALL_REJECTED", 0, "rejected"),
    ),
    "canceled": (("CANCELLED", 487, "canceled"), ("", 487, "canceled")),
    "abandoned": (("QUEUE_ABANDONED", 0, "unknown"),),
    "voicemail": (("TO_VOICEMAIL", 0, "voicemail"),),
    "congestion": (("", 503, "failed"),),
    "failed": (("CALL_FAILED", 0, "failed"), ("", 500, "failed")),
    "unknown": (("REPLACED", 0, "unknown"), ("", 404, "unknown"), ("", 0, "unknown")),
}
_UNSET: Final = ("", None, "0001-01-01T00:00:00Z")


class Leg(NamedTuple):
    """A call as `/calllogs` lists it."""

    call: Call
    session: str


class _Moments(NamedTuple):
    """In microseconds since 1970; None where the vendor sets none."""

    started: int
    rang: int | None
    answered: int | None
    ended: int


def _text(moment: int | None) -> str | None:
    if moment is None:
        return None
    seconds, micros = divmod(moment, MICRO)
    return stamp(seconds, micros)[:-1].rstrip("0") + "Z" if micros else stamp(seconds)


def _moments(call: Call) -> _Moments:
    started = call.start * MICRO + call.micros
    rang = started + 20_000 + call.ident % 60_000
    answered = rang + call.ring * MICRO + call.ident % 7919 if call.answered else None
    ended = (answered or rang + call.ring * MICRO) + call.talk * MICRO + call.ident % 999_983
    return _Moments(started, None if call.chance(1, 4) else rang, answered, ended)


def _id(call: Call) -> str:
    number = str(10**17 + call.ident % (9 * 10**17))
    return base64.b64encode(number.encode()).decode() if call.chance(2, 50) else number


def _sides(call: Call) -> tuple[Spelled, Spelled]:
    sides = []
    for slot, party in ((3, call.caller), (4, call.callee)):
        inside = party.extension is not None and call.chance(slot, 75)
        number = Number("extension", party.extension) if inside else party.number
        sides.append(spell(number, call.pick(slot, ("plus", "plus", "zeros", "national", "bare"))))
    return sides[0], sides[1]


class PortsipRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "portsip"
    cursors: ClassVar[Mapping[str, str | None]] = {
        "call_records": "started_at",
        "call_logs": "started_at",
        "call_reports": None,
        "completed_call_reports": "completed_at",
    }

    prints = Print(
        ("started_at", "rang_at", "answered_at", "ended_at"),
        lambda at, _: str(_text(at)),
        "caller_display_name",
        ("cost",),
    )

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        if not isinstance(row.item, (Call, Leg)):
            return {}
        moments = _moments(row.item.call if isinstance(row.item, Leg) else row.item)
        times = zip(self.prints.times, moments, strict=True)
        return {key: at for key, at in times if at is not None}

    def rows(self, stream: str) -> Iterator[Row]:
        if stream in {"call_reports", "completed_call_reports"}:
            yield from report_rows(self, stream)
            return
        for at, row, truth in self.published(stream):
            yield Row(at, at, 0, row["id"], packed(row), truth)
        for call in self.calls():
            for item in self._legs(call) if stream == "call_logs" else (call,):
                leg = item.call if isinstance(item, Leg) else item
                moments = _moments(leg)
                visible = self.visible(moments.ended // MICRO + 1)
                yield Row(moments.started, moments.started, visible, _id(leg), packed(self._printed(item)), item)

    @staticmethod
    def _legs(call: Call) -> Iterator[Leg]:
        session = f"{call.ident % 10**15}"
        for index in range(call.pick(5, (1, 1, 1, 2, 3))):
            other = replace(call, ident=call.ident ^ (index << 64) ^ (0xABCDEF << 80), start=call.start + 3 * index)
            yield Leg(other, session)

    def _words(self, call: Call) -> tuple[str, tuple[str, int, str], str | None, str, str, str]:
        """The direction, the end, and where the call went: forwarded to, trunk, DID, shown number."""
        direction = call.pick(6, _DIRECTIONS[call.direction])
        _, callee = _sides(call)
        destination = call.pick(7, ("", callee.text, "+12025550199", None))
        did = f"+44{call.callee.number.text}" if call.direction == "inbound" and call.chance(8, 80) else ""
        shown = f"+44{call.caller.number.text}" if call.direction == "outbound" and call.chance(9, 80) else ""
        return direction, call.pick(10, _ENDS[call.outcome]), destination, call.pick(11, ("", "TRUNK-A")), did, shown

    def _printed(self, item: Call | Leg) -> dict[str, Any]:
        call = item.call if isinstance(item, Leg) else item
        caller, callee = _sides(call)
        moments = _moments(call)
        direction, (reason, status, _), destination, trunk, did, shown = self._words(call)
        unset = call.pick(12, _UNSET)
        talked = -(-(moments.ended - moments.answered) // MICRO) if moments.answered else 0
        row = {
            "id": _id(call),
            **({"session_id": item.session} if isinstance(item, Leg) else {}),
            "caller": caller.text or "",
            "caller_domain": DOMAIN,
            "caller_display_name": call.caller.name,
            "callee": callee.text or "",
            "callee_domain": DOMAIN,
            "callee_display_name": call.callee.name,
            "started_at": _text(moments.started),
            "rang_at": _text(moments.rang) or unset,
            "answered_at": _text(moments.answered) or unset,
            "ended_at": _text(moments.ended),
            "call_id": f"{call.ident % 16**20:020x}..",
            "direction": direction,
            "end_reason": reason,
            "reroute_reason": call.pick(13, ("", "", "TRANSFER", "FORWARDING_BUSY")),
            "status_code": status,
            "destination": destination,
            "outbound_caller_id": shown,
            "did_cid": did,
            "trunk": trunk,
            "duration": talked,
            "user_data": call.pick(14, ("", None, "crm=42", " Zoë ")),
        }
        if not call.chance(15, 90):
            # What the vendor's guide leaves out.
            for key in ("caller_domain", "callee_domain", "reroute_reason"):
                del row[key]
        return row

    def _cost(self, item: Any) -> dict[str, Any]:
        if not isinstance(item, (Call, Leg)):
            return {"cost": 1, "billed_account": "text"}
        call = item.call if isinstance(item, Leg) else item
        cost = None if call.chance(16, 10) else number_in_json(call.charge)
        return {"cost": cost, "billed_account": call.pick(17, ("ACC-1", "ACC-2", ""))}

    def expected(
        self, stream: str, item: Any, region: str | None, *, include_call_costs: bool = False, **context: Any
    ) -> dict[str, Any]:
        if isinstance(item, Report):
            return report_columns(item, self.url)
        found = self._expected(item, region) if isinstance(item, (Call, Leg)) else dict(item)
        if include_call_costs:
            costs = self._cost(item)
            if self.options["detail_items"] != "one" and stream == "call_records":
                # Whose the costs of several rows are, nobody knows.
                found["issues"] = [*found.get("issues", []), "value_unreadable"]
            else:
                known = item.call if isinstance(item, Leg) else item
                charge = amount(known.charge) if isinstance(known, Call) else "1"
                found["charge_amount"] = None if costs["cost"] is None else charge
                found["billed_account"] = costs["billed_account"] or None
        return found

    def _expected(self, item: Call | Leg, region: str | None) -> dict[str, Any]:
        call = item.call if isinstance(item, Leg) else item
        caller, callee = _sides(call)
        moments = _moments(call)
        direction, (reason, status, disposition), destination, trunk, did, shown = self._words(call)
        sides = {**columns("from", caller, region), **columns("to", callee, region)}
        until = moments.answered if moments.answered is not None else moments.ended
        party = next((side for side in ("CALLER", "CALLEE") if reason.startswith(side)), "unknown").lower()
        reason_to_reroute = call.chance(15, 90) and call.pick(13, ("", "", "TRANSFER", "FORWARDING_BUSY"))
        forwarded = destination and destination != callee.text and reason_to_reroute
        return {
            "call_group_id": item.session if isinstance(item, Leg) else None,
            "sip_call_id": f"{call.ident % 16**20:020x}..",
            "started_at": _text(moments.started),
            "ringing_at": _text(moments.rang),
            "answered_at": _text(moments.answered),
            "ended_at": _text(moments.ended),
            "duration_seconds": (moments.ended - moments.started) // MICRO,
            "ring_seconds": None if moments.rang is None else (until - moments.rang) // MICRO,
            "talk_seconds": (moments.ended - moments.answered) // MICRO if moments.answered else 0,
            "direction": "transit" if call.direction == "other" else call.direction,
            "direction_raw": direction,
            "disposition": "answered" if moments.answered else disposition,
            "disposition_raw": reason or None,
            "hangup_cause": reason or None,
            "hangup_party": ("caller" if reason.startswith("CANCEL") else party) if reason else None,
            "sip_status_code": status if status >= 100 else None,
            **sides,
            "from_name": call.caller.name or None,
            "to_name": call.callee.name or None,
            "from_extension": caller.text if caller.kind == "extension" else None,
            "to_extension": callee.text if callee.kind == "extension" else None,
            "did_number": did or None,
            "presented_number": shown or None,
            "forwarded_to": destination if forwarded else None,
            "trunk": trunk or None,
            "user_data": (call.pick(14, ("", None, "crm=42", " Zoë ")) or "").strip() or None,
            "issues": ["number_unparsed"] if "unparsed" in {sides["from_number_kind"], sides["to_number_kind"]} else [],
        }

    def canonical(self, stream: str, row: Row, columns: dict[str, Any], account_id: str) -> dict[str, Any]:
        if isinstance(row.item, Report):
            return {**columns, "vendor": self.vendor, "account_id": account_id, "schema_version": 1}
        return super().canonical(stream, row, columns, account_id)
