"""Rows that a vendor prints in another way than it usually does: its times, its numbers, its names."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from simulators.calls import MICRO, stamp
from simulators.dialects import BAD_BYTE, CONTROL

_ROW_OPTIONS: Final = ("numbers", "money", "extra_keys", "bad_byte", "control_character")
_TIME_OPTIONS: Final = ("printed_zone", "iso", "shift_days", "early_hours", "day_first")
_SOME: Final = 12
_FIRST_HOURS: Final = 4 * 3600
_INDIA: Final = ZoneInfo("Asia/Kolkata")
_LONGEST_NUMBER: Final = 18  # digits that 64 bits hold


class Print(NamedTuple):
    """How a vendor prints: the keys of its times, its own form of a time, the key of a name, the keys of money."""

    times: tuple[str, ...]
    clock: Callable[[int, ZoneInfo], str]
    """Prints microseconds since 1970 on a zone's clock."""
    name: str
    money: tuple[str, ...] = ()


def changes_rows(options: Mapping[str, Any]) -> bool:
    return any(options.get(name) for name in (*_ROW_OPTIONS, *_TIME_OPTIONS))


def shifted(at: int, options: Mapping[str, Any], period_start: datetime) -> int:
    """Return the time that is printed instead of the true one, in microseconds."""
    first = int(period_start.timestamp()) * MICRO
    early = options["early_hours"] if first <= at < first + _FIRST_HOURS * MICRO else 0
    seconds: int = options["shift_days"] * 86_400 - early * 3600
    return at + seconds * MICRO


def clock_text(at: int, zone: ZoneInfo, options: Mapping[str, Any], own: Print, row_id: str) -> str:
    """Print a time in the vendor's form, or as ISO 8601 where the dialect says so."""
    seconds = at // MICRO
    how = options["iso"]
    if how == "mixed":
        how = ("Z", "offset", None)[zlib.crc32(row_id.encode()) % 3]
    match how:
        case "T":
            return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S")
        case "Z":
            return stamp(seconds)
        case "millis":
            return stamp(seconds)[:-1] + ".000Z"
        case "offset":
            return datetime.fromtimestamp(seconds, _INDIA).isoformat()
    return own.clock(at, zone)


def reprinted(row: dict[str, Any], options: Mapping[str, Any], own: Print, row_id: str) -> dict[str, Any]:
    """Change what is not a time."""
    marked = zlib.crc32(row_id.encode()) % _SOME == 0
    mark = BAD_BYTE if options["bad_byte"] else CONTROL if options["control_character"] else ""
    if marked and mark:
        row[own.name] = f"{row.get(own.name) or 'Ren'}{mark}"
    if options["money"]:
        for key in own.money:
            _charge(row, key, options["money"])
    if options["extra_keys"]:
        row = {"zz_unknown": {"a": [1, None]}, **dict(reversed(row.items())), "": "", "new key": 0.5}
    if options["numbers"]:
        changed: dict[str, Any] = _numbers(row, swap=options["numbers"] == "swapped")
        return changed
    return row


def _charge(row: dict[str, Any], key: str, how: str) -> None:
    first, _, inner = key.partition(".")
    if inner:
        _charge(row[first], inner, how)
    elif row.get(first) is not None:
        row[first] = _signed(row[first], how)


def _signed(value: Any, how: str) -> Any:
    if how == "minor":
        return str(round(float(value) * 100)) if isinstance(value, str) else round(value * 100)
    if not float(value):
        return value
    if isinstance(value, str):
        return f"{'-' if how == 'minus' else '+'}{value}"
    return -value if how == "minus" else value


def charged(text: str, how: str) -> str:
    """What becomes of an amount of the truth."""
    if how == "minor":
        return str(round(float(text) * 100))
    return f"-{text}" if how == "minus" and float(text) else text


def _numbers(value: Any, *, swap: bool) -> Any:
    """Print numbers and booleans as text, and where `swap` says so, digits in text as numbers."""
    match value:
        case dict():
            return {key: _numbers(one, swap=swap) for key, one in value.items()}
        case list():
            return [_numbers(one, swap=swap) for one in value]
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str() if swap and value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER:
            return int(value) if value[0] != "0" or value == "0" else value
    return value


def on_clock(form: str) -> Callable[[int, ZoneInfo], str]:
    """Return how a vendor prints a time without zone."""

    def text(at: int, zone: ZoneInfo) -> str:
        return datetime.fromtimestamp(at // MICRO, zone).strftime(form)

    return text


def read_back(text: str, form: str) -> int:
    """Read a time that was printed in UTC, in microseconds."""
    moment = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
