"""Times: strict parsers that agree with pendulum, zones with both of their changes, and the evidence of an epoch."""

import re
from datetime import datetime, timedelta

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.normaliser.timestamps import (
    PARSERS,
    UTC,
    ResolvedTime,
    canonical,
    epoch_of,
    instant,
    later,
    resolve_time,
    rfc3339,
    whole_seconds,
    zone_named,
)

PATTERNS = {
    "%Y-%m-%d %H:%M:%S": (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "YYYY-MM-DD HH:mm:ss"),
    "%d-%b-%Y %H:%M:%S": (r"[0-9]{2}-[A-Za-z]{3}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}", "DD-MMM-YYYY HH:mm:ss"),
    "%m/%d/%y %H:%M:%S": (r"[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "MM/DD/YY HH:mm:ss"),
}
ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo")
LONDON = zone_named("Europe/London")
FIRST, SECOND = datetime(2024, 10, 27, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
DOUBLED, MISSING = datetime(2024, 10, 27, 1, 30), datetime(2024, 3, 31, 1, 30)  # noqa: DTZ001 (wall times)

EARLIEST, LATEST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001 (wall times, an offset from the ends)


def epoch(moment: datetime) -> int:
    return int(moment.timestamp())


@pytest.mark.parametrize("format", PARSERS)
@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2068, 12, 31)))  # noqa: DTZ001
def test_a_parser_agrees_with_pendulum(format: str, wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    if format == "%m/%d/%y %H:%M:%S" and wall.year < 2000:
        wall = wall.replace(year=2024, day=min(wall.day, 28))
    printed = wall.strftime(format)
    assert PARSERS[format](printed) == wall
    assert pendulum.from_format(printed, PATTERNS[format][1], tz="UTC").naive() == wall


@pytest.mark.parametrize("format", PARSERS)
@given(st.data())
def test_a_parser_takes_its_format_alone(format: str, data: st.DataObject) -> None:
    """Whatever characters stand in a time's places: what is not of the format, strictly, is not read."""
    characters = list(datetime(2022, 10, 11, 12, 34, 56, tzinfo=UTC).strftime(format))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(characters) - 1))
        characters[place] = data.draw(st.sampled_from([*"0123456789 +-.,:/TZzW\u0661\uff11JanFEB\x00", ""]))
    printed = "".join(characters)
    wall = PARSERS[format](printed)
    if not re.fullmatch(PATTERNS[format][0], printed):
        assert wall is None
        return
    try:
        expected = datetime.strptime(printed, format)  # noqa: DTZ007 (a wall time)
    except ValueError:
        expected = None
    assert wall == expected


@pytest.mark.parametrize(
    ("format", "printed"),
    [
        ("%Y-%m-%d %H:%M:%S", "2023-02-29 10:00:00"),
        ("%Y-%m-%d %H:%M:%S", "2023-02-28T10:00:00"),
        ("%Y-%m-%d %H:%M:%S", "2023-02-28 10:00"),
        ("%Y-%m-%d %H:%M:%S", "2023-02-28 24:00:00"),
        ("%d-%b-%Y %H:%M:%S", "01-Mai-2024 10:00:00"),
        ("%d-%b-%Y %H:%M:%S", "1-May-2024 10:00:00"),
        ("%m/%d/%y %H:%M:%S", "13/01/24 10:00:00"),
    ],
)
def test_a_time_that_is_not_of_the_format_is_not_read(format: str, printed: str) -> None:
    assert PARSERS[format](printed) is None


@given(
    st.datetimes(min_value=EARLIEST, max_value=LATEST),
    st.integers(-1439, 1439),
    st.text("0123456789", max_size=12),
)
def test_rfc_3339_becomes_utc_and_keeps_its_digits(wall: datetime, minutes: int, digits: str) -> None:
    wall = wall.replace(microsecond=0)
    fraction = f".{digits}" if digits else ""
    hours, rest = divmod(abs(minutes), 60)
    printed = f"{wall.isoformat()}{fraction}{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
    kept = fraction if set(digits) - {"0"} else ""  # a fraction of zeros says nothing
    expected = f"{(wall - timedelta(minutes=minutes)).isoformat()}{kept}Z"
    assert rfc3339(printed) == expected
    assert rfc3339(expected) == expected
    assert pendulum.parse(expected[:26].rstrip("Z") + "Z") == instant(expected)


@pytest.mark.parametrize(
    "printed",
    [
        "2024-08-20T06:00:47",
        "2024-08-20T06:00:47.Z",
        "2024-08-20T06:00:47,5Z",
        "2024-08-20T06:00:47.5",
        "2024-08-20T06:00:47+0200",
        "2024-08-20T06:00:47+02",
        "2024-08-20T06:00:47+02:60",
        "2024-08-20T06:00:47+24:00",
        "2024-08-20T06:00:47.\u0661Z",
        "2024-08-20T06:00:47ZZ",
        "2024-W34-2T06:00:47Z",
        "2024-08-20T06:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "",
    ],
)
def test_what_is_not_rfc_3339_is_not_read(printed: str) -> None:
    assert rfc3339(printed) is None


def test_lower_case_and_a_space_are_rfc_3339_too() -> None:
    assert rfc3339("2024-08-20t06:00:47z") == rfc3339("2024-08-20 06:00:47Z") == "2024-08-20T06:00:47Z"


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2037, 12, 31)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_every_instant_comes_back_from_its_wall_time(moment: datetime, name: str) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    zone = zone_named(name)
    wall = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    weighed = resolve_time(wall, zone, epoch(moment))
    assert weighed is not None
    assert weighed.instant == moment
    assert weighed.issues == ()


def test_a_doubled_time_is_the_first_of_the_two() -> None:
    assert resolve_time(DOUBLED, LONDON) == ResolvedTime(FIRST, FIRST, ("time_ambiguous",))


@pytest.mark.parametrize("truth", [FIRST, SECOND])
@pytest.mark.parametrize("off", [-60, 0, 60])
def test_an_epoch_settles_a_doubled_time(truth: datetime, off: int) -> None:
    assert resolve_time(DOUBLED, LONDON, epoch(truth) + off) == ResolvedTime(truth, truth)


def test_a_missing_time_has_the_offset_before_the_gap() -> None:
    read = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    assert resolve_time(MISSING, LONDON) == ResolvedTime(read, read, ("time_ambiguous",))
    assert resolve_time(MISSING, LONDON, epoch(read)) == ResolvedTime(read, read, ("time_ambiguous",))


@pytest.mark.parametrize("halves", [-52, -11, -2, 2, 11, 52])
@pytest.mark.parametrize("off", [-60, 0, 60])
def test_an_epoch_whole_half_hours_away_wins(halves: int, off: int) -> None:
    wall = datetime(2024, 7, 1, 12)  # noqa: DTZ001
    printed = wall.replace(tzinfo=UTC)
    told = printed + timedelta(seconds=1800 * halves + off)
    assert resolve_time(wall, UTC, epoch(told)) == ResolvedTime(told, printed, ("time_mismatch",))
    assert resolve_time(wall, UTC, epoch(told), corrects=False) == ResolvedTime(printed, printed, ("time_mismatch",))


# A quarter of an hour is how long a call can last before it is transferred; half an hour is that too.
@pytest.mark.parametrize("seconds", [61, 900, -900, 1800, 2220, 2700, 4500, 3661, 53 * 1800, -61, -94_000])
def test_another_epoch_leaves_the_printed_time(seconds: int) -> None:
    wall = datetime(2024, 7, 1, 12)  # noqa: DTZ001
    printed = wall.replace(tzinfo=UTC)
    assert resolve_time(wall, UTC, epoch(printed) + seconds) == ResolvedTime(printed, printed, ("time_mismatch",))


@pytest.mark.parametrize("seconds", [-60, -1, 0, 60])
def test_a_minute_apart_is_agreement(seconds: int) -> None:
    wall = datetime(2024, 7, 1, 12)  # noqa: DTZ001
    printed = wall.replace(tzinfo=UTC)
    assert resolve_time(wall, UTC, epoch(printed) + seconds) == ResolvedTime(printed, printed)


def test_a_doubled_time_that_the_epoch_contradicts_stays_ambiguous() -> None:
    assert resolve_time(DOUBLED, LONDON, epoch(FIRST) - 1000) == ResolvedTime(
        FIRST, FIRST, ("time_ambiguous", "time_mismatch")
    )


def test_a_wall_time_off_the_calendar_is_not_read() -> None:
    assert resolve_time(datetime(9999, 12, 31, 23), zone_named("America/New_York")) is None  # noqa: DTZ001


@pytest.mark.parametrize(
    ("asterisk_id", "found"),
    [
        ("atl-ast2-1665457640.1430167", 1665457640),
        ("1714657799.11930963", 1714657799),
        ("15XXXXXX7.4XX0", None),
        ("11714657799.1", None),
        ("714657799.1", None),
        ("1714657799", None),
        ("\u0661714657799.1", None),
        ("", None),
        (".", None),
    ],
)
def test_an_asterisk_id_carries_its_epoch_before_the_dot(asterisk_id: str, found: int | None) -> None:
    assert epoch_of(asterisk_id) == found


def test_seconds_between_are_rounded_down() -> None:
    assert whole_seconds("2024-08-20T06:00:47.670813Z", "2024-08-20T06:00:49.680179Z") == 2
    assert whole_seconds("2024-08-20T06:00:47.9Z", "2024-08-20T06:00:48Z") == 0
    assert whole_seconds("2024-08-20T06:00:48Z", "2024-08-20T06:00:47.9Z") == -1


def test_later_keeps_the_fraction_and_ends_with_the_calendar() -> None:
    assert later("2024-02-28T23:59:59.1234567Z", 2) == "2024-02-29T00:00:01.1234567Z"
    assert later("2024-02-28T23:59:59Z", 10**12) is None
    assert later("2024-02-28T23:59:59Z", 10**30) is None


def test_canonical_text_is_utc_and_ends_in_z() -> None:
    assert canonical(datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), ".5") == "2024-01-02T03:04:05.5Z"
