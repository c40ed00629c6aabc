"""Readers: what a vendor file says, and what it means for a row."""

import pickle
from typing import Any

import pytest

from cdr.fields import Reader, Setting
from cdr.readers import (
    as_sent,
    choice,
    clock,
    containing,
    decimal,
    flag,
    free_object,
    link,
    moment,
    number,
    present,
    seconds,
    starting,
    text,
    timestamp,
    whole,
)

LONDON = Setting(zone="Europe/London", origin="https://pbx.example.com:8887")
DASHED = "%Y-%m-%d %H:%M:%S"
DIRECTIONS = {"inbound": "inbound", "intra pbx": "internal"}
PREFIXES = {"in_out": "transit", "in": "inbound"}


def read(reader: Reader, source: Any, setting: Setting = LONDON) -> tuple[Any, list[str]]:
    row: dict[str, Any] = {"issues": []}
    value = pickle.loads(pickle.dumps(reader)).compile(setting)(source, row)  # noqa: S301 (as a worker gets it)
    return value, row["issues"]


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (text("x"), " a ", "a"),
        (decimal("x"), 0.5, "0.5"),
        (seconds("x"), "7", 7),
        (clock("x"), "00:00:07", 7),
        (number("x", 1, 5), 4.5, 4.5),
        (number("x"), -7, -7),
        (whole("x", 1, 127), 16, 16),
        (flag("x"), 1, True),
        (free_object("x"), {"a": 1}, {"a": 1}),
        (as_sent("x"), ["a"], ["a"]),
        (choice("x", DIRECTIONS), "INTRA_PBX", "internal"),
        (choice("x", DIRECTIONS), "sideways", "unknown"),
        (choice("x", {"normal clearing": 16}, absent=None, other=None), "Normal Clearing", 16),
        (choice("x", {"normal clearing": 16}, absent=None, other=None), "Abnormal", None),
        (choice("x", DIRECTIONS), 7, "unknown"),
        (starting("x", PREFIXES), "IN_OUT_CALL", "transit"),
        (starting("x", PREFIXES), "IN_CALL", "inbound"),
        (starting("x", PREFIXES), "CALL_IN", "unknown"),
        (containing("x", PREFIXES), "CALL_IN", "inbound"),
        (containing("x", PREFIXES), "call", "unknown"),
        (present("x"), "https://example.com", True),
        (present("x"), 7, True),
        (present("x"), " ", False),
        (present("x"), None, False),
        (link("x"), "/api/blobs/a", "https://pbx.example.com:8887/api/blobs/a"),
        (link("x"), "https://cdn.example.com/a", "https://cdn.example.com/a"),
        (link("x"), "//cdn.example.com/a", "//cdn.example.com/a"),
        (timestamp("x"), " 2024-07-01T12:00:00.10+02:00 ", "2024-07-01T10:00:00.10Z"),
        (timestamp("x"), "1970-12-31T23:59:59Z", "1970-12-31T23:59:59Z"),
        (timestamp("x", first_year=1971), "1970-12-31T23:59:59Z", None),
        (timestamp("x", first_year=1971), "0000-00-00T00:00:00Z", None),
        (timestamp("x", first_year=1971), "1971-01-01T00:00:00Z", "1971-01-01T00:00:00Z"),
        (moment("x", DASHED), "2024-07-01 12:00:00", "2024-07-01T11:00:00Z"),
        (moment("x", DASHED, zone="UTC"), "2024-07-01 12:00:00", "2024-07-01T12:00:00Z"),
        (moment("x", DASHED, zone="Asia/Kolkata"), "2024-07-01 12:00:00", "2024-07-01T06:30:00Z"),
        (moment("x", DASHED), "", None),
    ],
)
def test_a_reader_reads_as_it_says(reader: Reader, value: Any, expected: Any) -> None:
    assert read(reader, {"x": value}) == (expected, [])


@pytest.mark.parametrize(
    ("reader", "absent"),
    [
        (text("a.b"), None),
        (choice("a.b", {}), "unknown"),
        (choice("a.b", {}, absent=None), None),
        (starting("a.b", {}), "unknown"),
        (present("a.b"), None),
        (moment("a.b", DASHED), None),
        (moment("a.b", DASHED, witness="a.id"), None),
        (timestamp("a.b"), None),
        (link("a.b"), None),
    ],
)
@pytest.mark.parametrize("source", [{}, {"a": None}, {"a": {}}])
def test_a_missing_field_is_no_issue(reader: Reader, absent: str | None, source: Any) -> None:
    assert read(reader, source) == (absent, [])


def test_empty_text_is_as_good_as_missing() -> None:
    assert read(choice("x", {}, absent=None), {"x": " "}) == (None, [])
    assert read(moment("x", DASHED, witness="id"), {"x": " "}) == (None, [])


@pytest.mark.parametrize(
    ("reader", "issue"),
    [
        (text("a.b"), "value_unreadable"),
        (present("a.b"), "value_unreadable"),
        (seconds("a.b"), "value_unreadable"),
        (decimal("a.b"), "amount_unreadable"),
        (timestamp("a.b"), "time_unreadable"),
        (moment("a.b", DASHED), "time_unreadable"),
        (moment("a.b", DASHED, witness="a.id"), "time_unreadable"),
    ],
)
@pytest.mark.parametrize("source", [{"a": "not an object"}, {"a": []}, {"a": {"b": [1]}}, {"a": {"b": True}}])
def test_something_else_in_a_fields_place_is_an_issue(reader: Reader, issue: str, source: Any) -> None:
    assert read(reader, source) == (None, [issue])


@pytest.mark.parametrize("value", ["yesterday", 1714657799, True, {}, "9999-12-31 23:59:59"])
def test_a_time_that_is_there_and_cannot_be_read_is_an_issue(value: Any) -> None:
    new_york = Setting(zone="America/New_York")
    for reader in (moment("x", DASHED), moment("x", DASHED, witness="id"), timestamp("x")):
        assert read(reader, {"x": value}, new_york) == (None, ["time_unreadable"])


def test_a_doubled_time_is_ambiguous() -> None:
    assert read(moment("x", DASHED), {"x": "2024-10-27 01:30:00"}) == ("2024-10-27T00:30:00Z", ["time_ambiguous"])


def test_a_witness_settles_a_doubled_time() -> None:
    reader = moment("x", DASHED, witness="ids.call")
    source = {"x": "2024-10-27 01:30:00", "ids": {"call": "1729992600.1"}}
    assert read(reader, source) == ("2024-10-27T01:30:00Z", [])


@pytest.mark.parametrize("witness", [None, "", "15XXXXXX7.4XX0", [], {}, True, 7])
def test_what_is_no_asterisk_id_is_no_witness(witness: Any) -> None:
    reader = moment("x", DASHED, witness="id")
    assert read(reader, {"x": "2024-07-01 12:00:00", "id": witness}) == ("2024-07-01T11:00:00Z", [])


def test_a_witness_can_be_a_number() -> None:
    reader = moment("x", DASHED, zone="UTC", witness="id")
    assert read(reader, {"x": "2024-05-02 14:49:59", "id": 1714657799.25}) == (
        "2024-05-02T13:49:59Z",
        ["time_mismatch"],
    )


def test_a_format_without_a_parser_is_no_reader() -> None:
    for witness in (None, "id"):
        with pytest.raises(ValueError, match=r"%d\.%m\.%Y"):
            moment("x", "%d.%m.%Y", witness=witness)


def test_readers_are_equal_by_what_they_say() -> None:
    assert text("x") == text("x")
    assert moment("x", DASHED) != moment("x", DASHED, zone="UTC")
