"""A window whose calls do not add up to its stated total is read a second time, and the calls of both count."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager
from cdr.reading.context import WindowCount
from cdr.reading.doubts.doubt import StretchReader
from cdr.reading.findings import Findings, account_total
from cdr.reading.pages.rows import Rows
from cdr.schema.errors import SyncError, TransientError
from cdr.vendor.windows import Period


class SecondReading:
    """The second readings of one stream in one sync. Threads share it."""

    def __init__(
        self, name: str, stretches: StretchReader, pager: Pager, findings: Findings, logger: logging.Logger
    ) -> None:
        self._name = name
        self._stretches = stretches
        self._pager = pager
        self._findings = findings
        self._logger = logger
        self._one_asks_elsewhere = threading.Lock()

    def read(
        self, period: Period, window: Period, reconciliation: Reconciliation, count: WindowCount
    ) -> Iterator[Rows]:
        """In halves, page after page in order: with parallel pages a new call shifts a row past the reader.

        Raises TransientError with the window and both figures where it still does not add up.
        """
        if self._total_is_of_the_account(period, reconciliation):
            return
        self._logger.info(f"{self._name}: window {period}: {reconciliation.figures()}; reading it again")
        parts, least, disagrees = self._stretches.halves(period) or (period,), 0, False
        for part in parts:
            second = Reconciliation()
            yield from self._stretches.read_once(part, window, second, count, in_order=True)
            least += second.least_total or 0
            disagrees = disagrees or not second.reaches_least()
            reconciliation.join(second)
        # Days overlap where the filter knows nothing narrower: then their totals do not add up to anything.
        adds_up = not self._pager.window.knows_days_only or len(parts) == 1
        if disagrees and not (adds_up and reconciliation.received >= least):
            raise TransientError(
                f"{self._name}: the window {period} does not add up: {reconciliation.figures()}, read twice. "
                "Its state was not advanced; run the sync again later."
            )

    def _total_is_of_the_account(self, period: Period, reconciliation: Reconciliation) -> bool:
        """Whether the stated total does not follow the filter: another stretch then states the same."""
        with self._one_asks_elsewhere:
            total = reconciliation.first_total or 0
            if self._pager.totals_are_of_the_account is None and reconciliation.received < total:
                try:
                    other = self._pager.page(self._pager.elsewhere(period), 0, once=True).info
                except SyncError:
                    return False
                is_same = other.total is not None and other.rows < other.total and other.total >= total
                self._pager.totals_are_of_the_account = is_same
                if is_same:
                    self._findings.add(account_total(other.total or 0))
            if not self._pager.totals_are_of_the_account:
                return False
        reconciliation.forget_totals()
        return True
