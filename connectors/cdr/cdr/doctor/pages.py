"""How the vendor turns a period into pages: their order, their size, and the total."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from cdr.doctor.asking import Answer, Asker
from cdr.doctor.sample import Sample, last_month
from cdr.reading.findings import (
    ACTION,
    HANDLED,
    OK,
    UNKNOWN,
    Finding,
    account_total,
    counts_from_zero,
    first_page_always,
)
from cdr.vendor.windows import Period

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
        granted = largest.info.size if largest.info.size is not None else rows
        more = (largest.info.total or 0) > rows or self._second is not None or self._sample.pages > 1
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
        if month is None or len(month.calls) < _SMALLEST_SUSPECT or self._sample.counts_from_zero:
            return False
        if (month.info.total or 10**9) <= len(month.calls) < self._asker.stream.paginator.size:
            return False
        following = month.info.following
        if self._asker.stream.paginator.is_sequential and following is None:
            return False
        self._second = self._asker.try_ask(last_month(self._now), 1, len(month.calls), following=following)
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
        if sample.total is None and self._asker.stream.paginator.is_sequential:
            # The pages themselves say whether there are more.
            yield Finding("total", f"{expected}, or none", "states no total", f"{sample.pages} pages", severity=OK)
            return
        if sample.total is None:
            effect = "pages are read until an empty one, and nothing can be held against them"
            yield Finding("total", expected, "states no total", f"{sample.pages} pages", effect)
            return
        received = len(sample.distinct)
        if self.repeats_its_page():
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

    def repeats_its_page(self) -> bool:
        """Whether the stated total says no more than the page has."""
        month = self._month
        if self._sample.total == len(self._sample.first.calls if self._sample.first else ()) and self._sample.pages > 1:
            return True
        return (
            month is not None
            and self._second is not None
            and month.info.total == len(month.calls)
            and bool(self._second.keys - month.keys)
        )

    def _is_of_the_account(self) -> bool:
        """Whether a period without those calls states the same total."""
        period, total = self._sample.period, self._sample.total
        other = self._asker.try_ask(Period(period.start - 17 * _DAY, period.end - 17 * _DAY))
        return other is not None and other.info.total is not None and other.info.total >= (total or 0)
