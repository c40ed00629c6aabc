"""Times as pendulum reads them: every hour of ten years, and every change of every zone."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from zoneinfo import available_timezones

import pendulum
import pytest
from test_timestamps import PATTERNS, ZONES

from cdr.normaliser.timestamps import PARSERS, UTC, resolve_time, zone_named


@pytest.mark.parametrize("name", ZONES)
def test_wall_times_agree_with_pendulum_over_both_changes(name: str) -> None:
    """Every quarter of an hour of a year that the zone's rules have changes in."""
    zone, pendulum_zone = zone_named(name), pendulum.timezone(name)
    wall, ambiguous = datetime(2018, 1, 1), 0  # noqa: DTZ001
    while wall.year == 2018:
        weighed = resolve_time(wall, zone)
        assert weighed is not None
        first = pendulum_zone.convert(wall.replace(fold=0), raise_on_unknown_times=False)
        offset_before = wall.replace(tzinfo=pendulum_zone, fold=0).utcoffset()
        assert offset_before is not None
        assert weighed.instant == wall.replace(tzinfo=UTC) - offset_before
        if "time_ambiguous" in weighed.issues:
            ambiguous += 1
        else:
            assert weighed.instant == first
        wall += timedelta(minutes=15)
    # Hours changed: two of one hour, of half an hour at Lord Howe, none in Kolkata.
    assert ambiguous == {"Asia/Kolkata": 0, "Australia/Lord_Howe": 4}.get(name, 8)


def hours_of_ten_years() -> Iterator[datetime]:
    wall = datetime(2016, 1, 1)  # noqa: DTZ001 (wall times, as all below)
    while wall.year < 2026:
        yield wall
        wall += timedelta(hours=1)


def offset_by_pendulum(wall: datetime, zone: pendulum.Timezone | pendulum.FixedTimezone) -> timedelta:
    offset = wall.replace(tzinfo=zone, fold=0).utcoffset()
    assert offset is not None
    return offset


@pytest.mark.parametrize("format", PARSERS)
def test_a_parser_agrees_with_pendulum_in_every_hour_of_ten_years(format: str) -> None:
    for wall in hours_of_ten_years():
        printed = wall.strftime(format)
        assert PARSERS[format](printed) == wall == pendulum.from_format(printed, PATTERNS[format][1], tz="UTC").naive()


@pytest.mark.parametrize("name", ZONES)
def test_wall_times_agree_with_pendulum_in_every_hour_of_ten_years(name: str) -> None:
    zone, pendulum_zone = zone_named(name), pendulum.timezone(name)
    for wall in hours_of_ten_years():
        weighed = resolve_time(wall, zone)
        assert weighed is not None
        assert weighed.instant == wall.replace(tzinfo=UTC) - offset_by_pendulum(wall, pendulum_zone)


def test_wall_times_agree_with_pendulum_around_every_change_of_every_zone() -> None:
    """Every quarter of an hour of the six hours around each change of ten years."""
    changes = 0
    for name in sorted(available_timezones() - {"localtime"}):
        zone, pendulum_zone = zone_named(name), pendulum.timezone(name)
        for change in changes_of(zone):
            changes += 1
            for quarter in range(-12, 13):
                wall = change + quarter * timedelta(minutes=15)
                weighed = resolve_time(wall, zone)
                assert weighed is not None
                assert weighed.instant == wall.replace(tzinfo=UTC) - offset_by_pendulum(wall, pendulum_zone), name
    assert changes > 2000


def changes_of(zone: tzinfo) -> Iterator[datetime]:
    """The wall times, by the hour, after which a zone's offset is another one, from 2016 to 2025."""
    day = datetime(2016, 1, 1)  # noqa: DTZ001
    while day.year < 2026:
        following = day + timedelta(days=1)
        if day.replace(tzinfo=zone).utcoffset() != following.replace(tzinfo=zone).utcoffset():
            hours = (day + timedelta(hours=hour) for hour in range(24))
            yield next(
                hour
                for hour in hours
                if hour.replace(tzinfo=zone).utcoffset() != (hour + timedelta(hours=1)).replace(tzinfo=zone).utcoffset()
            )
        day = following
