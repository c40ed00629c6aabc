"""What a sync remembers of the rows that the next one will receive again: their digests, and how many each hour had.

A row whose digest is known has not changed since it was sent, and is not sent again. The state holds the digests as
one text; in base64 a row takes 9.33 bytes. Where there are more rows than it has room for, an entry stands for a cell:
a few rows of one hour whose ids hash alike. A cell that differs goes out whole.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import threading
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from zlib import crc32

from cdr.normaliser.timestamps import instant
from cdr.reading.pages.fingerprints import DIGEST_BYTES
from cdr.vendor.windows import Period, utc_text

_HOUR: Final = 3600
_MOST_BYTES: Final = 252 * 1024
MOST_ENTRIES: Final = _MOST_BYTES * 3 // 4 // DIGEST_BYTES
"""How many digests the state has room for."""
_MOST_REPEATED: Final = 200
_IN_AN_HOUR: Final = 1 << 32
# What stands in front of the place of a row: its hour, and a hash of its id.
_EARLY: Final = 1 << 63
_ODD: Final = 1 << 62


class KeptRow(NamedTuple):
    """A row that the next sync will receive again: its digest, its time and its id."""

    digest: int
    time: str | None
    identity: str


class KeptRows:
    """Rows that are kept, in sixteen bytes each.

    digests: of the rows; places: the hour of each and a hash of its id; counts: how many rows each hour has
    """

    def __init__(self) -> None:
        self.digests = array("Q")
        self.places = array("Q")
        self.counts: Counter[int] = Counter()

    def extend(self, other: KeptRows) -> None:
        self.digests.extend(other.digests)
        self.places.extend(other.places)
        self.counts.update(other.counts)


class Lookback:
    """The memory of one stream from sync to sync. Threads share it.

    known:    digests of the rows, or of the cells, that earlier syncs sent and this one may receive again
    cell:     how many rows a cell of `known` has, in hundredths; None where it knows single rows
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
        cell = state.get("cell")
        self.cell: int | None = cell if type(cell) is int and cell > 0 and self._hours else None
        self.repeated = _texts(state.get("repeated"))
        self.keeps_from = keeps_from
        self.since: datetime | None = None
        self._rows = KeptRows()
        self._sent: set[int] = set()
        self._repeated: set[str] = set()
        self._lock = threading.Lock()

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
        for digest, time, identity in rows:
            moment = None if time is None else instant(time)
            hour = first if moment is None else min(max(_hour(moment), first), last)
            is_odd = moment is None or moment not in window
            early = _EARLY if moment is not None and moment < self.keeps_from else 0
            placed.counts[hour] += 1
            placed.digests.append(digest)
            placed.places.append((_ODD if is_odd else early) | hour * _IN_AN_HOUR + crc32(identity.encode()))
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

    def cell_of(self, window: Period, row: KeptRow) -> tuple[int, int] | None:
        """The cell that a row belongs to, by its hour and its id; None where it has to be looked at by itself."""
        if self.cell is None or row.time is None:
            return None
        moment = instant(row.time)
        hour = _hour(moment)
        if moment not in window or hour not in self._hours or (self.since is not None and moment >= self.since):
            return None
        return hour, crc32(row.identity.encode()) % _cells(self._hours[hour], self.cell)

    def is_known_cell(self, cell: tuple[int, int], rows: int, total: int) -> bool:
        """Whether a cell with so many rows, whose digests have this sum, was found by the last sync."""
        return _cell_digest(*cell, rows, total) in self.known

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
            counts = self._hours_to_keep(all_hours=resumes or not is_complete)
            state: dict[str, Any] = {}
            if is_complete:
                carried = self._found | self._sent if resumes and self.cell is None else set()
                state |= self._entries(carried, counts)
            else:
                state["known"] = _encoded(self._before)
                if self.cell is not None:
                    state["cell"] = self.cell
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
        if len(self._rows.digests) > MOST_ENTRIES:
            return set()
        found = {*self._rows.digests, *self._found, *self._sent}
        return found if len(found) <= MOST_ENTRIES else set()

    def _hours_to_keep(self, *, all_hours: bool) -> dict[int, int]:
        if all_hours:
            return {**self._hours, **self._rows.counts}
        return {hour: rows for hour, rows in self._rows.counts.items() if hour >= _hour(self.keeps_from)}

    def _entries(self, carried: set[int], counts: Mapping[int, int]) -> dict[str, Any]:
        """The digests of single rows where there is room for them, else of cells as small as fit."""
        if len(carried) + sum(not place & _EARLY for place in self._rows.places) <= MOST_ENTRIES:
            places = zip(self._rows.digests, self._rows.places, strict=True)
            return {"known": _encoded(carried | {digest for digest, place in places if not place & _EARLY})}
        sizes = itertools.count(max(100, 100 * sum(counts.values()) // MOST_ENTRIES))  # a row is the least
        size = next(m for m in sizes if sum(_cells(n, m) for n in counts.values()) <= MOST_ENTRIES)
        numbers: Counter[tuple[int, int]] = Counter()
        sums: Counter[tuple[int, int]] = Counter()
        for digest, place in zip(self._rows.digests, self._rows.places, strict=True):
            hour, number = divmod(place & ~_EARLY, _IN_AN_HOUR)
            if not place & _ODD and hour in counts:
                cell = hour, number % _cells(counts[hour], size)
                numbers[cell] += 1
                sums[cell] += digest
        return {"known": _encoded({_cell_digest(*cell, numbers[cell], sums[cell]) for cell in numbers}), "cell": size}


class RecentRows(Lookback):
    """What a full refresh remembers: the rows near the end of what it has read so far, wherever that is."""

    def __init__(self, state: Mapping[str, Any], keeps_from: datetime) -> None:
        super().__init__(state, keeps_from)
        self.cell = None
        self._wider = timedelta(0)

    def widen(self, shift: timedelta) -> None:
        super().widen(shift)
        self._wider += shift

    def move_to(self, moment: datetime) -> None:
        """Forget the rows of the hours before a moment."""
        with self._lock:
            self.keeps_from = max(self.keeps_from, moment - self._wider)
            first = _hour(self.keeps_from)
            rows, left = self._rows, KeptRows()
            newer = [row for row in zip(rows.digests, rows.places, strict=True) if _hour_in(row[1]) >= first]
            left.digests.extend(digest for digest, _ in newer)
            left.places.extend(place for _, place in newer)
            left.counts.update({hour: number for hour, number in rows.counts.items() if hour >= first})
            self._rows = left

    def as_state(self, *, is_complete: bool, resumes: bool) -> dict[str, Any]:
        if is_complete:
            return super().as_state(is_complete=True, resumes=resumes)
        with self._lock:
            state: dict[str, Any] = {"known": _encoded(self._newest())}
            return {**state, "repeated": sorted(self.repeated)[:_MOST_REPEATED]} if self.repeated else state

    def _newest(self) -> set[int]:
        """As many digests as the state has room for: those of the newest rows first, then those that were given."""
        hours = map(_hour_in, self._rows.places)
        rows = sorted(zip(hours, self._rows.digests, strict=True), reverse=True)[:MOST_ENTRIES]
        found = {digest for _, digest in rows}
        all_known = found | self.known | self._sent
        return found if len(all_known) > MOST_ENTRIES else all_known


def _hour_in(place: int) -> int:
    return (place & ~(_EARLY | _ODD)) // _IN_AN_HOUR


def _cells(rows: int, size: int) -> int:
    return max(1, 100 * rows // size)


def _cell_digest(hour: int, number: int, rows: int, total: int) -> int:
    text = f"{hour}/{number}/{rows}/{total}"
    return int.from_bytes(blake2b(text.encode(), digest_size=DIGEST_BYTES).digest(), "big")


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // _HOUR


def _encoded(digests: Iterable[int]) -> str:
    packed = b"".join(one.to_bytes(DIGEST_BYTES, "big") for one in sorted(digests)[:MOST_ENTRIES])
    return base64.b64encode(packed).decode()


def _digests(state: Any) -> set[int]:
    """The digests of a state; none where they cannot be read: the rows then come once more."""
    try:
        packed = base64.b64decode(state, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return set()
    if len(packed) % DIGEST_BYTES:
        return set()
    return {int.from_bytes(packed[at : at + DIGEST_BYTES], "big") for at in range(0, len(packed), DIGEST_BYTES)}


def _texts(state: Any) -> set[str]:
    return {one for one in state if isinstance(one, str)} if isinstance(state, list) else set()


def _hours(state: Any) -> dict[int, int]:
    try:
        first, *counts = state
        hour = _hour(datetime.fromisoformat(first.replace("Z", "+00:00")).astimezone(timezone.utc))
        return {hour + number: int(rows) for number, rows in enumerate(counts) if int(rows)}
    except (TypeError, ValueError, AttributeError, OverflowError):
        return {}
