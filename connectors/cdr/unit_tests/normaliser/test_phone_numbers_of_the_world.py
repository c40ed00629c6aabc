"""A corpus of numbers: every kind of every country, in every region, with and without country codes that lack a `+`.

No number that is valid in the region may read as another country's without a word.
"""

import sys
from collections import Counter
from random import Random

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat
from test_phone_numbers import as_the_library_says, examples

from cdr.normaliser.phone_numbers import Number, _resolve

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
NUMBERS = list(examples())
BARE = sorted({f"{one.country_code}{phonenumbers.national_significant_number(one)}" for one in NUMBERS})
DICE = Random(25)  # noqa: S311 - a test's dice
resolve = _resolve.__wrapped__  # every text once: a cache would only cost


def nationals(number: PhoneNumber) -> set[str]:
    """The spellings of a number within its country: digits alone, and as they are printed there."""
    printed = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    digits = "".join(character for character in printed if character.isdigit())
    return {phonenumbers.national_significant_number(number), digits, printed}


def is_number(number: Number) -> bool:
    return number.kind == "e164"


def test_no_number_of_a_region_reads_as_another_countrys_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """Country codes without `+`, in every region: what is valid there as a national number is that number."""
    counted: Counter[str] = Counter()
    for region in REGIONS:
        for text in BARE:
            found, international = resolve(text, region, True), resolve(text, None, True)
            national = resolve(text, region, False)
            counted["all"] += 1
            if is_number(national):
                assert found._replace(other=None) == national, (text, region)
                differs = is_number(international) and international != national
                assert found.other == (international if differs else None), (text, region)
                counted["ambiguous"] += found.other is not None
            else:
                assert found == international, (text, region)
    assert counted["ambiguous"]
    with capsys.disabled():
        share = counted["ambiguous"] / counted["all"]
        sys.stdout.write(f"\n{counted['ambiguous']:,} of {counted['all']:,} readings are ambiguous: {share:.1%}\n")


def test_a_national_spelling_reads_as_its_own_countrys() -> None:
    for number in NUMBERS:
        for region in phonenumbers.region_codes_for_country_code(number.country_code):
            if region not in phonenumbers.SUPPORTED_REGIONS:
                continue
            for text in nationals(number):
                expected = as_the_library_says(text, region)
                found = resolve(text, region, False)
                assert found == expected or found.kind == "extension", (text, region)
                if is_number(expected):
                    with_codes = resolve(text, region, True)
                    assert with_codes._replace(other=None) == expected or with_codes.kind == "extension", (text, region)


def test_every_international_spelling_reads_the_same_everywhere() -> None:
    for number in NUMBERS:
        form = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        region = DICE.choice(REGIONS)
        expected = as_the_library_says(form, None)
        printed = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        for text in (form, f"00{form[1:]}", printed.replace("/", " ")):
            for bare in (False, True):
                assert resolve(text, region, bare) == expected, (text, region)


def test_what_is_read_without_the_library_is_what_it_says_in_any_region() -> None:
    """A sample, for the library takes its time."""
    for _ in range(3_000):
        text, region = DICE.choice(BARE), DICE.choice(REGIONS)
        text = text[: DICE.randrange(7, 14)]
        found = resolve(text, region, False)
        assert found == as_the_library_says(text, region) or found.kind == "extension", (text, region)
