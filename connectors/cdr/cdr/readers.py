"""Field readers: the words in which a vendor file says which of its fields fills which canonical column.

Paths are dotted: `text("call_stats.call_id")`. A field that is missing, null or empty text is null without an
issue.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cdr import values
from cdr.derivations import between, derived, minus, plus
from cdr.fields import Field, Fields, Read, Reader, Row, Setting, value_at
from cdr.moments import PARSERS, UTC, Weighed, canonical, epoch_of, rfc3339, weigh, zone_named
from cdr.values import Convert, fold

__all__ = [
    "Fields",
    "as_sent",
    "between",
    "choice",
    "clock",
    "containing",
    "decimal",
    "derived",
    "flag",
    "free_object",
    "link",
    "minus",
    "moment",
    "number",
    "plus",
    "present",
    "seconds",
    "starting",
    "text",
    "timestamp",
    "whole",
]

_MISSING: Final = object()


@dataclass(frozen=True)
class _Value(Field):
    convert: Convert

    def converter(self, setting: Setting) -> Convert:
        return self.convert


def text(path: str) -> Reader:
    """Text, trimmed; numbers as text, whole ones exactly."""
    return _Value(path, values.text)


def decimal(path: str) -> Reader:
    """Money: a plain decimal as the vendor spells it, a JSON number in its shortest exact form."""
    return _Value(path, values.amount)


def seconds(path: str) -> Reader:
    """A duration in seconds, as a number or text, rounded down."""
    return _Value(path, values.duration)


def clock(path: str) -> Reader:
    """A duration written `HH:MM:SS`; hours may pass 24."""
    return _Value(path, values.clock)


def number(path: str, low: float = -math.inf, high: float = math.inf, *, zero_is_null: bool = False) -> Reader:
    """A measure from low to high, as a number or text; 0 can mean that nothing was measured."""
    return _Value(path, partial(values.measure, low=low, high=high, zero_is_null=zero_is_null))


def whole(path: str, low: int = 0, high: int = values.LARGEST) -> Reader:
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

    def converter(self, setting: Setting) -> Convert:
        table = {fold(word): meaning for word, meaning in self.words.items()}
        fits, absent, other = self.fits, self.absent, self.other

        def convert(value: Any, issues: list[str]) -> Any:
            sent = values.text(value, issues)
            if sent is None:
                return absent
            word = fold(sent)
            if fits is None:
                return table.get(word, other)
            return next((meaning for part, meaning in table.items() if fits(word, part)), other)

        return convert


def choice(
    path: str, words: Mapping[str, Any], *, absent: str | None = "unknown", other: str | None = "unknown"
) -> Reader:
    """The meaning of a word, whatever its case, spaces, `_` and `-`; `other` for a word not in the table."""
    return _Choice(path, words, None, other, absent=absent)


def starting(path: str, words: Mapping[str, Any], *, absent: str | None = "unknown") -> Reader:
    """The meaning of the first word in the table that the vendor's word starts with."""
    return _Choice(path, words, str.startswith, "unknown", absent=absent)


def containing(path: str, words: Mapping[str, Any], *, absent: str | None = "unknown") -> Reader:
    """The meaning of the first word in the table that the vendor's word contains."""
    return _Choice(path, words, str.__contains__, "unknown", absent=absent)


@dataclass(frozen=True)
class _Present(Reader):
    path: str

    def compile(self, setting: Setting) -> Read:
        get = value_at(self.path, _MISSING)

        def read(source: Row, row: Row) -> bool | None:
            value = get(source)
            if value is _MISSING:
                return None
            if value is None or values.is_blank(value):
                return False
            return True if values.text(value, row["issues"]) else None

        return read


def present(path: str) -> Reader:
    """Whether something is there: null and empty text are false, a missing key is null."""
    return _Present(path)


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


@dataclass(frozen=True)
class _Timestamp(Field):
    first_year: str

    def converter(self, setting: Setting) -> Convert:
        def convert(value: Any, issues: list[str]) -> str | None:
            if type(value) is str:
                printed = value.strip()
                year = printed[:4]
                if not printed or (year < self.first_year and year.isdigit() and printed[4:5] == "-"):
                    return None
                if moment := rfc3339(printed):
                    return moment
            issues.append("time_unreadable")
            return None

        return convert


def timestamp(path: str, *, first_year: int = 0) -> Reader:
    """An RFC 3339 time with its offset, fractions kept; years before the first one mean not set."""
    return _Timestamp(path, f"{first_year:04}")


@dataclass(frozen=True)
class _Moment(Field):
    format: str
    zone: str | None

    def __post_init__(self) -> None:
        if self.format not in PARSERS:
            raise ValueError(f"no parser for the time format {self.format!r}; add one to cdr.moments")

    def converter(self, setting: Setting) -> Convert:
        parse, zone = PARSERS[self.format], zone_named(self.zone or setting.zone)
        is_canonical = zone is UTC and self.format == "%Y-%m-%d %H:%M:%S"

        def convert(value: Any, issues: list[str]) -> str | None:
            if type(value) is str:
                printed = value.strip()
                if not printed:
                    return None
                wall = parse(printed)
                if wall is not None and is_canonical:
                    return f"{printed[:10]}T{printed[11:]}Z"  # at half the cost of writing it anew
                if wall is not None and zone is UTC:
                    return f"{wall.isoformat()}Z"
                if wall is not None and (weighed := weigh(wall, zone)):
                    issues.extend(weighed.issues)
                    return canonical(weighed.instant)
            issues.append("time_unreadable")
            return None

        return convert


@dataclass(frozen=True)
class _WitnessedMoment(Reader):
    path: str
    format: str
    zone: str | None
    witness: str

    def _weigher(self, setting: Setting) -> Callable[[Row, list[str]], Weighed | None]:
        parse, zone = PARSERS[self.format], zone_named(self.zone or setting.zone)
        get, get_id = value_at(self.path), value_at(self.witness)

        def read(source: Row, issues: list[str]) -> Weighed | None:
            value = get(source)
            if value is None or values.is_blank(value):
                return None
            wall = parse(value.strip()) if type(value) is str else None
            asterisk_id = values.text(get_id(source), [])
            weighed = weigh(wall, zone, epoch_of(asterisk_id) if asterisk_id else None) if wall else None
            issues.extend(weighed.issues if weighed else ("time_unreadable",))
            return weighed

        return read

    def compile(self, setting: Setting) -> Read:
        read = self._weigher(setting)

        def read_corrected(source: Row, row: Row) -> str | None:
            weighed = read(source, row["issues"])
            return canonical(weighed.instant) if weighed else None

        return read_corrected

    def compile_printed(self, setting: Setting) -> Callable[[Row], str | None]:
        read = self._weigher(setting)

        def read_printed(source: Row) -> str | None:
            weighed = read(source, [])
            return canonical(weighed.printed) if weighed else None

        return read_printed


def moment(path: str, format: str, *, zone: str | None = None, witness: str | None = None) -> Reader:
    """A time in a fixed format, in that zone, else in the zone of the account.

    `witness` is the path of an Asterisk id, whose epoch settles and corrects the time.
    """
    printed = _Moment(path, format, zone)
    return printed if witness is None else _WitnessedMoment(path, format, zone, witness)
