"""Moments: the vendors' ways to write a time, read cheaply and strictly, and written as RFC 3339 in UTC.

A parser takes trimmed text and gives the wall time it prints, or None where the text is not exactly of its
format: ASCII digits in full width, English months, no locale. `resolve_time` turns a wall time into an instant, with
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
_HALF_HOUR: Final = 1800
_HALF_HOURS: Final = range(2, 53)  # one hour to 26: further apart than that no two clocks are
# The same time as other software writes it: a server changes the form of its dates without a word.
_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]+))?"
    r" ?(?:([Zz])|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?"
)
# As e-mail writes it; what stands for UTC there is GMT, and -0000 where the sender's zone is not told.
_RFC2822: Final = re.compile(
    r"(?:[A-Za-z]{3}, ?)?([0-9]{1,2}) ([A-Za-z]{3}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r" (?:(UTC?|GMT|Z)|([+-])([01][0-9]|2[0-3])([0-5][0-9]))"
)
_FIXED: Final = re.compile(r"([+-])([01][0-9]|2[0-6]):([0-5][0-9])")

Parser = Callable[[str], datetime | None]
Zone = ZoneInfo | timezone | timedelta
"""Where printed times are at home. A bare offset can be wider than the day that a `timezone` is limited to."""


class Printed(NamedTuple):
    """What a text says: the time on the wall, the fraction's digits behind their `.`, and its own offset, if any."""

    wall: datetime
    fraction: str = ""
    offset: timedelta | None = None


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


def printed_time(text: str, parse: Parser) -> Printed | None:
    """Read a time in the vendor's form, else as RFC 3339 or ISO 8601 write it: None where it is neither."""
    wall = parse(text)
    return iso8601(text) if wall is None else Printed(wall)


def iso8601(text: str) -> Printed | None:
    """Read date and time with `T` or a space, with or without a fraction, `Z` or an offset."""
    parts = _ISO.fullmatch(text)
    wall = _iso(f"{parts[1]} {parts[2]}") if parts else None
    if parts is None or wall is None:
        return None
    digits, utc, sign, hours, minutes = parts.groups()[2:]
    fraction = f".{digits}" if digits and digits.strip("0") else ""
    if utc:
        return Printed(wall, fraction, timedelta())
    return Printed(wall, fraction, _offset(sign, hours, minutes or "0") if sign else None)


def rfc2822(text: str) -> Printed | None:
    """Read `Tue, 31 Aug 2010 20:36:28 +0000`: the weekday is not looked at, and an offset has to be there."""
    parts = _RFC2822.fullmatch(text)
    if parts is None:
        return None
    day, month, year, clock, utc, sign, hours, minutes = parts.groups()
    number = _MONTHS.get(month.lower(), "")
    wall = _iso(f"{year}-{number}-{day:0>2} {clock}") if number else None
    if wall is None:
        return None
    return Printed(wall, "", timedelta() if utc else _offset(sign, hours, minutes))


def _offset(sign: str, hours: str, minutes: str) -> timedelta:
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return -ahead if sign == "-" else ahead


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
    if not digits:
        return None, ""
    fraction, offset = tail[: digits + 1], tail[digits + 1 :]
    if fraction[-1] == "0" and not fraction.strip(".0"):
        fraction = ""
    return fraction, offset


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


def zone_or_offset(name: str) -> Zone:
    """The IANA zone of that name, or a constant offset such as `+05:30`, which is what the clock is ahead of UTC."""
    fixed = _FIXED.fullmatch(name)
    return _offset(*fixed.groups()) if fixed else zone_named(name)


def readings(wall: datetime, zone: Zone) -> tuple[datetime, datetime] | None:
    """The instants that a wall time can mean, by `fold` 0 and 1; None past the calendar's end.

    They differ where the time occurs twice (the second is later) or never (the second is earlier).
    """
    try:
        if type(zone) is timedelta:
            first = (wall - zone).replace(tzinfo=UTC)
            return first, first
        first = wall.replace(tzinfo=zone)  # type: ignore[arg-type]  # narrowed above, for half of what isinstance costs
        if zone is UTC:
            return first, first
        return first.astimezone(UTC), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # type: ignore[arg-type]
    except OverflowError:
        return None


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


class ResolvedTime(NamedTuple):
    """An instant, the same as the vendor printed it (before any correction from an epoch), and the issues found."""

    instant: datetime
    printed: datetime
    issues: tuple[str, ...] = ()


def resolve_time(wall: datetime, zone: Zone, epoch: int | None = None, corrects: bool = True) -> ResolvedTime | None:
    """Place a wall time in its zone, and hold it against the epoch where there is one; None past the calendar's end.

    A wall time that occurs twice is read as the first of the two, unless the epoch settles it; one that never occurs is
    read with the offset before the gap. Both are `time_ambiguous`. An epoch more than 60 seconds away is a
    `time_mismatch`. By whole half hours, one hour to 26 of them, the zone was wrong and the epoch wins; else, and where
    the epoch `corrects` nothing, the printed time stays.
    """
    meant = readings(wall, zone)
    if meant is None:
        return None
    printed, other = meant
    ambiguous = ("time_ambiguous",) if printed != other else ()
    if epoch is None:
        return ResolvedTime(printed, printed, ambiguous)
    by_epoch = _EPOCH + timedelta(seconds=epoch)
    if _apart(printed, by_epoch) <= _TOLERANCE_SECONDS:
        settled = other > printed
        return ResolvedTime(printed, printed, () if settled else ambiguous)
    if other > printed and _apart(other, by_epoch) <= _TOLERANCE_SECONDS:
        return ResolvedTime(other, other)
    halves, rest = divmod(_apart(printed, by_epoch) + _TOLERANCE_SECONDS, _HALF_HOUR)
    if corrects and rest <= 2 * _TOLERANCE_SECONDS and halves in _HALF_HOURS:
        missing = ambiguous if other < printed else ()
        return ResolvedTime(by_epoch, printed, (*missing, "time_mismatch"))
    return ResolvedTime(printed, printed, (*ambiguous, "time_mismatch"))


def _apart(one: datetime, two: datetime) -> int:
    return abs((one - two) // _SECOND)
