"""Every time of every vendor, in its own form and in those of ISO 8601, in both clock changes: as pendulum reads it."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pendulum
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_timestamps import ZONES
from test_timestamps_over_years import changes_of, offset_by_pendulum

from cdr.normaliser.normaliser import Normaliser
from cdr.normaliser.timestamps import UTC, zone_named
from cdr.schema.columns import COLUMNS
from golden import fields_of

DASHED, RFC_3339 = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"


class Time(NamedTuple):
    """One time of a vendor: the column, the paths of its field, or of date and time, and the documented form."""

    vendor: str
    column: str
    paths: tuple[str, ...]
    format: str
    stream: str = "call_records"


TIMES = [
    Time("vonage_business", "started_at", ("start",), DASHED),
    Time("vonage_business", "ended_at", ("end",), DASHED),
    *(
        Time("portsip", column, (path,), RFC_3339, stream)
        for stream in ("call_records", "call_logs")
        for column, path in (
            *(("started_at", "started_at"), ("ringing_at", "rang_at")),
            *(("answered_at", "answered_at"), ("ended_at", "ended_at")),
        )
    ),
    Time("portsip", "started_at", ("started_at",), RFC_3339, "call_reports"),
    Time("portsip", "ended_at", ("ended_at",), RFC_3339, "call_reports"),
    Time("portsip", "completed_at", ("completed_at",), RFC_3339, "completed_call_reports"),
    Time("acefone", "started_at", ("date",), "%d-%b-%Y %H:%M:%S"),
    Time("acefone", "started_at", ("call_stats.call_date", "call_stats.connection_time"), DASHED),
    Time("bics", "started_at", ("start_at",), DASHED),
    Time("bics", "ended_at", ("end_at",), DASHED),
    Time("bics", "created_at", ("created_at",), DASHED, "recordings"),
    Time("voxo", "started_at", ("time",), "%m/%d/%y %H:%M:%S"),
    Time("voxo", "started_at", ("start",), "%m/%d/%y %H:%M:%S"),
]
NAMES = [f"{time.vendor} {time.stream} {time.paths[0]}" for time in TIMES]


def row_with(time: Time, printed: str) -> dict[str, Any]:
    """A vendor's row that prints this time."""
    row: dict[str, Any] = {"id": "1"}
    parts = printed.split(" ") if len(time.paths) > 1 else [printed]
    for path, part in zip(time.paths, parts, strict=True):
        *parents, key = path.split(".")
        inner = row
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[key] = part
    return row


@cache
def plan(time: Time, zone: str) -> Normaliser:
    return Normaliser(
        fields_of(time.vendor, time.stream),
        columns=COLUMNS[time.stream],
        vendor=time.vendor,
        account_id="a",
        zone=zone,
        cursor=time.column,
    )


def read(time: Time, zone: str, printed: str) -> tuple[str | None, list[str]]:
    """The column, and its issues; the time as printed is the same."""
    row, as_printed = plan(time, zone).read(row_with(time, printed))
    assert as_printed == row[time.column]
    return row[time.column], row.get("issues", [])


@cache
def changes(zone: str) -> list[datetime]:
    return list(changes_of(zone_named(zone)))


@st.composite
def walls(draw: st.DrawFn, zone: str) -> datetime:
    """Wall times, most of them within three hours of a change of the clocks."""
    near = changes(zone) or [datetime(2024, 6, 1)]  # noqa: DTZ001 (wall times, as all below)
    seconds = draw(st.integers(-3 * 3600, 3 * 3600))
    return draw(st.sampled_from(near)) + timedelta(seconds=seconds)


def canonical(moment: datetime, fraction: str = "") -> str:
    kept = f".{fraction}" if fraction.strip("0") else ""
    return f"{moment.replace(tzinfo=None).isoformat()}{kept}Z"


@pytest.mark.parametrize("time", TIMES, ids=NAMES)
@given(st.data(), st.sampled_from(ZONES))
@settings(deadline=None, max_examples=60)
def test_a_local_time_is_the_one_that_pendulum_reads(time: Time, data: st.DataObject, zone: str) -> None:
    wall = data.draw(walls(zone))
    pendulum_zone = pendulum.timezone(zone)
    expected = wall.replace(tzinfo=UTC) - offset_by_pendulum(wall, pendulum_zone)
    later = wall.replace(tzinfo=pendulum_zone, fold=1).utcoffset()
    issues = [] if later == offset_by_pendulum(wall, pendulum_zone) else ["time_ambiguous"]
    digits = data.draw(st.sampled_from(["", "0", "000", "25", "250000", "1234567"]))
    fraction = f".{digits}" if digits else ""
    forms = [f"{wall:%Y-%m-%d %H:%M:%S}{fraction}", *([] if len(time.paths) > 1 else [f"{wall.isoformat()}{fraction}"])]
    if time.stream not in ("call_records", "call_logs", "recordings"):
        issues = []  # these streams have no issues
    for printed in forms:
        assert read(time, zone, printed) == (canonical(expected, digits), issues), printed
    if time.format != RFC_3339:
        assert read(time, zone, wall.strftime(time.format)) == (canonical(expected), issues)


@pytest.mark.parametrize("time", TIMES, ids=NAMES)
@given(st.data(), st.sampled_from(ZONES), st.integers(-14 * 60, 14 * 60))
@settings(deadline=None, max_examples=60)
def test_a_time_with_an_offset_is_in_no_zone(time: Time, data: st.DataObject, zone: str, minutes: int) -> None:
    wall = data.draw(walls(zone))
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    digits = data.draw(st.sampled_from(["", "000", "5", "123456"]))
    start = f"{wall:%Y-%m-%d}{data.draw(st.sampled_from(['T', ' '] if len(time.paths) == 1 else [' ']))}{wall:%H:%M:%S}"
    printed = f"{start}{f'.{digits}' if digits else ''}{sign}{hours:02}:{rest:02}"
    expected = pendulum.instance(wall, tz=pendulum.FixedTimezone(minutes * 60)).in_timezone("UTC").naive()
    assert read(time, zone, printed) == (canonical(expected, digits), [])
    assert read(time, zone, f"{start}Z") == (canonical(wall), [])


@pytest.mark.parametrize("time", TIMES, ids=NAMES)
@pytest.mark.parametrize("printed", ["2024-02-30 10:00:00", "2024-07-01T25:00:00Z", "2024-07-01T10:00:00+25:00"])
def test_what_is_no_time_in_any_form_is_not_read(time: Time, printed: str) -> None:
    if len(time.paths) > 1:
        printed = printed.replace("T", " ")
    row = plan(time, "UTC").row(row_with(time, printed))
    assert row[time.column] is None
    assert row.get("issues", ["time_unreadable"]) == ["time_unreadable"]
