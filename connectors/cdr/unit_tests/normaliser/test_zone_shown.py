"""The zone that many rows show, and the moment that an id carries."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cdr.normaliser.clocks import Evidence, epoch_of_uuid, zone_shown
from cdr.normaliser.timestamps import UTC

NOON = 1_719_835_200  # 2024-07-01T12:00:00Z
CANDIDATES = ("America/Chicago", "America/New_York")


def printed(epoch: int, zone: str | timedelta) -> datetime:
    """The time on a wall in that zone, or so far ahead of UTC."""
    if isinstance(zone, str):
        return datetime.fromtimestamp(epoch, ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    return datetime.fromtimestamp(epoch, UTC).replace(tzinfo=None) + zone


def rows(zone: str | timedelta, count: int = 10, *, step: int = 3600, first: int = NOON) -> list[Evidence]:
    return [Evidence(printed(first + n * step, zone), first + n * step, False) for n in range(count)]


@pytest.mark.parametrize("zone", ["UTC", *CANDIDATES])
def test_a_zone_is_shown_by_the_rows_printed_in_it(zone: str) -> None:
    # Half a year, so both of a zone's offsets, and a clock of the id that lags by up to a minute.
    evidence = [row._replace(epoch=row.epoch - n % 61) for n, row in enumerate(rows(zone, 400, step=12 * 3600))]
    assert zone_shown(evidence, "UTC", CANDIDATES) == zone


def test_either_of_two_doubled_times_agrees() -> None:
    doubled = rows("Europe/London", 8, step=900, first=1_729_987_200)  # from 00:00Z on the night of the change
    assert zone_shown(doubled, "Europe/London", ()) == "Europe/London"


@pytest.mark.parametrize(
    ("ahead", "name"),
    [
        (timedelta(hours=5, minutes=30), "+05:30"),
        (timedelta(hours=-6), "-06:00"),
        (timedelta(minutes=-15), "-00:15"),
        (timedelta(hours=26), "+26:00"),
        (timedelta(hours=-26), "-26:00"),
        (timedelta(hours=26, minutes=15), None),
        (timedelta(minutes=20), None),
    ],
)
def test_rows_of_no_candidate_show_their_constant_offset(ahead: timedelta, name: str | None) -> None:
    assert zone_shown(rows(ahead), "UTC", ("Asia/Tokyo",)) == name


def test_an_offset_of_nothing_is_an_offset_too() -> None:
    assert zone_shown(rows("UTC"), "Europe/London", ()) == "+00:00"


def test_fewer_than_three_rows_without_a_previous_leg_tell_nothing() -> None:
    chained = [row._replace(chained=True) for row in rows("UTC", 50)]
    assert zone_shown([*rows("UTC", 2), *chained], "UTC", CANDIDATES) is None
    assert zone_shown([*rows("America/Chicago", 3), *chained], "UTC", CANDIDATES) == "America/Chicago"


def test_nine_in_ten_decide() -> None:
    odd = Evidence(printed(NOON, timedelta(minutes=7)), NOON, False)
    assert zone_shown([*rows("UTC", 9), odd], "UTC", CANDIDATES) == "UTC"
    assert zone_shown([*rows("America/Chicago", 9), odd], "UTC", CANDIDATES) == "America/Chicago"
    assert zone_shown([*rows("America/Chicago", 8), odd], "UTC", CANDIDATES) is None
    assert zone_shown([*rows("America/Chicago", 5), *rows("UTC", 5)], "UTC", CANDIDATES) is None


def test_the_ends_of_the_calendar_agree_with_nothing() -> None:
    last = [Evidence(datetime(9999, 12, 31, 23), NOON, False)] * 3  # noqa: DTZ001 (a wall time)
    assert zone_shown(last, "America/Chicago", ()) is None


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        # The vendor's own samples: of a call that started at 05:57:24, a second later, and of recordings made at
        # 06:04:21 and 05:59:07.
        ("c839b4c4-8c0d-11e9-bb88-6c2b59c79f5a", 1_560_232_643),
        ("c136768e-8c0e-11e9-b795-6c2b59c79f5a", 1_560_233_061),
        ("066f0afa-8c0e-11e9-8b2f-6c2b59c79f5a", 1_560_232_747),
        ("13814000-1dd2-11b2-8000-000000000000", 0),
        ("13814000-1dd2-41b2-8000-000000000000", None),  # version 4
        ("no uuid", None),
        ("", None),
        (None, None),
        (7, None),
        ([], None),
    ],
)
def test_a_uuid_of_version_1_carries_its_epoch(text: Any, epoch: int | None) -> None:
    assert epoch_of_uuid(text) == epoch
