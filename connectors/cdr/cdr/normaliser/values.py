"""Values: one vendor value that is there, read as text, money, a duration, a measure or a boolean.

Each conversion takes the value and the row's issues. It gives null for what it cannot read and appends the
reason; empty text is null without one. It never raises, whatever JSON value it is handed, and no number
leaves here that a 64-bit column could not hold.
"""

import math
import re
from collections.abc import Callable
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Final, cast

Convert = Callable[[Any, list[str]], Any]
"""(value that is there, the row's issues) -> value of the column."""

Paths = str | tuple[str, ...]
"""One dotted path, or several of which the first that leads somewhere counts."""

LARGEST: Final = 2**63 - 1

_PLAIN_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_EXPONENT: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,3}")
_LONGEST_QUANTITY: Final = 40  # characters
_CLOCK: Final = re.compile(r"(-?)([0-9]{1,9}):([0-5][0-9]):([0-5][0-9])")
_FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_SEPARATORS: Final = str.maketrans("", "", " _-")
_LONGEST_WORD: Final = 64  # characters


class Unreadable(Exception):  # noqa: N818 (it is what the value is)
    """Raised by what works a column out; carries the word for `issues`."""

    def __init__(self, issue: str = "value_unreadable") -> None:
        """Name the issue that the row shall list."""
        super().__init__(issue)
        self.issue = issue


def text(value: Any, issues: list[str]) -> str | None:
    """Text trimmed, a number in its shortest exact form. A boolean or a container is no text."""
    kind = type(value)
    if kind is str:
        trimmed: str = value.strip()
        return trimmed or None
    if (kind is int or kind is float) and (spelling := plain_number(value)):
        return spelling
    issues.append("value_unreadable")
    return None


def amount(value: Any, issues: list[str]) -> str | None:
    """Money: a plain decimal as the vendor spells it, anything else in its shortest exact form."""
    kind = type(value)
    if kind is str:
        spelling = value.strip()
        if not spelling or _PLAIN_DECIMAL.fullmatch(spelling):
            return spelling or None
        if exact := _written_out(spelling):
            return exact
    elif (kind is int or kind is float) and (spelling := plain_number(value)):
        return spelling
    issues.append("amount_unreadable")
    return None


def cost(value: Any, issues: list[str]) -> str | None:
    """Money that was taken off an account, and so has a minus, as the positive amount that it is."""
    spelling = amount(value, issues)
    return spelling.removeprefix("-") if spelling else spelling


def cents(value: Any, issues: list[str]) -> str | None:
    """Money that is printed in hundredths, in whole units."""
    spelling = amount(value, issues)
    if spelling is None:
        return None
    return format(Decimal(spelling).scaleb(-2, context=Context(prec=len(spelling) + 2)), "f")


def joined(value: Any, issues: list[str], *, key: str, between: str) -> str | None:
    """What the objects of a list have under a key, as one text; None for an empty list."""
    if type(value) is not list:
        if not is_blank(value):
            issues.append("value_unreadable")
        return None
    if any(type(one) is not dict for one in value):
        issues.append("value_unreadable")
    sent = [one[key] for one in value if type(one) is dict and one.get(key) is not None]
    return between.join(filter(None, (text(one, issues) for one in sent))) or None


def plain_number(value: float) -> str | None:
    """The shortest decimal text, without exponent, that reads back as the same number; None if infinite or NaN."""
    if type(value) is int:
        try:
            return str(value)
        except ValueError:  # more digits than Python is willing to write
            return None
    if not math.isfinite(value):
        return None
    spelling = repr(value)
    if "e" in spelling:
        spelling = format(Decimal(spelling), "f")
    if "." in spelling:
        spelling = spelling.rstrip("0").rstrip(".")
    return "0" if spelling == "-0" else spelling


def _written_out(spelling: str) -> str | None:
    """Text with an exponent as a plain decimal of the same value; None where it is none, or too long to be money."""
    if len(spelling) > _LONGEST_QUANTITY or not _EXPONENT.fullmatch(spelling):
        return None
    plain = format(Decimal(spelling), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain.strip("-0") == "" else plain


def duration(value: Any, issues: list[str]) -> int | None:
    """Seconds, as a number or text, rounded down; a negative one is null."""
    if type(value) is int and 0 <= value <= LARGEST:
        return value
    quantity = _quantity(value)
    if quantity is not None and quantity >= 0:
        return int(quantity)
    if not is_blank(value):
        issues.append("value_unreadable" if quantity is None else "negative_duration")
    return None


def clock(value: Any, issues: list[str]) -> int | None:
    """Seconds of `HH:MM:SS`; hours may pass 24, a negative one is null."""
    if is_blank(value):
        return None
    parts = _CLOCK.fullmatch(value.strip()) if type(value) is str else None
    if parts is None:
        issues.append("value_unreadable")
        return None
    sign, hours, minutes, seconds = parts.groups()
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    if sign and total:
        issues.append("negative_duration")
        return None
    return total


def measure(value: Any, issues: list[str], *, low: float, high: float, zero_is_null: bool) -> float | None:
    """A number from low to high, or text that spells one; everything else is unreadable."""
    quantity = _quantity(value)
    if quantity is not None and low <= quantity <= high:
        return quantity
    if not (is_blank(value) or (zero_is_null and quantity == 0)):
        issues.append("value_unreadable")
    return None


def whole(value: Any, issues: list[str], *, low: int, high: int) -> int | None:
    """A whole number; one that is not from low to high says nothing, and is null without an issue."""
    quantity = _quantity(value)
    if quantity is not None and quantity == int(quantity):
        return int(quantity) if low <= quantity <= high else None
    if not is_blank(value):
        issues.append("value_unreadable")
    return None


def flag(value: Any, issues: list[str]) -> bool | None:
    """A boolean, 0 or 1, or one of the words true, false, yes and no."""
    if value is True or value is False:
        return value is True
    if type(value) is int and value in {0, 1}:
        return value == 1
    word = value.strip().lower() if type(value) is str else None
    if word in _FLAGS:
        return _FLAGS[word]
    if word != "":
        issues.append("value_unreadable")
    return None


def free_object(value: Any, issues: list[str]) -> dict[str, Any] | None:
    """An object, verbatim."""
    if type(value) is dict:
        return value
    issues.append("value_unreadable")
    return None


def as_sent(value: Any, issues: list[str]) -> Any:  # noqa: ARG001 (a conversion like the others)
    """Whatever it is."""
    return value


def is_zero(value: Any) -> bool:
    """Whether it is the number 0, or text that spells it."""
    return _quantity(value) == 0


def is_blank(value: Any) -> bool:
    """Whether it is text without anything in it."""
    return type(value) is str and not value.strip()


def fold(word: str) -> str:
    """The form in which words are compared: without regard to case, spaces, `_` and `-`."""
    return _fold(word) if len(word) <= _LONGEST_WORD else _fold.__wrapped__(word)


@lru_cache(maxsize=1024)
def _fold(word: str) -> str:
    return word.lower().translate(_SEPARATORS)


def _quantity(value: Any) -> float | None:
    if type(value) is str:
        spelling = value.strip()
        if len(spelling) > _LONGEST_QUANTITY:
            return None
        if not _PLAIN_DECIMAL.fullmatch(spelling):
            spelling = _written_out(spelling) or ""
            if not spelling:
                return None
        value = float(spelling) if "." in spelling else int(spelling)
    if (type(value) is int or type(value) is float) and -LARGEST <= value <= LARGEST:
        return cast("float", value)
    return None


def value_at(document: Any, path: str) -> Any:
    """What a dotted path leads to in a parsed body: the body itself for "", None where a step is missing."""
    for step in path.split(".") if path else ():
        document = document.get(step) if isinstance(document, dict) else None
    return document


def integer_at(document: Any, paths: Paths) -> int | None:
    """The first of `paths` that holds a whole number, sent as a number or as text; None where none does."""
    for path in (paths,) if isinstance(paths, str) else paths:
        value = value_at(document, path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            return int(value)
    return None
