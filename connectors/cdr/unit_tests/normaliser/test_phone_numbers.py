"""Phone numbers: the order of the kinds, and the validity gate."""

from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.normaliser import phone_numbers
from cdr.normaliser.phone_numbers import Number, resolve_number

LONDON = Number("e164", "+442079460123", "GB")
WASHINGTON = Number("e164", "+12025550123", "US")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (None, "absent"),
        ("", "absent"),
        *(
            (word, "anonymous")
            for word in ("Anonymous", "PRIVATE", "restricted", "Unavailable", "unknown", "blocked", "Withheld")
        ),
        *(
            (words, "anonymous")
            for words in (
                *("Private Number", "No Caller ID", "UNKNOWN CALLER", "Number Withheld", "Caller ID blocked"),
                *("CallerID unavailable", "private-number", "NO_CALLER_ID", '"Unknown Name"', "<Unknown>", "Withheld."),
                *("Private Caller ID Withheld", "no number"),
            )
        ),
        *(
            (address, "anonymous")
            for address in (
                *("anonymous@anonymous.invalid", "Anonymous <sip:anonymous@anonymous.invalid>"),
                *("sip:442079460123@anonymous.invalid:5060;user=phone", "<SIPS:c8oqz84zk7z@ANONYMOUS.INVALID>"),
                *("sip:anonymous.invalid", '"Anonymous" <sip:+442079460123@sip.example.com>', "anonymous<sip:101>"),
                "x" * 300 + "@anonymous.invalid",
            )
        ),
        # None of these says that somebody wants to stay unknown.
        ("anonymous@sip.example.com", "sip_uri"),
        ("sip:101@not-anonymous.invalid", "sip_uri"),
        ("sip:101@anonymous.invalid.example.com", "sip_uri"),
        ("Mr Anonymous <sip:101@sip.example.com>", "sip_uri"),
        ("Caller ID", "unparsed"),
        ("No", "unparsed"),
        ("Unknown 1", "unparsed"),
        ("Privateer", "unparsed"),
        ("442079460123@sip.example.com", "sip_uri"),
        ("sip:101", "sip_uri"),
        ("SIP:101", "sip_uri"),
        ("0", "extension"),
        ("123456", "extension"),
        ("(1.2-3) 4", "extension"),
        ("1234567", "unparsed"),
        ("+123456", "unparsed"),
        ("\u0661\u0660\u0661", "unparsed"),
        ("*43", "unparsed"),
        ("---", "unparsed"),
        ("text", "unparsed"),
        ("9" * 100_000, "unparsed"),
        ("9" * 300 + "@example.com", "sip_uri"),
    ],
)
def test_kinds_are_told_apart_in_the_order_of_the_contract(text: str | None, kind: str) -> None:
    assert resolve_number(text, None, True) == Number(kind)


@pytest.mark.parametrize("text", ["+442079460123", "00442079460123", "+44 (20) 7946-0123", "0044.20.7946.0123"])
@pytest.mark.parametrize("region", [None, "GB", "IN"])
def test_an_international_number_needs_no_region(text: str, region: str | None) -> None:
    assert resolve_number(text, region) == LONDON


@pytest.mark.parametrize("digits", ["266696687", "7378742833", "2562533", "8656696", "86282452253"])
def test_digits_that_spell_that_a_caller_is_withheld_count_where_the_vendor_prints_them(digits: str) -> None:
    for text in (digits, f"+{digits}"):
        assert resolve_number(text, spells_withheld=True) == Number("anonymous")
        assert resolve_number(text) == Number("unparsed")


def test_a_number_that_happens_to_spell_a_word_stays_a_number_elsewhere() -> None:
    assert resolve_number("7378742833", "US").e164 == "+17378742833"


def test_a_bare_country_code_is_read_only_where_the_vendor_sends_them() -> None:
    assert resolve_number("442079460123", None, True) == LONDON
    assert resolve_number("442079460123", None, False) == Number("unparsed")


def test_a_bare_country_code_is_read_where_the_region_has_no_such_number() -> None:
    assert resolve_number("12025550123", "GB", True) == WASHINGTON
    assert resolve_number("12025550123", "US", True) == WASHINGTON  # both ways, and the same
    assert resolve_number("442079460123", "GB", True) == LONDON


@pytest.mark.parametrize(
    ("text", "national", "other"),
    [
        ("6462015501", Number("e164", "+16462015501", "US"), Number("e164", "+6462015501", "NZ")),
        ("4792012345", Number("e164", "+14792012345", "US"), Number("e164", "+4792012345", "NO")),
        ("6592012345", Number("e164", "+16592012345", "US"), Number("e164", "+6592012345", "SG")),
        ("4692012345", Number("e164", "+14692012345", "US"), Number("e164", "+4692012345", "SE")),
        ("6052012345", Number("e164", "+16052012345", "US"), Number("e164", "+6052012345", "MY")),
        ("3612012345", Number("e164", "+13612012345", "US"), Number("e164", "+3612012345", "HU")),
    ],
)
def test_digits_that_are_valid_both_ways_are_the_regions_and_say_so(text: str, national: Number, other: Number) -> None:
    number = resolve_number(text, "US", True)
    assert number._replace(other=None) == national
    assert number.other == other
    assert resolve_number(text, "US", False) == national
    assert resolve_number(text, None, True) == other


def test_a_national_number_belongs_to_the_region() -> None:
    assert resolve_number("020 7946 0123", "GB", True) == LONDON
    assert resolve_number("2025550123", "US") == WASHINGTON
    assert resolve_number("020 7946 0123", None, True) == Number("unparsed")


@pytest.mark.parametrize("text", ["+441632960123", "00441632960123", "441632960123", "01632960123"])
def test_a_number_that_merely_is_possible_does_not_count(text: str) -> None:
    for region in (None, "GB", "US"):
        assert resolve_number(text, region, True) == Number("unparsed")


def test_the_number_of_voxos_samples_is_possible_and_not_valid() -> None:
    assert resolve_number("5555555555", "US") == Number("unparsed")


@pytest.mark.parametrize("text", ["+1855201XXXX", "+1 (855) 201-xxxx", "1855201XXXX", "020 7946 0XX1"])
def test_a_number_that_is_partly_covered_is_nobodys(text: str) -> None:
    # To libphonenumber X is the key 9.
    assert resolve_number(text, "US", bare_country_codes=True) == resolve_number(text) == Number("unparsed")


def test_a_number_in_letters_is_still_read() -> None:
    assert resolve_number("1-800-FLOWERS", "US").e164 == "+18003569377"


def test_a_double_zero_is_never_a_national_prefix() -> None:
    assert resolve_number("000509030018", "GB", True) == Number("unparsed")


def test_a_number_of_no_country_is_valid_and_has_none() -> None:
    assert resolve_number("+80012345678") == Number("e164", "+80012345678", None)


def test_a_region_that_does_not_exist_settles_nothing() -> None:
    assert resolve_number("02079460123", "XX") == Number("unparsed")


@given(
    st.text() | st.text(alphabet="+0123456789 -().xsip:;=@ext#*,", max_size=40),
    st.sampled_from([None, "GB", "US", "XX"]),
    st.booleans(),
)
def test_no_text_makes_it_raise_and_only_a_valid_number_has_a_form(text: str, region: str | None, bare: bool) -> None:
    number = resolve_number(text, region, bare)
    assert (number.kind == "e164") == (number.e164 is not None)
    if number.e164 is not None:
        assert number.e164[0] == "+"
        assert number.e164[1:].isdigit()
        assert resolve_number(number.e164).e164 == number.e164


def examples() -> Iterator[phonenumbers.PhoneNumber]:
    """A number of every kind of every country, and of those codes that no country has."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            if example := phonenumbers.example_number_for_type(region, kind):
                yield example
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        yield phonenumbers.example_number_for_non_geo_entity(code)


def spellings() -> Iterator[tuple[str, str | None]]:
    """Texts and the region to read them with: examples, these with a digit changed, more or less, and noise."""
    dice = Random(7)  # noqa: S311 - a test's dice
    for example in examples():
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        yield text, None
        for _ in range(3):
            at, digit = dice.randrange(1, len(text)), str(dice.randrange(10))
            for changed in (
                text[:at] + digit + text[at + 1 :],
                text[:at] + digit + text[at:],
                text[:at] + text[at + 1 :],
            ):
                yield changed, None
        region = phonenumbers.region_code_for_number(example)
        if region in phonenumbers.SUPPORTED_REGIONS:
            yield phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL), region
    for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        for _ in range(60):
            yield f"+{code}{''.join(dice.choices('0123456789', k=dice.randrange(3, 14)))}", None
    for _ in range(2_000):
        yield "+" + "".join(dice.choices("0123456789", k=dice.randrange(1, 18))), None


def as_the_library_says(text: str, region: str | None) -> Number:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return Number("unparsed")
    if not phonenumbers.is_valid_number(number):
        return Number("unparsed")
    country = phonenumbers.region_code_for_number(number)
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Number("e164", form, None if country == "001" else country)


def test_a_number_is_valid_where_the_library_calls_it_valid() -> None:
    """The library's steps are taken with patterns of our own making; they must say what it says."""
    valid = 0
    for text, region in spellings():
        found = resolve_number(text, region)
        if found.kind != "extension":
            assert found == as_the_library_says(text, region), text
            valid += found.kind == "e164"
    assert valid > 3_000


def test_a_number_in_full_is_not_searched_for_other_ways_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    phone_numbers._resolve.cache_clear()
    monkeypatch.setattr(phonenumbers, "parse", None)
    assert [resolve_number("+442079460123"), resolve_number("+12025550123")] == [LONDON, WASHINGTON]


def test_digits_that_cannot_be_dialled_within_the_region_are_not_read_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the library's parser asked about those that can: the check costs a new number next to nothing."""
    phone_numbers._resolve.cache_clear()
    monkeypatch.setattr(phonenumbers, "parse", None)
    assert resolve_number("442079460123", "US", True) == LONDON
    assert resolve_number("12025550123", "US", True) == WASHINGTON
    assert resolve_number("6462015501", "US", True).other == Number("e164", "+6462015501", "NZ")
    assert resolve_number("2025550123", "US") == WASHINGTON


def test_a_region_that_stands_for_none_reads_nothing_as_national() -> None:
    assert resolve_number("6462015501", "ZZ", True) == resolve_number("6462015501", None, True)
    assert resolve_number("2025550123", "ZZ") == Number("unparsed")
