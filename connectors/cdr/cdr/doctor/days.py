"""What a vendor that filters by days makes of one: in which zone it counts them, and whether the last one is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from cdr.doctor.asking import Answer, Asker, Call
from cdr.doctor.sample import Sample
from cdr.reading.findings import OK, UNKNOWN, Finding
from cdr.vendor.filters import DayWindow
from cdr.vendor.windows import Period

Moment = Callable[[Call], "datetime | None"]
_DAY: Final = timedelta(days=1)
_APART: Final = timedelta(hours=14)


def day_findings(asker: Asker, sample: Sample, moment: Moment) -> Iterator[Finding]:
    """What the vendor makes of one day; `moment` says when a call was."""
    return _Days(asker, sample, moment).findings()


class _Days:
    def __init__(self, asker: Asker, sample: Sample, moment: Moment) -> None:
        self._asker = asker
        self._sample = sample
        self._moment = moment

    def findings(self) -> Iterator[Finding]:
        zone = ZoneInfo(self._asker.zone)
        day = self._busiest_day(zone)
        if day is None:
            yield Finding("bounds", "the days asked for", "could not be told", severity=UNKNOWN)
            return
        answer, excluded = self._asker.try_ask(day, exactly=True), False
        if answer is None or not answer.calls:
            answer, excluded = self._asker.try_ask(Period(day.start, day.end + _DAY), exactly=True), True
        calls = self._whole_day(day, answer, excluded=excluded) if answer else []
        moments = [moment for call in calls if (moment := self._moment(call))]
        if not moments:
            yield Finding("bounds", "the days asked for", "could not be told", severity=UNKNOWN)
            return
        yield _last_day(excluded=excluded, promised=not isinstance(self._asker.window, DayWindow))
        beyond = [moment for moment in moments if moment not in day]
        if not beyond:
            yield Finding("filter", "calls of the day asked for", "only calls of the day asked for came", severity=OK)
        elif all(day.start - _APART <= moment < day.end + _APART for moment in beyond):
            yield self._other_days(day, moments, zone)

    def _whole_day(self, day: Period, answer: Answer, *, excluded: bool) -> list[Call]:
        """The calls of the first and of the last page: the two ends of a day."""
        paginator = self._asker.stream.paginator
        pages = (paginator.pages(answer.info) or 1) if paginator.has_pages else 1
        if pages == 1:
            return answer.calls
        asked = Period(day.start, day.end + _DAY) if excluded else day
        last = self._asker.try_ask(asked, pages - 1, len(answer.calls), exactly=True)
        return answer.calls + (last.calls if last else [])

    def _busiest_day(self, zone: ZoneInfo) -> Period | None:
        days: dict[datetime, int] = {}
        for call in self._sample.calls:
            moment = self._moment(call)
            if moment:
                local = moment.astimezone(zone)
                midnight = datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(timezone.utc)
                days[midnight] = days.get(midnight, 0) + 1
        # The newest day of a page may be half of one.
        best = max(days, key=lambda one: days[one], default=None)
        return None if best is None else Period(best, best + _DAY)

    def _other_days(self, day: Period, moments: Sequence[datetime], zone: ZoneInfo) -> Finding:
        early = min(moments) < day.start
        hours = (day.start - min(moments)) if early else (max(moments) - day.end)
        least = max(1, -(-hours // timedelta(hours=1)))
        where = f"at least {least} {'hour' if least == 1 else 'hours'} {'ahead of' if early else 'behind'} {zone.key}"
        return Finding(
            "zone",
            f"a filter that counts days in {zone.key}",
            f"counts the days of its filter in a zone that is {where}",
            evidence=f"{len(moments)} calls that came for one day",
            effect="a day more is asked for at each end, so no call is lost",
        )


def _last_day(*, excluded: bool, promised: bool) -> Finding:
    """What becomes of the last day; `promised` where the vendor says that it is in the answer."""
    expected = "both the first and the last day asked for" if promised else "the first day asked for, perhaps the last"
    if not excluded:
        both = "both the first and the last day asked for"
        return Finding("bounds", expected, both, evidence="one day was asked for, and came", severity=OK)
    if not promised:
        found = "the first day asked for, not the last"
        return Finding("bounds", expected, found, evidence="nothing came for one day, its calls for two", severity=OK)
    return Finding(
        "bounds",
        expected,
        "leaves the last day asked for out",
        evidence="nothing came for one day, its calls for two",
        effect="a day more is asked for, so no call is lost",
    )
