"""The proof that every row received went somewhere: given out once, or known to be as it was when it was sent.

The window that brings a row first gives it out. Ids are remembered as far as requests overlap, 26 hours at least, and
no longer, so that memory does not grow with the period.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from cdr.normaliser.normaliser import Normaliser
from cdr.normaliser.timestamps import instant
from cdr.reading.accounting.held_rows import HeldRows
from cdr.reading.accounting.kept_rows import KeptRow, KeptRows
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.accounting.outgoing import Fresh, OnTheirWay, OutgoingRows, outgoing_rows
from cdr.reading.accounting.repeated_ids import renamed
from cdr.reading.pages.fingerprints import Fingerprint, as_key, digest, fingerprint_of, is_another_call
from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.rows import Rows
from cdr.reading.pages.scope import CLOCKS_DIFFER, MARGIN, OUTSIDE
from cdr.vendor.windows import Period, utc_text

_MOST_TIMELESS: Final = 100_000
"""Rows without a time, remembered for the whole sync; where there are more, the rest is as any other row."""
_PAGES_REMEMBERED: Final = 50
"""Of a list that is read whole: rows put into it or taken out while it is read shift others to a page nearby."""


class Accounting:
    """What one sync of one stream has given out. Threads share it.

    windows: of the sync, in order; reach: how far two requests can be apart and bring the same row
    by_days: whether a request brings the days around its window as well
    """

    def __init__(
        self,
        windows: Sequence[Period],
        reach: timedelta,
        lookback: Lookback,
        key: str,
        normaliser: Normaliser,
        *,
        by_days: bool = False,
    ) -> None:
        self._windows = windows
        self._starts = [window.start for window in windows]
        self._closed = [False] * len(windows)
        self._reach = max(reach, CLOCKS_DIFFER)
        self._lookback = lookback
        self._by_days = by_days
        self._key = key
        self._normaliser = normaliser
        self._repeated = {normaliser.key_prefix + identity for identity in lookback.repeated}
        self._calls: dict[int, Fingerprint] = {}
        self._others: dict[int, set[Fingerprint]] = {}
        self._brought: dict[int, list[int]] = {}
        self._pending: dict[int, KeptRows] = {}
        self._held: dict[int, HeldRows] = {}
        self._foreign: dict[int, dict[str, tuple[str, bytes]]] = {}
        self._released = [False] * len(windows)
        self._timeless: set[str] = set()
        self._recent: deque[list[int]] = deque()
        self._lock = threading.Lock()
        self.on_their_way = OnTheirWay()

    def given(
        self, page: NormalisedPage, window: Period, *, keeps_all: bool = False, whole_list: bool = False
    ) -> OutgoingRows:
        """The rows of a page that go out now.

        window:     the window of the sync that the page was asked for
        keeps_all:  whether the next sync will receive every row of this window again
        whole_list: whether the server ignores its filter, and this is a page of everything it has
        """
        with self._lock:
            if self._is_usual(page):
                self._calls.update(zip(page.keys, page.fingerprints, strict=True))
                fresh: Fresh | None = None
                keys = page.keys
            else:
                fresh = [*self._fresh(page, window, whole_list)]
                keys = [as_key(identity) for _, identity, _ in fresh]
            self._remember(keys, window, whole_list)
        return self._without_known(page, fresh, window, keeps_all, whole_list)

    def new_rows(self, page: NormalisedPage, *, whole_list: bool = False) -> list[int]:
        """The places of those rows of a page that may still go out."""
        left_out = MARGIN | OUTSIDE * whole_list
        with self._lock:
            left = [index for index, key in enumerate(page.keys) if key not in self._calls]
            return [index for index in left if not (page.places and page.places[index] & left_out)]

    def released(self, window: Period) -> Iterator[OutgoingRows]:
        """The rows of a window that had to wait for it to be complete, and have changed."""
        index = self._index(window)
        with self._lock:
            held, self._released[index] = self._held.pop(index, None), True
            foreign = self._foreign.pop(index, {})
            ours = {as_key(identity): row for identity, row in foreign.items() if as_key(identity) not in self._calls}
            self._calls.update((key, fingerprint_of(call)) for key, (call, _) in ours.items())
            self._remember([*ours], window, whole_list=False)
            digests = [digest(line) for _, line in ours.values()]
            self._pending.setdefault(index, KeptRows()).add_uncounted(digests)
        if ours:
            known = self._lookback.known
            new = [line for (_, line), one in zip(ours.values(), digests, strict=True) if one not in known]
            yield OutgoingRows(Rows.of(new), (), len(ours) - len(new))
        if held is not None and self._lookback.cells is not None:
            for rows, unchanged in held.changed(self._lookback.cells):
                yield OutgoingRows(rows, (), unchanged)

    def close(self, window: Period) -> None:
        """Forget what no window that is still to be read can bring again.

        Waits until the rows that other windows have on their way are out: this one may have left some of them to them,
        and its state must not go out before.
        """
        self.on_their_way.wait()
        index = self._index(window)
        with self._lock:
            # Not before: a state that another window emits must not vouch for rows that are still on their way out.
            self._lookback.add(self._pending.pop(index, KeptRows()))
            self._closed[index] = True
            for near in self._near(index):
                if near in self._brought and all(self._closed[other] for other in self._near(near)):
                    self._forget(self._brought.pop(near))

    def _is_usual(self, page: NormalisedPage) -> bool:
        ids = page.ids
        return (
            not page.places
            and self._calls.keys().isdisjoint(page.keys)
            and self._timeless.isdisjoint(ids)
            and self._repeated.isdisjoint(ids)
            and len(set(ids)) == len(ids)
            and not (page.timeless or self._lookback.cells is not None)
        )

    def _fresh(self, page: NormalisedPage, window: Period, whole_list: bool) -> Iterator[tuple[int, str, bytes | None]]:
        """Of each row that goes out its place, its id, and its line where that is another than the page has."""
        here = {identity: list[tuple[str, bytes]]() for identity in _that_repeat(page.ids)}
        for index, (identity, call) in enumerate(zip(page.ids, page.calls, strict=True)):
            place = page.places[index] if page.places else 0
            if place & MARGIN or (whole_list and place & OUTSIDE):
                continue
            owner = self._owner(page, index, window)
            if owner is not None:
                self._foreign.setdefault(owner, {}).setdefault(identity, (call, page.rows.line(index)))
                continue
            twins = here.get(identity, [])
            if any(digest(line) == digest(page.rows.line(index)) for _, line in twins):
                continue  # the same record twice on one page
            key, fingerprint = page.keys[index], page.fingerprints[index]
            known = self._calls.get(key)
            number = 1 + sum(not is_another_call(other, call) for other, _ in twins)
            is_read_again = known is not None and number == 1 and not is_another_call(known, fingerprint)
            if not is_read_again and (
                twins or identity in self._repeated or (known is not None and self._differs(key, known, fingerprint))
            ):
                sent_call = page.calls_as_sent[index] if page.calls_as_sent else None
                name, line = renamed(page.rows.line(index), number, self._key, self._normaliser, sent_call)
                self._note_repeated(identity, page)
                self._others.setdefault(key, set()).add(fingerprint)
                twins.append((call, page.rows.line(index)))
                if as_key(name) not in self._calls:
                    self._calls[as_key(name)] = fingerprint
                    yield index, name, line
                continue
            if identity in here:
                twins.append((call, page.rows.line(index)))
            if known is not None or identity in self._timeless:
                continue  # read again
            self._calls[key] = fingerprint
            if index in page.timeless and len(self._timeless) < _MOST_TIMELESS:
                self._timeless.add(identity)  # any window may bring it again
            yield index, identity, None

    def _note_repeated(self, identity: str, page: NormalisedPage) -> None:
        self._repeated.add(identity)
        if page.digests:  # the lookback reaches it
            self._lookback.keep_repeated(identity.removeprefix(self._normaliser.key_prefix))

    def _differs(self, key: int, known: Fingerprint, fingerprint: Fingerprint) -> bool:
        return is_another_call(known, fingerprint) and fingerprint not in self._others.get(key, ())

    def _without_known(
        self,
        page: NormalisedPage,
        fresh: Fresh | None,
        window: Period,
        keeps_all: bool,
        whole_list: bool,
    ) -> OutgoingRows:
        if not page.digests:
            return outgoing_rows(page, fresh, ())
        lookback = self._lookback
        places = range(len(page.ids)) if fresh is None else [index for index, _, _ in fresh]
        renamed = {} if fresh is None else {index: line for index, _, line in fresh if line is not None}
        digests = {index: digest(renamed[index]) if index in renamed else page.digests[index] for index in places}
        # Of everything that a server has, the next sync gives out what one clock puts into it: not the one that counts.
        keeps_from = utc_text(lookback.keeps_from_hour - CLOCKS_DIFFER * whole_list)
        kept = [
            KeptRow(digests[index], page.times[index], page.ids[index])
            for index in places
            if keeps_all or (page.places and page.places[index]) or (page.times[index] or "~") >= keeps_from
        ]
        span = Period(self._windows[0].start, self._windows[-1].end) if whole_list else self._span(window)
        placed = lookback.placed(span, kept)
        with self._lock:
            self._pending.setdefault(self._index(window), KeptRows()).extend(placed)
        # Where cells are compared, a row in none of them is known by its digest as well.
        same = [index for index in places if digests[index] in lookback.known]
        if lookback.cells is None:
            return outgoing_rows(page, fresh, same, len(same))
        held = self._hold(page, window, span, digests, renamed)
        return outgoing_rows(page, fresh, {*held, *same}, len({*same} - {*held}))

    def _hold(
        self,
        page: NormalisedPage,
        window: Period,
        span: Period,
        digests: Mapping[int, int],
        renamed: Mapping[int, bytes],
    ) -> Collection[int]:
        """Keep back the rows whose cells the last sync knew, until the window is complete."""
        rows = ((index, KeptRow(digests[index], page.times[index], page.ids[index])) for index in digests)
        cells = {index: cell for index, row in rows if (cell := self._lookback.cell_of(span, row))}
        lines = {index: renamed.get(index) or page.rows.line(index) for index in cells}
        with self._lock:
            self._held.setdefault(self._index(window), HeldRows()).add(lines, cells, digests)
        return cells

    def _owner(self, page: NormalisedPage, index: int, window: Period) -> int | None:
        """The window that a row's time lies in, where cells are compared and it is another one, still to be read."""
        compares_cells = self._lookback.cells is not None and not self._by_days
        time = page.times[index] if compares_cells and page.times else None
        if time is None or (moment := instant(time)) in window:
            return None
        owner = bisect_right(self._starts, moment) - 1
        if owner < 0 or moment not in self._windows[owner] or self._released[owner]:
            return None
        return owner

    def _remember(self, keys: Sequence[int], window: Period, whole_list: bool) -> None:
        if not whole_list:
            self._brought.setdefault(self._index(window), []).extend(keys)
            return
        self._recent.append([*keys])
        if len(self._recent) > _PAGES_REMEMBERED:
            self._forget(self._recent.popleft())

    def _forget(self, keys: Sequence[int]) -> None:
        for key in keys:
            self._calls.pop(key, None)
            self._others.pop(key, None)

    def _span(self, window: Period) -> Period:
        """The times that the rows of a window may have: a filter that knows days brings those around it as well."""
        if not self._by_days:
            return window
        return Period(window.start - self._reach - CLOCKS_DIFFER, window.end + self._reach + CLOCKS_DIFFER)

    def _index(self, window: Period) -> int:
        return min(max(bisect_left(self._starts, window.start), 0), len(self._starts) - 1)

    def _near(self, index: int) -> Iterator[int]:
        window = self._windows[index]
        first = bisect_left(self._starts, window.start - self._reach)
        for near in range(max(first - 1, 0), len(self._windows)):
            if self._starts[near] > window.end + self._reach:
                return
            yield near


def _that_repeat(ids: Sequence[str]) -> list[str]:
    """The ids that stand more than once on a page."""
    if len(set(ids)) == len(ids):
        return []
    return [identity for identity, count in Counter(ids).items() if count > 1]
