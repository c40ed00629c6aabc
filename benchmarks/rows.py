"""Calls as the five vendors print them. Shapes: the vendors' own samples, with 24 fields and 740 bytes for Vonage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Final

from benchmarks.calls import Call, Dataset, calls, identity

_FIRST = ("Zoë", "Ada", "Grace", "Alan", "Linus", "Edith", "Katherine", "Barbara", "Dennis", "Frances")
_LAST = ("Example", "Sample", "Placeholder", "Invented", "Fictitious", "Madeup")


def _name(person: int) -> str:
    return f"{_FIRST[person % len(_FIRST)]} {_LAST[person // len(_FIRST)]}"


def _stamp(seconds: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(form)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def vonage_business(call: Call) -> dict[str, Any]:
    """Return a row of the call logs."""
    name, user, extension = _name(call.person), f"first.last.{call.person:04}@example.com", 1000 + call.person
    source, destination = ("destination", "source") if call.inbound else ("source", "destination")
    ours = {
        "device_name": f"{name} desk phone",
        "user_full_name": name,
        "user": user,
        "sip_id": f"VH{1_000_000 + call.person}",
        "extension": extension,
    }
    return {
        "id": identity(call.number),
        "in_network": False,
        "international": call.outside[:2] == "33",
        "from": call.caller,
        "to": call.callee,
        "direction": "Inbound" if call.inbound else "Outbound",
        "length": call.duration,
        "start": _stamp(call.start),
        "end": _stamp(call.start + call.duration),
        "charge": call.talk * 3 / 1000,
        "rate": 0.003,
        **{f"{source}_{key}": value for key, value in ours.items()},
        # The other side is nobody's phone in the account: what came with the call, and the trunk.
        **{f"{destination}_{key}": "" for key in ours},
        f"{destination}_device_name": "Outside line, trunk 01 of the example account",
        f"{destination}_user_full_name": f"CALLER {call.outside}" if call.inbound else "",
        f"{destination}_sip_id": "TRUNK01-EXAMPLE",
        "custom_tag": ("Sales, northern region", "Support, second line, evening shift", "Reception")[call.number % 3],
        "result": "Answered" if call.answered else "Missed",
        "recorded": call.answered and call.number % 2 == 0,
    }


def acefone(call: Call) -> dict[str, Any]:
    """Return a row of the call report; London's winter time is UTC."""
    at = _stamp(call.start, "%d-%b-%Y %H:%M:%S")
    flow = [
        f"Call received on {call.inside} at {at}",
        f" Call forwarded to Extension ({_name(call.person)}) at {at}",
        f" Dialed Extension ({_name(call.person)}) at {at}",
        " Caller hanged up the call" if call.number % 2 else " Agent hung up the call",
    ]
    return {
        "id": 36_671 + call.number,
        "call_stats": {
            "inbound_sec": call.talk if call.inbound else 0,
            "outbound_sec": 0 if call.inbound else call.talk,
            "bill_sec": call.talk,
            "bill_calls": "1",
            "total_charges": f"{call.talk * 0.003:.4f}",
            "connection_time": _stamp(call.start, "%H:%M:%S"),
            "ring_time": str(call.ring),
            "answer_time": str(call.talk),
            "call_flow": flow,
            "call_id": f"{call.start}.{1_000_000 + call.number}",
            "call_date": _stamp(call.start, "%Y-%m-%d"),
            "call_duration": str(call.duration),
        },
        "call_hint": "inbound" if call.inbound else "outbound",
        "source": call.caller,
        "destination": call.callee,
        "forward_to_number": f"{call.inside} Extension ({_name(call.person)})",
        "reason_key": "Call completed" if call.answered else "Channel not available",
        "hangup_cause": "Normal Clearing" if call.answered else "No Answer",
        "date": at,
        "recording_file_link": f"https://recordings.example.com/{call.number}.mp3" if call.answered else None,
        "status": "answered" if call.answered else "missed",
        "call_answered_by": str(1000 + call.person) if call.answered else "",
        "service": f"Extension ({_name(call.person)})",
    }


def voxo(call: Call) -> dict[str, Any]:
    """Return a row of the call reports."""
    return {
        "id": identity(call.number),
        "time": _stamp(call.start, "%m/%d/%y %H:%M:%S"),
        "callerIdNumber": f"+{call.caller}",
        "callerIdName": _name(call.person).upper(),
        "dialedNum": f"+{call.callee}",
        "direction": "IN" if call.inbound else "OUT",
        "disposition": "ANSWERED" if call.answered else "NO ANSWER",
        "duration": call.duration,
        "percentJitter": 0.25,
        "packetLoss": 0,
        "qos": 1,
        "uniqueId": f"atl-ast2-{call.start}.{1_000_000 + call.number}",
        "prevUniqueId": "",
        "whoAnswered": f"user{call.person}" if call.answered else "",
        "recorded": call.number % 2,
        "queueCall": 0,
        "ocn": "8911",
        "ani": call.caller,
        "lata": "826",
        "city": "EXAMPLETON",
        "rateCenter": "EXAMPLETON",
        "state": "NY",
        "jurisdiction": "INTERSTATE",
        "local": 0,
        "lec": "EXAMPLE TELEPHONE CO.",
        "lecType": "CLEC",
        "spid": None,
        "isTollFree": 0,
        "nextUniqueId": "",
        "isInternational": int(call.outside[0] != "1"),
        "presented": 1,
        "mos": 4.4,
        "callOutcome": "",
        "afterAnswerDuration": call.talk,
        **dict.fromkeys(("outgoingCidNum", "billingId", "partnerId", "geolocation")),
    }


def portsip(call: Call) -> dict[str, Any]:
    """Return an item of `/cdrs`."""
    answer, end = call.start + call.ring, call.start + call.duration
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {
        "id": identity(call.number),
        "caller": f"+{call.caller}",
        "caller_domain": "pbx.example.com",
        "caller_display_name": _name(call.person),
        "callee": f"+{call.callee}",
        "callee_domain": "pbx.example.com",
        "callee_display_name": "",
        "started_at": _stamp(call.start, form),
        "rang_at": _stamp(call.start + 1, form),
        "answered_at": _stamp(answer, form) if call.answered else None,
        "ended_at": _stamp(end, form),
        "call_id": identity(call.number + 1_000_000),
        "direction": "INBOUND_CALL" if call.inbound else "OUTBOUND_CALL",
        "end_reason": "CALLER_DISCONNECTED" if call.answered else "NO_ANSWER",
        "reroute_reason": "",
        "status_code": 200 if call.answered else 480,
        "destination": str(1000 + call.person),
        "outbound_caller_id": f"+{call.inside}",
        "did_cid": f"+{call.inside}",
        "trunk": "Example trunk",
        "duration": call.talk,
        "service_number": "",
        "user_data": "",
    }


def bics(call: Call) -> dict[str, Any]:
    """Return a row of the voice calls."""
    return {
        "id": identity(call.number),
        "call_from": call.caller,
        "call_to": call.callee,
        "service": "IN" if call.inbound else "OUT",
        "bridge": call.inside,
        "status": "ANSWER" if call.answered else "NOANSWER",
        "duration": _clock(call.duration),
        "billing": _clock(call.talk),
        "pulsing": "30",
        "charges": f"{call.talk * 0.003:.4f}",
        "start_at": _stamp(call.start),
        "end_at": _stamp(call.start + call.duration),
        "hangup_by": "caller" if call.number % 2 else "agent",
        "dtmf": None,
        "location": "GB",
        "region": "EN",
        "provider": "EX",
        "notes": "",
        "audio": None,
        "name": _name(call.person),
    }


PRINTERS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "vonage_business": vonage_business,
    "portsip": portsip,
    "acefone": acefone,
    "bics": bics,
    "voxo": voxo,
}
_BY_END = ("vonage_business", "bics")


def printed(dataset: Dataset) -> Iterator[tuple[Call, dict[str, Any]]]:
    """Yield every call and its row, in the order of what the vendor's filter compares; Vonage's by the end."""
    printer, by_end = PRINTERS[dataset.vendor], dataset.vendor in _BY_END
    for call in calls(dataset.rows, dataset.days, by_end=by_end):
        yield call, printer(call)


def ids(dataset: Dataset) -> set[str]:
    """Return the vendor's id of every row, as text."""
    if dataset.vendor == "acefone":
        return {str(36_671 + index) for index in range(dataset.rows)}
    return {identity(index) for index in range(dataset.rows)}
