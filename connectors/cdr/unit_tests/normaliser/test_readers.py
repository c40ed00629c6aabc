"""Readers: what a vendor file says, and what it means for a row."""

import pickle
from typing import Any

import pytest

from cdr.normaliser import (
    as_sent,
    choice,
    clock,
    containing,
    decimal,
    flag,
    free_object,
    integer,
    link,
    moment,
    number,
    present,
    seconds,
    starting,
    text,
    timestamp,
)
from cdr.normaliser.fields import Reader, Setting

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
        (integer("x", 1, 127), 16, 16),
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
        (timestamp("x"), "2024-07-01T12:00:00.000Z", "2024-07-01T12:00:00Z"),
        (timestamp("x"), "2024-07-01 12:00:00", "2024-07-01T11:00:00Z"),
        (timestamp("x"), "2024-07-01T12:00:00.25", "2024-07-01T11:00:00.25Z"),
        (timestamp("x"), "2024-07-01T12:00:00+0530", "2024-07-01T06:30:00Z"),
        (timestamp("x"), "1970-12-31T23:59:59Z", "1970-12-31T23:59:59Z"),
        (timestamp("x", first_year=1971), "1970-12-31T23:59:59Z", None),
        (timestamp("x", first_year=1971), "0000-00-00T00:00:00Z", None),
        (timestamp("x", first_year=1971), "1971-01-01T00:00:00Z", "1971-01-01T00:00:00Z"),
        (moment("x", DASHED), "2024-07-01 12:00:00", "2024-07-01T11:00:00Z"),
        (moment("x", DASHED, zone="UTC"), "2024-07-01 12:00:00", "2024-07-01T12:00:00Z"),
        (moment("x", DASHED, zone="Asia/Kolkata"), "2024-07-01 12:00:00", "2024-07-01T06:30:00Z"),
        (moment("x", DASHED), "", None),
        (moment("x", DASHED), "2019-06-11T05:57:24.000000Z", "2019-06-11T05:57:24Z"),
        (moment("x", DASHED), "2024-07-01T12:00:00", "2024-07-01T11:00:00Z"),
        (moment("x", DASHED), "2024-07-01 12:00:00.50", "2024-07-01T11:00:00.50Z"),
        (moment("x", DASHED), "2024-07-01 12:00:00 -05:00", "2024-07-01T17:00:00Z"),
        (moment("x", DASHED, zone="UTC"), "2024-07-01 12:00:00.000", "2024-07-01T12:00:00Z"),
        (moment("x", "%d-%b-%Y %H:%M:%S"), "2024-07-01T12:00:00+02:00", "2024-07-01T10:00:00Z"),
        (moment("x", "%m/%d/%y %H:%M:%S", witness="id"), "2024-07-01 12:00:00.75", "2024-07-01T11:00:00.75Z"),
        (moment("x", DASHED, witness="id", otherwise=("y",)), "2024-07-01 12:00:00", "2024-07-01T11:00:00Z"),
        (seconds("x").where_missing(seconds("y")), "7", 7),
        (number("x").unless_zero("y"), 1.5, 1.5),
        (starting("x", PREFIXES, alone={"out": "outbound"}), "Out", "outbound"),
        (starting("x", PREFIXES, alone={"out": "outbound"}), "outer", "unknown"),
        (present("x", empty=None), "a", True),
        (present("x", empty=None), None, None),
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


@pytest.mark.parametrize("blank", [None, "", " "])
def test_other_paths_are_read_where_the_first_has_nothing(blank: Any) -> None:
    whole = moment("x", DASHED, witness="id", otherwise=("y",))
    pair = moment("x", DASHED, witness="id", otherwise=("at.day", "at.time"))
    at = {"day": " 2024-07-01", "time": "12:00:00 "}
    assert read(whole, {"x": blank, "y": "2024-07-01 12:00:00"}) == ("2024-07-01T11:00:00Z", [])
    assert read(pair, {"x": blank, "at": at}) == ("2024-07-01T11:00:00Z", [])
    assert read(pair, {"x": blank, "at": {}}) == (None, [])
    assert read(pair, {"x": blank, "at": {"day": "2024-07-01"}}) == (None, ["time_unreadable"])
    assert read(pair, {"x": "soon", "at": at}) == (None, ["time_unreadable"])


def test_only_a_time_with_a_witness_has_other_paths() -> None:
    for words in ({"previous_leg": "y"}, {"otherwise": ("y",)}):
        with pytest.raises(ValueError, match="witness"):
            moment("x", DASHED, **words)


def test_a_time_that_its_epoch_corrects_has_no_fraction() -> None:
    reader = moment("x", DASHED, zone="UTC", witness="id")
    noon = {"x": "2024-07-01 12:00:00.25"}
    assert read(reader, {**noon, "id": "1719828000.1"}) == ("2024-07-01T10:00:00Z", ["time_mismatch"])
    assert read(reader, {**noon, "id": "1719835200.1"}) == ("2024-07-01T12:00:00.25Z", [])
    assert read(reader, {**noon, "id": "1719835100.1"}) == ("2024-07-01T12:00:00.25Z", ["time_mismatch"])


@pytest.mark.parametrize("nothing", [0, "0", "0.0", 0.0])
def test_a_measure_is_null_where_nothing_was_measured(nothing: Any) -> None:
    reader = number("x").unless_zero("y")
    assert read(reader, {"x": 1.5, "y": nothing}) == (None, [])
    assert read(reader, {"x": "?", "y": nothing}) == (None, [])
    assert read(reader, {"x": 1.5, "y": None}) == (1.5, [])
    assert read(reader, {"y": 1}) == (None, [])


def test_another_reader_fills_in_where_a_field_is_missing_and_not_where_it_is_odd() -> None:
    reader = seconds("x").where_missing(seconds("y"))
    for missing in ({}, {"x": None}, {"x": " "}):
        assert read(reader, {**missing, "y": 3}) == (3, [])
    assert read(reader, {"x": -1, "y": 3}) == (None, ["negative_duration"])
    assert read(reader, {"x": "?", "y": 3}) == (None, ["value_unreadable"])


def test_what_was_sent_is_that_of_the_field_which_is_there() -> None:
    find = text("x").where_missing(text("y")).compile_raw()
    assert [find(row) for row in ({"x": "1", "y": "2"}, {"x": " ", "y": "2"}, {"y": "2"}, {})] == ["1", "2", "2", None]


def test_a_format_without_a_parser_is_no_reader() -> None:
    for witness in (None, "id"):
        with pytest.raises(ValueError, match=r"%d\.%m\.%Y"):
            moment("x", "%d.%m.%Y", witness=witness)


def test_readers_are_equal_by_what_they_say() -> None:
    assert text("x") == text("x")
    assert moment("x", DASHED) != moment("x", DASHED, zone="UTC")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("-0.00750", "0.00750"), (-0.0075, "0.0075"), ("0.00750", "0.00750"), ("-1e-07", "0.0000001"), (None, None)],
)
def test_a_cost_that_is_printed_with_a_minus_loses_it(value, expected):
    assert read(decimal("x", without_minus=True), {"x": value}) == (expected, [])
    assert read(decimal("x", without_minus=True), {"x": "free"}) == (None, ["amount_unreadable"])
