"""The pages of one stretch of time, in order up to the last one, whatever the vendor says of their number."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.linked_pages import linked
from cdr.reading.asking.requester import Requester
from cdr.reading.asking.scout import Scout
from cdr.reading.context import ReadContext, Sync
from cdr.reading.findings import Findings, counts_from_zero
from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.plan import plan_of
from cdr.reading.pages.scope import Scope
from cdr.schema.errors import SyncError, TransientError
from cdr.vendor.paginators import PageInfo
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period, Window

_MOST_PAGES: Final = 100_000
_SMALLEST_SUSPECT: Final = 10
"""Rows: a smaller page that comes again is one that the server repeats behind its end."""
_APART: Final = timedelta(days=7)
_NO_SUCH_PAGE: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


class PagesIgnoredError(Exception):
    """The second page is the first one again, or is refused: a narrower stretch may have one page only."""


class Pager:
    """Asks for pages of one stream. Any number of threads may use it.

    plan: what rows are made with; it changes once, before the first row, where another zone is found
    everything: whether the server ignores its filter: then every page is of all that it has
    totals_are_of_the_account: whether stated totals do not follow the filter; None as long as nobody asked
    """

    def __init__(
        self,
        stream: Stream,
        requester: Requester,
        scout: Scout,
        findings: Findings,
        context: ReadContext,
        sync: Sync | None,
    ) -> None:
        self.plan = plan_of(stream)
        self.everything = False
        self.totals_are_of_the_account: bool | None = None
        self._stream = stream
        self._requester = requester
        self._scout = scout
        self._findings = findings
        self._context = context
        self._sync = sync
        by_days = stream.window.knows_days_only
        self._times_are_sure = not by_days or bool(stream.cursor and stream.fields[stream.cursor].names_its_zone)
        self._first_index = 0
        self._zero_was_asked = False
        self._largest_page = 0
        self._windows_open = 0
        self._lock = threading.Lock()

    @property
    def window(self) -> Window:
        """How a period is asked for, in the form that this server takes."""
        form = self._requester.window_form
        return form.window if form and form.window else self._stream.window

    @property
    def is_sequential(self) -> bool:
        """Whether a page can be asked for only by what the page before says of it."""
        return self._stream.paginator.is_sequential

    def first(self, period: Period | None, *, once: bool = False) -> NormalisedPage:
        """The first page of a stretch."""
        return self.page(period, self._first_index, once=once)

    def page(
        self,
        period: Period | None,
        index: int,
        granted: int | None = None,
        *,
        following: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> NormalisedPage:
        """One page. `granted` is how many rows the first page had, `following` what the page before says of this one.

        once: ask once only, and raise whatever comes
        """
        asked = None if period is None else self.widened(period)
        scope = None if period is None or asked is None else self._scope(period, asked)
        digests = asked is not None and self._needs_digests(asked)
        frame = self._context.frame(self._stream.name)

        def parsed(body: bytes) -> NormalisedPage:
            return self._context.read_page(body, self.plan, scope, digests, frame)

        kept = self._scout.kept_body(asked, index)
        if kept is not None:
            return parsed(kept)
        return self._requester.page(asked, index, parsed, granted=granted, following=following, once=once)

    def pages(
        self, period: Period | None, reconciliation: Reconciliation, *, in_order: bool = False
    ) -> Iterator[tuple[int, NormalisedPage]]:
        """The pages of a stretch in order, up to the last one: in parallel where the first tells how many there are.

        reconciliation: what came so far
        in_order: one after the other, so that no new call shifts a row past the reader
        """
        if in_order and self._stream.paginator.counts_from_one and not self._zero_was_asked:
            self._ask_page_zero(period, reconciliation)
        start = self._first_index
        first = self.page(period, start)
        yield start, first
        with self._lock:
            self._largest_page = max(self._largest_page, first.info.rows)
        if self.is_sequential:
            yield from linked(self, self._stream.name, period, first)
            return
        if not self._stream.paginator.has_pages or not first.records[0]:
            return
        promised, granted = self._promised(first), first.info.rows
        previous = first
        if promised is not None and not in_order:
            pages: Iterator[NormalisedPage] = self._in_parallel(period, range(start + 1, start + promised), granted)
        else:
            pages = (
                self._next_page(period, index, granted, reconciliation, previous)
                for index in itertools.count(start + 1)
            )
        for number in range(1, _MOST_PAGES):
            page = None if promised is not None and number >= promised else next(pages, None)
            if page is None or self._is_behind_the_end(number, page, previous, in_order=in_order):
                return
            yield start + number, page
            previous = page
            if promised is not None and in_order:
                # A list that grew has more pages by now.
                grown = self._stream.paginator.pages(replace(page.info, rows=granted))
                promised = max(promised, grown or 0)
        raise self.endless(period)

    def elsewhere(self, period: Period) -> Period:
        """A stretch that no request for `period` reaches."""
        distance = period.length + _APART + 2 * self._stream.window.wider
        return Period(period.start - distance, period.end - distance)

    def beside(self, period: Period) -> Iterator[Period]:
        """What can be asked for together with a short `period`: as far back as one request reaches, and ahead.

        Behind that, what no server counts to the period, though it may look at days alone. Of a filter that knows days
        only, the day beside it comes first: it is most often one that the sync reads anyway.
        """
        step, day = self._stream.window.step, self._stream.window.smallest
        room = step - period.length
        if self._stream.window.knows_days_only:
            days = Period(period.end, period.end + day), Period(period.start - day, period.start)
            is_read = self._sync is not None and period.end in self._sync.period
            yield from days if is_read else reversed(days)
        if room > timedelta(0):
            yield Period(period.start - room, period.start)
            yield Period(period.end, period.end + room)
        yield Period(period.start - 2 * step, period.start - step)
        yield Period(period.end + step, period.end + 2 * step)

    def endless(self, period: Period | None) -> TransientError:
        """The error of a stretch whose pages come again and again."""
        return TransientError(
            f"{self._stream.name}: the window {period} does not end: its pages repeat what was read before. "
            "Its state was not advanced; run the sync again later."
        )

    def ignored(self, period: Period | None) -> Exception:
        """The error of a server that sends its first page, whatever is asked for: a narrower stretch may help."""
        return self.endless(None) if period is None else PagesIgnoredError()

    def may_be_full(self, page: NormalisedPage) -> bool:
        """Whether a page is as large as any of the stream so far: then the server may keep more rows back."""
        return len(page.records[0]) >= max(_SMALLEST_SUSPECT, self._largest_page)

    def widened(self, period: Period) -> Period:
        """What is asked for where a sync begins or ends, and the filter knows days only."""
        sync, wider = self._sync, self._stream.window.wider
        if sync is None or not wider:
            return period
        starts = period.start == sync.period.start
        ends = sync.end is not None and period.end == sync.period.end
        return Period(period.start - wider * starts, period.end + wider * ends)

    def _scope(self, period: Period, asked: Period) -> Scope | None:
        sync = self._sync
        if sync is None:
            return None
        if self.everything:
            return Scope(sync.reads, sync.reads, sync.reads, sync.start, sync.end)
        covers = self.window.covers(asked, self._stream.zone)
        is_sure = self._scout.is_proven or self._times_are_sure
        return Scope(period, covers, sync.period, sync.start, sync.end, is_sure)

    def _needs_digests(self, asked: Period) -> bool:
        if self._sync is None:
            return False
        lookback = self._sync.lookback
        reaches_it = self.window.covers(asked, self._stream.zone).end > lookback.keeps_from_hour
        return self.everything or lookback.can_compare or reaches_it

    def _promised(self, first: NormalisedPage) -> int | None:
        promised = None if self.totals_are_of_the_account else self._stream.paginator.pages(first.info)
        if promised is not None and promised > _MOST_PAGES:
            raise self.endless(None)
        return promised

    def _is_behind_the_end(
        self, number: int, page: NormalisedPage, previous: NormalisedPage, *, in_order: bool
    ) -> bool:
        """An empty page is the end, and one that repeats the page before it. A second that is the first may be none."""
        if not page.records[0]:
            return True
        if page.records != previous.records:
            return False
        if number == 1 and self.may_be_full(page) and not in_order:
            raise PagesIgnoredError
        return True

    def _next_page(
        self, period: Period | None, index: int, granted: int, reconciliation: Reconciliation, previous: NormalisedPage
    ) -> NormalisedPage:
        """A page behind the first. Where nothing says how many there are, a refusal can mean that there are no more."""
        try:
            return self.page(period, index, granted)
        except SyncError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return NormalisedPage(PageInfo(0))  # the totals say whether something is missing
            if refusal.status in _NO_SUCH_PAGE and period is not None:
                states_total = reconciliation.total is not None and not self.totals_are_of_the_account
                if not states_total and not self.may_be_full(previous):
                    return NormalisedPage(PageInfo(0))
                raise PagesIgnoredError from refusal
            raise

    def _ask_page_zero(self, period: Period | None, reconciliation: Reconciliation) -> None:
        """Whether there is a page in front of the first one: some servers count from 0 whatever they document."""
        self._zero_was_asked = True
        try:
            zero, one = self.page(period, -1, once=True), self.page(period, 0)
        except SyncError:
            return
        found = zero.records[0]
        if found and not reconciliation.holds_all(found) and set(found).isdisjoint(one.records[0]):
            self._first_index = -1
            self._findings.add(counts_from_zero())

    def _in_parallel(self, period: Period | None, indexes: range, granted: int) -> Iterator[NormalisedPage]:
        """Pages in order. The windows that are being read share `ahead`; two each keep a request and a reader busy."""
        waiting: deque[Future[NormalisedPage]] = deque()
        with self._lock:
            self._windows_open += 1
        try:
            for index in indexes:
                waiting.append(self._context.pages.submit(self._parallel_page, period, index, granted))
                while len(waiting) >= max(2, self._context.ahead // self._windows_open):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            with self._lock:
                self._windows_open -= 1
            for future in waiting:
                future.cancel()

    def _parallel_page(self, period: Period | None, index: int, granted: int) -> NormalisedPage:
        try:
            return self.page(period, index, granted)
        except SyncError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return NormalisedPage(PageInfo(0))  # the totals say whether something is missing
            raise
