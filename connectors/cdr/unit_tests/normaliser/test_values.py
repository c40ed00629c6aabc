"""Values: one vendor value, read or null with its issue."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.normaliser import values

NAN, INFINITY = float("nan"), float("inf")
CONTAINERS: list[Any] = [[], {}, ["a"], {"a": 1}, ()]
whole = partial(values.whole, low=100, high=699)
mos = partial(values.measure, low=1, high=5, zero_is_null=True)


def read(convert: Callable[[Any, list[str]], Any], value: Any) -> tuple[Any, list[str]]:
    issues: list[str] = []
    return convert(value, issues), issues


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (values.text, "  a b\n", "a b"),
        (values.text, " ", None),
        (values.text, "0042", "0042"),
        (values.text, 17325550100, "17325550100"),
        (values.text, 2**70, "1180591620717411303424"),
        (values.text, 1000.0, "1000"),
        (values.text, 1714657799.25, "1714657799.25"),
        (values.amount, "0.0150", "0.0150"),
        (values.amount, " -1.50 ", "-1.50"),
        (values.amount, ".5", ".5"),
        (values.amount, "", None),
        (values.amount, 0, "0"),
        (values.amount, -0.0, "0"),
        (values.amount, 0.015, "0.015"),
        (values.amount, 12.0, "12"),
        (values.amount, 100.0, "100"),
        (values.amount, 1e-7, "0.0000001"),
        (values.amount, 1e22, "10000000000000000000000"),
        (values.amount, "1e-07", "0.0000001"),
        (values.amount, " 1.5E+2 ", "150"),
        (values.amount, "-1.50e-2", "-0.015"),
        (values.amount, "+1.e1", "10"),
        (values.amount, "-0e3", "0"),
        (values.amount, "12.3400", "12.3400"),
        (values.duration, "1.25e1", 12),
        (mos, "4.5e0", 4.5),
        (values.amount, -2.5, "-2.5"),
        (values.duration, 60, 60),
        (values.duration, 59.99, 59),
        (values.duration, "4", 4),
        (values.duration, " 4.9 ", 4),
        (values.duration, "", None),
        (values.clock, "00:01:33", 93),
        (values.clock, "25:00:01", 90001),
        (values.clock, "-00:00:00", 0),
        (values.clock, " ", None),
        (mos, 4.4, 4.4),
        (mos, "4.4", 4.4),
        (mos, 5, 5),
        (mos, 0, None),
        (mos, "0.0", None),
        (mos, "", None),
        (whole, 486, 486),
        (whole, "486", 486),
        (whole, 486.0, 486),
        (whole, 1, None),
        (whole, 700, None),
        (whole, "", None),
        (values.flag, True, True),
        (values.flag, False, False),
        (values.flag, 1, True),
        (values.flag, 0, False),
        (values.flag, "TRUE", True),
        (values.flag, " no ", False),
        (values.flag, " ", None),
        (values.free_object, {"a": [1]}, {"a": [1]}),
    ],
)
def test_what_can_be_read_is_read_without_an_issue(
    convert: Callable[[Any, list[str]], Any], value: Any, expected: Any
) -> None:
    found, issues = read(convert, value)
    assert (found, type(found), issues) == (expected, type(expected), [])


@pytest.mark.parametrize(
    ("convert", "issue", "unreadable"),
    [
        (values.text, "value_unreadable", [True, False, NAN, INFINITY, 10**5000, *CONTAINERS]),
        (
            values.amount,
            "amount_unreadable",
            ["1,50", "1e1000", "e3", "1e", "1e3.5", "\u00a31", "1.", "--1", "\u0661", True, NAN, *CONTAINERS],
        ),
        (values.duration, "value_unreadable", ["4s", "+ 4", "1e30", True, NAN, 2**63, 1e300, *CONTAINERS]),
        (values.duration, "negative_duration", [-1, -0.5, "-1", "-0.1"]),
        (values.clock, "value_unreadable", ["1:2:3", "00:60:00", "12:00", "\u0661\u0661:00:00", 12, *CONTAINERS]),
        (values.clock, "negative_duration", ["-00:00:01"]),
        (mos, "value_unreadable", [0.5, 5.1, -1, "good", True, NAN, *CONTAINERS]),
        (whole, "value_unreadable", ["OK", 486.5, True, NAN, 2**64, *CONTAINERS]),
        (values.flag, "value_unreadable", [2, -1, 1.0, "maybe", *CONTAINERS]),
        (values.free_object, "value_unreadable", [[], "a", 1]),
    ],
)
def test_what_cannot_be_read_is_null_with_its_issue(
    convert: Callable[[Any, list[str]], Any], issue: str, unreadable: list[Any]
) -> None:
    for value in unreadable:
        assert read(convert, value) == (None, [issue]), value


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_as_text_reads_back_as_itself_without_an_exponent(number: float) -> None:
    spelling = values.plain_number(number)
    assert spelling is not None
    assert set(spelling) <= set("-0123456789.")
    assert Decimal(spelling) == Decimal(repr(number))
    assert type(number)(spelling) == number


@pytest.mark.parametrize("word", ["No Answer", "NO_ANSWER", "no-answer", "NoAnswer"])
def test_words_are_compared_without_case_and_separators(word: str) -> None:
    assert values.fold(word) == "noanswer"


def test_a_text_too_long_for_a_word_is_compared_all_the_same_and_not_kept() -> None:
    kept = values._fold.cache_info().currsize
    assert values.fold("A_" * 1000) == "a" * 1000
    assert values._fold.cache_info().currsize == kept
