"""What a sync remembers of the rows that the next one will receive again: their digests, and how many each hour had.

A row whose digest is known has not changed since it was sent, and is not sent again. The state holds the digests as
one text; in base64 a row takes 9.33 bytes. Where there are more rows than it has room for, it holds the sums of cells.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from cdr.normaliser.timestamps import instant
from cdr.reading.accounting.cells import SUM_BYTES, Cell, Cells, hashed
from cdr.reading.accounting.kept_rows import KeptRow, KeptRows
from cdr.reading.accounting.packed_numbers import packed, unpacked
from cdr.reading.pages.fingerprints import DIGEST_BYTES
from cdr.vendor.windows import Period, utc_text

_HOUR: Final = 3600
_MOST_BYTES: Final = 252 * 1024
MOST_ENTRIES: Final = _MOST_BYTES * 3 // 4 // DIGEST_BYTES
"""How many digests the state has room for."""
_MOST_REPEATED: Final = 200


class Lookback:
    """The memory of one stream from sync to sync. Threads share it.

    known:    digests of the rows that earlier syncs sent and this one may receive again; where there are cells, of
              those rows that are in none
    cells:    of the last sync; None where the state has room for every digest
    repeated: ids that were seen with two calls
    keeps_from: rows from this moment on will be received again by the next sync
    since:    up to when the last sync read: rows behind that are new

    A sync that was cut off leaves what it found beside what was known before; the sync that resumes it needs both, and
    leaves what the two of them found.
    """

    def __init__(self, state: Mapping[str, Any], keeps_from: datetime) -> None:
        self._before = _digests(state.get("known"))
        self._found = _digests(state.get("found"))
        self.known = self._before | self._found
        self._hours = _hours(state.get("hours"))
        self.cells = Cells.from_state(state, self._hours)
        self.repeated = _texts(state.get("repeated"))
        self.keeps_from = keeps_from
        self.since: datetime | None = None
        self._rows = KeptRows()
        self._sent: set[int] = set()
        self._repeated: set[str] = set()
        self._lock = threading.Lock()

    @property
    def can_compare(self) -> bool:
        """Whether rows can be compared with those of earlier syncs."""
        return bool(self.known) or self.cells is not None

    @property
    def keeps_from_hour(self) -> datetime:
        """The hour in which `keeps_from` lies: cells are of whole hours."""
        return self.keeps_from.replace(minute=0, second=0, microsecond=0)

    def widen(self, shift: timedelta) -> None:
        """Keep rows from so much earlier on: the vendor's reading of a request lies so far beside ours."""
        self.keeps_from -= shift

    def keep(self, window: Period, rows: Iterable[KeptRow]) -> None:
        """Remember rows that this sync sent, or found as they were, of a window that has been read to its end."""
        self.add(self.placed(window, rows))

    def placed(self, window: Period, rows: Iterable[KeptRow]) -> KeptRows:
        """The rows of a window in the form in which they are remembered, until it has been read to its end."""
        first, last = _hour(window.start), _hour(window.end - timedelta(microseconds=1))
        placed = KeptRows()
        for row in rows:
            moment = None if row.time is None else instant(row.time)
            hour = first if moment is None else min(max(_hour(moment), first), last)
            is_odd = moment is None or moment not in window
            is_early = moment is not None and moment < self.keeps_from
            placed.add(row, hour, is_early=is_early, is_odd=is_odd)
        return placed

    def add(self, rows: KeptRows) -> None:
        """Remember the rows of a window that has been read to its end."""
        with self._lock:
            self._rows.extend(rows)

    def keep_sent(self, digest: int) -> None:
        """Remember a row that is out, of a window that is still being read: the sync that resumes leaves it out."""
        with self._lock:
            self._sent.add(digest)

    def keep_repeated(self, identity: str) -> None:
        """Remember an id that was seen with two calls."""
        with self._lock:
            self._repeated.add(identity)
            self.repeated.add(identity)

    def cell_of(self, window: Period, row: KeptRow) -> Cell | None:
        """The cell that a row belongs to, by its hour and its id; None where it has to be looked at by itself."""
        if self.cells is None or row.time is None:
            return None
        moment = instant(row.time)
        hour = _hour(moment)
        if moment not in window or hour not in self.cells or (self.since is not None and moment >= self.since):
            return None
        return self.cells.cell(hour, hashed(row.identity))

    def remembered(self, period: Period) -> int:
        """How many rows the last sync found in the whole hours of a period."""
        first = -(-int(period.start.timestamp()) // _HOUR)
        last = int(period.end.timestamp()) // _HOUR
        return sum(self._hours.get(hour, 0) for hour in range(first, last))

    def hours(self) -> Mapping[datetime, int]:
        """The hours that the last sync counted rows in."""
        return {datetime.fromtimestamp(hour * _HOUR, timezone.utc): rows for hour, rows in self._hours.items()}

    def as_state(self, *, is_complete: bool, resumes: bool) -> dict[str, Any]:
        """What goes into the state, of a sync that is complete or not, and resumes one that was cut off or not."""
        with self._lock:
            counts = self._hours_to_keep(is_complete=is_complete, resumes=resumes)
            state: dict[str, Any] = {}
            if is_complete:
                carried = self._found | self._sent if resumes and self.cells is None else set()
                state |= self._entries(carried, counts)
            else:
                state["known"] = _encoded(self._before)
                if self.cells is not None:
                    state |= self.cells.as_state(counts)
                elif found := self._found_so_far():
                    state["found"] = _encoded(found)
            if counts:
                first = min(counts)
                row = [counts.get(hour, 0) for hour in range(first, max(counts) + 1)]
                state["hours"] = [utc_text(datetime.fromtimestamp(first * _HOUR, timezone.utc)), *row]
            repeated = self._repeated if is_complete and not resumes else self.repeated
            if repeated:
                state["repeated"] = sorted(repeated)[:_MOST_REPEATED]
            return state

    def _found_so_far(self) -> set[int]:
        """What a sync that was cut off found, and the one that it resumed; nothing where there is no room for it."""
        if len(self._rows) > MOST_ENTRIES:
            return set()
        found = self._rows.digests() | self._found | self._sent
        return found if len(found) <= MOST_ENTRIES else set()

    def _hours_to_keep(self, *, is_complete: bool, resumes: bool) -> dict[int, int]:
        if not is_complete and self.cells is not None:
            return {**self._rows.counts, **self._hours}  # how many cells an hour has follows from these
        if resumes or not is_complete:
            return {**self._hours, **self._rows.counts}
        return {hour: rows for hour, rows in self._rows.counts.items() if hour >= _hour(self.keeps_from)}

    def _entries(self, carried: set[int], counts: Mapping[int, int]) -> dict[str, Any]:
        """The digests of single rows where there is room for them, else cells as small as fit, and the odd rows."""
        if len(carried) + sum(1 for _ in self._rows.again()) <= MOST_ENTRIES:
            return {"known": _encoded(carried.union(self._rows.again()))}
        odd = set(itertools.islice(self._rows.odd(), MOST_ENTRIES // 2))
        room = (MOST_ENTRIES - len(odd)) * DIGEST_BYTES // SUM_BYTES
        return {"known": _encoded(odd), **Cells.of(self._rows.in_cells(), counts, room).as_state()}


class RecentRows(Lookback):
    """What a full refresh remembers: the rows near the end of what it has read so far, wherever that is."""

    def __init__(self, state: Mapping[str, Any], keeps_from: datetime) -> None:
        super().__init__(state, keeps_from)
        self.cells = None
        self._wider = timedelta(0)

    def widen(self, shift: timedelta) -> None:
        super().widen(shift)
        self._wider += shift

    def move_to(self, moment: datetime) -> None:
        """Forget the rows of the hours before a moment."""
        with self._lock:
            self.keeps_from = max(self.keeps_from, moment - self._wider)
            self._rows = self._rows.since(_hour(self.keeps_from))

    def as_state(self, *, is_complete: bool, resumes: bool) -> dict[str, Any]:
        if is_complete:
            return super().as_state(is_complete=True, resumes=resumes)
        with self._lock:
            state: dict[str, Any] = {"known": _encoded(self._newest())}
            return {**state, "repeated": sorted(self.repeated)[:_MOST_REPEATED]} if self.repeated else state

    def _newest(self) -> set[int]:
        """As many digests as the state has room for: those of the newest rows first, then those that were given."""
        found = self._rows.newest(MOST_ENTRIES)
        all_known = found | self.known | self._sent
        return found if len(all_known) > MOST_ENTRIES else all_known


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // _HOUR


def _encoded(digests: Iterable[int]) -> str:
    return packed(sorted(digests)[:MOST_ENTRIES], DIGEST_BYTES)


def _digests(state: Any) -> set[int]:
    """The digests of a state; none where they cannot be read: the rows then come once more."""
    return set(unpacked(state, DIGEST_BYTES))


def _texts(state: Any) -> set[str]:
    return {one for one in state if isinstance(one, str)} if isinstance(state, list) else set()


def _hours(state: Any) -> dict[int, int]:
    try:
        first, *counts = state
        hour = _hour(datetime.fromisoformat(first.replace("Z", "+00:00")).astimezone(timezone.utc))
        return {hour + number: int(rows) for number, rows in enumerate(counts) if int(rows)}
    except (TypeError, ValueError, AttributeError, OverflowError):
        return {}
