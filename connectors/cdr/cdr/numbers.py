"""Phone numbers: what kind of thing a vendor sent, and its E.164 form where libphonenumber calls it valid.

The gate is `is_valid_number`; a number that merely is possible does not count. Without it a London number,
read with the region IN, silently becomes an Indian one.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
)

# Over a thousand patterns, each compiled once; Python's own cache holds fewer, and takes longer to find one.
phonenumbers.enable_pattern_cache()

_WITHHELD: Final = frozenset({"anonymous", "private", "restricted", "unavailable", "unknown", "blocked", "withheld"})
_LONGEST: Final = 250  # characters; libphonenumber reads no more, and the cache shall not keep more
_LONGEST_EXTENSION: Final = 6
# No country code begins with another one; shorter or longer numbers, and those with a zero in front, are the parser's.
_FULL: Final = re.compile(rf"\+({'|'.join(map(str, COUNTRY_CODE_TO_REGION_CODE))})([1-9][0-9]{{3,14}})")
_NOTHING: Final = r"(?!)"  # matches nowhere
_DROPPED: Final = str.maketrans("", "", " \t\u00a0\u202f-\u2010\u2011\u2012\u2013\u2014\u2212.()")


class Number(NamedTuple):
    """What a text in a number's place is; `e164` and `country` only where the number is valid."""

    kind: str
    e164: str | None = None
    country: str | None = None


_ABSENT: Final = Number("absent")
_ANONYMOUS: Final = Number("anonymous")
_EXTENSION: Final = Number("extension")
_SIP_URI: Final = Number("sip_uri")
_UNPARSED: Final = Number("unparsed")


def resolve(text: str | None, region: str | None = None, bare_country_codes: bool = False) -> Number:
    """Say what `text` is, and its E.164 form where it is a valid number.

    `region` is the country (ISO 3166-1 alpha-2) that numbers without a country code belong to.
    `bare_country_codes` says that the vendor sends country codes without `+`; that reading comes before the
    region's.
    """
    if not text:
        return _ABSENT
    if len(text) <= _LONGEST:
        return _resolve(text, region, bare_country_codes)
    return _SIP_URI if _is_sip_uri(text) else _UNPARSED


@lru_cache(maxsize=16_384)
def _resolve(text: str, region: str | None, bare_country_codes: bool) -> Number:
    tidy = text.translate(_DROPPED)
    if tidy.lower() in _WITHHELD:
        return _ANONYMOUS
    if _is_sip_uri(text):
        return _SIP_URI
    if len(tidy) <= _LONGEST_EXTENSION and _is_digits(tidy):
        return _EXTENSION
    for spelling, country in _readings(tidy, region, bare_country_codes):
        if number := _valid(spelling, country):
            return number
    return _UNPARSED


def _readings(tidy: str, region: str | None, bare_country_codes: bool) -> Iterator[tuple[str, str | None]]:
    if tidy.startswith("+"):
        yield tidy, None
    elif tidy.startswith("00"):
        yield f"+{tidy[2:]}", None
    else:
        if bare_country_codes and _is_digits(tidy):
            yield f"+{tidy}", None
        if region is not None:
            yield tidy, region


def _is_sip_uri(text: str) -> bool:
    return "@" in text or text[:4].lower() == "sip:"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _in_full(text: str) -> PhoneNumber | None:
    """A number of `+` and digits, without the search for other ways to write one; None where that has to look at it.

    It gives what `phonenumbers.parse` gives at a quarter of the cost, and most numbers are written so.
    """
    match = _FULL.fullmatch(text)
    if match is None:
        return None
    code, national = int(match[1]), match[2]
    prefix = _national_prefix(code)
    if prefix is None or prefix.match(national):
        return None
    return PhoneNumber(country_code=code, national_number=int(national))


@cache
def _national_prefix(country_code: int) -> re.Pattern[str] | None:
    """What a national number must not begin with, or the parser takes it off; None where that is not known."""
    region = phonenumbers.region_code_for_country_code(country_code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    if metadata is None:
        return None
    return re.compile(metadata.national_prefix_for_parsing or _NOTHING)


@cache
def _is_found_by_validity(country: str, country_code: int) -> bool:
    """Whether `region_code_for_number` names this country only for numbers that are valid there.

    It looks no further where a country has its code for itself, or is known by the first digits.
    """
    metadata = PhoneMetadata.metadata_for_region(country)
    shared = len(COUNTRY_CODE_TO_REGION_CODE[country_code]) > 1
    return shared and metadata is not None and metadata.leading_digits is None


def _valid(text: str, region: str | None) -> Number | None:
    number = _in_full(text)
    e164 = None if number is None else text
    if number is None:
        try:
            number = phonenumbers.parse(text, region)
        except NumberParseException:
            return None
    # The two steps of `is_valid_number`, which would look for the country once more, and each for validity.
    country = phonenumbers.region_code_for_number(number)
    if country is None:
        return None
    known = _is_found_by_validity(country, number.country_code)
    if not known and not phonenumbers.is_valid_number_for_region(number, country):
        return None
    return Number(
        "e164",
        e164 or phonenumbers.format_number(number, PhoneNumberFormat.E164),
        # Numbers of no country, such as those with +800, have the region "001".
        country if country.isalpha() else None,
    )
