"""The schemas, and the declaration of what is personal."""

import json
from collections import Counter

import pytest
from jsonschema import Draft7Validator

from cdr.schema.columns import (
    COLUMNS,
    DEFAULTS,
    NOT_PERSONAL,
    PERSONAL_FREE_TEXT,
    PERSONAL_NUMBERS,
    PERSONAL_PEOPLE,
    SCHEMA_VERSION,
    json_schema,
)

TIMES = {"started_at", "ringing_at", "answered_at", "ended_at", "recording_expires_at", "created_at", "completed_at"}
STREAMS = sorted(COLUMNS)


def test_every_column_has_one_decision_on_privacy() -> None:
    decisions = Counter(
        column for group in (PERSONAL_NUMBERS, PERSONAL_PEOPLE, PERSONAL_FREE_TEXT, NOT_PERSONAL) for column in group
    )
    assert {column for columns in COLUMNS.values() for column in columns} == set(decisions)
    assert set(decisions.values()) == {1}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_schema_is_valid_draft_7_without_what_airbyte_refuses(stream: str) -> None:
    document = json_schema(stream)
    Draft7Validator.check_schema(document)
    text = json.dumps(document)
    for refused in ('"$ref"', '"allOf"', '"not"', '"enum"', '"additionalProperties": false'):
        assert refused not in text


@pytest.mark.parametrize("stream", STREAMS)
def test_every_column_is_described_and_typed(stream: str) -> None:
    for column, definition in json_schema(stream)["properties"].items():
        assert definition["description"].endswith("."), column
        assert definition["type"], column
        nullable = "null" in definition["type"]
        assert nullable != ("Never null" in definition["description"] or column == "issues"), column


@pytest.mark.parametrize("stream", STREAMS)
def test_times_and_only_times_are_timestamps(stream: str) -> None:
    for column, definition in json_schema(stream)["properties"].items():
        is_time = column in TIMES
        assert (definition.get("format") == "date-time") is is_time, column
        assert (definition.get("airbyte_type") == "timestamp_with_timezone") is is_time, column


@pytest.mark.parametrize("stream", STREAMS)
def test_personal_columns_say_so(stream: str) -> None:
    for column, definition in json_schema(stream)["properties"].items():
        assert definition["description"].endswith("Personal.") is (column not in NOT_PERSONAL), column


def test_a_column_that_is_never_null_has_something_to_say_by_default() -> None:
    filled_by_the_normaliser = {"record_id", "vendor", "vendor_record_id", "issues"}
    never_null = {
        column
        for column, definition in json_schema("call_records")["properties"].items()
        if "null" not in definition["type"]
    }
    assert never_null == filled_by_the_normaliser | set(DEFAULTS)


def test_the_caller_may_change_a_schema() -> None:
    json_schema("call_records")["properties"].clear()
    assert tuple(json_schema("call_records")["properties"]) == COLUMNS["call_records"]
    assert SCHEMA_VERSION == 1
