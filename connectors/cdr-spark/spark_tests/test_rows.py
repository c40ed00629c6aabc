"""What comes out of Spark is what `main.py read` gives out for the same period: every stream, row and column."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from cdr.normaliser.timestamps import instant
from cdr.schema.columns import json_schema
from cdr_spark.accounts import source_of
from harness import Connector, connectors, vendor

UTC = timezone.utc
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
PERIOD = {"start": END - timedelta(days=3) + timedelta(seconds=1), "end": END}
# Links are signed anew at every read.
SIGNED = re.compile(r'(https?://[^"?\s]+)\?[^"\s]*')


@pytest.fixture(scope="module")
def running():
    started = {name: simulators.start(vendor(name), calls_per_day=60, **PERIOD) for name in connectors()}
    yield started
    for simulator in started.values():
        simulator.close()


@pytest.fixture(scope="module")
def read_by_airbyte(running, tmp_path_factory):
    """Every stream's rows by connector and stream, as `main.py read` prints them."""
    outcomes = {}
    for name, simulator in running.items():
        outcome = Connector(name, tmp_path_factory.mktemp(name)).read(simulator.config(), mode="full_refresh")
        assert outcome.code == 0, outcome.text
        outcomes |= {(name, cls.name): outcome.records(cls.name) for cls in streams_of(name)}
    return outcomes


@pytest.fixture(scope="module")
def read_by_spark(spark, running, tmp_path_factory):
    """The same through Spark: a query for each stream, over all connectors that have it."""
    folder = tmp_path_factory.mktemp("configs")
    names = {cls.name: [] for name in running for cls in streams_of(name)}
    for name, simulator in running.items():
        for cls in streams_of(name):
            names[cls.name].append(json.dumps({"connector": name, **simulator.config()}))
    for stream, configs in names.items():
        (folder / stream).write_text("\n".join(configs))

    return {stream: spark.read(configs=str(folder / stream), stream=stream).toArrow().to_pylist() for stream in names}


def streams_of(name):
    """Those that Spark has: it has no place for files."""
    return [cls for cls in source_of(name).streams if not cls.has_files]


def streams():
    return [(name, cls) for name in connectors() for cls in streams_of(name)]


@pytest.mark.parametrize(("name", "cls"), streams(), ids=lambda value: getattr(value, "name", value))
def test_spark_reads_what_airbyte_reads(read_by_airbyte, read_by_spark, name, cls):
    printed = [as_columns(row, cls.name) for row in read_by_airbyte[name, cls.name]]
    expected = {row[cls.primary_key]: comparable(row) for row in printed}
    got = [row for row in read_by_spark[cls.name] if row["vendor"] == vendor(name)]
    assert expected
    assert len(got) == len(expected)
    assert {row[cls.primary_key]: comparable(row) for row in got} == expected


def as_columns(row, stream):
    """A row of the protocol in Spark's types: moments, and objects as their JSON text."""
    columns = {}
    for name, column in json_schema(stream)["properties"].items():
        value = row[name]
        if value is not None and column.get("format") == "date-time":
            value = instant(value)
        elif value is not None and "object" in column["type"]:
            value = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        columns[name] = value
    return columns


def comparable(row):
    """A row, without what signs its links, which is new at every read; it counts whether there is an expiry."""
    unsigned = {key: SIGNED.sub(r"\1", value) if isinstance(value, str) else value for key, value in row.items()}
    return {**unsigned, "recording_expires_at": row.get("recording_expires_at") is not None}
