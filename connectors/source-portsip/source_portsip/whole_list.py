"""A whole list on disk, for servers that ignore `filter`: read once, then cut into the windows of the sync."""

from __future__ import annotations

import tempfile
import threading
import weakref
import zlib
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from cdr.moments import instant
from cdr.pages import Block, Rows, digest, parse
from cdr.paginators import Facts
from cdr.windows import Period

# Rows that are put into or taken out of the list while it is read shift others onto a page nearby, not further.
_PAGES_REMEMBERED = 50


class _Page(NamedTuple):
    """Where a page lies in the file, the times that it spans, and whether it holds rows without a time."""

    offset: int
    length: int
    first: datetime | None
    last: datetime | None
    timeless: bool

    def touches(self, period: Period) -> bool:
        dated = self.first is not None and self.last is not None
        return self.timeless or (dated and self.first < period.end and self.last >= period.start)  # type: ignore[operator]


class WholeList:
    """The finished lines of a list, compressed, in a file without a name that is gone with this object.

    Memory holds where each page lies and the ids of the last few, never the rows. Rows before `floor` are counted and
    not kept. Once it is filled, any number of threads may read.

    cursor, key: the columns that date and identify a row
    """

    def __init__(self, cursor: str, key: str, floor: datetime) -> None:
        self.floor = floor
        self.received = 0
        self.stated: int | None = None
        self._cursor = cursor
        self._key = key
        self._pages: list[_Page] = []
        self._recent: deque[set[str]] = deque(maxlen=_PAGES_REMEMBERED)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    @property
    def agrees(self) -> bool:
        """Whether as many rows came as the last page states. The first one may state less: the list is alive."""
        return self.stated is None or self.stated == self.received

    def add(self, block: Block) -> None:
        """The next page of the list."""
        ids = set(block.ids)
        twins = len(block.ids) - len(ids)  # the same id twice on one page is no shift: the vendor counts both
        self.received += len(ids.difference(*self._recent)) + twins
        self.stated = block.facts.total
        self._recent.append(ids)
        moments = [None if printed is None else instant(printed) for printed in block.printed]
        kept = [
            (line, moment)
            for line, moment in zip(block.lines(), moments, strict=True)
            if line is not None and (moment is None or moment >= self.floor)
        ]
        if not kept:
            return
        times = [moment for _, moment in kept if moment is not None]
        data = zlib.compress(Rows.of([line for line, _ in kept]).json, 1)
        page = _Page(
            self._file.tell(),
            len(data),
            min(times, default=None),
            max(times, default=None),
            len(times) < len(kept),
        )
        self._file.write(data)
        self._pages.append(page)

    def blocks(self, period: Period, digests: bool) -> Iterator[Block]:
        """The rows of a window, and those without a time, page by page."""
        for page in self._pages:
            if page.touches(period):
                yield self._block(page, period, digests)

    def _block(self, page: _Page, period: Period, digests: bool) -> Block:
        with self._lock:
            self._file.seek(page.offset)
            data = self._file.read(page.length)
        block = Block(Facts(0))
        lines = []
        for line in zlib.decompress(data).splitlines():
            row = parse(line)
            printed = row[self._cursor]
            moment = None if printed is None else instant(printed)
            if moment is not None and moment not in period:
                continue
            block.ids.append(row[self._key])
            lines.append(line)
            block.inside.append(True)
            block.printed.append(printed)
            block.digests.append(digest(row) if digests else 0)
            block.issues.update(row.get("issues", ()))
            if moment is not None and (block.highest is None or moment > block.highest):
                block.highest = moment
        block.rows = Rows.of(lines)
        return block
