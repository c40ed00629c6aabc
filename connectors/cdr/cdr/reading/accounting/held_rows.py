"""Rows that wait until their cell is complete: the next sync after one with very many rows compares cells, not rows."""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from cdr.reading.accounting.cells import Cell, Cells, summand
from cdr.reading.pages.rows import Rows

_QUICKEST: Final = 1


class HeldRows:
    """The rows of one window that belong to cells, a page's lines in one compressed piece."""

    def __init__(self) -> None:
        self._pieces: list[tuple[bytes, list[Cell], array[int]]] = []
        self._sums: Counter[Cell] = Counter()

    def add(self, lines: Mapping[int, bytes], cells: Mapping[int, Cell], digests: Mapping[int, int]) -> None:
        """Hold the lines of a page whose places `cells` names."""
        if not cells:
            return
        held = zlib.compress(b"\n".join(lines[index] for index in cells), _QUICKEST)
        self._pieces.append((held, [*cells.values()], array("Q", (summand(digests[index]) for index in cells))))
        for index, cell in cells.items():
            self._sums[cell] += digests[index]

    def changed(self, before: Cells) -> Iterator[tuple[Rows, int]]:
        """The rows of those cells that are not as they were, and how many others each piece had.

        Where one row accounts for the change of its cell, the others in it are as they were.
        """
        changes = {cell: change for cell, total in self._sums.items() if (change := before.change_of(cell, total))}
        explained = {
            cell
            for _, cells, digests in self._pieces
            for cell, digest in zip(cells, digests, strict=True)
            if changes.get(cell) == digest
        }
        for piece, cells, digests in self._pieces:
            rows = zip(zlib.decompress(piece).split(b"\n"), cells, digests, strict=True)
            going = [
                line
                for line, cell, digest in rows
                if cell in changes and (cell not in explained or changes[cell] == digest)
            ]
            yield Rows.of(going), len(cells) - len(going)
