"""Whether an answer was cut off: a round figure, or fewer rows than are remembered, is asked for again in halves.

A half with fewer rows than its whole cannot have been cut by a limit that the whole passed. So an honest vendor with
exactly 500 calls costs a few requests, and no error.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager
from cdr.reading.context import WindowCount
from cdr.reading.findings import Finding, Findings, cut_off
from cdr.reading.pages.rows import Rows
from cdr.schema.errors import TransientError
from cdr.vendor.windows import Period

_SMALLEST_LIMIT: Final = 100
_STEP_OF_LIMITS: Final = 50
_SMALLEST_POWER: Final = 256
_EMPTY_IS_NO_ANSWER: Final = 20
"""Rows that were there before."""
_LOOKED_AT: Final = 3
"""Of the newest windows, where an older one brings nothing any more."""


class StretchReader(Protocol):
    """How a stretch is read; what comes is accounted for, whichever window it belongs to."""

    def read_part(
        self, part: Period, window: Period, reconciliation: Reconciliation, count: WindowCount
    ) -> Iterator[Rows]:
        """All rows of a part of `window`, reconciled with its total; `reconciliation` counts them."""

    def read_once(
        self,
        part: Period,
        window: Period,
        reconciliation: Reconciliation,
        count: WindowCount,
        *,
        in_order: bool = False,
    ) -> Iterator[Rows]:
        """All pages of a stretch, once; one after the other where they are wanted in order."""

    def halves(self, period: Period) -> tuple[Period, Period] | None:
        """The halves of a stretch; None where the filter knows nothing narrower."""


class Doubt:
    """The doubts of one stream in one sync. Threads share it.

    windows: of the sync, in order
    """

    def __init__(
        self, name: str, stretches: StretchReader, pager: Pager, findings: Findings, windows: Sequence[Period]
    ) -> None:
        self._name = name
        self._windows = windows
        self._stretches = stretches
        self._pager = pager
        self._findings = findings
        self._largest = 0
        self._lock = threading.Lock()

    def refuse_an_empty_answer(self, period: Period, reconciliation: Reconciliation, remembered: int) -> None:
        """Nothing came for a window where the last sync found calls: the newest windows tell what that is worth.

        Raises TransientError where they bring nothing either.
        """
        if reconciliation.received or remembered < _EMPTY_IS_NO_ANSWER:
            return
        newest = [window for window in self._windows[-_LOOKED_AT:] if window != period]
        if any(self._pager.first(window).ids for window in reversed(newest)):
            self._findings.add(
                Finding(
                    "retention",
                    "calls that were there before",
                    f"sends none for {period} any more, where the last sync found {remembered}",
                )
            )
            return
        raise TransientError(
            f"{self._name}: the vendor sends no call for {period}, where the last sync found {remembered}. "
            "Its state was not advanced. If the account was really purged, reset this stream (clear its state) and "
            "sync again."
        )

    def settle(
        self, window: Period, reconciliation: Reconciliation, remembered: int, count: WindowCount, part: Period
    ) -> Iterator[Rows]:
        """The rest of a part of a window, where its figures are doubtful; `remembered` rows were there before."""
        figure = reconciliation.figure
        with self._lock:
            # Halves have been doubted by themselves; together they are no answer that could have been cut.
            is_suspect = is_round(figure) and figure >= self._largest and not reconciliation.was_halved
            self._largest = max(self._largest, 0 if reconciliation.was_halved else figure)
        if is_suspect or 0 < reconciliation.rows < remembered:
            yield from self._in_halves(part, window, reconciliation, count, beside=(), is_round=is_suspect)

    def _in_halves(
        self,
        period: Period,
        window: Period,
        reconciliation: Reconciliation,
        count: WindowCount,
        *,
        beside: Sequence[Period],
        is_round: bool,
    ) -> Iterator[Rows]:
        """Ask for the halves; a half that brings as many as its whole again may have been cut off as well."""
        figure = reconciliation.figure
        halves = self._stretches.halves(period)
        if halves is None:
            yield from self._beside_a_neighbour(period, window, reconciliation, beside, count)
            return
        if self._is_shown_by_totals(halves, reconciliation):
            return
        parts: list[tuple[Period, Reconciliation]] = []
        union = Reconciliation()
        union.join(reconciliation)
        for half in halves:
            part = Reconciliation()
            yield from self._stretches.read_part(half, window, part, count)
            parts.append((half, part))
            union.join(part)
        was_cut = union.received > reconciliation.received
        if was_cut:
            self._note_cut(figure)
        with self._lock:
            self._largest = max([self._largest, *(part.figure for _, part in parts if not part.was_halved)])
        for half, part in parts:
            # On the edge of two halves both bring the same calls: then the other one shows nothing.
            others = [other for other, read in parts if other != half and read.adds_to(part)]
            if part.received and part.figure >= figure and (was_cut or is_round) and not part.was_halved:
                near = [*others, *beside]
                yield from self._in_halves(half, window, part, count, beside=near, is_round=True)

    def _is_shown_by_totals(self, halves: tuple[Period, Period], reconciliation: Reconciliation) -> bool:
        """Whether the totals of the halves show that nothing was cut: the first page of each is enough."""
        if reconciliation.total is None or self._pager.totals_are_of_the_account or self._pager.window.knows_days_only:
            return False
        totals = [self._pager.first(half).info.total or 0 for half in halves]
        return sum(totals) <= reconciliation.figure and max(totals) < reconciliation.figure

    def _beside_a_neighbour(
        self,
        period: Period,
        window: Period,
        reconciliation: Reconciliation,
        beside: Sequence[Period],
        count: WindowCount,
    ) -> Iterator[Rows]:
        """The narrowest stretch still brings a suspicious figure: ask for it together with one that has other calls.

        Requests for neighbouring days overlap: one that brings the same calls only has none of its own.
        """
        figure = reconciliation.figure
        found = (near for near in self._pager.beside(period) if self._has_others(near, reconciliation))
        neighbour = beside[0] if beside else next(found, None)
        if neighbour is None:
            self._findings.add(
                Finding(
                    "cap",
                    "a figure that is no round number",
                    f"sends {figure} calls for {period} alone, and whether there are more could not be told",
                )
            )
            return
        both = Period(min(period.start, neighbour.start), max(period.end, neighbour.end))
        together = Reconciliation()
        yield from self._stretches.read_once(both, window, together, count)
        if together.figure <= figure:
            raise TransientError(
                f"{self._name}: the vendor sends {figure} calls for {period}, and as many for {both}: it cuts its "
                "answers off, and no narrower period can be asked for. The state was not advanced."
            )

    def _has_others(self, near: Period, reconciliation: Reconciliation) -> bool:
        """Whether a stretch has calls that a reading lacks, as far as its first page shows."""
        first = self._pager.first(near)
        return not reconciliation.holds_all(first.records[0]) or (first.info.total or 0) > reconciliation.figure

    def _note_cut(self, figure: int) -> None:
        self._findings.add(cut_off(figure))


def is_round(figure: int) -> bool:
    """Whether a limit would be such a number: a multiple of 50 from 100 on, a power of two from 256 on."""
    is_power = figure >= _SMALLEST_POWER and figure & (figure - 1) == 0
    return is_power or (figure >= _SMALLEST_LIMIT and figure % _STEP_OF_LIMITS == 0)
