"""Rows of one stream, printed once, in the order of the time that the vendor filters on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import orjson

_KEPT: Final = 32  # selections; the pages of a window are asked for one after the other
_NEVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Row:
    """A vendor row.

    key:      what the vendor's filter compares, in microseconds
    cut:      the cursor column's instant, as the vendor prints it, in microseconds since 1970
    visible:  from when on the row is served, in seconds since 1970
    body:     the row as JSON, whatever changes at every read excepted
    item:     what it was printed from
    """

    key: int
    cut: int
    visible: float
    id: str
    body: bytes
    item: Any


class Table:
    """The rows of a stream. Those in `hidden` are late: they exist and are not served yet; `removed` ones are gone."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: (row.key, row.id))
        self.hidden: set[str] = set()
        self.removed: set[str] = set()
        self._keys = [row.key for row in self.rows]
        self._selections: dict[tuple[int, int], tuple[float, list[Row]]] = {}
        self._by_id: dict[str, Row] = {}
        self._lock = Lock()

    def select(self, low: int, high: int, now: float) -> list[Row]:
        """Return the rows that are served now and have `low <= key < high`, ascending. Not to be changed."""
        with self._lock:
            good_until, found = self._selections.get((low, high), (0.0, []))
            if now < good_until:
                return found
            rows = self.rows[bisect_left(self._keys, low) : bisect_left(self._keys, high)]
            found = [row for row in rows if row.visible <= now and row.id not in self.hidden | self.removed]
            until = min((row.visible for row in rows if row.visible > now), default=_NEVER)
            while len(self._selections) >= _KEPT:
                del self._selections[next(iter(self._selections))]
            self._selections[low, high] = until, found
            return found

    def get(self, name: str, now: float) -> Row | None:
        """Return the row with that id, if it is served now."""
        if not self._by_id:
            self._by_id = {row.id: row for row in self.rows}
        row = self._by_id.get(name)
        served = row is not None and row.visible <= now and name not in self.hidden | self.removed
        return row if served else None

    def between(self, low: int, high: int) -> Sequence[Row]:
        """Return the rows, late ones included, whose cursor lies in `low <= cut <= high`."""
        return [row for row in self.rows if low <= row.cut <= high and row.id not in self.removed]

    def hide(self, ids: Iterable[str]) -> None:
        self._change(self.hidden.update, ids)

    def show(self, ids: Iterable[str]) -> None:
        self._change(self.hidden.difference_update, ids)

    def remove(self, ids: Iterable[str]) -> None:
        self._change(self.removed.update, ids)

    def _change(self, change: Any, ids: Iterable[str]) -> None:
        with self._lock:
            change(list(ids))
            self._selections.clear()


def packed(row: Any) -> bytes:
    """Print a row, in no more memory than it takes: what orjson returns keeps the room that it was made in."""
    return memoryview(orjson.dumps(row)).tobytes()
