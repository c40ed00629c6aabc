"""The calls that the doctor looks at: a day with calls in the last thirty, and the first pages of all thirty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from http import HTTPStatus
from typing import Final

from cdr.doctor.asking import Answer, Asker, BudgetSpentError, Call
from cdr.schema.errors import SyncError
from cdr.vendor.windows import Period

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MONTH: Final = timedelta(days=30)
_ENOUGH: Final = 20
_SOME: Final = 5
_MOST_PAGES: Final = 4
_MOST_HALVINGS: Final = 6
_MOST_SINGLE_DAYS: Final = 6


@dataclass
class Sample:
    """A period with calls, and what came for it.

    is_complete: whether every page of it was read
    behind: what came for the page behind the last one: empty, nothing, the last page again, 404; None: not asked for
    pages_ignored: whether its second page was the first one again
    page_refused: whether its second page was refused; refused_behind: after how many calls another one was
    counts_from_zero: whether there was a page in front of the first one
    """

    period: Period
    calls: list[Call] = field(default_factory=list)
    first: Answer | None = None
    pages: int = 0
    is_complete: bool = False
    behind: str | None = None
    pages_ignored: bool = False
    page_refused: bool = False
    counts_from_zero: bool = False
    refused_behind: int = 0
    repaired: int = 0
    wrapped: int = 0

    @property
    def total(self) -> int | None:
        return self.first.info.total if self.first else None

    @property
    def distinct(self) -> set[tuple[str, str]]:
        return {call.key for call in self.calls}

    def add(self, answer: Answer) -> None:
        self.first = self.first or answer
        known = self.distinct
        self.calls += [call for call in answer.calls if call.key not in known]
        self.pages += 1
        self.repaired += answer.is_repaired
        self.wrapped += answer.is_wrapped


def newest_day(asker: Asker, now: datetime) -> Answer:
    """The first answer of an account: the last day up to an hour ago, in the first form that the server takes."""
    newest = _newest(asker, now)
    oldest = Period(now - _MONTH, now - _MONTH + _DAY - timedelta(seconds=1))
    asker.scout.look([oldest, newest], asker.plan)
    asker.settle()
    body = asker.scout.kept_body(newest, 0)
    return asker.read(body) if body is not None else asker.requester.page(newest, 0, asker.read)


def _newest(asker: Asker, now: datetime) -> Period:
    settled = now.replace(microsecond=0) - _HOUR
    if asker.window.knows_days_only:
        today = datetime(settled.year, settled.month, settled.day, tzinfo=timezone.utc)
        return Period(today - _DAY, today)
    return Period(settled - min(_DAY, asker.stream.window.step), settled)


def last_month(now: datetime) -> Period:
    """The last thirty days."""
    return Period(now.replace(microsecond=0) - _MONTH, now.replace(microsecond=0) - timedelta(minutes=1))


def sample_of(asker: Asker, now: datetime, first: Answer, month: Answer | None) -> Sample:
    """A day with calls: the newest where it has enough, else the busiest that can be seen."""
    period = _newest(asker, now)
    if len(first.calls) < _ENOUGH:
        better = _busiest(asker, now, month)
        answer = asker.try_ask(better) if better else None
        if answer is not None and len(answer.calls) > len(first.calls):
            period, first = better or period, answer
    if not first.calls:
        return Sample(period)
    period, first = _narrowed(asker, period, first)
    sample = Sample(period)
    sample.add(first)
    _read_on(asker, sample)
    _look_in_front(asker, sample)
    if not asker.scout.is_proven:
        asker.scout.look([period], asker.plan)
        asker.scout.kept_body(period, 0)
        asker.settle()
    return sample


def _busiest(asker: Asker, now: datetime, month: Answer | None) -> Period | None:
    length = min(_DAY, asker.stream.window.step)
    if month is not None and month.calls:
        days: Counter[date] = Counter(call.printed.date() for call in month.calls if call.printed)
        inside = {day: count for day, count in days.items() if now - _MONTH - _DAY < _noon(day) < now}
        if inside:
            start = _noon(max(inside, key=lambda day: inside[day])) - timedelta(hours=12)
            return Period(start, start + length)
        return None
    for back in range(2, 2 + _MOST_SINGLE_DAYS):
        period = Period(_newest(asker, now).start - (back - 1) * _DAY, _newest(asker, now).end - (back - 1) * _DAY)
        answer = asker.try_ask(period)
        if answer is not None and len(answer.calls) >= _SOME:
            return period
    return None


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc)


def _narrowed(asker: Asker, period: Period, first: Answer) -> tuple[Period, Answer]:
    """A part of a busy day, whose pages can all be read."""
    for _ in range(_MOST_HALVINGS):
        promised = asker.stream.paginator.pages(first.info) if asker.stream.paginator.has_pages else 1
        if promised is None or promised <= _MOST_PAGES or asker.window.knows_days_only or period.length <= 2 * _HOUR:
            break
        for half in period.halves(_HOUR):
            answer = asker.try_ask(half)
            if answer is not None and answer.calls:
                break
        else:
            break
        if (answer.info.total or 0) >= (first.info.total or 0):
            break  # the filter, or the total, does not follow
        period, first = half, answer
    return period, first


def _read_on(asker: Asker, sample: Sample) -> None:
    """The pages behind the first, and one behind the last."""
    first = sample.first
    if first is None or not asker.stream.paginator.has_pages:
        sample.is_complete = True
        return
    promised, previous = asker.stream.paginator.pages(first.info), first
    for index in range(1, _MOST_PAGES + 1):
        following = previous.info.following
        if asker.stream.paginator.is_sequential and following is None:
            sample.is_complete = True
            return
        try:
            answer = asker.ask(sample.period, index, len(first.calls), following=following)
        except BudgetSpentError:
            raise
        except SyncError as refusal:
            _note_refusal(sample, index, refusal, promised)
            return
        if not answer.calls:
            sample.behind, sample.is_complete = "empty", True
            return
        if answer.keys == previous.keys and (promised is None or index >= promised):
            sample.behind, sample.is_complete = "the last page again", True
            return
        if index == 1 and answer.keys == first.keys:
            sample.pages_ignored = True
            return
        sample.add(answer)
        previous = answer


def _look_in_front(asker: Asker, sample: Sample) -> None:
    """The page in front of the first one, where calls are missing and the vendor numbers its pages."""
    total, first = sample.total, sample.first
    if not asker.stream.paginator.counts_from_one or total is None or first is None:
        return
    if sample.pages > _MOST_PAGES or sample.pages_ignored or len(sample.distinct) >= total:
        return
    zero = asker.try_ask(sample.period, -1, len(first.calls))
    if zero is not None and zero.calls and zero.keys.isdisjoint(sample.distinct):
        asker.first_index, sample.counts_from_zero = -1, True
        sample.add(zero)
        sample.is_complete = len(sample.distinct) >= total


def _note_refusal(sample: Sample, index: int, refusal: SyncError, promised: int | None) -> None:
    if promised is not None and index >= promised:
        # Some servers have no page behind the last one, and say so in ways of their own.
        sample.behind, sample.is_complete = "nothing", True
    elif refusal.status == HTTPStatus.NOT_FOUND:
        sample.behind, sample.is_complete = "404", True
    elif refusal.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        sample.page_refused = index == 1
        sample.refused_behind = 0 if index == 1 else len(sample.calls)
