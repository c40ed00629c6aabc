"""Reading the windows of one stream: their pages, held against the vendor's totals, every row accounted for.

What changes while a window is read lives in local variables. A reader knows neither the CDK nor any vendor.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from cdr.accounting import Accounting, Given
from cdr.cap import Cap
from cdr.conclusions import conclusions
from cdr.doubt import Doubt
from cdr.errors import SyncError, TooLargeError, TooSlowError, TransientError
from cdr.findings import Finding, Findings, first_page_always
from cdr.means import Means, Scouted, Sync, WindowCount
from cdr.pages import Block, Rows
from cdr.paginators import Facts
from cdr.paging import Pager, PagesIgnoredError
from cdr.reconciling import Reading
from cdr.requesting import Requester, Transport
from cdr.scouting import Scout
from cdr.second_reading import SecondReading
from cdr.stream import Stream
from cdr.whole_list import FilterIgnoredError, WholeList
from cdr.windows import Period, timestamp

__all__ = ["Means", "Scouted", "Sync", "WindowCount", "WindowReader"]

_SHORTEST_SLOW: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_EMPTY_IS_NO_ANSWER: Final = 20
"""Rows that were there before."""
_LOOKED_AT: Final = 3
"""Of the newest windows, where an older one brings nothing any more."""


class WindowReader:
    """Reads windows of one stream, any number of them at once.

    sync: what the windows are part of; None where only a first page is asked for, or a list without windows is read
    """

    def __init__(self, stream: Stream, transport: Transport, means: Means, sync: Sync | None = None) -> None:
        self.findings = Findings()
        self._stream = stream
        self._logger = means.logger
        self._sync = sync
        dialect = sync.dialect if sync else {}
        self._requester = Requester(stream, transport, self.findings, dialect.get("forms"))
        self._scout = Scout(stream, self._requester, self.findings, dialect)
        self._pager = Pager(stream, self._requester, self._scout, self.findings, means, sync)
        self._doubt = Doubt(stream.name, self, self._pager, self.findings)
        self._cap = Cap(stream.most_rows, stream.name, self, self._pager, self.findings)
        self._second = SecondReading(stream.name, self, self._pager, self.findings, means.logger)
        self._accounting: Accounting | None = None
        if sync and sync.windows:
            self._accounting = self._made_accounting(sync)
            self._whole = WholeList(stream.name, self._pager, self._accounting, self.findings, means.logger)
        self._received: dict[Period, int] = {}
        self._issues: Counter[str] = Counter()
        self._is_prepared = False
        self._lock = threading.Lock()
        self._one_prepares = threading.Lock()

    # --- what others ask of a reader ---

    def first_page(self, period: Period | None) -> Facts:
        """What the first page of `period` says: enough to prove that the account may read."""
        return self._pager.first(period).facts

    def read(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        """The JSON of every row of a window, page by page; `count` is filled as they go out.

        When the iterator ends without an error, every row that the vendor has for the window has been given out, by
        this window or by another one, or is as the last sync sent it. Raises TransientError with the window and the
        figures where the answers contradict each other.
        """
        if period is None:
            yield from self._list(count)
            return
        self._prepare()
        for stretch in self._stretches(period):
            yield from self._stretch(stretch, period, count)
        if self._accounting is not None:
            for given in self._accounting.released(period):
                count.rows += given.rows.count
                count.unchanged += given.unchanged
                yield given.rows
        with self._lock:
            self._received[period] = count.rows + count.unchanged
            self._scout.has_brought_rows = self._scout.has_brought_rows or self._received[period] > 0
            self._issues.update(count.issues)

    def scouted(self) -> Scouted:
        """What the rows show of the vendor's clock, found out before the first one goes out."""
        self._prepare()
        return self._scout.scouted

    @property
    def ignores_filter(self) -> bool:
        """Whether the server was seen to send everything, whatever is asked for."""
        return self._pager.everything

    def closed(self, period: Period) -> None:
        """Take note that the rows of a window are on their way out, before its state."""
        if self._accounting:
            self._accounting.close(period)

    def dialect(self) -> dict[str, Any]:
        """What was found out about the vendor and is worth to be known by the next sync."""
        forms = self._requester.forms
        return {**({"forms": forms} if forms else {}), **self._scout.remembered()}

    def conclude(self) -> None:
        """Find what only the whole sync shows."""
        for finding in conclusions(self._stream, self._sync, self._received, self._issues, self._scout):
            self.findings.add(finding)

    # --- windows ---

    def _prepare(self) -> None:
        """Find out, before the first row goes out, what the rows show of the vendor's clock."""
        with self._one_prepares:
            if self._is_prepared or self._sync is None:
                return
            if self._sync.scouted is None:
                self._scout.look([self._pager.widened(window) for window in self._sync.windows], self._pager.plan)
            else:
                self._scout.take(self._sync.scouted)
            # What is asked for beside a sync comes again in the next one too.
            self._sync.lookback.keeps_from -= self._scout.shift
            if self._scout.zone or self._requester.zone:
                self._pager.plan = self._stream.plan(self._scout.zone, self._requester.zone)
            self._is_prepared = True

    def _made_accounting(self, sync: Sync) -> Accounting:
        stream, plan = self._stream, self._pager.plan
        hour = Period(sync.period.start, sync.period.start + _HOUR)
        forms = [form.window for part in stream.uncertain for form in part.forms if form.window]
        reach = max(window.covers(hour, stream.zone).length + 2 * window.wider for window in (stream.window, *forms))
        by_days = stream.window.knows_days_only
        return Accounting(sync.windows, reach, sync.lookback, plan.key, plan.normaliser, by_days=by_days)

    def _stretches(self, window: Period) -> Iterator[Period]:
        """A window, and at the edges of the sync what only a server that differs has there."""
        yield window
        sync, shift = self._sync, self._scout.shift
        if sync is None:
            return
        if shift and window.start == sync.reads.start:
            yield Period(window.start - shift, window.start)
        behind = self._stream.window.behind if sync.end and sync.period.end >= sync.end else timedelta(0)
        if window.end == sync.reads.end and max(shift, behind):
            yield Period(window.end, window.end + max(shift, behind))

    def _stretch(self, stretch: Period, window: Period, count: WindowCount) -> Iterator[Rows]:
        if self._accounting is None or not self._whole.filter_is_ignored:
            try:
                yield from self._settled(stretch, window, count, Reading())
            except FilterIgnoredError:
                pass
            else:
                return
        yield from self._whole.read(window, count, self._completed, self._noted)

    def _settled(self, period: Period, window: Period, count: WindowCount, reading: Reading) -> Iterator[Rows]:
        """All rows of a stretch: read again or in halves until nothing is doubtful; `reading` counts them."""
        yield from self.read_part(period, window, reading, count)
        remembered = self._sync.lookback.remembered(period) if self._sync and period == window else 0
        if period == window:
            self._refuse_an_empty_answer(period, reading, remembered)
            count.total = self._estimate(reading, count)
        yield from self._doubt.settle(window, reading, remembered, count, period)

    def read_part(self, part: Period, window: Period, reading: Reading, count: WindowCount) -> Iterator[Rows]:
        """All rows of a part of `window`, reconciled with its total; `reading` counts them."""
        try:
            for rows in self.read_once(part, window, reading, count):
                yield rows
                self._cap.refuse(part, reading)
        except (TooSlowError, TooLargeError, PagesIgnoredError) as error:
            yield from self._halves_of(part, window, reading, count, error)
            return
        if not reading.agrees():
            yield from self._second.read(part, window, reading, count)

    def read_once(
        self, part: Period, window: Period, reading: Reading, count: WindowCount, *, in_order: bool = False
    ) -> Iterator[Rows]:
        """All pages of a stretch, once; each is counted and its rows are accounted for."""
        keeps_all = self._sync is not None and window.start >= self._sync.lookback.keeps_from
        for index, block in self._pager.blocks(part, reading, in_order=in_order):
            if self._accounting is None:
                reading.add(block)
                yield self._noted(block, Given(block.rows, range(len(block.ids))), count)
                continue
            self._whole.weigh(part, index, block, reading)
            if self._pager.totals_are_of_the_account:
                block.facts = replace(block.facts, total=None)
            reading.add(block)
            completed = self._completed(block)
            with self._accounting.on_their_way():
                yield self._noted(completed, self._accounting.given(completed, window, keeps_all=keeps_all), count)

    def halves(self, period: Period, shortest: timedelta | None = None) -> tuple[Period, Period] | None:
        """The halves of a stretch; None where the filter knows nothing narrower."""
        smallest = max(self._pager.window.smallest, shortest or timedelta(0))
        return period.halves(smallest) if period.length > smallest else None

    def _halves_of(
        self, part: Period, window: Period, reading: Reading, count: WindowCount, error: Exception
    ) -> Iterator[Rows]:
        """A stretch whose answer is too large, too slow, or has one page for all: its halves."""
        halves = self.halves(part, _SHORTEST_SLOW if isinstance(error, TooSlowError) else None)
        if halves is None:
            raise error if isinstance(error, SyncError) else self._pager.endless(part)
        reason = str(error).split(";")[0]
        if isinstance(error, PagesIgnoredError):
            reason = "it has no second page"
            self.findings.add(first_page_always())
        self._logger.info(f"{self._stream.name}: window {part}: {reason}; asking for its halves")
        reading.was_halved = True
        for half in halves:
            of_half = Reading()
            yield from self._settled(half, window, count, of_half)
            reading.join(of_half)

    def _refuse_an_empty_answer(self, period: Period, reading: Reading, remembered: int) -> None:
        """Nothing came where the last sync found calls: the newest windows tell what that is worth."""
        if reading.received or remembered < _EMPTY_IS_NO_ANSWER or self._sync is None:
            return
        newest = [window for window in self._sync.windows[-_LOOKED_AT:] if window != period]
        if any(self._pager.first(window).ids for window in reversed(newest)):
            self.findings.add(
                Finding(
                    "retention",
                    "calls that were there before",
                    f"sends none for {period} any more, where the last sync found {remembered}",
                )
            )
            return
        raise TransientError(
            f"{self._stream.name}: the vendor sends no call for {period}, where the last sync found {remembered}. "
            "Its state was not advanced. If the account was really purged, reset this stream (clear its state) and "
            "sync again."
        )

    def _estimate(self, reading: Reading, count: WindowCount) -> int | None:
        """How many rows the window has, where the vendor states a total."""
        if reading.total is None or self._pager.totals_are_of_the_account:
            return None
        # Where the filter knows days only, the vendor's figure counts the days around the window too.
        return count.rows if self._stream.window.knows_days_only else max(count.rows, reading.total)

    # --- rows ---

    def _completed(self, block: Block) -> Block:
        """What a subclass adds to the rows of a page before they are weighed and given out."""
        return block

    def _new_rows(self, block: Block) -> list[int]:
        """The places of those rows of a page that have not gone out in this sync."""
        return (
            [*range(len(block.ids))]
            if self._accounting is None
            else self._accounting.new_rows(block, whole_list=self._pager.everything)
        )

    def _noted(self, block: Block, given: Given, count: WindowCount) -> Rows:
        count.rows += given.rows.count
        count.unchanged += given.unchanged
        going = None if given.rows is block.rows else set(given.indexes)
        for index, issues in block.issues.items():
            if going is None or index in going:
                count.issues.update(issues)
        if self._sync is not None and self._sync.since is not None and block.times:
            since = timestamp(self._sync.since)
            late = [time for index in given.indexes if (time := block.times[index]) is not None and time < since]
            count.late += len(late)
            count.latest = min([count.latest, *late])
        if block.highest is not None and (count.highest is None or block.highest > count.highest):
            count.highest = block.highest
        return given.rows

    def _list(self, count: WindowCount) -> Iterator[Rows]:
        """A list without windows: every row once."""
        seen: set[str] = set()
        reading = Reading()
        for attempt in (1, 2):
            reading = Reading()
            for _, block in self._pager.blocks(None, reading, in_order=attempt > 1):
                reading.add(block)
                completed = self._completed(block)
                fresh = [index for index, identity in enumerate(block.ids) if identity not in seen]
                seen.update(block.ids)
                lines = completed.lines()
                yield self._noted(completed, Given(Rows.of([lines[index] for index in fresh]), fresh), count)
            if reading.agrees() or (attempt > 1 and reading.reaches_least()):
                count.total = reading.total
                return
        raise TransientError(
            f"{self._stream.name}: the list does not add up: {reading.figures()}, read twice. Run the sync again later."
        )
