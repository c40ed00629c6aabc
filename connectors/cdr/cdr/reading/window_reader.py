"""Reading the windows of one stream: their pages, held against the vendor's totals, every row accounted for.

What changes while a window is read lives in local variables. A reader knows neither the CDK nor any vendor.
"""

from __future__ import annotations

import pkgutil
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from cdr.reading.accounting.accounting import Accounting
from cdr.reading.accounting.outgoing import OutgoingRows
from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager, PagesIgnoredError
from cdr.reading.asking.requester import Requester, Transport
from cdr.reading.asking.scout import Scout
from cdr.reading.conclusions import conclusions
from cdr.reading.context import FoundClock, ReadContext, Sync, WindowCount
from cdr.reading.doubts.doubt import Doubt
from cdr.reading.doubts.row_cap import Cap
from cdr.reading.doubts.second_reading import SecondReading
from cdr.reading.doubts.whole_list import FilterIgnoredError, WholeList
from cdr.reading.findings import Findings, first_page_always
from cdr.reading.list_without_windows import read_list
from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.plan import plan_of
from cdr.reading.pages.rows import Rows
from cdr.schema.errors import SyncError, TooLargeError, TooSlowError
from cdr.vendor.paginators import PageInfo
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period, halves_by_days, utc_text

_SHORTEST_SLOW: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


class WindowReader:
    """Reads windows of one stream, any number of them at once.

    sync: what the windows are part of; None where only a first page is asked for, or a list without windows is read
    """

    def __init__(self, stream: Stream, transport: Transport, context: ReadContext, sync: Sync | None = None) -> None:
        self.findings = Findings()
        self._stream = stream
        self._logger = context.logger
        self._sync = sync
        dialect = sync.dialect if sync else {}
        self._requester = Requester(stream, transport, self.findings, dialect.get("forms"))
        self._scout = Scout(stream, self._requester, self.findings, dialect)
        self._pager = Pager(stream, self._requester, self._scout, self.findings, context, sync)
        self._doubt = Doubt(stream.name, self, self._pager, self.findings, sync.windows if sync else ())
        self._cap = Cap(stream.most_rows, stream.name, self, self._pager, self.findings)
        self._second = SecondReading(stream.name, self, self._pager, self.findings, context.logger)
        self._accounting: Accounting | None = None
        if sync and sync.windows:
            self._accounting = self._made_accounting(sync)
            self._whole = WholeList(stream.name, self._pager, self._accounting, self.findings, context.logger)
        self._received: dict[Period, int] = {}
        self._issues: Counter[str] = Counter()
        self._is_prepared = False
        self._lock = threading.Lock()
        self._one_prepares = threading.Lock()

    # --- what others ask of a reader ---

    def first_page(self, period: Period | None) -> PageInfo:
        """What the first page of `period` says: enough to prove that the account may read."""
        return self._pager.first(period).info

    def read(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        """The JSON of every row of a window, page by page; `count` is filled as they go out.

        When the iterator ends without an error, every row that the vendor has for the window has been given out, by
        this window or by another one, or is as the last sync sent it. Raises TransientError with the window and the
        figures where the answers contradict each other.
        """
        if period is None:
            yield from read_list(self._stream.name, self._pager, count, self._completed, self._noted)
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

    def found_clock(self) -> FoundClock:
        """What the rows show of the vendor's clock, found out before the first one goes out."""
        self._prepare()
        return self._scout.found_clock

    @property
    def ignores_filter(self) -> bool:
        """Whether the server was seen to send everything, whatever is asked for."""
        return self._pager.everything

    def sent(self, rows: Rows) -> bool:
        """Take note that rows are out. Whether a state shall follow them, though the window is still being read."""
        return False

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
            if self._sync.found_clock is None:
                self._scout.look([self._pager.widened(window) for window in self._sync.windows], self._pager.plan)
            else:
                self._scout.take(self._sync.found_clock)
            # What is asked for beside a sync comes again in the next one too.
            self._sync.lookback.widen(self._scout.shift)
            if self._scout.zone or self._requester.zone:
                self._pager.plan = plan_of(self._stream, self._scout.zone, self._requester.zone)
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
                yield from self._settled(stretch, window, count, Reconciliation())
            except FilterIgnoredError:
                pass
            else:
                return
        yield from self._whole.read(window, count, self._completed, self._noted)

    def _settled(
        self, period: Period, window: Period, count: WindowCount, reconciliation: Reconciliation
    ) -> Iterator[Rows]:
        """All rows of a stretch: read again or in halves until nothing is doubtful; `reconciliation` counts them."""
        yield from self.read_part(period, window, reconciliation, count)
        remembered = self._sync.lookback.remembered(period) if self._sync and period == window else 0
        if period == window:
            self._doubt.refuse_an_empty_answer(period, reconciliation, remembered)
            count.total = self._estimate(reconciliation, count)
        yield from self._doubt.settle(window, reconciliation, remembered, count, period)

    def read_part(
        self, part: Period, window: Period, reconciliation: Reconciliation, count: WindowCount
    ) -> Iterator[Rows]:
        """All rows of a part of `window`, reconciled with its total; `reconciliation` counts them."""
        try:
            for rows in self.read_once(part, window, reconciliation, count):
                yield rows
                self._cap.refuse(part, reconciliation)
        except (TooSlowError, TooLargeError, PagesIgnoredError) as error:
            yield from self._halves_of(part, window, reconciliation, count, error)
            return
        if not reconciliation.agrees():
            yield from self._second.read(part, window, reconciliation, count)

    def read_once(
        self,
        part: Period,
        window: Period,
        reconciliation: Reconciliation,
        count: WindowCount,
        *,
        in_order: bool = False,
    ) -> Iterator[Rows]:
        """All pages of a stretch, once; each is counted and its rows are accounted for."""
        keeps_all = self._sync is not None and window.start >= self._sync.lookback.keeps_from
        for index, page in self._pager.pages(part, reconciliation, in_order=in_order):
            if self._accounting is None:
                reconciliation.add(page)
                yield self._noted(page, OutgoingRows(page.rows, range(len(page.ids))), count)
                continue
            self._whole.refuse_if_ignored(part, index, page, reconciliation)
            if self._pager.totals_are_of_the_account:
                page.info = replace(page.info, total=None)
            reconciliation.add(page)
            completed = self._completed(page)
            with self._accounting.on_their_way.page():
                yield self._noted(completed, self._accounting.given(completed, window, keeps_all=keeps_all), count)

    def halves(self, period: Period, shortest: timedelta | None = None) -> tuple[Period, Period] | None:
        """The halves of a stretch; None where the filter knows nothing narrower."""
        if self._pager.window.knows_days_only:
            return halves_by_days(period, self._stream.zone)
        smallest = max(self._pager.window.smallest, shortest or timedelta(0))
        return period.halves(smallest) if period.length > smallest else None

    def _halves_of(
        self, part: Period, window: Period, reconciliation: Reconciliation, count: WindowCount, error: Exception
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
        reconciliation.was_halved = True
        for half in halves:
            of_half = Reconciliation()
            yield from self._settled(half, window, count, of_half)
            reconciliation.join(of_half)

    def _estimate(self, reconciliation: Reconciliation, count: WindowCount) -> int | None:
        """How many rows the window has, where the vendor states a total."""
        if reconciliation.total is None or self._pager.totals_are_of_the_account:
            return None
        # Where the filter knows days only, the vendor's figure counts the days around the window too.
        return count.rows if self._stream.window.knows_days_only else max(count.rows, reconciliation.total)

    # --- rows ---

    def _completed(self, page: NormalisedPage) -> NormalisedPage:
        """What a subclass adds to the rows of a page before they are weighed and given out."""
        return page

    def _new_rows(self, page: NormalisedPage) -> list[int]:
        """The places of those rows of a page that have not gone out in this sync."""
        return (
            [*range(len(page.ids))]
            if self._accounting is None
            else self._accounting.new_rows(page, whole_list=self._pager.everything)
        )

    def _noted(self, page: NormalisedPage, given: OutgoingRows, count: WindowCount) -> Rows:
        count.rows += given.rows.count
        count.unchanged += given.unchanged
        going = None if given.rows is page.rows else set(given.indexes)
        for index, issues in page.issues.items():
            if going is None or index in going:
                count.issues.update(issues)
        if self._sync is not None and self._sync.since is not None and page.times:
            since = utc_text(self._sync.since)
            late = [time for index in given.indexes if (time := page.times[index]) is not None and time < since]
            count.late += len(late)
            count.latest = min([count.latest, *late])
        if page.highest is not None and (count.highest is None or page.highest > count.highest):
            count.highest = page.highest
        return given.rows


def reader_of(stream: Stream) -> type[WindowReader]:
    """What reads the windows of a stream: `WindowReader`, or the vendor's own."""
    reader: type[WindowReader] = pkgutil.resolve_name(stream.reader)
    return reader
