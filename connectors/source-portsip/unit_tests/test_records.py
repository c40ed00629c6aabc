"""Rows of PortSIP as canonical records, worked out by hand, and streams that a server does not have."""

import pytest

from cdr.schema.columns import COLUMNS
from source_portsip import SourcePortsip

ANSWERED = {
    "id": "878156595253481472",
    "caller": "+44 20 7946 0101",
    "caller_domain": "pbx.example.com",
    "caller_display_name": "",
    "callee": "102",
    "callee_domain": "pbx.example.com",
    "callee_display_name": " Zoë Example ",
    "started_at": "2026-03-28T06:00:47.670813Z",
    "rang_at": "2026-03-28T06:00:47.701241Z",
    "answered_at": "2026-03-28T06:00:50.701240Z",
    "ended_at": "2026-03-28T06:01:24.901240Z",
    "call_id": "zuRUKmbcjgfrNTrp46smiw..",
    "direction": "INBOUND_CALL",
    "end_reason": "CALLEE_DISCONNECTED",
    "reroute_reason": "FORWARDING_NO_ANSWER",
    "status_code": 200,
    "destination": "103",
    "outbound_caller_id": "",
    "did_cid": "+442079460200",
    "trunk": "TRUNK-A",
    "duration": 35,
    "service_number": "",
    "user_data": "crm=42",
}
RECORD = {
    **dict.fromkeys(COLUMNS["call_records"]),
    "record_id": "portsip:head-office:878156595253481472",
    "vendor": "portsip",
    "account_id": "head-office",
    "vendor_record_id": "878156595253481472",
    "sip_call_id": "zuRUKmbcjgfrNTrp46smiw..",
    "started_at": "2026-03-28T06:00:47.670813Z",
    "ringing_at": "2026-03-28T06:00:47.701241Z",
    "answered_at": "2026-03-28T06:00:50.701240Z",
    "ended_at": "2026-03-28T06:01:24.901240Z",
    "duration_seconds": 37,
    "ring_seconds": 2,
    "talk_seconds": 34,
    "direction": "inbound",
    "direction_raw": "INBOUND_CALL",
    "disposition": "answered",
    "disposition_raw": "CALLEE_DISCONNECTED",
    "hangup_party": "callee",
    "hangup_cause": "CALLEE_DISCONNECTED",
    "sip_status_code": 200,
    "from_number": "+44 20 7946 0101",
    "from_number_e164": "+442079460101",
    "from_number_kind": "e164",
    "from_country": "GB",
    "to_number": "102",
    "to_number_kind": "extension",
    "to_extension": "102",
    "to_name": "Zoë Example",
    "did_number": "+442079460200",
    "forwarded_to": "103",
    "trunk": "TRUNK-A",
    "user_data": "crm=42",
    "issues": [],
    "schema_version": 1,
}


def test_a_call_is_read_into_every_column(vendor, connected):
    vendor.rows["/cdrs"] = [ANSWERED]
    with connected(vendor) as portsip:
        assert portsip.read().records == [{**RECORD, "raw": ANSWERED}]


def test_a_leg_has_the_same_columns_and_its_group(vendor, connected):
    leg = {**ANSWERED, "session_id": "878156595253481000"}
    vendor.rows["/calllogs"] = [leg]
    with connected(vendor) as portsip:
        (record,) = portsip.read("call_logs").records
    assert record == {**RECORD, "call_group_id": "878156595253481000", "raw": leg}


def test_a_session_is_the_group_of_legs_only(vendor, connected):
    vendor.rows["/cdrs"] = [{**ANSWERED, "session_id": "878156595253481000"}]
    with connected(vendor, include_raw=False) as portsip:
        assert portsip.read().records == [RECORD]


def read_one(vendor, connected, **changes):
    vendor.rows["/cdrs"] = [{**ANSWERED, **changes}]
    with connected(vendor) as portsip:
        (record,) = portsip.read().records
    return record


@pytest.mark.parametrize("unset", ["", None, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_time_that_is_not_set_is_null_without_an_issue(vendor, connected, unset):
    record = read_one(vendor, connected, answered_at=unset, status_code=486, end_reason="", duration=0)
    assert (record["answered_at"], record["issues"]) == (None, [])
    assert (record["disposition"], record["talk_seconds"], record["ring_seconds"]) == ("busy", 0, 37)
    assert (record["hangup_party"], record["disposition_raw"]) == (None, None)


@pytest.mark.parametrize(
    ("word", "direction"),
    [
        ("INBOUND_OUTBOUND_CALL", "transit"),
        ("inbound outbound", "transit"),
        ("INBOUND", "inbound"),
        ("Outbound_Call", "outbound"),
        ("EXTENSION_CALL", "internal"),
        ("INTERNAL_CALL", "internal"),
        ("ext", "internal"),
        ("in2out", "transit"),
        ("in", "inbound"),
        ("OUT", "outbound"),
        ("in between", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_direction_is_known_by_how_its_word_begins(vendor, connected, word, direction):
    record = read_one(vendor, connected, direction=word)
    assert (record["direction"], record["direction_raw"]) == (direction, word or None)


@pytest.mark.parametrize(
    ("reason", "status", "disposition", "party"),
    [
        ("CALLEE_BUSY", 200, "busy", "callee"),
        ("CANCELLED", 487, "canceled", "caller"),
        ("CALL_REJECTED", 0, "rejected", "unknown"),
        ("CALLEE_DECLINED", 0, "rejected", "callee"),
        ("NO_ANSWER", 0, "no_answer", "unknown"),
        ("RING_TIMEOUT", 0, "no_answer", "unknown"),
        ("TO_VOICEMAIL", 0, "voicemail", "unknown"),
        ("CALL_FAILED", 0, "failed", "unknown"),
        ("CALLER_DISCONNECT", 486, "busy", "caller"),
        ("WORD_OF_TOMORROW", 600, "busy", "unknown"),
        ("", 487, "canceled", None),
        (None, 408, "no_answer", None),
        ("", 480, "no_answer", None),
        ("", 403, "rejected", None),
        ("", 603, "rejected", None),
        ("", 500, "failed", None),
        ("", 599, "failed", None),
        ("", 404, "unknown", None),
        ("", 1, "unknown", None),
    ],
)
def test_an_unanswered_call_is_told_by_its_reason_then_by_its_status(
    vendor, connected, reason, status, disposition, party
):
    record = read_one(vendor, connected, answered_at="", end_reason=reason, status_code=status)
    assert (record["disposition"], record["hangup_party"]) == (disposition, party)
    assert record["sip_status_code"] == (status if status >= 100 else None)


def test_a_destination_is_a_forwarding_where_it_differs_from_the_callee(vendor, connected):
    assert read_one(vendor, connected, destination="102")["forwarded_to"] is None
    assert read_one(vendor, connected, destination="")["forwarded_to"] is None


def test_the_streams_are_those_of_the_contract_in_its_order():
    names = [(stream.name, stream.primary_key, stream.cursor) for stream in SourcePortsip.streams]
    assert names == [
        ("call_records", "record_id", "started_at"),
        ("call_logs", "record_id", "started_at"),
        ("call_reports", "id", None),
        ("completed_call_reports", "id", "completed_at"),
    ]


def test_a_server_without_call_logs_costs_that_stream_only(vendor, connected):
    vendor.rows["/cdrs"], vendor.rows["/calllogs"] = [ANSWERED], None
    with connected(vendor, num_workers=4, end_date="2026-04-10") as portsip:
        outcome = portsip.read("call_records", "call_logs")
    assert outcome.error is None
    assert len(outcome.of("call_records")) == 1
    assert outcome.of("call_logs") == []
    assert len([line for line in outcome.log if "has no /calllogs" in line]) == 1


def test_two_reads_of_the_same_rows_give_the_same_records(vendor, connected, calls):
    vendor.rows["/cdrs"] = calls(150)
    with connected(vendor, num_workers=8) as portsip:
        key = "record_id"
        first, second = (sorted(portsip.read().records, key=lambda row: row[key]) for _ in range(2))
    assert first == second
