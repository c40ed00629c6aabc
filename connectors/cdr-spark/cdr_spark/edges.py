"""Which task gives a row out that several of them receive.

Tasks share no memory, and what they ask for overlaps: by the bounds that a vendor may count in or out, by whole days,
or because it ignores its filter. A vendor that sends a row with several tasks sends it with tasks that lie side by
side. So the one of them whose period is nearest to the row's time gives it out, and each can tell by itself: a task
that receives a row whose time lies before its own period asks for the narrowest stretch in front of that period, and
leaves the row out where it comes with that as well; behind it likewise. What a neighbour receives together with this
task lies at the edge between the two, wherever its time says it lies. No clock of the vendor has to be right for that,
so no row is lost, and no later task has to look for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cdr.bodies import parse
from cdr.moments import instant
from cdr.pages import Rows
from cdr.stream import Stream
from cdr.windows import Period

_CALL = ("started_at", "from_number", "to_number", "direction_raw")


class Edges:
    """Leaves out the rows of a task that another one gives out.

    period: of the task; whole: of all tasks
    by_day: whether times are proven right and asked for by whole days, so that a row near the period comes with the
            task that its time names, for certain
    read:   reads a stretch, as a reader of its own
    """

    def __init__(
        self, stream: Stream, period: Period, whole: Period, read: Callable[[Period], Iterator[Rows]], *, by_day: bool
    ) -> None:
        self._period = period
        self._whole = whole
        self._near = stream.window.covers(period, stream.zone) if by_day else period
        self._smallest = stream.window.smallest
        self._read = read
        self._columns = (stream.primary_key, *_CALL)
        self._key = f'"{stream.cursor}":"'.encode()
        self._beyond: dict[Period | None, set[tuple[Any, ...]]] = {None: set()}

    def ours(self, lines: list[bytes], *, everything: bool) -> list[bytes]:
        """The lines of rows that this task gives out; `everything`: whether every task receives all rows."""
        return [line for line in lines if self._is_ours(line, everything)]

    def _is_ours(self, line: bytes, everything: bool) -> bool:
        moment = self._moment(line)
        if moment is not None and moment in self._period:
            return True
        is_of_another = moment is not None and moment in self._whole
        if is_of_another and (everything or moment in self._near):
            return False
        if everything:
            return self._period.start == self._whole.start
        beyond = self._behind() if moment is not None and moment >= self._period.end else self._in_front()
        return self._call(line) not in self._received(beyond)

    def _moment(self, line: bytes) -> Any:
        # A quote inside a text is escaped, so the key is found in none; `raw`, which may hold one, comes last.
        _, found, rest = line.partition(self._key)
        return instant(rest[: rest.index(b'"')].decode()) if found else None

    def _in_front(self) -> Period | None:
        start = self._period.start
        return Period(start - self._smallest, start) if start > self._whole.start else None

    def _behind(self) -> Period | None:
        end = self._period.end
        return Period(end, end + self._smallest) if end < self._whole.end else None

    def _received(self, stretch: Period | None) -> set[tuple[Any, ...]]:
        if stretch not in self._beyond:
            assert stretch  # noqa: S101 - for the type checker
            self._beyond[stretch] = {self._call(line) for rows in self._read(stretch) for line in rows.lines()}
        return self._beyond[stretch]

    def _call(self, line: bytes) -> tuple[Any, ...]:
        row, _ = parse(line)
        return tuple(row.get(column) for column in self._columns)
