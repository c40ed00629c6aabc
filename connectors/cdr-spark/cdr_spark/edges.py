"""Which task gives a row out that several of them receive.

Tasks share no memory, and what they ask for overlaps: by the bounds that a vendor may count in or out, by whole days,
or because it ignores its filter. A vendor that sends a row with several tasks sends it with tasks that lie side by
side. The one of them whose period is nearest to the row's time gives it out, and each can tell by itself: a task that
receives a row whose time lies before its own period asks for the narrowest stretch in front of that period, and leaves
the row out where it comes with that as well; behind it likewise. What comes with both comes with the neighbour too,
whatever the vendor's clock is. So no time has to be right for that, no row is lost, and no later task has to look for
one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from cdr.http.bodies import parse
from cdr.normaliser.timestamps import instant
from cdr.reading.pages.rows import Rows
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

_TOLD_APART_BY = ("started_at", "from_number", "to_number", "direction_raw")


class Edges:
    """Leaves out the rows of a task that another one gives out.

    period: of the task; whole: of all tasks
    read:   reads a stretch, as a reader of its own
    """

    def __init__(self, stream: Stream, period: Period, whole: Period, read: Callable[[Period], Iterator[Rows]]) -> None:
        smallest = stream.window.smallest
        front, behind = Period(period.start - smallest, period.start), Period(period.end, period.end + smallest)
        self._in_front = front if period.start > whole.start else None
        self._behind = behind if period.end < whole.end else None
        self._period = period
        self._whole = whole
        self._read = read
        self._key = stream.primary_key
        self._time = f'"{stream.cursor}":"'.encode()
        self._received: dict[Period, set[tuple[Any, ...]]] = {}

    def ours(self, lines: list[bytes], *, everything: bool) -> list[bytes]:
        """The lines of rows that this task gives out; `everything`: whether every task receives all rows."""
        return [line for line in lines if self._is_ours(line, everything=everything)]

    def _is_ours(self, line: bytes, *, everything: bool) -> bool:
        moment = self._moment(line)
        if moment is not None and moment in self._period:
            return True
        is_in_front = moment is None or moment < self._period.start
        if moment is not None and moment not in self._whole:
            # To the task that is nearest the row may be one of a margin, which nobody asked for: the farthest has it.
            is_in_front = not is_in_front
        stretch = self._in_front if is_in_front else self._behind
        return stretch is None or not (everything or self._comes_with(stretch, line))

    def _moment(self, line: bytes) -> datetime | None:
        # A quote inside a text is escaped, so the key is found in none; `raw`, which may hold one, comes last.
        _, found, rest = line.partition(self._time)
        return instant(rest[: rest.index(b'"')].decode()) if found else None

    def _comes_with(self, stretch: Period, line: bytes) -> bool:
        if stretch not in self._received:
            self._received[stretch] = {self._call(one) for rows in self._read(stretch) for one in rows.lines()}
        return self._call(line) in self._received[stretch]

    def _call(self, line: bytes) -> tuple[Any, ...]:
        """What makes a call, without what is put behind an id that two of them share."""
        row, _ = parse(line)
        return str(row[self._key]).partition("#")[0], *(row.get(column) for column in _TOLD_APART_BY)
