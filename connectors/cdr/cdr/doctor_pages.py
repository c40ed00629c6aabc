"""How the vendor turns a period into pages: their order, their size, the total, limits, and how far back it has calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from cdr.doctor_asking import Answer, Asker, BudgetSpentError, Call
from cdr.doctor_sample import Sample, last_month
from cdr.errors import SyncError
from cdr.findings import (
    ACTION,
    HANDLED,
    OK,
    UNKNOWN,
    Finding,
    account_total,
    counts_from_zero,
    cut_off,
    first_page_always,
    newest_day_only,
)
from cdr.doubt import is_round
from cdr.windows import Period

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_FEWEST_ORDERED: Final = 5
_SMALLEST_SUSPECT: Final = 10
_IN_ORDER: Final = 0.9
_AGES: Final = (45, 90, 365)
_MONDAY: Final = (1, 2, 3, 6)
"""Days back, of which one is a working day whatever the day."""
_MANY: Final = 10


class Paging:
    """Asks for second pages, halves, and periods beside the sample.

    month:   the first page of the last thirty days, where they could be asked for
    filters: whether the vendor obeys its filter at all
    """

    def __init__(
        self, asker: Asker, sample: Sample, month: Answer | None, now: datetime, *, filters: bool = True
    ) -> None:
        self._filters = filters
        self._asker = asker
        self._sample = sample
        self._month = month
        self._now = now
        self._has_pages = asker.stream.paginator.has_pages
        self._second: Answer | None = None

    def findings(self) -> Iterator[Finding]:
        if self._has_pages:
            yield from self._order()
            yield from self._page_size()
            yield from self._total()
        yield from self._cap()

    # --- order ---

    def _order(self) -> Iterator[Finding]:
        wanted = self._asker.stream.order
        if wanted is None or self._sample.first is None or "order" in self._asker.requester.forms:
            return
        calls = self._sample.first.calls
        times = [call.printed for call in calls if call.printed]
        if len(set(times)) < _FEWEST_ORDERED:
            yield Finding("order", wanted, "could not be told: too few calls", severity=UNKNOWN)
            return
        steps = [(one < other) - (one > other) for one, other in pairwise(times) if one != other]
        up = sum(step > 0 for step in steps) / len(steps)
        found = "oldest first" if up >= _IN_ORDER else "newest first" if up <= 1 - _IN_ORDER else "in no order of time"
        evidence = f"the {len(times)} calls of one page"
        if found == wanted:
            yield Finding("order", wanted, found, evidence=evidence, severity=OK)
        else:
            effect = "none: what came is counted, and what comes twice goes out once"
            yield Finding("order", f"calls {wanted}", f"sends them {found}", evidence=evidence, effect=effect)

    # --- pages ---

    def _page_size(self) -> Iterator[Finding]:
        paginator, asked = self._asker.stream.paginator, self._asker.stream.paginator.size
        seen = [answer for answer in (self._month, self._sample.first) if answer is not None]
        largest = max(seen, key=lambda answer: len(answer.calls), default=None)
        if largest is None:
            return
        rows, evidence = len(largest.calls), f"{len(largest.calls)} calls on a first page"
        differs = False
        if self._sample.page_refused or self._sample.pages_ignored or self._is_second_the_first():
            yield self._no_second_page()
            return
        granted = largest.facts.size if largest.facts.size is not None else rows
        more = (largest.facts.total or 0) > rows or self._second is not None or self._sample.pages > 1
        if rows > asked or (granted != asked and more and rows < asked):
            differs = True
            effect = "none: the pages that come are the ones that are read"
            yield Finding("page_size", f"{asked} calls a page", f"sends {rows} calls a page", evidence, effect)
        if self._sample.counts_from_zero:
            differs = True
            yield counts_from_zero()
        if self._sample.refused_behind:
            differs = True
            yield Finding(
                "page_size",
                "as many pages as there are",
                f"refuses pages behind the first {self._sample.refused_behind} calls",
                effect="periods are asked for in halves",
            )
        if self._sample.behind in ("the last page again", "404"):
            differs = True
            yield Finding(
                "page_size",
                "an empty page behind the last one",
                f"answers {self._sample.behind} there",
                effect="none: both are taken as the end",
            )
        if not differs:
            found = f"{rows} calls on the largest page seen, {asked} asked for"
            yield Finding("page_size", f"up to {paginator.size} calls a page", found, evidence, severity=OK)

    def _is_second_the_first(self) -> bool:
        month = self._month
        if month is None or len(month.calls) < _SMALLEST_SUSPECT:
            return False
        if (month.facts.total or 10**9) <= len(month.calls) < self._asker.stream.paginator.size:
            return False
        self._second = self._ask(last_month(self._now), 1, len(month.calls))
        if self._second is not None and not self._second.calls:
            self._second = None
        return self._second is not None and self._second.keys == month.keys

    def _no_second_page(self) -> Finding:
        found = first_page_always().found
        if self._sample.page_refused:
            found = "refuses the parameter that names a page"
        is_stuck = self._asker.window.knows_days_only
        return Finding(
            "page_size",
            "pages",
            found,
            effect="periods are asked for in halves, down to the narrowest; a sync ends where that is not enough"
            if is_stuck
            else "more requests",
            advice="if a sync fails, ask the vendor how its pages are asked for" if is_stuck else None,
            severity=ACTION if is_stuck else HANDLED,
        )

    # --- totals ---

    def _total(self) -> Iterator[Finding]:
        sample, expected = self._sample, "the total of the period asked for"
        if not self._asker.stream.total:
            return
        if sample.total is None:
            effect = "pages are read until an empty one, and nothing can be held against them"
            yield Finding("total", expected, "states no total", f"{sample.pages} pages", effect)
            return
        received = len(sample.distinct)
        if self._repeats_its_page():
            effect = "pages are read until an empty one, and nothing can be held against them"
            yield Finding("total", expected, "repeats the number of calls on its page as the total", effect=effect)
        elif received < sample.total and self._filters and self._is_of_the_account():
            yield account_total(sample.total)
        elif sample.is_complete and received < sample.total and self._filters:
            yield Finding(
                "total",
                f"{sample.total} calls, as it states",
                f"sends {received} of the {sample.total} calls that it states",
                effect="a sync reads such a period again, and ends with an error where they stay away",
                advice="ask the vendor which calls it counts and does not send",
                severity=ACTION,
            )
        else:
            evidence = f"{sample.total} stated, {received} read" + ("" if sample.is_complete else " so far")
            yield Finding("total", expected, expected, evidence, severity=OK)

    def _repeats_its_page(self) -> bool:
        month = self._month
        if self._sample.total == len(self._sample.first.calls if self._sample.first else ()) and self._sample.pages > 1:
            return True
        return (
            month is not None
            and self._second is not None
            and month.facts.total == len(month.calls)
            and bool(self._second.keys - month.keys)
        )

    def _is_of_the_account(self) -> bool:
        """Whether a period without those calls states the same total."""
        period, total = self._sample.period, self._sample.total
        other = self._ask(Period(period.start - 17 * _DAY, period.end - 17 * _DAY))
        return other is not None and other.facts.total is not None and other.facts.total >= (total or 0)

    # --- limits ---

    def _cap(self) -> Iterator[Finding]:
        expected = "every call of the period asked for"
        # A total that says no more than its page has may well be round.
        for period, figure, keys in () if self._has_pages and self._repeats_its_page() else self._suspects():
            if self._is_cut(period, figure, keys):
                yield cut_off(figure)
                return
        if not self._has_pages:
            limited = self._limited_to_a_day()
            if limited is not None:
                yield limited
                return
        largest = max((figure for _, figure, _ in self._figures()), default=0)
        told = f"{largest} calls in one answer" if not self._has_pages else f"a period with {largest} calls"
        yield Finding("cap", expected, "no sign of a limit", evidence=f"the most seen: {told}", severity=OK)

    def _figures(self) -> list[tuple[Period, int, set[tuple[str, int]]]]:
        figures = [(self._sample.period, max(len(self._sample.distinct), self._sample.total or 0), self._sample.distinct)]
        if self._month is not None:
            total = max(self._month.facts.total or 0, len(self._month.calls))
            figures.append((last_month(self._now), total, self._month.keys))
        return figures

    def _suspects(self) -> list[tuple[Period, int, set[tuple[str, int]]]]:
        return [one for one in self._figures() if is_round(one[1])]

    def _is_cut(self, period: Period, figure: int, keys: set[tuple[str, int]]) -> bool:
        least = _DAY if self._asker.window.knows_days_only else _SECOND
        if period.length <= least:
            return False
        middle = self._middle(period)
        halves = (Period(period.start, middle), Period(middle, period.end)) if middle else period.halves(least)
        answers = [self._ask(half) for half in halves]
        if None in answers:
            return False
        parts = [answer for answer in answers if answer is not None]
        if self._has_pages:
            return sum(part.facts.total or 0 for part in parts) > figure + 2 and not self._asker.window.knows_days_only
        union = set().union(*(part.keys for part in parts))
        return len(union) > figure

    def _middle(self, period: Period) -> datetime | None:
        """The time of the call in the middle, so that both halves have calls."""
        times = sorted(call.printed for call in self._sample.calls if call.printed and call.printed in period)
        middle = times[len(times) // 2].replace(microsecond=0) if times else None
        return middle if middle and period.start < middle < period.end else None

    def _limited_to_a_day(self) -> Finding | None:
        sample = self._sample
        before = Period(sample.period.start - _DAY, sample.period.start)
        both = Period(before.start, sample.period.end)
        earlier = self._ask(before)
        if earlier is not None and not earlier.calls:
            return self._newest_day_only(before)
        try:
            together = self._asker.ask(both)
        except BudgetSpentError:
            raise
        except SyncError:
            return Finding("cap", "two days at once", "refuses more than a day at once", effect="none: days are asked for")
        known: Sequence[Call] = [*sample.calls, *(earlier.calls if earlier else ())]
        missing = {call.key for call in known} - together.keys
        if len(missing) <= 2:  # noqa: PLR2004 - a late call or two
            return None
        return Finding(
            "cap",
            "two days at once",
            "sends a part of two days only",
            evidence=f"{len(missing)} of {len(known)} calls did not come for both days together",
            effect="none: days are asked for, and halves of those that may have been cut off",
        )

    def _newest_day_only(self, before: Period) -> Finding | None:
        if len(self._sample.calls) < _MANY or before.end < self._now - 2 * _DAY:
            return None
        for days in _MONDAY:
            answer = self._ask(Period(before.start - days * _DAY, before.end - days * _DAY))
            if answer is None or answer.calls:
                return None
        return newest_day_only("the last week")

    # --- history ---

    def retention(self) -> Iterator[Finding]:
        """How far back calls come."""
        kept = self._asker.stream.kept
        expected = f"calls of the last {kept.days} days" if kept else "not documented"
        oldest, none_at = 30, 0
        for age in _AGES:
            start = self._now.replace(microsecond=0) - age * _DAY
            answer = self._ask(Period(start, start + min(7 * _DAY, max(_DAY, self._asker.stream.window.step))))
            if answer is None or not answer.calls:
                none_at = age
                break
            oldest = age
        found = f"calls of {oldest} days ago came" if oldest > 30 else "calls of the last 30 days came"  # noqa: PLR2004
        found += f", none of {none_at} days ago" if none_at else ""
        start = self._asker.stream.config.period(self._now, _SECOND)
        if kept and start and start.start < self._now - kept:
            yield Finding(
                "retention",
                expected,
                found,
                evidence="`start_date` lies before that",
                effect="calls older than that are gone, and no sync can bring them",
                advice=f"set `start_date` to {kept.days} days ago, or expect nothing before",
            )
            return
        yield Finding("retention", expected, found, severity=OK)

    def _ask(self, period: Period, index: int = 0, granted: int | None = None) -> Answer | None:
        try:
            return self._asker.ask(period, index, granted)
        except BudgetSpentError:
            raise
        except SyncError:
            return None

