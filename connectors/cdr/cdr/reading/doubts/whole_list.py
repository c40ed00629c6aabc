"""A server that ignores its filter: found out by one request, then everything is read once for all windows."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from cdr.reading.accounting.accounting import Accounting
from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager, PagesIgnoredError
from cdr.reading.context import WindowCount
from cdr.reading.findings import Findings, filter_ignored, times_far_outside
from cdr.reading.list_without_windows import Complete, Note
from cdr.reading.pages.fingerprints import Fingerprint
from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.rows import Rows
from cdr.reading.pages.scope import FAR
from cdr.schema.errors import SyncError, TooLargeError, TooSlowError, TransientError
from cdr.vendor.windows import Period

_PAGES_REMEMBERED: Final = 50
_A_MINUTE: Final = 60.0
_READINGS: Final = (1, 2)


class FilterIgnoredError(Exception):
    """Two requests for stretches that do not overlap brought the same row."""


class WholeList:
    """Whether the server obeys its filter, and where it does not, everything that it has. Threads share it."""

    def __init__(
        self, name: str, pager: Pager, accounting: Accounting, findings: Findings, logger: logging.Logger
    ) -> None:
        self._name = name
        self._pager = pager
        self._accounting = accounting
        self._findings = findings
        self._logger = logger
        self._filter_is_known = False
        self._is_read = False
        self._failure: SyncError | None = None
        self._one_asks = threading.RLock()
        self._one_reads = threading.Lock()

    @property
    def filter_is_ignored(self) -> bool:
        return self._pager.everything

    def refuse_if_ignored(
        self, period: Period, index: int, page: NormalisedPage, reconciliation: Reconciliation
    ) -> None:
        """Where rows came that nobody asked for, one request for another stretch tells whether they always come.

        reconciliation: the pages of the stretch before this one
        Raises FilterIgnoredError where they do, and from then on always.
        """
        if self._pager.everything:
            raise FilterIgnoredError  # another window has found out: this page is not of what was asked for
        if not any(place & FAR for place in page.places):
            return
        with self._one_asks:
            if not self._filter_is_known:
                self._pager.everything = self._comes_always(period, index, page, reconciliation)
                self._filter_is_known = True
                self._note(period)
        if self._pager.everything:
            raise FilterIgnoredError

    def read(self, window: Period, count: WindowCount, complete: Complete, note: Note) -> Iterator[Rows]:
        """Everything, once for all windows of the sync. One window reads it, the others wait."""
        with self._one_reads:
            if self._failure is not None:
                raise self._failure
            if self._is_read:
                return
            try:
                yield from self._rows(window, count, complete, note)
            except SyncError as failure:
                self._failure = failure
                raise
            self._is_read = True

    def _comes_always(self, period: Period, index: int, page: NormalisedPage, reconciliation: Reconciliation) -> bool:
        granted = reconciliation.granted or page.info.rows
        # A page that only the one before it can name is of its own stretch: the first page has to tell.
        index = 0 if self._pager.is_sequential else index
        try:
            other = self._pager.page(self._pager.elsewhere(period), index, granted, once=True)
        except SyncError:
            return False
        there = set(zip(other.ids, other.calls, strict=True))
        return not there.isdisjoint(zip(page.ids, page.calls, strict=True)) or reconciliation.holds_one_of(other)

    def _rows(self, window: Period, count: WindowCount, complete: Complete, note: Note) -> Iterator[Rows]:
        received, total, said = 0, None, time.monotonic()
        for attempt in _READINGS:
            received, total, pages = 0, None, 0
            recent = deque[set[tuple[int, Fingerprint]]](maxlen=_PAGES_REMEMBERED)
            try:
                for _, page in self._pager.pages(window, Reconciliation(), in_order=attempt > 1):
                    calls = set(zip(*page.records, strict=True))
                    received += len(calls.difference(*recent)) + len(page.records[0]) - len(calls)
                    total = page.info.total if total is None else total
                    pages += 1
                    recent.append(calls)
                    completed = complete(page)
                    with self._accounting.on_their_way.page():
                        yield note(completed, self._accounting.given(completed, window, whole_list=True), count)
                    if time.monotonic() - said > _A_MINUTE:
                        said = time.monotonic()
                        self._logger.info(f"{self._name}: everything is being read: {received} rows so far")
            except (TooSlowError, TooLargeError, PagesIgnoredError) as error:
                reason = str(error) or "it has one page only"
                raise TransientError(
                    f"{self._name}: the server ignores its date filter, and everything at once cannot be read: "
                    f"{reason} Nothing narrower can be asked for."
                ) from error
            if total is None or received >= total or self._pager.totals_are_of_the_account:
                self._logger.info(f"{self._name}: everything was read: {received} rows")
                return
            if pages > _PAGES_REMEMBERED:
                break  # what went out is not remembered to its beginning: a second reading would send it twice
        raise TransientError(
            f"{self._name}: the whole list does not add up: {received} rows received, {total} stated. "
            "The state was not advanced; run the sync again later."
        )

    def _note(self, period: Period) -> None:
        if self._pager.everything:
            self._findings.add(filter_ignored())
            return
        self._findings.add(times_far_outside(str(period)))
