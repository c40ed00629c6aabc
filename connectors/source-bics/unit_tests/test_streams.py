"""Whole syncs: rows as records, time zones, retention, speed."""

import logging
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from source_bics import SourceBics

UTC = timezone.utc
DAY = datetime(2026, 3, 2, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
LINK = (
    "https://s3.example.com/rc/1.mp3?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=EXAMPLE%2F20260302"
    "&X-Amz-Date=20260302T124618Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=SIGNATURE"
)
RECORDING = {
    "id": "066f0afa-8c0e-11e9-8b2f-6c2b59c79f5a",
    "call_from": "12025550101",
    "call_to": "442079460002",
    "audio": LINK,
    "duration": "00:00:47",
    "agent": "Ada",
    "created_at": "2026-03-02 12:00:00",
}


def test_a_call_becomes_the_record_worked_out_by_hand(bics):
    vendor = bics()
    vendor.add(
        DAY + timedelta(hours=12),
        id="c839b4c4-8c0d-11e9-bb88-6c2b59c79f5a",
        call_to="12025550101",
        service="OUT",
        status="NOANSWER",
        duration="25:00:07",
        billing="00:00:00",
        start_at="2026-03-01 10:59:53",
        charges="0.0150",
        hangup_by="agent",
        dtmf="12#",
        notes="call back",
        name="Ada",
        audio=LINK,
    )
    (record,) = vendor.read(DAY, NEXT, include_raw=False).records
    assert {name: value for name, value in record.items() if value is not None} == {
        "record_id": "bics:acme:c839b4c4-8c0d-11e9-bb88-6c2b59c79f5a",
        "vendor": "bics",
        "account_id": "acme",
        "vendor_record_id": "c839b4c4-8c0d-11e9-bb88-6c2b59c79f5a",
        "started_at": "2026-03-01T10:59:53Z",
        "ended_at": "2026-03-02T12:00:00Z",
        "duration_seconds": 90007,
        "billed_seconds": 0,
        "direction": "outbound",
        "direction_raw": "OUT",
        "disposition": "no_answer",
        "disposition_raw": "NOANSWER",
        "hangup_party": "caller",
        "from_number": "442079460001",
        "from_number_e164": "+442079460001",
        "from_number_kind": "e164",
        "from_country": "GB",
        "to_number": "12025550101",
        "to_number_e164": "+12025550101",
        "to_number_kind": "e164",
        "to_country": "US",
        "to_name": "Ada",
        "did_number": "442079460002",
        "carrier": "BT",
        "charge_amount": "0.0150",
        "is_recorded": True,
        "recording_url": LINK,
        "recording_expires_at": "2026-03-02T13:46:18Z",
        "notes": "call back",
        "dtmf": "12#",
        "issues": [],
        "schema_version": 1,
    }


def test_a_recording_becomes_the_record_worked_out_by_hand(bics):
    vendor = bics()
    vendor.add(DAY + timedelta(hours=12), **RECORDING)
    outcome = vendor.read(DAY, NEXT, stream="recordings")
    (record,) = outcome.records
    assert record.pop("raw")["audio"] == LINK
    assert record == {
        "recording_id": "bics:acme:066f0afa-8c0e-11e9-8b2f-6c2b59c79f5a",
        "vendor": "bics",
        "account_id": "acme",
        "vendor_record_id": "066f0afa-8c0e-11e9-8b2f-6c2b59c79f5a",
        "from_number": "12025550101",
        "from_number_e164": "+12025550101",
        "to_number": "442079460002",
        "to_number_e164": "+442079460002",
        "recording_url": LINK,
        "recording_expires_at": "2026-03-02T13:46:18Z",
        "duration_seconds": 47,
        "agent": "Ada",
        "created_at": "2026-03-02T12:00:00Z",
        "issues": [],
        "schema_version": 1,
    }
    assert vendor.asked == [{"datetime[r.created_at]": "Feb 28, 2026 - Mar 04, 2026", "page": "1"}]
    assert "SIGNATURE" not in outcome.text


@pytest.mark.parametrize("mode", [{"mode": "hash", "salt": "s"}, {"mode": "mask"}, {"mode": "drop"}])
def test_no_privacy_mode_leaves_a_number_a_name_or_a_link(bics, mode):
    vendor = bics()
    vendor.add(DAY, name="Ada Lovelace", notes="call back", dtmf="12#", audio=LINK)
    text = str(vendor.read(DAY, NEXT, privacy=mode).records)
    for personal in ("442079460001", "442079460002", "Ada", "call back", "12#", "s3.example.com"):
        assert personal not in text


def test_rows_on_the_edge_of_two_windows_are_given_out_once(bics):
    edges = [DAY - timedelta(seconds=1), DAY, NEXT - timedelta(seconds=1), NEXT]
    vendor = bics(edges)
    assert vendor.read(DAY, NEXT).ids == ["c1", "c2"]
    assert vendor.read(DAY - timedelta(days=20), NEXT + timedelta(days=20)).ids == ["c0", "c1", "c2", "c3"]


@pytest.mark.parametrize("rows", ["UTC", "Europe/London", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("filters", ["UTC", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_day_is_complete_whatever_zones_the_vendor_prints_and_filters_in(bics, rows, filters):
    vendor = bics(
        [DAY - timedelta(hours=40) + timedelta(minutes=50 * n) for n in range(120)], row_zone=rows, filter_zone=filters
    )
    start, end = DAY.replace(tzinfo=ZoneInfo(rows)).astimezone(UTC), NEXT.replace(tzinfo=ZoneInfo(rows)).astimezone(UTC)
    outcome = vendor.read(start, end, timezone=rows)
    assert outcome.ids == vendor.ids(start, end)
    truth = {row["id"]: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment, row in vendor.calls}
    assert all(record["ended_at"] == truth[record["vendor_record_id"]] for record in outcome.records)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
@pytest.mark.parametrize("month", [3, 10])
@pytest.mark.parametrize("workers", [1, 8])
def test_both_weeks_of_a_clock_change_are_complete(bics, zone, month, workers):
    start = datetime(2026, month, 1, tzinfo=UTC)
    end = start + timedelta(days=40)
    vendor = bics([start + timedelta(minutes=37 * n) for n in range(1550)], row_zone=zone, filter_zone="Asia/Kolkata")
    outcome = vendor.read(start, end, timezone=zone, num_workers=workers, requests_per_minute=100_000)
    assert outcome.error is None
    assert outcome.ids == vendor.ids(start, end)


def test_a_start_date_beyond_retention_is_asked_for_all_the_same_with_one_warning(bics):
    now = datetime.now(UTC).replace(microsecond=0)
    old, new = now - timedelta(days=63), now - timedelta(days=3)
    vendor = bics([old, new])
    outcome = vendor.read(now - timedelta(days=365), now)
    assert outcome.ids == ["c0", "c1"]
    (warning,) = outcome.warnings
    assert "keeps 60 days" in warning
    assert len(vendor.asked) <= 54


def test_within_retention_nothing_is_warned_of(bics):
    now = datetime.now(UTC)
    vendor = bics()
    assert vendor.read(now - timedelta(days=59), now).warnings == []


def test_a_day_is_one_window_so_a_daily_sync_asks_for_few_pages_twice(bics):
    vendor = bics()
    outcome = vendor.read(DAY + timedelta(hours=2), NEXT + timedelta(hours=2))
    assert vendor.asked == [{"datetime[end_at]": "Feb 28, 2026 - Mar 05, 2026", "page": "1"}]
    assert any("0 windows left" in line for line in outcome.log)


def test_the_documented_limit_is_the_default_budget():
    properties = SourceBics().spec(logging.getLogger("test")).connectionSpecification["properties"]
    assert properties["requests_per_minute"]["default"] == 1000
    assert properties["timezone"]["default"] == "UTC"


def test_eight_workers_ask_for_eight_pages_of_a_day_at_once(bics):
    vendor = bics([DAY + timedelta(seconds=8 * n) for n in range(450)], latency=0.05)
    most = {}
    for workers in (1, 8):
        vendor.most_at_once = 0
        assert len(vendor.read(DAY, NEXT, num_workers=workers, requests_per_minute=100_000).ids) == 450
        most[workers] = vendor.most_at_once
    assert most == {1: 1, 8: 8}
