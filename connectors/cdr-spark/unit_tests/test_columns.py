"""Lines become columns without a value that changes on the way."""

import json

import pytest

pa = pytest.importorskip("pyarrow")

from cdr.normaliser.normaliser import serialise  # noqa: E402
from cdr.normaliser.timestamps import instant  # noqa: E402 - after the check above
from cdr.schema.columns import COLUMNS, DEFAULTS, json_schema  # noqa: E402
from cdr_spark.columns import Columns, arrow_schema  # noqa: E402

STREAMS = sorted(COLUMNS)


def row(stream="call_records", **over):
    lists = {name: [] for name, column in json_schema(stream)["properties"].items() if column["type"] == "array"}
    return {
        **dict.fromkeys(COLUMNS[stream]),
        **{k: v for k, v in DEFAULTS.items() if k in COLUMNS[stream]},
        **lists,
        **over,
    }


def read(*rows, stream="call_records"):
    return Columns(stream).batch([serialise(one) for one in rows]).to_pylist()


@pytest.mark.parametrize("stream", STREAMS)
def test_an_object_stands_in_front_of_the_last_column_which_is_the_version(stream):
    names, columns = COLUMNS[stream], json_schema(stream)["properties"]
    assert names[-1] == "schema_version"
    assert [name for name in names if "object" in columns[name]["type"]] in ([], [names[-2]])


@pytest.mark.parametrize("stream", STREAMS)
def test_the_columns_are_those_of_the_contract_in_their_order(stream):
    assert tuple(arrow_schema(stream).names) == COLUMNS[stream]
    identity = arrow_schema(stream)[0]
    assert (identity.type, identity.nullable) == (pa.string(), False)


@pytest.mark.parametrize(
    "raw",
    [
        {"id": 123456789012345678901234567890, "rate": 0.1},
        {"a": ',"raw":{"b":1},"schema_version":2}', "schema_version": 3, "raw": {"raw": None, "schema_version": 9}},
        {"text": 'Zürich \u2028 "quoted" \\', "half": "a\ud800"},
        {"deep": json.loads("[" * 900 + "]" * 900)},
        {},
        None,
    ],
    ids=["big", "own keys", "texts", "deep", "empty", "none"],
)
def test_raw_is_the_vendors_record_to_the_last_digit(raw):
    text = None if raw is None else serialise(raw).decode()
    assert read(row(raw=raw))[0] == row(raw=text)


def test_values_keep_their_types():
    given = row(
        record_id="voxo:1:1",
        started_at="2026-01-05T00:00:00Z",
        ringing_at="2026-01-05T00:00:00.25Z",
        duration_seconds=2**63 - 1,
        charge_amount="0.0001000",
        is_recorded=False,
        mos=4,
        issues=["number_unparsed", "id_missing"],
    )
    (found,) = read(given)
    moments = {name: instant(given[name]) for name in ("started_at", "ringing_at")}
    assert found == {**given, **moments}


def test_digits_behind_the_microsecond_are_cut_off():
    text = "2026-01-05T00:00:00.123456789Z"
    assert read(row(started_at=text), row())[0]["started_at"] == instant("2026-01-05T00:00:00.123456Z")


def test_half_a_character_is_replaced_in_text_and_the_row_kept():
    first, second = read(row(from_name="a\ud800", raw={"name": "a\ud800"}), row(from_name="b"))
    assert (first["from_name"], second["from_name"]) == ("a\ufffd", "b")
    assert json.loads(first["raw"]) == {"name": "a\ud800"}
