"""Derivations: readers of columns that follow from other columns.

They read what has been read already, so the normaliser reads the columns that they name first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cdr.normaliser.fields import Read, Reader, Row, Setting
from cdr.normaliser.timestamps import WHOLE, instant, later, whole_seconds
from cdr.normaliser.values import Unreadable


@dataclass(frozen=True)
class _Derived(Reader):
    function: Callable[..., Any]
    inputs: tuple[str | Reader, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        columns: list[str] = []
        for given in self.inputs:
            columns += (given,) if isinstance(given, str) else given.needs
        return tuple(columns)

    def compile(self, setting: Setting) -> Read:
        function = self.function
        reads = [_column(given) if isinstance(given, str) else given.compile(setting) for given in self.inputs]

        def read(source: Row, row: Row) -> Any:
            try:
                return function(*[read_input(source, row) for read_input in reads])
            except Unreadable as unreadable:
                row["issues"].append(unreadable.issue)
                return None

        return read


def _column(name: str) -> Read:
    return lambda _, row: row[name]


def derived(function: Callable[..., Any], *inputs: str | Reader) -> Reader:
    """Worked out by a module's function from canonical columns (by name) and readers.

    The function gets null for what is not there, and raises nothing but `Unreadable`.
    """
    return _Derived(function, inputs)


def _plus(start: str | None, length: int | None) -> str | None:
    if start is None or length is None:
        return None
    end = later(start, length)
    if end is None:
        raise Unreadable
    return end


def plus(start: str, length: str) -> Reader:
    """The time in one column, later by the seconds in another."""
    return derived(_plus, start, length)


def _minus(total: int | None, part: int | None) -> int | None:
    if total is None or part is None:
        return None
    if part > total:
        raise Unreadable("end_before_start")
    return total - part


def minus(total: str, part: str) -> Reader:
    """The seconds in one column less those in another."""
    return derived(_minus, total, part)


def ends_before_start(row: Row) -> bool:
    """Whether the call in a canonical row ended before it began."""
    start, end = row.get("started_at"), row.get("ended_at")
    if start is None or end is None:
        return False
    # Their first nineteen characters sort as time does; only fractions of the same second have to be read.
    return bool(end[:WHOLE] < start[:WHOLE] if end[:WHOLE] != start[:WHOLE] else instant(end) < instant(start))


@dataclass(frozen=True)
class _Between(Reader):
    start: str
    end: str
    missing: Reader | None

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.start, self.end, *(self.missing.needs if self.missing else ()))

    def compile(self, setting: Setting) -> Read:
        start, end = self.start, self.end
        read_other = self.missing.compile(setting) if self.missing else None

        def read(source: Row, row: Row) -> Any:
            if row[start] is None or row[end] is None:
                return read_other(source, row) if read_other else None
            length = whole_seconds(row[start], row[end])
            if length < 0:
                row["issues"].append("end_before_start")
                return None
            return length

        return read


def between(start: str, end: str, *, missing: Reader | None = None) -> Reader:
    """Whole seconds from one column to another, rounded down; `missing` is read where one of them is null."""
    return _Between(start, end, missing)
