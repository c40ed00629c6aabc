"""A vendor that sends no more than so many rows a request, however many there are, and says so (`Stream.most_rows`)."""

from __future__ import annotations

from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager
from cdr.reading.doubts.doubt import StretchReader
from cdr.reading.findings import Findings, account_total
from cdr.schema.errors import TooLargeError
from cdr.vendor.windows import Period


class Cap:
    """The declared cap of one stream. Threads share it.

    most: the rows that a request brings at most; None where the vendor names no such figure
    """

    def __init__(self, most: int | None, name: str, stretches: StretchReader, pager: Pager, findings: Findings) -> None:
        self._most = most
        self._name = name
        self._stretches = stretches
        self._pager = pager
        self._findings = findings

    def refuse(self, part: Period, reconciliation: Reconciliation) -> None:
        """Raises TooLargeError where the rows of `part`, as far as they were read, or its total reach the cap.

        What is left out cannot be asked for: the halves are, without any doubt whether it was cut.
        """
        if self._most is None:
            return
        if reconciliation.received >= self._most or self._total_reaches_it(part, reconciliation):
            raise TooLargeError(
                f"{self._name}: the vendor sends no more than {self._most} rows a request, and has as many or more for "
                f"{part}; the state was not advanced."
            )

    def _total_reaches_it(self, part: Period, reconciliation: Reconciliation) -> bool:
        total = reconciliation.total
        if self._most is None or total is None or total < self._most or self._pager.totals_are_of_the_account:
            return False
        # A total that is the cap itself may be one that was cut: then the halves would state it as well.
        halves = self._stretches.halves(part) if total > self._most else None
        if halves is None or any((self._pager.first(half).info.total or 0) < total for half in halves):
            return True
        self._pager.totals_are_of_the_account = True
        self._findings.add(account_total(total))
        reconciliation.forget_totals()
        return False
