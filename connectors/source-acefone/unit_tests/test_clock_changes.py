"""The weeks in which clocks change: every call once, at its right moment, however the vendor compares times."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from cdr.vendor.windows import Period
from source_acefone.streams import CallRecords

FORTH, BACK = "forth", "back"
# The UTC moment of a change: by an hour at night, by half an hour, and at midnight.
CHANGES = {
    ("Europe/London", FORTH): "2026-03-29T01:00:00",
    ("Europe/London", BACK): "2026-10-25T01:00:00",
    ("America/New_York", FORTH): "2026-03-08T07:00:00",
    ("America/New_York", BACK): "2026-11-01T06:00:00",
    ("Australia/Lord_Howe", FORTH): "2025-10-04T15:30:00",
    ("Australia/Lord_Howe", BACK): "2026-04-04T15:00:00",
    ("Africa/Cairo", FORTH): "2026-04-23T22:00:00",
    ("Africa/Cairo", BACK): "2025-10-30T21:00:00",
    ("America/Havana", FORTH): "2026-03-08T05:00:00",
    ("America/Havana", BACK): "2025-11-02T05:00:00",
}


def around(change, step=timedelta(minutes=20), reach=timedelta(days=3)):
    """Calls all through the week of a change, with the moments of the change itself and the seconds beside it."""
    moments = [change - reach + step * number for number in range(2 * reach // step)]
    moments += [change + timedelta(hours=hours, seconds=side) for hours in (-2, -1, 0, 1, 2) for side in (-1, 1)]
    return [(f"c{int(moment.timestamp())}", moment) for moment in sorted(moments)]


def written(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def week(change, reach=timedelta(days=3)):
    return {"start_date": written(change - reach), "end_date": written(change + reach)}


def started(outcome):
    return {record["vendor_record_id"]: record["started_at"] for record in outcome.records}


LONDON = [("Europe/London", kind, workers, timedelta(days=3)) for kind in (FORTH, BACK) for workers in (1, 8)]
ELSEWHERE = [(*change, 8, timedelta(days=1)) for change in CHANGES if change[0] != "Europe/London"]


@pytest.mark.parametrize("reads", ["instants", "text"])
@pytest.mark.parametrize(("zone", "kind", "workers", "reach"), LONDON + ELSEWHERE)
def test_the_days_around_a_change_are_complete_and_once(vendor, connected, at, zone, kind, workers, reach, reads):
    change = at(CHANGES[zone, kind])
    vendor.calls, vendor.reads = around(change, reach=reach), reads
    with connected(vendor, timezone=zone, num_workers=workers, **week(change, reach)) as acefone:
        outcome = acefone.read()
    assert outcome.error is None
    assert outcome.ids == sorted(name for name, _ in vendor.calls)
    assert started(outcome) == {name: written(moment) for name, moment in vendor.calls}
    assert {issue for record in outcome.records for issue in record["issues"]} == set()


@pytest.mark.parametrize("reads", ["instants", "text"])
@pytest.mark.parametrize("minutes", [-75, -60, -30, 0, 15, 30, 45, 60, 90])
@pytest.mark.parametrize("kind", [FORTH, BACK])
def test_two_syncs_that_meet_near_a_change_read_every_call_once(vendor, connected, at, kind, minutes, reads):
    change = at(CHANGES["Europe/London", kind])
    vendor.calls, vendor.reads = around(change, reach=timedelta(hours=12)), reads
    dates = week(change, reach=timedelta(hours=12))
    meeting = change + timedelta(minutes=minutes)
    with connected(vendor, num_workers=1, **{**dates, "end_date": written(meeting)}) as acefone:
        first = acefone.read()
    with connected(vendor, num_workers=1, **dates) as acefone:
        second = acefone.read(first.state)
    assert first.ids == sorted(name for name, moment in vendor.calls if moment <= meeting)
    assert second.ids == sorted(name for name, moment in vendor.calls if moment > meeting)


def test_without_epochs_the_doubled_hour_is_complete_and_read_as_the_first_of_the_two(vendor, connected, at):
    change = at(CHANGES["Europe/London", BACK])
    vendor.calls, vendor.epochs = around(change), False
    with connected(vendor, num_workers=8, **week(change)) as acefone:
        outcome = acefone.read()
    assert outcome.ids == sorted(name for name, _ in vendor.calls)
    read_as = started(outcome)
    assert read_as["c1792889999"] == "2026-10-25T00:59:59Z"
    assert read_as["c1792890001"] == "2026-10-25T00:00:01Z"  # 01:00:01 for the second time
    assert read_as["c1792893601"] == "2026-10-25T02:00:01Z"
    doubled = {record["vendor_record_id"] for record in outcome.records if record["issues"] == ["time_ambiguous"]}
    hour = timedelta(hours=1)
    assert doubled == {name for name, moment in vendor.calls if change - hour <= moment < change + hour}


@pytest.mark.parametrize("kind", [FORTH, BACK])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_vendor_that_ignores_the_zone_loses_no_call_and_the_epoch_mends_the_time(
    vendor, connected, at, kind, workers
):
    change = at(CHANGES["Europe/London", kind])
    vendor.calls, vendor.zone, vendor.reads = around(change, reach=timedelta(days=2)), "UTC", "text"
    with connected(vendor, num_workers=workers, **week(change)) as acefone:
        outcome = acefone.read()
    assert outcome.ids == sorted(name for name, _ in vendor.calls)
    assert started(outcome) == {name: written(moment) for name, moment in vendor.calls}
    noon = {record["started_at"][:13]: record["issues"] for record in outcome.records}
    summer, winter = change + timedelta(hours=36), change - timedelta(hours=36)
    if kind == BACK:
        summer, winter = winter, summer
    assert noon[f"{summer:%Y-%m-%dT%H}"] == ["time_mismatch"]
    assert noon[f"{winter:%Y-%m-%dT%H}"] == []


def test_a_sync_that_starts_after_the_missing_hour_reads_the_times_printed_in_it(vendor, connected, at):
    # Printed 01:30, a time that London leaves out: 02:30 there, and behind the start as text.
    vendor.calls, vendor.zone, vendor.reads = [("missing", at("2026-03-29T01:30:00"))], "UTC", "text"
    with connected(vendor, num_workers=1, start_date="2026-03-29T01:15:00Z", end_date="2026-03-29") as acefone:
        outcome = acefone.read()
        assert min(query["from_date"] for query in acefone.asked()) == "2026-03-29 00:14:59"
    assert started(outcome) == {"missing": "2026-03-29T01:30:00Z"}


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
def test_no_bound_is_a_time_that_occurs_twice(vendor, connected, at, zone):
    change = at(CHANGES[zone, BACK])
    with connected(vendor, timezone=zone) as acefone:
        stream = CallRecords(acefone.config)
    edges = [change + timedelta(minutes=minutes) for minutes in range(-130, 131, 5)]
    requests = [stream.request(Period(edge, edge + timedelta(hours=1)), 0) for edge in edges]
    bounds = {request.params[name] for request in requests for name in ("from_date", "to_date")}
    assert [bound for bound in bounds if occurrences(bound, zone, at) != 1] == []


def occurrences(text, zone, at):
    """How many instants a local text names, by counting the offsets that bring it back."""
    wall = at(text.replace(" ", "T"))
    instants = [wall - timedelta(minutes=offset) for offset in range(-12 * 60, 14 * 60 + 1, 30)]
    return sum(instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S") == text for instant in instants)
