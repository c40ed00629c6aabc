"""Local times, printed and read: what a text without zone means by the rules, and the epoch as second witness."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FOUR_HOURS: Final = timedelta(hours=4)
_HALF_HOUR: Final = 1800
_TOLERANCE: Final = 60
_NEAREST: Final = 3600
_FURTHEST: Final = 26 * 3600


def local(seconds: int, zone: ZoneInfo) -> datetime:
    """The clock on the wall, without zone: in a doubled hour nobody can tell which of the two it is."""
    return datetime.fromtimestamp(seconds, zone).replace(tzinfo=None, fold=0)


def wall(moment: datetime) -> int:
    """The clock on the wall as a number that compares as its text does."""
    return calendar.timegm(moment.timetuple())


def printed(moment: datetime) -> str:
    """`27-Mar-2020 06:01:57`."""
    return f"{moment.day:02}-{MONTHS[moment.month - 1]}-{moment.year} {moment:%H:%M:%S}"


def read(moment: datetime, zone: ZoneInfo, epoch: int | None = None) -> tuple[int, int, list[str]]:
    """Return what a printed local time means, what it means as printed (before the epoch corrects it), and the issues.

    A time that occurs twice is settled by the epoch, else the first of the two; one that never occurs has the offset
    before the gap. Off by whole half hours, one to 26 hours in all, the zone was wrong and the epoch wins.
    """
    first, second = (
        int((moment.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)).timestamp()) for fold in (0, 1)
    )
    issues, meant = [], first
    if first > second:  # in the gap, where fold 0 has the offset before it
        issues.append("time_ambiguous")
    elif second > first:
        settled = [way for way in (first, second) if epoch is not None and abs(way - epoch) <= _TOLERANCE]
        meant = settled[0] if settled else first
        issues += [] if settled else ["time_ambiguous"]
    as_printed = meant
    if epoch is not None and abs(meant - epoch) > _TOLERANCE:
        issues.append("time_mismatch")
        if corrects(meant - epoch):
            meant = epoch
    return meant, as_printed, issues


def corrects(off: int) -> bool:
    """Whether an epoch that is off by so many seconds says that the zone was wrong."""
    halves = round(abs(off) / _HALF_HOUR) * _HALF_HOUR
    return abs(abs(off) - halves) <= _TOLERANCE and _NEAREST <= halves <= _FURTHEST


def day_bounds(first: datetime, last: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The seconds since 1970 at which a day begins in a zone, and at which the day after `last` begins."""
    after = last + timedelta(days=1)
    return int(first.replace(tzinfo=zone).timestamp()), int(after.replace(tzinfo=zone).timestamp())
