"""Clocks: what a row proves of its zone, and everything that tells its time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cdr.normaliser.clocks import Evidence
from cdr.normaliser.normaliser import Normaliser
from cdr.schema.columns import COLUMNS
from golden import fields_of

NOON = 1_719_835_200  # 2024-07-01T12:00:00Z


def normaliser(vendor: str, stream: str = "call_records", **arguments: Any) -> Normaliser:
    arguments = {"account_id": "a", "columns": COLUMNS[stream], "vendor": vendor, **arguments}
    return Normaliser(fields_of(vendor, stream), **arguments)


def uuid1(epoch: int) -> str:
    time = epoch * 10_000_000 + 0x01B21DD213814000
    return f"{time & 0xFFFFFFFF:08x}-{time >> 32 & 0xFFFF:04x}-1{time >> 48 & 0xFFF:03x}-8000-000000000000"


VOXO = {"id": "1", "time": "07/01/24 07:00:00", "uniqueId": f"{NOON}.1", "prevUniqueId": "", "duration": 60}
IN_CHICAGO = datetime(2024, 7, 1, 7)  # noqa: DTZ001 (a wall time)
BICS = {
    "id": uuid1(NOON),
    "start_at": "2024-07-01 20:00:00",
    "end_at": "2024-07-01 20:01:00",
    "duration": "00:01:00",
}


@pytest.mark.parametrize(
    ("vendor", "stream", "row", "expected"),
    [
        ("voxo", "call_records", VOXO, Evidence(IN_CHICAGO, NOON, False)),
        ("voxo", "call_records", {**VOXO, "prevUniqueId": "1.2"}, Evidence(IN_CHICAGO, NOON, True)),
        ("voxo", "call_records", {**VOXO, "uniqueId": "17XXXXXX0.1"}, None),
        ("voxo", "call_records", {**VOXO, "time": "2024-07-01T12:00:00Z"}, None),
        ("voxo", "call_records", {**VOXO, "time": "2024-07-01T07:00:00.25"}, Evidence(IN_CHICAGO, NOON, False)),
        ("voxo", "call_records", {**VOXO, "time": "soon"}, None),
        ("voxo", "call_records", {**VOXO, "time": None}, None),
        (
            "acefone",
            "call_records",
            {"date": "01-Jul-2024 07:00:00", "call_stats": {"call_id": f"{NOON}.1"}},
            Evidence(IN_CHICAGO, NOON, False),
        ),
        (
            "acefone",
            "call_records",
            {"call_stats": {"call_id": f"{NOON}.1", "call_date": "2024-07-01", "connection_time": "07:00:00"}},
            Evidence(IN_CHICAGO, NOON, False),
        ),
        ("bics", "call_records", BICS, Evidence(IN_CHICAGO + timedelta(hours=13), NOON, False)),
        (
            "bics",
            "recordings",
            {"id": uuid1(NOON), "created_at": "2024-07-01 07:00:00"},
            Evidence(IN_CHICAGO, NOON, False),
        ),
        ("bics", "call_records", {**BICS, "id": 7}, None),
        ("vonage_business", "call_records", {"id": uuid1(NOON), "start": "2024-07-01 07:00:00"}, None),
        ("portsip", "call_records", {"started_at": "2024-07-01T07:00:00Z"}, None),
        ("portsip", "completed_call_reports", {"completed_at": "2024-07-01T07:00:00Z"}, None),
        ("voxo", "call_records", [], None),
        ("voxo", "call_records", {}, None),
    ],
)
def test_what_a_row_proves(vendor: str, stream: str, row: Any, expected: Evidence | None) -> None:
    assert normaliser(vendor, stream, cursor=None).evidence(row) == expected


def read(row: Any, vendor: str = "voxo", **arguments: Any) -> tuple[str | None, str | None, list[str]]:
    """`started_at`, the time as printed, and the issues of time."""
    found, as_printed = normaliser(vendor, **arguments).read(row)
    return found["started_at"], as_printed, [issue for issue in found["issues"] if issue.startswith("time")]


MISMATCH = ["time_mismatch"]
TRUE, ASKED = "2024-07-01T12:00:00Z", "2024-07-01T07:00:00Z"


@pytest.mark.parametrize("found", [None, "UTC", "America/Chicago", "-05:00"])
def test_an_epoch_half_hours_away_needs_no_other_row(found: str | None) -> None:
    assert read(VOXO, zone_found=found) == (TRUE, ASKED, MISMATCH)


@pytest.mark.parametrize(
    "change",
    [
        {"uniqueId": "17XXXXXX0.1"},
        {"uniqueId": None},
        {"prevUniqueId": f"{NOON - 900}.1", "uniqueId": f"{NOON - 900}.1"},
        {"prevUniqueId": f"{NOON}.1"},
    ],
)
def test_rows_that_cannot_tell_are_read_by_the_zone_that_was_found(change: dict[str, Any]) -> None:
    row = {**VOXO, **change}
    assert read(row)[:2] == (ASKED, ASKED)
    assert read(row, zone_found="America/Chicago") == (TRUE, ASKED, MISMATCH)
    assert read(row, zone_found="-05:00") == (TRUE, ASKED, MISMATCH)
    assert read(row, zone_found="UTC")[:2] == (ASKED, ASKED)


def test_a_row_whose_epoch_agrees_with_what_it_prints_is_read_as_printed() -> None:
    row = {**VOXO, "time": "07/01/24 12:00:00"}
    assert read(row, zone_found="America/Chicago") == (TRUE, TRUE, [])


def test_a_zone_of_quarter_hours_is_found_by_many_rows_alone() -> None:
    row = {**VOXO, "time": "07/01/24 17:45:00"}  # Kathmandu
    assert read(row) == ("2024-07-01T17:45:00Z", "2024-07-01T17:45:00Z", MISMATCH)
    assert read(row, zone_found="+05:45") == (TRUE, "2024-07-01T17:45:00Z", MISMATCH)


def test_a_text_with_its_own_offset_needs_no_zone() -> None:
    row = {**VOXO, "time": "2024-07-01T07:00:00-05:00", "uniqueId": ""}
    assert read(row, zone_found="Asia/Kolkata", zone="Asia/Tokyo") == (TRUE, TRUE, [])


def test_the_other_offset_of_a_zone_in_winter_is_no_mismatch_where_both_agree() -> None:
    row = {**VOXO, "time": "01/01/24 12:00:00", "uniqueId": ""}
    assert read(row, zone_found="Europe/London") == ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z", [])


def test_a_doubled_time_in_the_zone_that_was_found_is_ambiguous_there() -> None:
    row = {**VOXO, "time": "10/27/24 01:30:00", "uniqueId": ""}
    assert read(row, zone_found="Europe/London") == (
        "2024-10-27T00:30:00Z",
        "2024-10-27T01:30:00Z",
        ["time_ambiguous", "time_mismatch"],
    )


def test_all_local_times_of_a_row_are_read_by_the_zone_that_was_found() -> None:
    row, as_printed = normaliser("bics", cursor="ended_at", zone_found="Asia/Singapore").read(BICS)
    assert (row["started_at"], row["ended_at"]) == (TRUE, "2024-07-01T12:01:00Z")
    assert row["issues"] == MISMATCH
    assert as_printed == "2024-07-01T20:01:00Z"


def test_the_id_of_a_single_row_of_bics_corrects_nothing() -> None:
    assert read(BICS, "bics", cursor="ended_at") == ("2024-07-01T20:00:00Z", "2024-07-01T20:01:00Z", [])


@pytest.mark.parametrize(
    ("vendor", "row", "arguments", "expected"),
    [
        ("voxo", VOXO, {}, {ASKED, TRUE}),
        ("voxo", {**VOXO, "uniqueId": ""}, {"zone_found": "America/New_York"}, {ASKED, "2024-07-01T11:00:00Z"}),
        ("voxo", {**VOXO, "time": "soon"}, {}, {TRUE}),
        ("voxo", {**VOXO, "time": "2024-07-01T07:00:00.5", "uniqueId": ""}, {}, {"2024-07-01T07:00:00.5Z"}),
        ("voxo", {}, {}, set()),
        ("voxo", [], {}, set()),
        # The cursor is the end: the time in the id is later by the duration.
        ("bics", BICS, {"cursor": "ended_at"}, {"2024-07-01T20:01:00Z", "2024-07-01T12:01:00Z"}),
        ("bics", {**BICS, "duration": None}, {"cursor": "ended_at"}, {"2024-07-01T20:01:00Z"}),
        ("bics", BICS, {"cursor": None}, set()),
        ("vonage_business", {"start": "2024-07-01 07:00:00"}, {"zone": "America/Chicago"}, {TRUE}),
        ("portsip", {"started_at": "2024-07-01T07:00:00.25Z"}, {}, {"2024-07-01T07:00:00.25Z"}),
    ],
)
def test_the_clocks_of_a_row(vendor: str, row: Any, arguments: dict[str, Any], expected: set[str]) -> None:
    plan = normaliser(vendor, **arguments)
    found = plan.clocks(row, plan.row(row))
    assert set(found) == expected
    assert len(found) == len(set(found))


def test_the_clocks_of_a_recording() -> None:
    row = {"id": uuid1(NOON), "created_at": "2024-07-01 20:00:00"}
    plan = normaliser("bics", "recordings", cursor="created_at", zone_found="Asia/Singapore")
    assert set(plan.clocks(row, plan.row(row))) == {"2024-07-01T20:00:00Z", TRUE}


@pytest.mark.parametrize(
    ("vendor", "stream", "row", "expected"),
    [
        ("voxo", "call_records", {**VOXO, "callerIdNumber": "", "dialedNum": 7, "direction": "IN"}, (7, "IN")),
        ("voxo", "call_records", {**VOXO, "time": "", "start": VOXO["time"], "direction": None}, (None, None)),
    ],
)
def test_a_call_is_what_the_vendor_sent(vendor: str, stream: str, row: Any, expected: tuple[Any, Any]) -> None:
    assert normaliser(vendor, stream).call(row) == (VOXO["time"], None, *expected)


@pytest.mark.parametrize(
    ("vendor", "stream", "row", "expected"),
    [
        (
            "acefone",
            "call_records",
            {
                "call_stats": {"call_date": "2024-07-01", "connection_time": "07:00:00"},
                "source": 1,
                "destination": [2],
                "call_hint": False,
            },
            ("2024-07-01 07:00:00", 1, [2], False),
        ),
        ("vonage_business", "call_records", {"start": "a", "from": 0, "to": "c", "direction": "d"}, ("a", 0, "c", "d")),
        ("bics", "recordings", {"created_at": "a", "call_from": "b", "call_to": "c"}, ("a", "b", "c", None)),
        ("bics", "call_records", {"start_at": "a", "service": "IN", "call_to": " x "}, ("a", None, " x ", "IN")),
        ("portsip", "call_logs", {"started_at": "a", "caller": "b", "callee": "c"}, ("a", "b", "c", None)),
        ("portsip", "call_reports", {"started_at": "a"}, (None,) * 4),
        ("portsip", "completed_call_reports", {"completed_at": "a"}, (None,) * 4),
        ("voxo", "call_records", ["a"], (None,) * 4),
        ("voxo", "call_records", None, (None,) * 4),
    ],
)
def test_calls_are_told_apart_by_what_was_sent(vendor: str, stream: str, row: Any, expected: Any) -> None:
    assert normaliser(vendor, stream, cursor=None).call(row) == expected
