"""Reading a list that is newest first and grows at its front while it is read, as the current day always does.

A new row moves every other one towards later pages. Read in parallel, a row can slip from a page that has not answered
yet to one that has. Counted from the oldest row, though, no place ever changes; and every answer says, by its total and
its number, which places it holds. So what is missing is known, and those pages alone are read again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from cdr.pages import Block, Rows
from cdr.reading import WindowCount, WindowReader
from cdr.reconciling import Pass
from cdr.windows import Period
from source_bics.answers import PageFacts

KEPT = timedelta(days=60)
# Beyond the pages of a second reading, so many are read again: short lists at a busy moment need more than they have.
_PATIENCE = 40


class GrowingReader(WindowReader):
    """Gives out every row of a window, once, also while new ones arrive. Says once that old ones may be archived."""

    _warned = False

    def read(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        if period is not None and period.start < datetime.now(timezone.utc) - KEPT:
            self._warn_once()
        yield from super().read(period, count)
        if count.total is not None:
            # The vendor's figure counts the days around the window too: no estimate of what the sync will give out.
            count.total = count.rows

    def _warn_once(self) -> None:
        with self._lock:
            first, self._warned = not self._warned, True
        if first:
            self._logger.warning(
                f"{self._stream.name}: the vendor keeps {KEPT.days} days; what is older is asked for all the same, "
                "but may have been archived, and would then be missing here without any error."
            )

    def _turn(self, period: Period | None, seen: set[str], count: WindowCount, outcome: Pass) -> Iterator[Rows]:
        reading = Reading()
        yield from super()._turn(period, seen, count, reading)
        most = 2 * reading.pages + _PATIENCE
        while reading.pages < most and (missing := reading.missing(self._ahead)):
            digests = bool(count.tallies)
            for page in [self._pages.submit(self._page, period, index, digests) for index in missing]:
                yield self._fresh(page.result(), seen, count, reading)
        reading.report(outcome)


@dataclass
class Reading(Pass):
    """One reading of a growing list: what came, and which places of the list it came from.

    highest, lowest: the totals stated. Pages that were under way together answer in any order, so no answer is the last
    covered:         places received, counted from the oldest row, as half-open ranges
    copies:          how often an id stood on one page, where that was more than once
    """

    highest: int = 0
    lowest: int | None = None
    size: int = 0
    covered: list[tuple[int, int]] = field(default_factory=list)
    copies: Counter[str] = field(default_factory=Counter)
    walked: int = 0

    def add(self, block: Block) -> None:
        super().add(block)
        self.copies |= Counter(block.ids) - Counter(set(block.ids))
        self.twins = self.copies.total()  # a page that is read again brings no new ones
        facts = block.facts
        if facts.total is None:
            return
        self.highest = max(self.highest, facts.total)
        self.lowest = facts.total if self.lowest is None else min(self.lowest, facts.total)
        self.size = self.size or facts.size or facts.rows
        if isinstance(facts, PageFacts) and facts.page:
            end = facts.total - (facts.page - 1) * self.size
            self.covered.append((end - facts.rows, end))

    @property
    def only_grew(self) -> bool:
        """Whether no total was below that of the first page, which had answered before any other was asked for."""
        return self.lowest is None or self.lowest == self.first_total

    def missing(self, most: int) -> Sequence[int]:
        """At most `most` pages that hold what a list which grew has and we have not; none where it stood still.

        The places not covered come first, the oldest before the front, which changes while the others are read. Where
        all are covered and rows lack all the same, some came late and stand in between: every page, from the front.
        """
        if not self.only_grew or self.highest in (self.first_total, self.received) or not self.size:
            return ()
        pages: set[int] = set()
        reached = 0
        for start, end in [*sorted(self.covered), (self.highest, self.highest)]:
            if start > reached:
                pages.update(range((self.highest - start) // self.size, (self.highest - reached - 1) // self.size + 1))
            reached = max(reached, end)
        if pages:
            return sorted(pages)[-most:]
        last = -(-self.highest // self.size)
        first = self.walked if self.walked < last else 0
        self.walked = min(first + most, last)
        return range(first, self.walked)

    def report(self, outcome: Pass) -> None:
        """Tell the reader in its own terms: a total that only grew is the highest one stated, and has not moved."""
        outcome.distinct, outcome.twins, outcome.pages = self.distinct, self.twins, self.pages
        outcome.first_total = outcome.last_total = self.last_total if self.lowest is None else self.highest
        if not self.only_grew:
            outcome.first_total, outcome.last_total = self.first_total, self.lowest
