"""The filter of whole days: `Aug 12, 2019 - Aug 12, 2019`, both days inclusive, in a zone that nobody documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from cdr.vendor import Period, Window

# From a table, because what `%b` writes depends on the machine's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
# The zones of the world reach from here to there: no server's day starts or ends outside.
_WESTMOST, _EASTMOST = timedelta(hours=-12), timedelta(hours=14)


@dataclass(frozen=True)
class Days(Window):
    """One parameter that carries the first and the last day.

    The vendor may count days in another zone than that of its rows, so every day of the period is asked for, and one
    more on each side. A week at a time makes the two extra days cheap, and the pages of a week are read in parallel, so
    narrower windows would ask for more days and win nothing. Where a sync begins or ends one day more is asked for: the
    last day may be excluded and counted in another zone at once.

    latest: how far ahead of UTC today may be: a later day may be refused
    """

    end: str = ""
    zone: str = "{timezone}"
    margin: timedelta = timedelta(0)
    step: timedelta = timedelta(days=7)
    narrowest: timedelta = timedelta(days=7)
    smallest: timedelta = _DAY
    wider: timedelta = _DAY
    latest: timedelta = _EASTMOST

    def params(self, period: Period, zone: str) -> Mapping[str, str]:
        """The one parameter, for a period whose rows print their times in `zone`."""
        first, last = self._days(period, zone)
        return {self.start: f"{_text(first)} - {_text(last)}"}

    def exactly(self, period: Period, zone: str) -> Mapping[str, str]:
        local = ZoneInfo(zone)
        return {self.start: f"{_text(_day(period.start, local))} - {_text(_day(period.end - _TICK, local))}"}

    def covers(self, period: Period, zone: str) -> Period:
        """From where the first day begins first to where the last day ends last."""
        first, last = (_midnight(day) for day in self._days(period, zone))
        return Period(first - _EASTMOST, last + _DAY - _WESTMOST)

    def _days(self, period: Period, zone: str) -> tuple[date, date]:
        local, first, last = ZoneInfo(zone), period.start, period.end - _TICK
        # Rows at one edge of the world and a filter at the other can be two days apart.
        start = min(_day(first, local) - _DAY, _day(first + _WESTMOST))
        end = max(_day(last, local) + _DAY, _day(last + _EASTMOST))
        today = _day(datetime.now(timezone.utc) + self.latest)
        return min(start, today), min(end, today)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _day(moment: datetime, zone: ZoneInfo | timezone = timezone.utc) -> date:
    return moment.astimezone(zone).date()


def _text(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.day:02}, {day.year:04}"
