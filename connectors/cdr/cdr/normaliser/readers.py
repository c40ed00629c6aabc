"""Field readers: the words in which a vendor file says which of its fields fills which canonical column.

Paths are dotted: `text("call_stats.call_id")`. A field that is missing, null or empty text is null without an
issue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from cdr.normaliser import values
from cdr.normaliser.fields import Field, Read, Reader, Row, Setting, at_path
from cdr.normaliser.values import Convert, fold

_MISSING: Final = object()


@dataclass(frozen=True)
class _Value(Field):
    convert: Convert

    def converter(self, setting: Setting) -> Convert:
        return self.convert


def text(path: str) -> Field:
    """Text, trimmed; numbers as text, whole ones exactly."""
    return _Value(path, values.text)


def decimal(path: str, *, without_minus: bool = False) -> Reader:
    """Money: a plain decimal as the vendor spells it, a JSON number in its shortest exact form.

    without_minus: whether the vendor prints what a call cost with a minus: `-0.00750` is a cost of 0.00750
    """
    return _Value(path, values.cost if without_minus else values.amount)


def cents(path: str) -> Reader:
    """Money in hundredths: `"2.34"` cents are 0.0234, with every digit kept."""
    return _Value(path, values.cents)


def joined(path: str, key: str, between: str) -> Reader:
    """The texts of a list of objects, as one: `[{"name": "Sales"}, {"name": "VIP"}]` is `Sales, VIP`."""
    return _Value(path, partial(values.joined, key=key, between=between))


def seconds(path: str) -> Field:
    """A duration in seconds, as a number or text, rounded down."""
    return _Value(path, values.duration)


def clock(path: str) -> Reader:
    """A duration written `HH:MM:SS`; hours may pass 24."""
    return _Value(path, values.clock)


@dataclass(frozen=True)
class _Number(Field):
    low: float
    high: float
    zero_is_null: bool

    def converter(self, setting: Setting) -> Convert:
        low, high, zero_is_null = self.low, self.high, self.zero_is_null

        def convert(value: Any, issues: list[str]) -> float | None:
            if type(value) is float and low <= value <= high:  # the usual one, at half the cost
                return value
            return values.measure(value, issues, low=low, high=high, zero_is_null=zero_is_null)

        return convert


def number(
    path: str, low: float = -values.LARGEST, high: float = values.LARGEST, *, zero_is_null: bool = False
) -> Field:
    """A measure from low to high, as a number or text; 0 can mean that nothing was measured."""
    return _Number(path, low, high, zero_is_null)


def integer(path: str, low: int = 0, high: int = values.LARGEST) -> Reader:
    """A whole number; one that is not from low to high says nothing."""
    return _Value(path, partial(values.whole, low=low, high=high))


def flag(path: str) -> Reader:
    """A boolean, also as 0 and 1, or the words true, false, yes and no."""
    return _Value(path, values.flag)


def free_object(path: str) -> Reader:
    """An object of the vendor's, verbatim."""
    return _Value(path, values.free_object)


def as_sent(path: str) -> Reader:
    """Whatever the vendor sends, for `derived` to read."""
    return _Value(path, values.as_sent)


@dataclass(frozen=True)
class _Choice(Field):
    words: Mapping[str, Any]
    fits: Callable[[str, str], bool] | None
    other: str | None
    alone: Mapping[str, Any] = field(default_factory=dict)

    def converter(self, setting: Setting) -> Convert:
        table = {fold(word): meaning for word, meaning in self.words.items()}
        alone = {fold(word): meaning for word, meaning in self.alone.items()}
        fits, absent, other = self.fits, self.absent, self.other

        def convert(value: Any, issues: list[str]) -> Any:
            sent = values.text(value, issues)
            if sent is None:
                return absent
            word = fold(sent)
            if fits is None:
                return table.get(word, other)
            if word in alone:
                return alone[word]
            return next((meaning for part, meaning in table.items() if fits(word, part)), other)

        return convert


def choice(
    path: str, words: Mapping[str, Any], *, absent: str | None = "unknown", other: str | None = "unknown"
) -> Reader:
    """The meaning of a word, whatever its case, spaces, `_` and `-`; `other` for a word not in the table."""
    return _Choice(path, words, None, other, absent=absent)


def starting(
    path: str, words: Mapping[str, Any], *, alone: Mapping[str, Any] | None = None, absent: str | None = "unknown"
) -> Reader:
    """The meaning of the first word in the table that the vendor's word starts with; of those `alone`, that it is."""
    return _Choice(path, words, str.startswith, "unknown", alone or {}, absent=absent)


def containing(path: str, words: Mapping[str, Any], *, absent: str | None = "unknown") -> Reader:
    """The meaning of the first word in the table that the vendor's word contains."""
    return _Choice(path, words, str.__contains__, "unknown", absent=absent)


@dataclass(frozen=True)
class _Present(Reader):
    path: str
    empty: bool | None

    def compile(self, setting: Setting) -> Read:
        get, empty = at_path(self.path, _MISSING), self.empty

        def read(source: Row, row: Row) -> bool | None:
            value = get(source)
            if value is _MISSING:
                return None
            if value is None or values.is_blank(value):
                return empty
            return True if values.text(value, row["issues"]) else None

        return read


def present(path: str, *, empty: bool | None = False) -> Reader:
    """Whether something is there: null and empty text are false, or what `empty` says; a missing key is null."""
    return _Present(path, empty)


@dataclass(frozen=True)
class _Link(Field):
    def converter(self, setting: Setting) -> Convert:
        def convert(value: Any, issues: list[str]) -> str | None:
            link = values.text(value, issues)
            rooted = link is not None and link.startswith("/") and not link.startswith("//")
            return f"{setting.origin}{link}" if rooted else link

        return convert


def link(path: str) -> Reader:
    """A link; one that names no host belongs to the origin of the vendor's API."""
    return _Link(path)
