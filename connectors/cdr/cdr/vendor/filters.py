"""Forms in which vendors take a period beside a date and a time of day: epoch seconds, RFC 3339, whole days."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from cdr.vendor.windows import Period, Window

_DAY: Final = timedelta(days=1)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class EpochWindow(Window):
    """`from=1767571199&to=1767657600`: whole seconds since 1970. No zone has a part in it."""

    format: str = ""

    def text(self, moment: datetime, zone: str) -> str:
        return str(max(0, math.floor(moment.timestamp())))


@dataclass(frozen=True)
class IsoWindow(Window):
    """`dateFrom=2026-01-04T23:59:59.000Z&dateTo=2026-01-06T00:00:00.000Z`: RFC 3339 in UTC, with milliseconds."""

    format: str = ""
    granularity: timedelta = timedelta(milliseconds=1)

    def text(self, moment: datetime, zone: str) -> str:
        return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class DayWindow(Window):
    """`StartTime>=2026-01-05&StartTime<=2026-01-07`, from the parameters `StartTime>` and `StartTime<`: whole days.

    The request names the first day and the one behind the last: whether the last day is in it is not promised. A week
    at a time makes the further day cheap. Narrower windows would ask for more days, and win nothing.

    further: asked for behind the last day
    """

    format: str = "%Y-%m-%d"
    margin: timedelta = timedelta(0)
    step: timedelta = timedelta(days=7)
    narrowest: timedelta = timedelta(days=7)
    smallest: timedelta = _DAY
    further: timedelta = _DAY

    def asked(self, period: Period, zone: str) -> Period:
        """From the first midnight to the last one, the further days included."""
        first, last = self._days(period, zone)
        return Period(_midnight(first, zone), _midnight(last + self.further + _DAY, zone))

    def params(self, period: Period, zone: str) -> Mapping[str, str]:
        first, last = self._days(period, zone)
        return self._named(first, last + self.further)

    def exactly(self, period: Period, zone: str) -> Mapping[str, str]:
        return self._named(*self._days(period, zone))

    def _days(self, period: Period, zone: str) -> tuple[date, date]:
        local = ZoneInfo(zone)
        return period.start.astimezone(local).date(), (period.end - _TICK).astimezone(local).date()

    def _named(self, first: date, last: date) -> Mapping[str, str]:
        return {self.start: first.strftime(self.format), self.end: last.strftime(self.format)}


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
