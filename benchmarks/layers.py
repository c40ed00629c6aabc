"""The layers around the normaliser, one by one: the page that holds the rows, the account of them, and the output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta

from benchmarks.calls import FIRST_DAY
from cdr.airbyte.sync import record_frame
from cdr.normaliser.normaliser import Normaliser
from cdr.reading.accounting.accounting import Accounting
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.pages.page import NormalisedPage, read_page
from cdr.reading.pages.plan import StreamPlan
from cdr.reading.pages.scope import Scope
from cdr.vendor.paginators import SinglePage
from cdr.vendor.windows import Period

_SECOND = timedelta(seconds=1)
_STREAM, _KEY = "call_records", "record_id"


class Layers:
    """One window of so many days, its pages bare lists of rows."""

    def __init__(self, normaliser: Normaliser, days: int) -> None:
        self._window = Period(FIRST_DAY, FIRST_DAY + timedelta(days=days))
        covers = Period(self._window.start - _SECOND, self._window.end + _SECOND)
        self._scope = Scope(self._window, covers, self._window)
        self._plan = StreamPlan(_STREAM, _KEY, normaliser, SinglePage(), "")
        self._frame = record_frame(_STREAM)

    def read(self, body: bytes) -> NormalisedPage:
        """Parse, normalise and serialise a page."""
        return read_page(body, self._plan, self._scope, frame=self._frame)

    def read_with_digests(self, body: bytes) -> NormalisedPage:
        """The same for rows that the next sync will receive again."""
        return read_page(body, self._plan, self._scope, with_digests=True, frame=self._frame)

    def account(self, blocks: Sequence[NormalisedPage]) -> int:
        """Hold all pages of the window against what has gone out already; returns how many rows go out."""
        lookback = Lookback({}, self._window.end)
        accounting = Accounting([self._window], _SECOND, lookback, _KEY, self._plan.normaliser)
        going = sum(accounting.given(block, self._window).rows.count for block in blocks)
        accounting.close(self._window)
        return going

    def write(self, block: NormalisedPage) -> int:
        """Write a page where nothing is kept; returns how many bytes it had."""
        with open(os.devnull, "wb", buffering=0) as nowhere:  # noqa: PTH123  a path that is no file
            return nowhere.write(block.rows.framed(self._frame))
