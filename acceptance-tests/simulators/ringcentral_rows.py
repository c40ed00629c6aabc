"""Records of RingCentral's call log with their legs, and what each has to be read as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import orjson

from simulators import reprint
from simulators.calls import MICRO, Call, micros, stamp
from simulators.engine import Simulator
from simulators.faults import Fault
from simulators.numbers import columns
from simulators.reprint import Print
from simulators.ringcentral_words import (
    API,
    DIRECTIONS,
    FIND_ME_SECONDS,
    LEG_TYPES,
    MEANT,
    RESULTS,
    TYPES,
    Leg,
    as_printed,
    as_read,
    cost_of,
    on_clock,
    party_of,
    published_samples,
    record_id,
    recording_of,
    session_id,
    started,
)
from simulators.tables import Row, packed


class RingcentralRows(Simulator):
    """What the vendor prints, and the truth about it."""

    vendor = "ringcentral"
    bare_country_codes = True
    cursors: ClassVar[Mapping[str, str | None]] = {"call_records": "started_at", "call_logs": "started_at"}
    prints = Print(("startTime",), on_clock, "reason", ("billing.costPurchased",))

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        return {"startTime": row.cut}

    def put_time(self, printed: dict[str, Any], key: str, at: int, text: str) -> None:
        """The legs print their own times, on the same clock."""
        zone = ZoneInfo(self.options["printed_zone"]) if self.options["printed_zone"] else self.own_zone
        for leg in printed.get("legs") or ():
            own = at + micros(leg[key]) - micros(printed[key])
            leg[key] = reprint.clock_text(own, zone, self.options, self.prints, printed["id"])
        super().put_time(printed, key, at, text)

    def still_going_on(self, row: Row, printed: dict[str, Any]) -> dict[str, Any]:
        """A call under way has no length yet, and no result but one word."""
        if isinstance(row.item, Call) and row.item.end > self.now():
            printed |= {"duration": 0, "durationMs": 0, "result": "In Progress", "legs": []}
        return printed

    # --- rows ---

    def published(self, stream: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Yield the vendor's own samples; they stand in a file of this vendor's."""
        if self.options["published_samples"]:
            for sample in published_samples()["call_records"]:
                yield micros(sample["at"]), sample["row"], sample

    def rows(self, stream: str) -> Iterator[Row]:
        """Print the records. The legs are a part of them: see `truth`."""
        if stream != "call_records":
            return
        for at, row, sample in self.published(stream):
            yield Row(at, at, 0, row["id"], packed(row), sample)
        by_end = self.options["filters_by"] == "end"
        for call in self.calls():
            start = started(call)
            visible = call.start if self.options["shows_ongoing"] else self.visible(call.end)
            key = start + call.duration * MICRO if by_end else start
            yield Row(key, start, visible, record_id(call), packed(self._printed(call)), call)

    def legs_of(self, row: Row) -> Iterator[Row]:
        """The legs of a record as rows of `call_logs`. What tells whether they are in a period is the record's time."""
        printed = orjson.loads(row.body).get("legs") or ()
        if isinstance(row.item, Call):
            items: list[Any] = list(self._legs(row.item))
        else:
            items = row.item["legs"]
        for place, (leg, item) in enumerate(zip(printed, items, strict=True)):
            yield Row(row.key, row.cut, row.visible, f"{row.id}/{place}", packed(leg), item)

    def truth(self, stream: str = "call_records", **given: Any) -> list[dict[str, Any]]:
        """As the engine says; the rows of `call_logs` are the legs of the records that the vendor serves."""
        if stream != "call_logs":
            return super().truth(stream, **given)
        region = given.pop("region", self.default_region)
        account = given.pop("account_id", None) or self.account()
        names = {row["vendor_record_id"] for row in super().truth("call_records", **given)}
        records = [row for row in self.table("call_records").rows if row.id in names]
        legs = [leg for row in records for leg in self.legs_of(row)]
        return [self.canonical(stream, leg, self.expected(stream, leg.item, region), account) for leg in legs]

    def _hide(self, late: Fault) -> list[tuple[str, str]]:
        """A record that is late hides its legs with it."""
        hidden = super()._hide(late)
        legs = [
            leg.id
            for row in self.table("call_records").rows
            if ("call_records", row.id) in hidden
            for leg in self.legs_of(row)
        ]
        return hidden + [("call_logs", name) for name in legs]

    # --- printing ---

    def _legs(self, call: Call) -> Iterator[Leg]:
        if call.chance(10, 5):
            return
        direction = call.pick(4, DIRECTIONS[call.direction])
        result = call.pick(5, RESULTS[call.outcome])
        yield Leg(call, 0, 0, direction, result)
        if call.chance(11, 50):
            yield Leg(call, 1, 0, direction, call.pick(6, RESULTS[call.outcome]))
            if call.chance(12, 40):
                yield Leg(call, 2, min(FIND_ME_SECONDS, call.duration), "Outbound", call.pick(7, RESULTS["canceled"]))

    def _printed(self, call: Call) -> dict[str, Any]:
        result, reason, _ = call.pick(5, RESULTS[call.outcome])
        row = {
            "uri": f"{API}/call-log/{record_id(call)}?view=Detailed",
            "id": record_id(call),
            "sessionId": session_id(call),
            "startTime": as_printed(started(call)),
            "duration": call.duration,
            "durationMs": call.duration * 1000 + call.ident % 1000,
            "type": "Voice",
            "internalType": call.pick(8, TYPES)[0],
            "direction": call.pick(4, DIRECTIONS[call.direction]),
            "action": call.pick(13, ("Phone Call", "VoIP Call", "Transfer")),
            "result": result,
            "to": party_of(call, call.callee, 2).printed,
            "from": party_of(call, call.caller, 1).printed,
            "telephonySessionId": f"s-{call.ident % 16**20:020x}",
            "transport": call.pick(3, ("PSTN", "VoIP")),
            "lastModifiedTime": stamp(call.end + 71, 335_000)[:-4] + "Z",
            "billing": cost_of(call)[0],
        }
        if reason is not None:
            row |= {"reason": reason, "reasonDescription": f"{reason}, in a sentence."}
        if (recording := recording_of(call)) is not None:
            row["recording"] = recording
        legs = [self._printed_leg(leg) for leg in self._legs(call)]
        return row | ({"legs": legs} if legs or call.chance(9, 50) else {})

    @staticmethod
    def _printed_leg(leg: Leg) -> dict[str, Any]:
        call = leg.call
        caller, callee = (party_of(call, party, slot).printed for party, slot in ((call.caller, 1), (call.callee, 2)))
        printed = {
            "startTime": as_printed(started(call) + leg.late * MICRO),
            "duration": leg.duration,
            "durationMs": leg.duration * 1000,
            "type": "Voice",
            "internalType": call.pick(8, TYPES)[0],
            "direction": leg.direction,
            "action": "FindMe" if leg.place else "Phone Call",
            "result": leg.result[0],
            "to": callee,
            "from": caller,
            "telephonySessionId": f"s-{call.ident % 16**20:020x}",
            "transport": "VoIP" if leg.place else "PSTN",
            "legType": LEG_TYPES[leg.place],
            "extension": {"uri": f"{API}/extension/62264425016", "id": 62_264_425_016},
        }
        printed |= {"reason": leg.result[1]} if leg.result[1] is not None else {}
        if leg.place:
            return printed
        recording = recording_of(call)
        return printed | {"master": True, "billing": cost_of(call)[0]} | ({"recording": recording} if recording else {})

    # --- the truth ---

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, (Call, Leg)):
            truth: dict[str, Any] = item["truth"]
            return dict(truth)
        leg = item if isinstance(item, Leg) else self._as_a_leg(item)
        call, (result, reason, disposition) = leg.call, leg.result
        caller, callee = party_of(call, call.caller, 1), party_of(call, call.callee, 2)
        sides = {**columns("from", caller.number, region), **columns("to", callee.number, region)}
        began = started(call) + leg.late * MICRO
        direction = MEANT.get(leg.direction, "unknown")
        recording = recording_of(call) if not leg.place else None
        _, toll_free, international = call.pick(8, TYPES)
        dialled, shown = (None if told.extension == told.number.text else told.number.text for told in (callee, caller))
        return {
            "call_group_id": session_id(call),
            "started_at": as_read(began),
            "ended_at": as_read(began + leg.duration * MICRO),
            "duration_seconds": leg.duration,
            "direction": direction,
            "direction_raw": leg.direction,
            "disposition": disposition,
            "disposition_raw": result,
            "hangup_cause": reason,
            "hangup_party": "caller" if reason == "Hang Up" else None,
            **sides,
            "from_name": caller.name,
            "from_extension": caller.extension,
            "from_user": caller.user,
            "to_name": callee.name,
            "to_extension": callee.extension,
            "to_user": callee.user,
            "did_number": dialled if direction == "inbound" else None,
            "presented_number": shown if direction == "outbound" else None,
            "answered_by": callee.name if direction == "inbound" and disposition == "answered" else None,
            "charge_amount": cost_of(call)[1] if not leg.place else None,
            "is_international": international,
            "is_toll_free": toll_free,
            "is_recorded": True if recording else None,
            "recording_url": recording["contentUri"] if recording else None,
            "issues": ["number_unparsed"] if "unparsed" in {sides["from_number_kind"], sides["to_number_kind"]} else [],
        }

    @staticmethod
    def _as_a_leg(call: Call) -> Leg:
        """A record says of the whole call what its first leg says."""
        direction, result = call.pick(4, DIRECTIONS[call.direction]), call.pick(5, RESULTS[call.outcome])
        return Leg(call, 0, 0, direction, result)
