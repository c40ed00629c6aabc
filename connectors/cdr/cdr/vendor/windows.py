"""Periods of time, and how a vendor is asked for one.

Inside, every period is half-open, in UTC. What the vendor's filter wants (names, format, zone, which bound is
inclusive) is translated at the edge, in `Window.params`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pendulum

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_NONE = timedelta(0)


def plain(moment: pendulum.DateTime) -> datetime:
    """The same instant as the standard library's datetime, in UTC: pendulum's own arithmetic is for zones only."""
    return datetime.fromisoformat(moment.in_timezone("UTC").isoformat())


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC ending in `Z`, with a fraction only where there is one."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, order=True)
class Period:
    """The moments from `start` up to, but not including, `end`. Both are aware; an empty period does not construct."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"a period must end after it starts: {self.start} to {self.end}")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{utc_text(self.start)} to {utc_text(self.end)}"

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def without(self, covered: Iterable[Period]) -> Iterator[Period]:
        """The parts of this period that none of `covered` holds, in order."""
        start = self.start
        for other in sorted(covered):
            if other.end <= start or other.start >= self.end:
                continue
            if start < other.start:
                yield Period(start, other.start)
            start = other.end
        if start < self.end:
            yield Period(start, self.end)

    def halves(self, granularity: timedelta) -> tuple[Period, Period]:
        """This period cut in two at a whole multiple of `granularity` from its start."""
        middle = self.start + max(granularity, self.length / 2 // granularity * granularity)
        return Period(self.start, middle), Period(middle, self.end)


@dataclass(frozen=True)
class Window:
    """How a vendor's endpoint filters by time.

    start, end:   the parameters that carry the bounds
    format:       their text, in strftime's letters
    zone:         the zone of that text: an IANA name, or `{key}` for the config key that holds one
    margin:       asked for beside each end, because no vendor is sure to include its bounds. What comes twice goes out
                  once, so asking for too much is always safe
    step:         the widest period asked for at once
    narrowest:    the narrowest one that is worth a request
    smallest:     the narrowest one that the filter can express
    granularity:  the vendor's clock tick
    behind:       asked for behind a given `end_date`: the filter may look at another of a call's times than its start,
                  or take the last day as excluded
    wider:        asked for beyond both ends of a sync, in the same requests, where the filter knows days only, or
                  looks at a moment beside the start of a call
    """

    start: str
    end: str
    format: str = "%Y-%m-%d %H:%M:%S"
    zone: str = "UTC"
    margin: timedelta = timedelta(seconds=1)
    step: timedelta = _DAY
    narrowest: timedelta = _HOUR
    smallest: timedelta = timedelta(seconds=1)
    granularity: timedelta = timedelta(seconds=1)
    behind: timedelta = timedelta(0)
    wider: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.step <= self.granularity:
            raise ValueError("a window's step must be longer than its granularity")

    @property
    def knows_days_only(self) -> bool:
        return self.smallest >= _DAY

    def asked(self, period: Period, zone: str) -> Period:
        """The two moments that a request for `period` names, its margin included.

        The end of a period is the first moment behind it: where a server excludes its bounds, all before it comes;
        where it includes them, one moment more.
        """
        return Period(certain(period.start - self.margin, zone, -_HOUR), certain(period.end, zone, _HOUR))

    def covers(self, period: Period, zone: str) -> Period:
        """Everything that a request for `period` reaches, whichever way the server reads its bounds."""
        asked = self.asked(period, zone)
        return Period(asked.start, asked.end + self.margin) if self.margin else asked

    def params(self, period: Period, zone: str) -> Mapping[str, str]:
        """The query parameters that ask for every row of `period`, and perhaps for a few more at its edges."""
        asked = self.asked(period, zone)
        return {self.start: self.text(asked.start, zone), self.end: self.text(asked.end, zone)}

    def exactly(self, period: Period, zone: str) -> Mapping[str, str]:
        """The query parameters that name these two moments and no other, to find out what a server makes of them."""
        return {self.start: self.text(period.start, zone), self.end: self.text(period.end, zone)}

    def text(self, moment: datetime, zone: str) -> str:
        return pendulum.instance(moment).in_timezone(zone).strftime(self.format)


def occurs_once(moment: datetime, zone: str) -> bool:
    """Whether the local time of `moment` names one instant only: false in the hour that a zone repeats."""
    local = moment.astimezone(ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset()


def certain(moment: datetime, zone: str, step: timedelta) -> datetime:
    """`moment`, moved by whole `step`s out of an hour that the zone repeats: a text in it could mean either hour."""
    while not occurs_once(moment, zone):
        moment += step
    return moment


def split(period: Period, step: timedelta, zone: str) -> Iterator[Period]:
    """Cut `period` into windows that leave no gap and do not overlap.

    Where a step divides a day, or is made of days, the cuts lie on local midnights and steps counted from them; other
    steps are counted from the start. No cut falls into an hour that the zone repeats.
    """
    start = period.start
    for cut in _grid(period, step, zone) if _DAY % step == _NONE or step % _DAY == _NONE else _steps(period, step):
        if start < cut < period.end and occurs_once(cut, zone):
            yield Period(start, cut)
            start = cut
    yield Period(start, period.end)


def halves_by_days(period: Period, zone: str) -> tuple[Period, Period] | None:
    """A period cut at the local midnight next to its middle, for filters that know days only; None without one in it.

    Cut anywhere else, the halves would ask for the same day twice.
    """
    middle = period.start + period.length / 2
    cuts = [window.end for window in split(period, _DAY, zone)][:-1]
    cut = min(cuts, key=lambda midnight: abs(midnight - middle), default=None)
    return None if cut is None else (Period(period.start, cut), Period(cut, period.end))


def _steps(period: Period, step: timedelta) -> Iterator[datetime]:
    cut = period.start + step
    while cut < period.end:
        yield cut
        cut += step


def _grid(period: Period, step: timedelta, zone: str) -> Iterator[datetime]:
    midnight = pendulum.instance(period.start).in_timezone(zone).start_of("day")
    whole_days = step // _DAY
    while midnight < period.end:
        following = midnight.add(days=1)
        if not whole_days:
            cut, last = plain(midnight), plain(following)
            while cut < last:
                yield cut
                cut += step
        elif midnight.toordinal() % whole_days == 0:
            yield plain(midnight)
        midnight = following


def step_for(period: Period, window: Window, workers: int) -> timedelta:
    """The widest step that gives every worker a window of `period`: the vendor's own, else a divisor of a day.

    Only divisors of a day are taken, down to the vendor's `narrowest`, so that windows stay on one grid.
    """
    divisors = (timedelta(hours=hours) for hours in (24, 12, 8, 6, 4, 3, 2, 1))
    steps = [window.step, *(step for step in divisors if window.narrowest <= step < window.step)]
    return next((step for step in steps if period.length >= workers * step), steps[-1])


def no_longer_than(period: Period, step: timedelta, zone: str) -> Iterator[Period]:
    """Cut a period into parts no longer than `step`, at moments that occur once in `zone`."""
    start = period.start
    while start + step < period.end:
        cut = certain(start + step, zone, -_HOUR)
        yield Period(start, cut)
        start = cut
    yield Period(start, period.end)
