"""Cells: where the state has no room for a digest of each row, it has the sums of a few rows' digests each.

A cell is those rows of one hour whose ids hash alike. The sums stand in the state without names, hour by hour: how many
cells an hour has follows from how many rows it has.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zlib import crc32

from cdr.reading.accounting.packed_numbers import packed, unpacked

SUM_BYTES: Final = 6
_MASK: Final = (1 << 8 * SUM_BYTES) - 1
_SIZE: Final = "cell"
_SUMS: Final = "cells"

Cell = tuple[int, int]
"""An hour, since 1970, and the number of the cell in it."""


def summand(digest: int) -> int:
    """What a row adds to the sum of its cell."""
    return digest & _MASK


def hashed(identity: str) -> int:
    """What decides in which cell of its hour a row is: 32 bits."""
    return crc32(identity.encode())


class Cells:
    """The cells of some hours.

    hours: how many rows each has; size: how many rows a cell has, in hundredths
    """

    def __init__(self, hours: Mapping[int, int], size: int, sums: Mapping[Cell, int]) -> None:
        self._hours = hours
        self._size = size
        self._sums = sums

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]], hours: Mapping[int, int], room: int) -> Cells:
        """Cells as small as fit into so much room, of rows: the digest, the hour, and the hash of the id of each."""
        sizes = itertools.count(max(100, 100 * sum(hours.values()) // room))  # a row is the least
        size = next(size for size in sizes if sum(_number(rows, size) for rows in hours.values()) <= room)
        sums: Counter[Cell] = Counter()
        cells = cls(hours, size, sums)
        for digest, hour, name in rows:
            if hour in hours:
                sums[cells.cell(hour, name)] += digest
        return cells

    @classmethod
    def from_state(cls, state: Mapping[str, Any], hours: Mapping[int, int]) -> Cells | None:
        """The cells of a state; None where it has none, or they cannot be read: the rows then come once more."""
        size = state.get(_SIZE)
        if type(size) is not int or size <= 0 or not hours:
            return None
        layout, sums = [*_layout(hours, size)], unpacked(state.get(_SUMS), SUM_BYTES)
        return cls(hours, size, dict(zip(layout, sums, strict=True))) if len(sums) == len(layout) else None

    def as_state(self, more_hours: Mapping[int, int] | None = None) -> dict[str, Any]:
        """What goes into the state. Hours that it has besides these have cells too, which are empty."""
        layout = _layout({**(more_hours or {}), **self._hours}, self._size)
        return {_SIZE: self._size, _SUMS: packed((summand(self._sums.get(cell, 0)) for cell in layout), SUM_BYTES)}

    def __contains__(self, hour: int) -> bool:
        return hour in self._hours

    def cell(self, hour: int, name: int) -> Cell:
        """The cell of a row, by its hour and the hash of its id."""
        return hour, name % _number(self._hours[hour], self._size)

    def change_of(self, cell: Cell, total: int) -> int:
        """What was added to a cell whose digests have this sum now; 0 where it is as it was.

        Where it is the summand of a row that is in there, that row is new, and the others are as they were. A wrong
        guess has a chance of 1 in 2^48 for each row in the cell.
        """
        return summand(total - self._sums.get(cell, 0))


def _number(rows: int, size: int) -> int:
    """How many cells an hour with so many rows has."""
    return max(1, 100 * rows // size)


def _layout(hours: Mapping[int, int], size: int) -> Iterator[Cell]:
    """The cells of all hours, in the order of their sums in the state."""
    return ((hour, number) for hour in sorted(hours) for number in range(_number(hours[hour], size)))
