"""The proof that every row received went somewhere: given out once, or known to be as it was when it was sent.

The window that brings a row first gives it out. Ids are remembered as far as requests overlap, 26 hours at least, and
no longer, so that memory does not grow with the period.
"""

from __future__ import annotations

import hashlib
import json
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from cdr.fields import Row
from cdr.lookback import Lookback
from cdr.normaliser import Normaliser, serialise
from cdr.pages import Block, Rows, digest, is_another_call
from cdr.record import ISSUES
from cdr.scope import CLOCKS_DIFFER, MARGIN, OUTSIDE
from cdr.windows import Period, timestamp

_PAGES_REMEMBERED: Final = 50
"""Of a list that is read whole: rows put into it or taken out while it is read shift others to a page nearby."""


@dataclass(frozen=True)
class Given:
    """What goes out of a page: its rows, their places on it, and how many were left out as unchanged."""

    rows: Rows
    indexes: Sequence[int]
    unchanged: int = 0


class Accounting:
    """What one sync of one stream has given out. Threads share it.

    windows: of the sync, in order; reach: how far two requests can be apart and bring the same row
    """

    def __init__(
        self, windows: Sequence[Period], reach: timedelta, lookback: Lookback, key: str, normaliser: Normaliser
    ) -> None:
        self._windows = windows
        self._starts = [window.start for window in windows]
        self._closed = [False] * len(windows)
        self._reach = max(reach, CLOCKS_DIFFER)
        self._lookback = lookback
        self._key = key
        self._normaliser = normaliser
        self._calls: dict[str, int] = {}
        self._others: dict[str, set[int]] = {}
        self._brought: dict[int, list[str]] = {}
        self._pending: dict[int, dict[Period, tuple[set[int], list[str | None]]]] = {}
        self._timeless: set[str] = set()
        self._recent: deque[list[str]] = deque()
        self._lock = threading.Lock()

    def given(self, block: Block, window: Period, *, keeps_all: bool = False, whole_list: bool = False) -> Given:
        """The rows of a page that go out now.

        window:     the window of the sync that the page was asked for
        keeps_all:  whether the next sync will receive every row of this window again
        whole_list: whether the server ignores its filter, and this is a page of everything it has
        """
        with self._lock:
            ids = block.ids
            if self._is_usual(block):
                self._calls.update(zip(ids, block.calls, strict=True))
                fresh: list[tuple[int, str, bytes | None]] | None = None
                names = ids
            else:
                lines = block.lines()
                fresh = [*self._fresh(block, lines, whole_list)]
                names = [identity for _, identity, _ in fresh]
            self._remember(names, window, whole_list)
        return self._without_known(block, fresh, window, keeps_all, whole_list)

    def new_rows(self, block: Block) -> list[int]:
        """The places of those rows of a page that may still go out."""
        with self._lock:
            left = [index for index, identity in enumerate(block.ids) if identity not in self._calls]
            return [index for index in left if not (block.places and block.places[index] & MARGIN)]

    def close(self, window: Period) -> None:
        """Forget what no window that is still to be read can bring again."""
        index = self._index(window)
        with self._lock:
            # Not before: a state that another window emits must not vouch for rows that are still on their way out.
            for period, (digests, times) in self._pending.pop(index, {}).items():
                self._lookback.keep(digests)
                self._lookback.count(period, times)
            self._closed[index] = True
            for near in self._near(index):
                if near in self._brought and all(self._closed[other] for other in self._near(near)):
                    for identity in self._brought.pop(near):
                        self._calls.pop(identity, None)
                        self._others.pop(identity, None)

    def _is_usual(self, block: Block) -> bool:
        ids = block.ids
        return (
            not block.places
            and self._calls.keys().isdisjoint(ids)
            and self._timeless.isdisjoint(ids)
            and len(set(ids)) == len(ids)
            and not (self._lookback.repeated or block.timeless)
        )

    def _fresh(self, block: Block, lines: list[bytes], whole_list: bool) -> Iterator[tuple[int, str, bytes | None]]:
        """Of each row that goes out its place, its id, and its line where that is another than the page has."""
        here: dict[str, list[tuple[int, bytes]]] = {}
        for index, (identity, call) in enumerate(zip(block.ids, block.calls, strict=True)):
            place = block.places[index] if block.places else 0
            if place & MARGIN or (whole_list and place & OUTSIDE):
                continue
            name = identity
            twins = here.setdefault(identity, [])
            vendor_id = self._vendor_id(lines[index]) if twins or self._lookback.repeated else ""
            repeated = vendor_id in self._lookback.repeated
            if any(line == lines[index] or digest(line) == digest(lines[index]) for _, line in twins):
                continue  # the same record twice on one page
            known = self._calls.get(identity)
            if twins or repeated or (known is not None and self._differs(identity, known, call)):
                number = 1 + sum(not is_another_call(other, call) for other, _ in twins)
                name, line = self._renamed(lines[index], number)
                self._lookback.keep_repeated(self._vendor_id(lines[index]))
                self._others.setdefault(identity, set()).add(call)
                twins.append((call, lines[index]))
                if name not in self._calls:
                    self._calls[name] = call
                    yield index, name, line
                continue
            twins.append((call, lines[index]))
            if known is not None or identity in self._timeless:
                continue  # read again
            self._calls[identity] = call
            if index in block.timeless:
                self._timeless.add(identity)  # any window may bring it again
            yield index, name, None

    def _differs(self, identity: str, known: int, call: int) -> bool:
        return is_another_call(known, call) and call not in self._others.get(identity, ())

    def _without_known(
        self,
        block: Block,
        fresh: list[tuple[int, str, bytes | None]] | None,
        window: Period,
        keeps_all: bool,
        whole_list: bool,
    ) -> Given:
        if not block.digests:
            return self._rows(block, fresh, ())
        lookback = self._lookback
        places = range(len(block.ids)) if fresh is None else [index for index, _, _ in fresh]
        renamed = {} if fresh is None else {index: line for index, _, line in fresh if line is not None}
        digests = {index: digest(renamed[index]) if index in renamed else block.digests[index] for index in places}
        # Of everything that a server has, the next sync gives out what one clock puts into it: not the one that counts.
        keeps_from = timestamp(lookback.keeps_from - CLOCKS_DIFFER * whole_list)
        kept = [
            index
            for index in places
            if keeps_all or (block.places and block.places[index]) or (block.times[index] or "~") >= keeps_from
        ]
        with self._lock:
            of_window = self._pending.setdefault(self._index(window), {})
            period = Period(self._windows[0].start, self._windows[-1].end) if whole_list else window
            waiting, times = of_window.setdefault(period, (set(), []))
            waiting.update(digests[index] for index in kept)
            times += [block.times[index] for index in kept]
        unchanged = [index for index in places if lookback.is_known(digests[index])]
        return self._rows(block, fresh, unchanged)

    def _rows(self, block: Block, fresh: list[tuple[int, str, bytes | None]] | None, unchanged: Sequence[int]) -> Given:
        if fresh is None and not unchanged:
            return Given(block.rows, range(len(block.ids)))
        left = set(unchanged)
        whole = [(index, "", None) for index in range(len(block.ids))] if fresh is None else fresh
        picked = [(index, line) for index, _, line in whole if index not in left]
        if not picked:
            return Given(Rows(), (), len(left))
        lines = block.lines()
        rows = Rows.of([lines[index] if line is None else line for index, line in picked])
        return Given(rows, [index for index, _ in picked], len(left))

    def _renamed(self, line: bytes, number: int) -> tuple[str, bytes]:
        """The record of a second call under an id: its new key and its line."""
        row: Row = orjson.loads(line)
        told = json.dumps(self._told_apart_by(row), separators=(",", ":"), ensure_ascii=False)
        tag = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        addition = f"#{tag}" if number == 1 else f"#{tag}#{number}"
        row["vendor_record_id"] += addition
        row[self._key] += addition
        if "issues" in row:
            row["issues"] = [issue for issue in ISSUES if issue in row["issues"] or issue == "id_repeated"]
        return row[self._key], serialise(row)

    def _told_apart_by(self, row: Row) -> list[Any]:
        """Start, from, to and direction as the vendor sent them; as they are given out where `raw` is not."""
        if row.get("raw"):
            return [*self._normaliser.call(row["raw"])]
        columns = (self._normaliser.cut or "", "from_number", "to_number", "direction_raw")
        return [row.get(column) for column in columns]

    @staticmethod
    def _vendor_id(line: bytes) -> str:
        row: Row = orjson.loads(line)
        return str(row.get("vendor_record_id") or row.get("id"))

    def _remember(self, ids: Sequence[str], window: Period, whole_list: bool) -> None:
        if not whole_list:
            self._brought.setdefault(self._index(window), []).extend(ids)
            return
        self._recent.append([*ids])
        if len(self._recent) > _PAGES_REMEMBERED:
            for identity in self._recent.popleft():
                self._calls.pop(identity, None)
                self._others.pop(identity, None)

    def _index(self, window: Period) -> int:
        return min(max(bisect_left(self._starts, window.start), 0), len(self._starts) - 1)

    def _near(self, index: int) -> Iterator[int]:
        window = self._windows[index]
        first = bisect_left(self._starts, window.start - self._reach)
        for near in range(max(first - 1, 0), len(self._windows)):
            if self._starts[near] > window.end + self._reach:
                return
            yield near
