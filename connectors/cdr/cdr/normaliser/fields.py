"""Fields: what a reader of a canonical column is, whatever it reads.

A reader is a frozen description that can be compared and pickled. `compile` turns it into a function of the
vendor's row and the canonical row as read so far; that function never raises, gives null for what it cannot
read, and appends the reason to the row's `issues`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from cdr.normaliser.clocks import Clock
from cdr.normaliser.values import Convert, is_blank, is_zero

Row = dict[str, Any]
Read = Callable[[Row, Row], Any]
"""(vendor row, canonical row so far) -> value of the column."""

_NOT_AN_OBJECT: Final = ()  # what a path finds behind a scalar: unreadable to every reader, as a container is


@dataclass(frozen=True)
class Setting:
    """What a reader can ask of the account whose rows it reads."""

    zone: str = "UTC"
    """IANA zone of times that name none."""
    origin: str = ""
    """Scheme, host and port that links without a host belong to."""
    zone_found: str | None = None
    """IANA zone, or constant offset such as `+05:30`, that the rows show their times to be printed in."""


@dataclass(frozen=True)
class Reader(ABC):
    """Fills one canonical column."""

    names_its_zone: ClassVar[bool] = False
    """Whether the vendor's field tells an instant whatever the zone of the account."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The canonical columns that are read before."""
        return ()

    @abstractmethod
    def compile(self, setting: Setting) -> Read:
        """The function that reads the column."""

    def compile_raw(self) -> Callable[[Row], Any]:
        """The function that finds what the vendor sent; null where the column follows from others."""
        return _nothing

    def compile_clock(self, setting: Setting) -> Clock | None:
        """What tells the time that this reader reads; None where it reads something else, or works a time out."""
        return None

    def where(self, **words: str) -> "Reader":
        """Read only where these columns hold these words: `text("to").where(direction="inbound")`."""
        return _Where(self, tuple(words), tuple(words.values()))

    def where_positive(self, column: str) -> "Reader":
        """Read only where that column is above 0."""
        return _WhereColumn(self, column, bool)

    def where_known(self, column: str) -> "Reader":
        """Read only where that column is not null."""
        return _WhereColumn(self, column, _is_known)

    def otherwise(self, other: "Reader") -> "Reader":
        """Read the other one where this one gives null."""
        return _Otherwise(self, other)


def _nothing(_: Row) -> None:
    return None


Fields = Mapping[str, Reader]
"""A vendor's mapping: canonical column -> reader, in the order of the contract."""


def at_path(path: str, missing: Any = None) -> Callable[[Row], Any]:
    """The function that follows a dotted path; `missing` where a key on the way is not there."""
    *parents, key = path.split(".")
    if not parents:
        return lambda source: source.get(key, missing)

    def follow(source: Row) -> Any:
        for parent in parents:
            inner = source.get(parent)
            if type(inner) is not dict:
                return missing if inner is None else _NOT_AN_OBJECT
            source = inner
        return source.get(key, missing)

    return follow


@dataclass(frozen=True)
class Field(Reader):
    """One field of the vendor's row, converted; `absent` where it is missing, null or empty text."""

    path: str
    absent: str | None = field(default=None, kw_only=True)

    def where_missing(self, other: Reader) -> Reader:
        """Read the other one where this field is missing, null or empty text; not where it cannot be read."""
        return _WhereMissing(self, other)

    def unless_zero(self, path: str) -> Reader:
        """Read only where the vendor's number at that path is not 0, which can mean that nothing was measured."""
        return _UnlessZero(self, path)

    def compile_raw(self) -> Callable[[Row], Any]:
        """As the class says."""
        return at_path(self.path)

    @abstractmethod
    def converter(self, setting: Setting) -> Convert:
        """The function that converts a value which is not null."""

    def compile(self, setting: Setting) -> Read:
        """As the class says."""
        get, convert, absent = at_path(self.path), self.converter(setting), self.absent

        def read(source: Row, row: Row) -> Any:
            value = get(source)
            return absent if value is None else convert(value, row["issues"])

        return read


@dataclass(frozen=True)
class _Where(Reader):
    reader: Reader
    columns: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        return (*self.columns, *self.reader.needs)

    def compile(self, setting: Setting) -> Read:
        read = self.reader.compile(setting)
        for column, word in zip(self.columns, self.words, strict=True):
            read = _only_where(column, word, read)
        return read


def _only_where(column: str, word: str, read: Read) -> Read:
    return lambda source, row: read(source, row) if row[column] == word else None


def _is_known(value: Any) -> bool:
    return value is not None


@dataclass(frozen=True)
class _WhereColumn(Reader):
    reader: Reader
    column: str
    holds: Callable[[Any], bool]

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.column, *self.reader.needs)

    def compile(self, setting: Setting) -> Read:
        read, column, holds = self.reader.compile(setting), self.column, self.holds
        return lambda source, row: read(source, row) if holds(row[column]) else None


@dataclass(frozen=True)
class _Otherwise(Reader):
    reader: Reader
    other: Reader

    @property
    def needs(self) -> tuple[str, ...]:
        return (*self.reader.needs, *self.other.needs)

    def compile(self, setting: Setting) -> Read:
        read, read_other = self.reader.compile(setting), self.other.compile(setting)

        def read_either(source: Row, row: Row) -> Any:
            value = read(source, row)
            return read_other(source, row) if value is None else value

        return read_either


@dataclass(frozen=True)
class _WhereMissing(Reader):
    reader: Field
    other: Reader

    @property
    def needs(self) -> tuple[str, ...]:
        return (*self.reader.needs, *self.other.needs)

    def compile_raw(self) -> Callable[[Row], Any]:
        """What was sent in the first field, where there is something, else in the other."""
        get, get_other = at_path(self.reader.path), self.other.compile_raw()

        def find(source: Row) -> Any:
            value = get(source)
            return get_other(source) if value is None or is_blank(value) else value

        return find

    def compile(self, setting: Setting) -> Read:
        get, read = at_path(self.reader.path), self.reader.compile(setting)
        read_other = self.other.compile(setting)

        def read_one(source: Row, row: Row) -> Any:
            value = get(source)
            return (read_other if value is None or is_blank(value) else read)(source, row)

        return read_one


@dataclass(frozen=True)
class _UnlessZero(Reader):
    reader: Field
    path: str

    def compile(self, setting: Setting) -> Read:
        get_measured, get = at_path(self.path), at_path(self.reader.path)
        convert, absent = self.reader.converter(setting), self.reader.absent

        def read(source: Row, row: Row) -> Any:
            measured = get_measured(source)
            if measured == 0 or (type(measured) is str and is_zero(measured)):
                return None
            value = get(source)
            return absent if value is None else convert(value, row["issues"])

        return read
