"""Privacy: what becomes of the personal columns of a canonical row before anybody sees it.

Which columns are personal, and how, is declared in `record`. Kind, country, times, durations, dispositions,
money, trunk, carrier and ids stay in every mode.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal, get_args

import phonenumbers

from cdr.normaliser.phone_numbers import Number
from cdr.schema.columns import PERSONAL_FREE_TEXT, PERSONAL_NUMBERS, PERSONAL_PEOPLE

Mode = Literal["none", "hash", "mask", "drop"]
Resolve = Callable[[str], Number]

_SHOWN_DIGITS: Final = 2
_VALID_FORMS: Final = {"from_number_e164": "from_number", "to_number_e164": "to_number"}


@dataclass(frozen=True)
class Privacy:
    """One of the contract's four modes; its repr never shows the salt."""

    mode: Mode = "none"
    salt: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what would not protect."""
        if self.mode not in get_args(Mode):
            raise ValueError(f"privacy mode {self.mode!r} is none of {', '.join(get_args(Mode))}")
        if self.mode == "hash" and not self.salt:
            raise ValueError("privacy mode 'hash' needs a salt")

    def compile(self, columns: tuple[str, ...], resolve: Resolve) -> Callable[[dict[str, Any]], None] | None:
        """The function that makes a canonical row private, in place; None where there is nothing to do.

        `resolve` reads a text in a number's place, so that the same phone is the same in every column.
        """
        if self.mode == "none":
            return None
        hide_number, hide_person = self._number_hider(resolve), self._person_hider()
        read_already = {*_VALID_FORMS, *_VALID_FORMS.values()}
        numbers = tuple(column for column in columns if column in PERSONAL_NUMBERS and column not in read_already)
        valid_forms = tuple(column for column in columns if column in _VALID_FORMS)
        people = tuple(column for column in columns if column in PERSONAL_PEOPLE)
        free_text = dict.fromkeys(column for column in columns if column in PERSONAL_FREE_TEXT)

        def hide(row: dict[str, Any]) -> None:
            for column in valid_forms:
                if row[column] is not None:
                    # Read already, with more evidence than its text alone: the same phone in both columns.
                    row[column] = row[_VALID_FORMS[column]] = hide_number(row[column])
                elif row[_VALID_FORMS[column]] is not None:
                    row[_VALID_FORMS[column]] = hide_number(row[_VALID_FORMS[column]])
            for column in numbers:
                if row[column] is not None:
                    row[column] = hide_number(row[column])
            for column in people:
                if row[column] is not None:
                    row[column] = hide_person(row[column])
            row.update(free_text)

        return hide

    def _number_hider(self, resolve: Resolve) -> Callable[[str], str | None]:
        if self.mode == "hash":
            return lambda text: self._digest(resolve(text).e164 or text)
        if self.mode == "mask":
            return lambda text: _mask(resolve(text).e164)
        return _nothing

    def _person_hider(self) -> Callable[[str], str | None]:
        return self._digest if self.mode == "hash" else _nothing

    def _digest(self, text: str) -> str:
        # A lone surrogate can arrive in JSON; it has no UTF-8 form, and shall not lose the row.
        key, message = (part.encode("utf-8", "surrogatepass") for part in (self.salt, text))
        return hmac.digest(key, message, "sha256").hex()


def _nothing(_: str) -> None:
    return None


@lru_cache(maxsize=16_384)
def _mask(e164: str | None) -> str | None:
    if e164 is None:
        return None
    country_code = f"+{phonenumbers.parse(e164).country_code}"
    stars = "*" * (len(e164) - len(country_code) - _SHOWN_DIGITS)
    return f"{country_code}{stars}{e164[-_SHOWN_DIGITS:]}"
