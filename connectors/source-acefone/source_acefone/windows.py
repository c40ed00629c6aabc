"""Acefone's window: bounds in local time, compared perhaps as text by a server whose clock is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cdr.windows import Period, Window

_HOUR = timedelta(hours=1)


class LocalWindow(Window):
    """Asks for the missing hour as well where a period starts in the hour after it.

    A row that prints a time which the zone leaves out is read with the offset before the gap, so it lies in the hour
    after the gap, while its text lies before every bound of that hour. The repeated hour is the core's own care.
    """

    def params(self, period: Period, zone: str) -> Mapping[str, str]:
        before = period.start - _HOUR
        missed = _offset(before, zone) < _offset(period.start, zone)
        return super().params(Period(before, period.end) if missed else period, zone)


def _offset(moment: datetime, zone: str) -> timedelta:
    return moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
