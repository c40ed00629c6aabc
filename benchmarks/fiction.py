"""Phone numbers in quantity, of which none is anybody's: every one lies in a range kept free for films and books.

A month of calls needs tens of thousands of numbers that libphonenumber has to work for, more than one country keeps
free. So three are put together, about 100,000 numbers:

- North America: 555-0100 to 555-0199 in every area code of the United States and Canada that is no service code.
- United Kingdom: Ofcom's numbers for drama, 1,000 in each of the cities below (those that libphonenumber calls valid).
- France: ARCEP's ranges for audiovisual works, 10,000 in each of the five geographic zones.
"""

from __future__ import annotations

from random import Random

import phonenumbers

_BRITISH = (
    *("113496", "114496", "116496", "117496", "118496", "121496", "131496", "141496", "151496", "161496"),
    *("191498", "207946", "289649", "292018"),
)
_FRENCH = ("19900", "26191", "35301", "46571", "53649")


def numbers(seed: int) -> list[str]:
    """Return all of them as digits, country code first, in an order that depends on the seed alone."""
    found = [f"1{code}55501{line:02}" for code in _area_codes() for line in range(100)]
    # Belfast's thousand begins with 6, the others with 0.
    found += [f"44{city}{6 if city == '289649' else 0}{line:03}" for city in _BRITISH for line in range(1000)]
    found += [f"33{zone}{line:04}" for zone in _FRENCH for line in range(10_000)]
    Random(seed).shuffle(found)
    return found


def _area_codes() -> list[int]:
    return [code for code in range(201, 990) if _is_geographic(code)]


def _is_geographic(code: int) -> bool:
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{code}5550123"))
    line = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    country = phonenumbers.region_code_for_number(number)
    return country in {"US", "CA"} and phonenumbers.number_type(number) == line
