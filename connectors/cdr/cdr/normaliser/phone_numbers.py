"""Phone numbers: what kind of thing a vendor sent, and its E.164 form where libphonenumber calls it valid.

The gate is `is_valid_number`; a number that merely is possible does not count. Without it a London number,
read with the region IN, silently becomes an Indian one.
"""

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberDesc,
)

_WITHHELD: Final = "anonymous|private|restricted|unavailable|unknown|blocked|withheld"
_BESIDE: Final = "number|caller|call|id|name"
_WITHHELD_WORDS: Final = re.compile(
    rf"(?:no)?(?:{_BESIDE})*(?:{_WITHHELD})(?:{_BESIDE}|{_WITHHELD})*|no(?:{_BESIDE})+", re.IGNORECASE
)
# RFC 3323: who wants to stay unknown is at `anonymous.invalid`, or calls himself Anonymous.
_WITHHELD_ADDRESS: Final = re.compile(
    r"(?:@|\bsips?:)anonymous\.invalid(?!\.?[\w-])|\A\s*[\"']?\s*anonymous\s*[\"']?\s*<", re.IGNORECASE
)
# The keys of a telephone that spell a word: how some networks hand on a caller who wants to stay unknown.
_KEYS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_WITHHELD_KEYS: Final = frozenset(
    word.translate(_KEYS) for word in ("ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE")
)
# Digits that somebody has covered, `+1855201XXXX`: to libphonenumber X is a key of a phone, and another's number.
_COVERED: Final = re.compile(r"[0-9][Xx]{2,}[0-9]*")
_LONGEST: Final = 250  # characters; libphonenumber reads no more, and the cache shall not keep more
_LONGEST_EXTENSION: Final = 6
# No country code begins with another one; shorter or longer numbers, and those with a zero in front, are the parser's.
_FULL: Final = re.compile(rf"\+({'|'.join(map(str, COUNTRY_CODE_TO_REGION_CODE))})([1-9][0-9]{{3,14}})")
_KINDS: Final = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)
_ANYTHING: Final = ""
_NOTHING: Final = r"(?!)"  # matches nowhere
_DROPPED: Final = str.maketrans("", "", " \t\u00a0\u202f-\u2010\u2011\u2012\u2013\u2014\u2212.()")
_BETWEEN_WORDS: Final = str.maketrans("", "", "_\"'<>[]:,/")


class Number(NamedTuple):
    """What a text in a number's place is; `e164` and `country` only where the number is valid.

    `other` is what the digits are with their country code first, where that is another valid number.
    """

    kind: str
    e164: str | None = None
    country: str | None = None
    other: "Number | None" = None


_ABSENT: Final = Number("absent")
_ANONYMOUS: Final = Number("anonymous")
_EXTENSION: Final = Number("extension")
_SIP_URI: Final = Number("sip_uri")
_UNPARSED: Final = Number("unparsed")


def resolve_number(
    text: str | None, region: str | None = None, bare_country_codes: bool = False, spells_withheld: bool = False
) -> Number:
    """Say what `text` is, and its E.164 form where it is a valid number.

    `region` is the country (ISO 3166-1 alpha-2) that numbers without a country code belong to.
    `bare_country_codes` says that the vendor sends country codes without `+`. Digits that are a valid number both ways,
    and not the same one, are the region's: somebody said that numbers without a country code are of that country.
    `spells_withheld` says that the vendor prints a withheld caller as digits that spell ANONYMOUS, RESTRICTED, BLOCKED,
    UNKNOWN or UNAVAILABLE on the keys of a telephone.
    """
    if not text:
        return _ABSENT
    if spells_withheld and text.strip().removeprefix("+") in _WITHHELD_KEYS:
        return _ANONYMOUS
    if len(text) <= _LONGEST:
        return _resolve(text, region, bare_country_codes)
    return _words(text, "") or _UNPARSED


@lru_cache(maxsize=16_384)
def _resolve(text: str, region: str | None, bare_country_codes: bool) -> Number:
    tidy = text.translate(_DROPPED)
    if _is_digits(tidy):
        return _EXTENSION if len(tidy) <= _LONGEST_EXTENSION else _dialled(tidy, region, bare=bare_country_codes)
    if tidy[:1] == "+" and _is_digits(tidy[1:]):
        return _valid(tidy, None) or _UNPARSED
    if _COVERED.search(tidy):
        return _words(text, tidy) or _UNPARSED
    return _words(text, tidy) or _dialled(tidy, region, bare=False)


def _words(text: str, tidy: str) -> Number | None:
    """What a text says in words, or as an address; None where it is to be read as a number."""
    if _WITHHELD_WORDS.fullmatch(tidy.translate(_BETWEEN_WORDS)) or _WITHHELD_ADDRESS.search(text):
        return _ANONYMOUS
    return _SIP_URI if _is_sip_uri(text) else None


def _dialled(tidy: str, region: str | None, *, bare: bool) -> Number:
    """A number in any of its spellings; `bare` where it may be a country code and what follows."""
    if tidy.startswith("+"):
        return _valid(tidy, None) or _UNPARSED
    if tidy.startswith("00"):
        return _valid(f"+{tidy[2:]}", None) or _UNPARSED
    national = international = None
    if region is not None and (not bare or _may_be_national(tidy, region)):
        national = _valid(tidy, region)
    if bare and tidy[0] != "0":  # no country code begins with one
        international = _valid(f"+{tidy}", None)
    if national is None or international is None or national == international:
        return national or international or _UNPARSED
    return national._replace(other=international)


def _is_sip_uri(text: str) -> bool:
    return "@" in text or text[:4].lower() == "sip:"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _valid(text: str, region: str | None) -> Number | None:
    parts = _parsed(text, region)
    if parts is None:
        return None
    country = _country(*parts)
    if country is None:
        return None
    code, national = parts
    # Numbers of no country, such as those with +800, have the region "001".
    return Number("e164", f"+{code}{national}", country if country.isalpha() else None)


def _parsed(text: str, region: str | None) -> tuple[int, str] | None:
    """Country code and national number; None where the text is none."""
    # Most numbers come as `+` and digits: the parser would only search them for other ways to write one.
    match = _FULL.fullmatch(text)
    if match is not None and not _national_prefix(int(match[1])).match(match[2]):
        return int(match[1]), match[2]
    home = _home(region) if region is not None and _is_digits(text) else None
    if home is not None and not (text.startswith(home.code) or home.prefix.match(text) or home.abroad.match(text)):
        return int(home.code), text  # all of it is the national number
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return number.country_code or 0, phonenumbers.national_significant_number(number)


# A new number was the dearest part of a row: `region_code_for_number` tries ten patterns one by one, and
# `is_valid_number_for_region` tries them again. What follows asks the same of the same metadata, with one pattern for a
# country. A test holds it against the library, with numbers of every kind of every country.


class _Home(NamedTuple):
    """How numbers are dialled within a region.

    code, lengths:  its country code, and how long national numbers of that code are
    prefix, abroad: what stands before a national number, and before a country code
    """

    code: str
    lengths: frozenset[int]
    prefix: re.Pattern[str]
    abroad: re.Pattern[str]


@cache
def _home(region: str) -> _Home | None:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or not metadata.country_code:
        return None
    lengths: set[int] = set()
    for country in COUNTRY_CODE_TO_REGION_CODE[metadata.country_code]:
        known = PhoneMetadata.metadata_for_region_or_calling_code(metadata.country_code, country)
        if known is not None and known.general_desc is not None:
            lengths.update(known.general_desc.possible_length)
    return _Home(
        str(metadata.country_code),
        frozenset(lengths),
        re.compile(metadata.national_prefix_for_parsing or _NOTHING),
        re.compile(metadata.international_prefix or _NOTHING),
    )


def _may_be_national(digits: str, region: str) -> bool:
    """Whether digits can be read as dialled within a region, and not as its country code with a national number.

    Cheap, because it is asked of every number that comes with a country code. A prefix that is the country code, as in
    North America, is that second reading.
    """
    home = _home(region)
    if home is None:
        return False
    prefixed = home.prefix.pattern != home.code and home.prefix.match(digits)
    return bool(len(digits) in home.lengths or prefixed or home.abroad.match(digits))


@cache
def _national_prefix(country_code: int) -> re.Pattern[str]:
    """What the parser takes off the front of a national number: such a number is left to it."""
    region = phonenumbers.region_code_for_country_code(country_code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    return re.compile(_ANYTHING if metadata is None else metadata.national_prefix_for_parsing or _NOTHING)


def _country(country_code: int, national: str) -> str | None:
    """The country in which a national number is valid, as `region_code_for_number` finds it; None where in none."""
    for country in COUNTRY_CODE_TO_REGION_CODE.get(country_code, ()):
        leading = _leading_digits(country_code, country)
        if leading is None:
            if _numbers_of(country_code, country).fullmatch(national):
                return country
        elif leading.match(national):
            return country if _numbers_of(country_code, country).fullmatch(national) else None
    return None


@cache
def _leading_digits(country_code: int, country: str) -> re.Pattern[str] | None:
    """The first digits by which a country is known among those that share its code."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country_code, country)
    alone = len(COUNTRY_CODE_TO_REGION_CODE[country_code]) == 1
    return None if alone or metadata is None or not metadata.leading_digits else re.compile(metadata.leading_digits)


@cache
def _numbers_of(country_code: int, country: str) -> re.Pattern[str]:
    """The valid national numbers of a country: of its general form, and of a kind that it has."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country_code, country)
    if metadata is None:
        return re.compile(_NOTHING)
    kinds = [_form(getattr(metadata, kind)) for kind in _KINDS]
    return re.compile(rf"(?={_form(metadata.general_desc)}\Z)(?:{'|'.join(kinds)})")


def _form(described: PhoneNumberDesc | None) -> str:
    if described is None or not described.national_number_pattern:
        return _NOTHING
    lengths = "|".join(f".{{{length}}}" for length in described.possible_length if length > 0)
    if described.possible_length and not lengths:
        return _NOTHING
    long_enough = rf"(?=(?:{lengths})\Z)" if lengths else ""
    return f"{long_enough}(?:{described.national_number_pattern})"
