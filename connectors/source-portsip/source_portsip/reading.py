"""Reading PortSIP's lists: a page that is not full is the last, `count` is weighed, `filter` is not taken on trust."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone

from cdr.errors import TransientError
from cdr.pages import Block, Rows
from cdr.paginators import Facts
from cdr.reading import Means, Transport, WindowCount
from cdr.reconciling import Pass
from cdr.stream import Stream
from cdr.windows import Period
from source_portsip.details import DetailReader
from source_portsip.whole_list import WholeList

_PASSES = 2
_MOST_PAGES = 100_000
# Before there were such systems: what a server counts here, it counts everywhere.
_EMPTY = Period(datetime(1960, 1, 1, tzinfo=timezone.utc), datetime(1960, 1, 2, tzinfo=timezone.utc))


class ListReader(DetailReader):
    """Reads the windows of a list, or, where the server ignores `filter`, the list once for all windows of the sync.

    In the second case no window closes before the whole list has been read and reconciled: only then is it known that
    no row of the window is still to come. Where that reading fails, every window fails with it.
    """

    def __init__(self, stream: Stream, transport: Transport, means: Means) -> None:
        super().__init__(stream, transport, means)
        self._earliest: datetime | None = None
        self._filter_is_ignored = False
        self._list: WholeList | None = None
        self._failure: Exception | None = None
        self._one_reads_the_list = threading.Lock()
        self._count_is_of_all: bool | None = None
        self._one_asks_for_counts = threading.Lock()

    def first_page(self, period: Period | None) -> Facts:
        block = self._page(period, 0)
        facts = block.facts
        if all(block.inside):
            number = facts.total if facts.total is not None else facts.rows
            self._logger.info(
                f"{self._stream.name}: {number} rows from {period} are to be seen. "
                "A user without the role Admin or QueueManager sees only its own, without any error."
            )
        return facts

    def _turn(self, period: Period | None, seen: set[str], count: WindowCount, outcome: Pass) -> Iterator[Rows]:
        digests = bool(count.tallies)
        if period is not None:
            with self._lock:
                self._earliest = min(period.start, self._earliest or period.start)
        if not self._filter_is_ignored:
            for block in self._blocks(period, digests):
                if period is not None and not all(block.inside):
                    self._notice(period)
                    break
                yield self._fresh(block, seen, count, outcome)
            else:
                self._weigh(outcome)
                return
        if period is not None:
            for block in self._list_for(period).blocks(period, digests):
                yield self._fresh(block, seen, count, outcome)
        # The list was reconciled as a whole; the counts of this window's pages were of something else.
        outcome.first_total = outcome.last_total = None

    def _fresh(self, block: Block, seen: set[str], count: WindowCount, outcome: Pass) -> Rows:
        return super()._fresh(self._completed(block, seen), seen, count, outcome)

    def _blocks(self, period: Period | None, digests: bool) -> Iterator[Block]:
        """All pages of a window, or of the list, in order: in parallel as far as a total promises, then one by one."""
        paginator = self._stream.paginator
        block = self._page(period, 0, digests)
        yield block
        index, promised = 0, paginator.pages(block.facts) or 1
        for block in self._in_parallel(period, range(1, promised), digests):
            index += 1
            yield block
            if paginator.ends(index, block.facts):
                return
        while not paginator.ends(index, block.facts):
            index += 1
            before, block = block, self._page(period, index, digests)
            if block.ids == before.ids or index >= _MOST_PAGES:
                raise self._endless(period, index)
            yield block

    def _page(self, period: Period | None, index: int, digests: bool = False) -> Block:
        block = super()._page(period, index, digests)
        facts = block.facts
        of_the_page = index > 0 and facts.total == facts.rows  # a total would count the pages before as well
        if of_the_page or (period is not None and self._count_is_of_all):
            block.facts = replace(facts, total=None)
        return block

    def _weigh(self, outcome: Pass) -> None:
        """Take back a count that does not follow `filter`: it is no total of the window."""
        stated = outcome.last_total
        if stated is not None and stated > outcome.received and self._counts_all():
            outcome.first_total = outcome.last_total = None

    def _counts_all(self) -> bool:
        """Whether `count` is that of the list whatever the filter says: then it is the same where there are no rows."""
        with self._one_asks_for_counts:
            if self._count_is_of_all is None:
                every = self._page(None, 0).facts
                none = self._page(_EMPTY, 0).facts
                stated = none.total or 0
                self._count_is_of_all = none.rows == 0 and stated >= max(1, every.total or every.rows)
                if self._count_is_of_all:
                    self._logger.warning(
                        f"{self._stream.name}: the server's `count` is that of the whole list, not of the window asked "
                        "for; the rows of a window cannot be held against it."
                    )
            return self._count_is_of_all

    def _notice(self, period: Period) -> None:
        with self._lock:
            first, self._filter_is_ignored = not self._filter_is_ignored, True
        if first:
            self._logger.warning(
                f"{self._stream.name}: the server ignores `filter`: asked for {period}, it sent rows of other times. "
                "The whole list is read once, and cut on this side; that takes longer the more the server keeps."
            )

    def _list_for(self, period: Period) -> WholeList:
        """The list that holds every row of the window. One window reads it, the others wait."""
        with self._one_reads_the_list:
            if self._failure is not None:
                raise self._failure
            if self._list is None or period.start < self._list.floor:
                # Windows are begun in order; one that is not makes the list be read again, further back.
                try:
                    self._list = self._read_list(min(period.start, self._earliest or period.start))
                except Exception as failure:
                    self._failure = failure
                    raise
            return self._list

    def _read_list(self, floor: datetime) -> WholeList:
        figures = ""
        for attempt in range(1, _PASSES + 1):
            whole = WholeList(self._stream.cursor or "", self._stream.primary_key, floor)
            for block in self._blocks(None, digests=False):
                whole.add(block)
            figures = f"{whole.received} rows received, {whole.stated} stated"
            if whole.agrees:
                self._logger.info(f"{self._stream.name}: the whole list was read: {figures}")
                return whole
            again = "; reading it again" if attempt < _PASSES else ""
            self._logger.info(f"{self._stream.name}: the whole list: {figures}{again}")
        raise TransientError(
            f"{self._stream.name}: the whole list does not add up: {figures}, read {_PASSES} times. "
            "Its state was not advanced; run the sync again later."
        )
