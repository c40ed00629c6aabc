"""A list that is read whole, without windows and without state: every row once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cdr.reading.accounting.outgoing import OutgoingRows
from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager
from cdr.reading.context import WindowCount
from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.rows import Rows
from cdr.schema.errors import TransientError

Complete = Callable[[NormalisedPage], NormalisedPage]
"""Adds to the rows of a page what a vendor's own reader has for them."""
Note = Callable[[NormalisedPage, OutgoingRows, WindowCount], Rows]
"""Counts the rows of a page that go out, and gives them."""


def read_list(name: str, pager: Pager, count: WindowCount, complete: Complete, note: Note) -> Iterator[Rows]:
    """All rows of a list; `count` is filled as they go out. Raises TransientError where it does not add up twice."""
    seen: set[str] = set()
    reconciliation = Reconciliation()
    for attempt in (1, 2):
        reconciliation = Reconciliation()
        for _, page in pager.pages(None, reconciliation, in_order=attempt > 1):
            reconciliation.add(page)
            completed = complete(page)
            fresh = [index for index, identity in enumerate(page.ids) if identity not in seen]
            seen.update(page.ids)
            lines = completed.lines()
            yield note(completed, OutgoingRows(Rows.of([lines[index] for index in fresh]), fresh), count)
        if reconciliation.agrees() or (attempt > 1 and reconciliation.reaches_least()):
            count.total = reconciliation.total
            return
    raise TransientError(
        f"{name}: the list does not add up: {reconciliation.figures()}, read twice. Run the sync again later."
    )
