"""Columns that follow from others, and readers that depend on them."""

from typing import Any

import pytest

from cdr.normaliser import seconds, text
from cdr.normaliser.derivations import between, derived, ends_before_start, minus, plus
from cdr.normaliser.fields import Reader, Setting
from cdr.normaliser.values import Unreadable

START, END = "2024-01-01T00:00:00.25Z", "2024-01-01T00:01:00Z"


def read(reader: Reader, row: dict[str, Any], source: dict[str, Any] | None = None) -> tuple[Any, list[str]]:
    row = {"started_at": None, "ended_at": None, "issues": []} | row
    assert set(reader.needs) <= set(row)
    return reader.compile(Setting())(source or {}, row), row["issues"]


def refuse(_: str | None) -> None:
    raise Unreadable("time_unreadable")


@pytest.mark.parametrize(
    ("row", "expected", "issues"),
    [
        ({"started_at": START, "ring": 3}, "2024-01-01T00:00:03.25Z", []),
        ({"started_at": None, "ring": 3}, None, []),
        ({"started_at": START, "ring": None}, None, []),
        ({"started_at": START, "ring": 10**15}, None, ["value_unreadable"]),
    ],
)
def test_plus(row: dict[str, Any], expected: str | None, issues: list[str]) -> None:
    assert read(plus("started_at", "ring"), row) == (expected, issues)


@pytest.mark.parametrize(
    ("row", "expected", "issues"),
    [
        ({"total": 5, "part": 5}, 0, []),
        ({"total": None, "part": 5}, None, []),
        ({"total": 5, "part": None}, None, []),
        ({"total": 5, "part": 6}, None, ["end_before_start"]),
    ],
)
def test_minus(row: dict[str, Any], expected: int | None, issues: list[str]) -> None:
    assert read(minus("total", "part"), row) == (expected, issues)


@pytest.mark.parametrize(
    ("row", "expected", "issues"),
    [
        ({"started_at": START, "ended_at": END, "answered_at": START}, 59, []),
        ({"started_at": START, "ended_at": END, "answered_at": None}, 7, []),
        ({"started_at": START, "ended_at": END, "answered_at": "2024-01-01T00:01:00.1Z"}, None, ["end_before_start"]),
        # The call has no length, which its own column says; the talk has one.
        ({"started_at": "2024-01-01T00:02:00Z", "ended_at": END, "answered_at": START}, 59, []),
    ],
)
def test_between(row: dict[str, Any], expected: int | None, issues: list[str]) -> None:
    reader = between("answered_at", "ended_at", missing=seconds("duration"))
    assert read(reader, row, {"duration": 7}) == (expected, issues)


def test_nothing_lies_between_a_time_and_none() -> None:
    assert read(between("started_at", "ended_at"), {"started_at": START}) == (None, [])


def test_a_fraction_of_a_second_is_an_order_too() -> None:
    assert ends_before_start({"started_at": "2024-01-01T00:00:00.5Z", "ended_at": "2024-01-01T00:00:00Z"})
    assert not ends_before_start({"started_at": "2024-01-01T00:00:00Z", "ended_at": "2024-01-01T00:00:00.5Z"})
    assert not ends_before_start({"started_at": START, "ended_at": None})
    assert not ends_before_start({})


def test_a_function_gets_columns_and_readers() -> None:
    reader = derived("{}-{}".format, "a", text("b").where(c="d"))
    assert reader.needs == ("a", "c")
    assert read(reader, {"a": 1, "c": "d"}, {"b": 2}) == ("1-2", [])


def test_a_function_can_name_the_issue() -> None:
    assert read(derived(refuse, text("x")), {}) == (None, ["time_unreadable"])


@pytest.mark.parametrize(("direction", "expected"), [("inbound", "1"), ("outbound", None)])
def test_where_reads_only_rows_with_that_word(direction: str, expected: str | None) -> None:
    reader = text("x").where(direction="inbound")
    assert reader.needs == ("direction",)
    assert read(reader, {"direction": direction}, {"x": 1}) == (expected, [])


@pytest.mark.parametrize(("talk", "expected"), [(1, "1"), (0, None), (None, None)])
def test_where_positive_reads_only_rows_above_zero(talk: int | None, expected: str | None) -> None:
    assert read(text("x").where_positive("talk"), {"talk": talk}, {"x": 1}) == (expected, [])


def test_otherwise_reads_the_other_where_the_one_is_null() -> None:
    reader = text("x").otherwise(text("y"))
    assert read(reader, {}, {"x": "", "y": "b"}) == ("b", [])
    assert read(reader, {}, {"x": "a", "y": "b"}) == ("a", [])
