"""Readers of times that tell an instant by themselves: seconds or milliseconds since 1970, and e-mail's RFC 2822."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from cdr.normaliser.fields import Field, Reader, Setting
from cdr.normaliser.time_readers import timestamp
from cdr.normaliser.timestamps import UTC, canonical, iso8601
from cdr.normaliser.timestamps import rfc2822 as printed_rfc2822
from cdr.normaliser.values import Convert, is_blank, plain_number

_NUMBER: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?")
_SECOND_DIGITS: Final = 11
"""Of the longest number that is read as seconds: 99,999,999,999 is in the year 5138, as milliseconds in 1973."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Epoch(Field):
    first_year: int

    names_its_zone = True

    def converter(self, setting: Setting) -> Convert:
        convert_text, first_year = _text_converter(self, setting), self.first_year

        def convert(value: Any, issues: list[str]) -> str | None:
            spelling = value.strip() if type(value) is str else _spelling(value)
            second = _moment(spelling)
            if second is not None:
                moment, fraction = second
                return None if moment.year < first_year else canonical(moment, fraction)
            if is_blank(value):
                return None
            text: str | None = convert_text(spelling, issues) if iso8601(spelling) else _unreadable(issues)
            return text

        return convert


def _unreadable(issues: list[str]) -> str | None:
    issues.append("time_unreadable")
    return None


def _spelling(value: Any) -> str:
    return plain_number(value) or "" if type(value) is int or type(value) is float else ""


def _moment(spelling: str) -> tuple[datetime, str] | None:
    """The whole second that a number tells, and its fraction as it is sent; None where it is no such number."""
    parts = _NUMBER.fullmatch(spelling)
    if parts is None:
        return None
    whole, fraction = parts[1], parts[2] or ""
    if len(whole) > _SECOND_DIGITS:
        whole, fraction = whole[:-3], whole[-3:] + fraction
    try:
        moment = _EPOCH + timedelta(seconds=int(whole))
    except OverflowError:
        return None
    return moment, f".{fraction}" if fraction.strip("0") else ""


def epoch(path: str, *, first_year: int = 0) -> Reader:
    """Seconds since 1970, `1585556490`, or milliseconds, `1585556490250`, told apart by their size; a number or text.

    A time that is spelt out is read as well. Years before the first: not set.
    """
    return _Epoch(path, first_year)


@dataclass(frozen=True)
class _Rfc2822(Field):
    first_year: int

    names_its_zone = True
    parse = staticmethod(printed_rfc2822)
    """Reads the documented form alone."""

    def converter(self, setting: Setting) -> Convert:
        convert_text, first_year = _text_converter(self, setting), self.first_year

        def convert(value: Any, issues: list[str]) -> str | None:
            printed = printed_rfc2822(value.strip()) if type(value) is str else None
            if printed is None or printed.offset is None:
                text: str | None = convert_text(value, issues)
                return text
            if printed.wall.year < first_year:
                return None
            try:
                return canonical(printed.wall - printed.offset)
            except OverflowError:
                return _unreadable(issues)

        return convert


def rfc2822(path: str, *, first_year: int = 0) -> Reader:
    """A time as e-mail writes it, `Tue, 31 Aug 2010 20:36:28 +0000`. Years before the first: not set.

    A time as ISO 8601 writes it is read as well.
    """
    return _Rfc2822(path, first_year)


def _text_converter(reader: _Epoch | _Rfc2822, setting: Setting) -> Convert:
    """How a time is read that is spelt out as RFC 3339 or ISO 8601 write it."""
    as_text = timestamp(reader.path, first_year=reader.first_year)
    return cast("Field", as_text).converter(setting)
