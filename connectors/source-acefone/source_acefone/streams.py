"""Acefone UK, call report.

Docs: https://api-docs.acefone.co.uk/reference/get_v1-call-report
"""

import re
from typing import Any

from cdr.readers import (
    Fields,
    as_sent,
    choice,
    containing,
    decimal,
    derived,
    moment,
    plus,
    present,
    seconds,
    text,
)
from cdr.values import Unreadable

_RECEIVED_ON = re.compile(r"received on\s+(\+?[0-9(].*?)(?:\s+at\s|\s*$)", re.IGNORECASE)
_HUNG_UP = ("hanged up", "hung up")

Q850_CAUSES = {
    "unallocated number": 1,
    "no route to destination": 3,
    "normal clearing": 16,
    "user busy": 17,
    "no user responding": 18,
    "no answer": 19,
    "call rejected": 21,
    "number changed": 22,
    "invalid number format": 28,
    "normal unspecified": 31,
    "no circuit available": 34,
    "network out of order": 38,
    "temporary failure": 41,
    "switching equipment congestion": 42,
    "interworking": 127,
}


def lines(call_flow: Any) -> list[str]:
    """The lines of a call flow: a list, or an object with an index for each line, as the reference prints it."""
    if isinstance(call_flow, dict):
        call_flow = [call_flow[index] for index in sorted(call_flow, key=lambda index: (len(index), index))]
    elif isinstance(call_flow, str):
        call_flow = call_flow.splitlines()
    if not isinstance(call_flow, list | None):
        raise Unreadable
    return [line.strip() for line in call_flow or () if isinstance(line, str)]


def hangup_party(call_flow: Any) -> str | None:
    """Who hung up, by the last line that tells."""
    for line in reversed(lines(call_flow)):
        if any(words in line.lower() for words in _HUNG_UP):
            return "caller" if line.lower().startswith("caller") else "callee"
    return None


def did_number(call_flow: Any) -> str | None:
    """The number that the call was received on."""
    return next((told[1] for line in lines(call_flow) if (told := _RECEIVED_ON.search(line))), None)


CALL_FIELDS: Fields = {
    "vendor_record_id": text("id"),
    "call_group_id": text("call_stats.unique_id").otherwise(text("call_stats.call_id")),
    "started_at": moment("date", "%d-%b-%Y %H:%M:%S", witness="call_stats.call_id"),
    "answered_at": plus("started_at", "ring_seconds").where_positive("talk_seconds"),
    "ended_at": plus("started_at", "duration_seconds"),
    "duration_seconds": seconds("call_stats.call_duration"),
    "ring_seconds": seconds("call_stats.ring_time"),
    "talk_seconds": seconds("call_stats.answer_time"),
    "billed_seconds": seconds("call_stats.bill_sec"),
    "direction": containing(
        "call_hint",
        {"inbound": "inbound", "outbound": "outbound", "clicktocall": "outbound", "internal": "internal"},
    ),
    "direction_raw": text("call_hint"),
    "disposition": choice(
        "status",
        {
            **dict.fromkeys(("missed", "no_answer"), "no_answer"),
            **dict.fromkeys(("canceled", "cancelled"), "canceled"),
            **{
                word: word
                for word in ("answered", "busy", "rejected", "abandoned", "voicemail", "congestion", "failed")
            },
        },
    ),
    "disposition_raw": text("status"),
    "hangup_party": derived(hangup_party, as_sent("call_stats.call_flow")),
    "hangup_cause": text("hangup_cause"),
    "q850_cause": choice("hangup_cause", Q850_CAUSES, absent=None, other=None),
    "from_number": text("source"),
    "to_number": text("destination"),
    "did_number": derived(did_number, as_sent("call_stats.call_flow")),
    "answered_by": text("call_answered_by"),
    "forwarded_to": text("forward_to_number"),
    "charge_amount": decimal("call_stats.total_charges"),
    "is_recorded": present("recording_file_link"),
    "recording_url": text("recording_file_link"),
}
