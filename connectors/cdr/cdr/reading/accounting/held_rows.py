"""Rows that wait until their cell is complete: the next sync after one with very many rows compares cells, not rows."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from cdr.reading.pages.rows import Rows

_QUICKEST: Final = 1

Cell = tuple[int, int]
IsKnown = Callable[[Cell, Iterable[int]], bool]


class HeldRows:
    """The rows of one window that belong to cells, a page's lines in one compressed piece."""

    def __init__(self) -> None:
        self._pieces: list[tuple[bytes, list[Cell]]] = []
        self._digests: dict[Cell, list[int]] = {}

    def add(self, lines: Mapping[int, bytes], cells: Mapping[int, Cell], digests: Mapping[int, int]) -> None:
        """Hold the lines of a page whose places `cells` names."""
        if not cells:
            return
        held = [lines[index] for index in cells]
        self._pieces.append((zlib.compress(b"\n".join(held), _QUICKEST), [*cells.values()]))
        for index, cell in cells.items():
            self._digests.setdefault(cell, []).append(digests[index])

    def changed(self, is_known: IsKnown) -> Iterator[tuple[Rows, int]]:
        """The rows of those cells that are not as they were, and how many others each piece had."""
        same = {cell for cell, digests in self._digests.items() if is_known(cell, digests)}
        for piece, cells in self._pieces:
            lines = zlib.decompress(piece).split(b"\n")
            going = [line for line, cell in zip(lines, cells, strict=True) if cell not in same]
            yield Rows.of(going), len(cells) - len(going)
