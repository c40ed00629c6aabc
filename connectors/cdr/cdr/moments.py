"""Moments: the vendors' ways to write a time, read cheaply and strictly, and written as RFC 3339 in UTC.

A parser takes trimmed text and gives the wall time it prints, or None where the text is not exactly of its
format: ASCII digits in full width, English months, no locale. `weigh` turns a wall time into an instant, with
what else is known about it. The same results as pendulum's, at a twentieth of the cost.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

UTC: Final = timezone.utc  # datetime.UTC is younger than Python 3.10

_MONTHS: Final = MappingProxyType(
    {
        name: f"{number:02}"
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
        )
    }
)
_CENTURY_PIVOT: Final = "69"  # as POSIX and Python's %y: 69 to 99 are of the last century
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DIGITS: Final = 10
WHOLE: Final = len("2019-01-31T23:59:59")
"""The characters of a canonical text before its fraction."""
_OFFSET: Final = re.compile(r"[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]")
_SECOND: Final = timedelta(seconds=1)
_TOLERANCE_SECONDS: Final = 60
_QUARTER_SECONDS: Final = 900
_WIDEST_QUARTERS: Final = 56  # 14 hours, the widest offset in use

Parser = Callable[[str], datetime | None]


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


# What `fromisoformat` takes differs between Pythons and goes beyond the one form wanted here: the separators'
# places are checked first, so that only fields of two or four digits are left for it to check.


def _year_first(text: str) -> datetime | None:
    if len(text) == WHOLE and text[10] == " " and _is_iso_shaped(text):
        return _iso(text)
    return None


def _is_iso_shaped(text: str) -> bool:
    return text[4] == text[7] == "-" and text[13] == text[16] == ":"


def _named_month(text: str) -> datetime | None:
    if len(text) == len("31-Jan-2019 23:59:59") and text[2] == text[6] == "-" and text[11] == " ":
        month = _MONTHS.get(text[3:6].lower(), "")
        if month and text[14] == text[17] == ":":
            return _iso(f"{text[7:11]}-{month}-{text[:2]} {text[12:]}")
    return None


def _month_first(text: str) -> datetime | None:
    if len(text) == len("01/31/19 23:59:59") and text[2] == text[5] == "/" and text[8] == " ":
        year = text[6:8]
        if text[11] == text[14] == ":":
            return _iso(f"{'20' if year < _CENTURY_PIVOT else '19'}{year}-{text[:2]}-{text[3:5]} {text[9:]}")
    return None


PARSERS: Final[Mapping[str, Parser]] = MappingProxyType(
    {
        "%Y-%m-%d %H:%M:%S": _year_first,
        "%d-%b-%Y %H:%M:%S": _named_month,
        "%m/%d/%y %H:%M:%S": _month_first,
    }
)
"""The vendors' fixed formats, in Python's notation."""


def rfc3339(text: str) -> str | None:
    """Read RFC 3339 with any offset; give the canonical text, the fraction's digits as they were sent.

    A text without an offset is not RFC 3339 and gives None, because nobody said which zone it is in.
    """
    if len(text) <= WHOLE or text[10] not in "Tt " or not _is_iso_shaped(text):
        return None
    fraction, offset = _split_fraction(text[WHOLE:])
    if fraction is None:
        return None
    if offset in ("Z", "z"):
        moment = _iso(text[:WHOLE])
        return f"{moment.isoformat()}{fraction}Z" if moment else None
    if not _OFFSET.fullmatch(offset):
        return None
    moment = _iso(text[:WHOLE] + offset)
    try:
        return canonical(moment.astimezone(UTC), fraction) if moment else None
    except OverflowError:
        return None


def _split_fraction(tail: str) -> tuple[str | None, str]:
    if not tail.startswith("."):
        return "", tail
    digits = len(tail) - 1 - len(tail[1:].lstrip("0123456789"))
    return (tail[: digits + 1], tail[digits + 1 :]) if digits else (None, "")


def canonical(moment: datetime, fraction: str = "") -> str:
    """Write an instant in UTC, of whole seconds, as the contract wants it; `fraction` is `.` and digits, or empty."""
    return f"{moment.isoformat()[:WHOLE]}{fraction}Z"


def instant(text: str) -> datetime:
    """Read a canonical text back; digits of a fraction past the microsecond are cut off."""
    moment = datetime.fromisoformat(f"{text[:WHOLE]}+00:00")
    fraction = text[WHOLE + 1 : -1]
    return moment.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else moment


def later(text: str, seconds: int) -> str | None:
    """The canonical text so many whole seconds later, its fraction kept; None past the calendar's end."""
    try:
        moment = datetime.fromisoformat(text[:WHOLE]) + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return f"{moment.isoformat()}{text[WHOLE:]}"


def whole_seconds(start: str, end: str) -> int:
    """Whole seconds from one canonical text to another, rounded down; negative where the end comes first."""
    return (instant(end) - instant(start)) // _SECOND


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo | timezone:
    """The IANA zone of that name. Raises ZoneInfoNotFoundError or ValueError where there is none."""
    return UTC if name == "UTC" else ZoneInfo(name)


def epoch_of(asterisk_id: str) -> int | None:
    """The UTC epoch that an Asterisk id carries in its ten digits before the dot; None where it carries none.

    `atl-ast2-1665457640.1430167` and `1714657799.11930963` do, the masked `15XXXXXX7.4XX0` does not.
    """
    head, dot, _ = asterisk_id.rpartition(".")
    digits = head[-_EPOCH_DIGITS:]
    longer = head[-_EPOCH_DIGITS - 1 : -_EPOCH_DIGITS].isdigit()
    if not dot or len(digits) < _EPOCH_DIGITS or longer or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits)


class Weighed(NamedTuple):
    """An instant, the same as the vendor printed it (before any correction from an epoch), and the issues found."""

    instant: datetime
    printed: datetime
    issues: tuple[str, ...] = ()


def weigh(wall: datetime, zone: ZoneInfo | timezone, epoch: int | None = None) -> Weighed | None:
    """Place a wall time in its zone, and hold it against the epoch where there is one; None past the
    calendar's end.

    A wall time that occurs twice is read as the first of the two, unless the epoch settles it; one that never
    occurs is read with the offset before the gap. Both are `time_ambiguous`. An epoch more than 60 seconds
    away is a `time_mismatch`: by whole quarter hours (at most 14 hours) the zone was wrong and the epoch
    wins, else the printed time stays.
    """
    try:
        printed = other = wall.replace(tzinfo=zone)
        if zone is not UTC:
            printed, other = printed.astimezone(UTC), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    except OverflowError:
        return None
    # With fold=0 a doubled time is the first of the two, and a missing one has the offset before the gap;
    # fold=1 gives the second of the two, or something earlier than fold=0.
    ambiguous = ("time_ambiguous",) if printed != other else ()
    if epoch is None:
        return Weighed(printed, printed, ambiguous)
    told = _EPOCH + timedelta(seconds=epoch)
    if _apart(printed, told) <= _TOLERANCE_SECONDS:
        settled = other > printed
        return Weighed(printed, printed, () if settled else ambiguous)
    if other > printed and _apart(other, told) <= _TOLERANCE_SECONDS:
        return Weighed(other, other)
    quarters, rest = divmod(_apart(printed, told) + _TOLERANCE_SECONDS, _QUARTER_SECONDS)
    if rest <= 2 * _TOLERANCE_SECONDS and quarters <= _WIDEST_QUARTERS:
        missing = ambiguous if other < printed else ()
        return Weighed(told, printed, (*missing, "time_mismatch"))
    return Weighed(printed, printed, (*ambiguous, "time_mismatch"))


def _apart(one: datetime, two: datetime) -> int:
    return abs((one - two) // _SECOND)
