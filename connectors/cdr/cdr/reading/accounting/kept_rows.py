"""Rows that are remembered until the sync is complete, in sixteen bytes each."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from cdr.reading.accounting.cells import hashed

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
    """Rows that are kept: their digests, and the hour and a hash of the id of each.

    counts: how many rows each hour has
    """

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self._digests = array("Q")
        self._places = array("Q")

    def __len__(self) -> int:
        return len(self._digests)

    def add(self, row: KeptRow, hour: int, *, is_early: bool, is_odd: bool) -> None:
        """Keep a row of an hour.

        is_early: whether its time lies before what the next sync receives again
        is_odd:   whether its time is none of the window that brought it
        """
        self.counts[hour] += 1
        self._digests.append(row.digest)
        self._places.append((_ODD if is_odd else _EARLY * is_early) | hour * _IN_AN_HOUR + hashed(row.identity))

    def add_uncounted(self, digests: Iterable[int]) -> None:
        """Keep odd rows that count for no hour."""
        self._digests.extend(digests)
        self._places.extend([_ODD] * (len(self._digests) - len(self._places)))

    def extend(self, other: KeptRows) -> None:
        self._digests.extend(other._digests)
        self._places.extend(other._places)
        self.counts.update(other.counts)

    def since(self, hour: int) -> KeptRows:
        """The rows of this hour and of later ones."""
        left = KeptRows()
        for digest, place in zip(self._digests, self._places, strict=True):
            if _hour(place) >= hour:
                left._digests.append(digest)
                left._places.append(place)
        left.counts.update({one: number for one, number in self.counts.items() if one >= hour})
        return left

    def digests(self) -> set[int]:
        """All of them."""
        return set(self._digests)

    def newest(self, most: int) -> set[int]:
        """So many digests at most, of the newest rows."""
        rows = sorted(zip(map(_hour, self._places), self._digests, strict=True), reverse=True)
        return {digest for _, digest in rows[:most]}

    def again(self) -> Iterator[int]:
        """The digests of the rows that the next sync receives again."""
        return (digest for digest, place in zip(self._digests, self._places, strict=True) if not place & _EARLY)

    def odd(self) -> Iterator[int]:
        """The digests of odd rows."""
        return (digest for digest, place in zip(self._digests, self._places, strict=True) if place & _ODD)

    def in_cells(self) -> Iterator[tuple[int, int, int]]:
        """Of every other row its digest, its hour, and the hash of its id."""
        for digest, place in zip(self._digests, self._places, strict=True):
            if not place & _ODD:
                yield digest, _hour(place), place % _IN_AN_HOUR


def _hour(place: int) -> int:
    return (place & ~(_EARLY | _ODD)) // _IN_AN_HOUR
