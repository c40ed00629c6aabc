"""Acefone's windows: bounds in local time, compared perhaps as text by a server whose clock is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum

from cdr.vendor import Period, Window, plain

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)


class LocalWindow(Window):
    """Asks for the missing hour as well where a period starts in the hour after it.

    A row that prints a time which the zone leaves out is read with the offset before the gap, so it lies in the hour
    after the gap, while its text lies before every bound of that hour. The repeated hour is the core's own care.
    """

    def asked(self, period: Period, zone: str) -> Period:
        before = period.start - _HOUR
        missed = _offset(before, zone) < _offset(period.start, zone)
        return super().asked(Period(before, period.end) if missed else period, zone)


@dataclass(frozen=True)
class LocalDays(Window):
    """Dates alone. The last one may be excluded, so one day more is asked for."""

    format: str = "%Y-%m-%d"
    zone: str = "{timezone}"
    smallest: timedelta = _DAY
    narrowest: timedelta = _DAY

    def asked(self, period: Period, zone: str) -> Period:
        first = pendulum.instance(period.start - self.margin).in_timezone(zone).start_of("day")
        last = pendulum.instance(period.end).in_timezone(zone).start_of("day").add(days=1)
        return Period(plain(first), plain(last))

    def exactly(self, period: Period, zone: str) -> Mapping[str, str]:
        return {self.start: self.text(period.start, zone), self.end: self.text(period.end - _TICK, zone)}

    def covers(self, period: Period, zone: str) -> Period:
        asked = self.asked(period, zone)
        return Period(asked.start, asked.end + _DAY)


def _offset(moment: datetime, zone: str) -> timedelta:
    return moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
