"""Rows that wait until their cell is complete: the next sync after one with very many rows compares cells, not rows."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from cdr.reading.pages.rows import Rows

_QUICKEST: Final = 1

Cell = tuple[int, int]
IsKnown = Callable[[Cell, int, int], bool]
"""(cell, how many rows it has, the sum of their digests) -> whether the last sync found it so."""


class HeldRows:
    """The rows of one window that belong to cells, a page's lines in one compressed piece."""

    def __init__(self) -> None:
        self._pieces: list[tuple[bytes, list[Cell]]] = []
        self._rows: Counter[Cell] = Counter()
        self._sums: Counter[Cell] = Counter()

    def add(self, lines: Mapping[int, bytes], cells: Mapping[int, Cell], digests: Mapping[int, int]) -> None:
        """Hold the lines of a page whose places `cells` names."""
        if not cells:
            return
        held = [lines[index] for index in cells]
        self._pieces.append((zlib.compress(b"\n".join(held), _QUICKEST), [*cells.values()]))
        for index, cell in cells.items():
            self._rows[cell] += 1
            self._sums[cell] += digests[index]

    def changed(self, is_known: IsKnown) -> Iterator[tuple[Rows, int]]:
        """The rows of those cells that are not as they were, and how many others each piece had."""
        same = {cell for cell, rows in self._rows.items() if is_known(cell, rows, self._sums[cell])}
        for piece, cells in self._pieces:
            lines = zlib.decompress(piece).split(b"\n")
            going = [line for line, cell in zip(lines, cells, strict=True) if cell not in same]
            yield Rows.of(going), len(cells) - len(going)
