"""What goes out of a page, and the time between that decision and the moment when it is out."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.rows import Rows

Fresh = list[tuple[int, str, bytes | None]]
"""Of each row that goes out its place, its id, and its line where that is another than the page has."""


@dataclass(frozen=True)
class OutgoingRows:
    """What goes out of a page: its rows, their places on it, and how many were left out as unchanged."""

    rows: Rows
    indexes: Sequence[int]
    unchanged: int = 0


def outgoing_rows(
    page: NormalisedPage,
    fresh: Fresh | None,
    left: Collection[int],
    unchanged: int = 0,
) -> OutgoingRows:
    """The rows of a page but those whose places are in `left`."""
    if fresh is None and not left:
        return OutgoingRows(page.rows, range(len(page.ids)))
    whole = [(index, "", None) for index in range(len(page.ids))] if fresh is None else fresh
    out = set(left)
    picked = [(index, line) for index, _, line in whole if index not in out]
    indexes = [index for index, _ in picked]
    if not picked:
        return OutgoingRows(Rows(), (), unchanged)
    if all(line is None for _, line in picked):
        rows = page.rows if len(picked) == page.rows.count else page.rows.only(indexes)
    else:
        rows = Rows.of([page.rows.line(index) if line is None else line for index, line in picked])
    return OutgoingRows(rows, indexes, unchanged)


class OnTheirWay:
    """The pages whose rows were decided on and are not out yet. Threads share it."""

    def __init__(self) -> None:
        self._pages: set[object] = set()
        self._one_is_out = threading.Condition()

    @contextmanager
    def page(self) -> Iterator[None]:
        """Around a page, from before the decision which of its rows go out until they are out."""
        page = object()
        with self._one_is_out:
            self._pages.add(page)
        try:
            yield
        finally:
            with self._one_is_out:
                self._pages.discard(page)
                self._one_is_out.notify_all()

    def wait(self) -> None:
        """Wait until the rows of all pages that are on their way now are out."""
        with self._one_is_out:
            before = set(self._pages)
            self._one_is_out.wait_for(lambda: self._pages.isdisjoint(before))
