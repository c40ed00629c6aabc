"""The ten queries in examples/queries answer what the simulators' truth says, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

import simulators
from answers import EXPECTED, Call, Rows, assert_same
from cdr.schema.columns import json_schema
from tools.maintain import postgres
from tools.use.page import queries
from vendors import known

Ask = Callable[[str], Rows]
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
TYPES = {"string": "varchar", "integer": "bigint", "boolean": "boolean", "number": "decimal(38, 9)"}
every_query = pytest.mark.parametrize("query", queries(), ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    """Four days of all vendors."""
    found = []
    for vendor in simulators.VENDORS:
        options = known()[vendor].same_rows
        with simulators.start(vendor, start=END - timedelta(days=4), end=END, calls_per_day=150, **options) as sim:
            found += sim.truth()
    return found


@pytest.fixture(scope="module")
def file_of_calls(calls: list[Call], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("queries") / "calls.json"
    path.write_text(json.dumps(calls), encoding="utf-8")
    return path


def table() -> dict[str, str]:
    """The columns of call_records as both databases declare them."""
    found = {}
    for name, column in json_schema("call_records")["properties"].items():
        types = column["type"] if isinstance(column["type"], list) else [column["type"]]
        (kind,) = [word for word in types if word != "null"]
        found[name] = "timestamp with time zone" if column.get("format") == "date-time" else TYPES.get(kind, "json")
    return found


def filled(path: Path, file_of_calls: Path) -> Path:
    """A DuckDB file with the calls."""
    columns = ", ".join(f"{name} {kind}" for name, kind in table().items())
    with duckdb.connect(str(path)) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(f"CREATE TABLE call_records ({columns})")
        kinds = ", ".join(f"{name}: '{kind}'" for name, kind in table().items())
        database.execute(
            f"INSERT INTO call_records SELECT * FROM read_json('{file_of_calls}', columns = {{{kinds}}})"  # noqa: S608
        )
    return path


@pytest.fixture(scope="module")
def in_duckdb(file_of_calls: Path) -> Iterator[Ask]:
    with duckdb.connect(str(filled(file_of_calls.with_name("calls.duckdb"), file_of_calls))) as database:
        database.execute("SET TimeZone = 'UTC'")
        yield lambda sql: database.execute(sql).fetchall()


@pytest.fixture(scope="module")
def in_postgresql(file_of_calls: Path) -> Iterator[Ask]:
    if importlib.util.find_spec("psycopg2") is None:
        pytest.skip("the driver comes with PyAirbyte, which supports Python 3.10 to 3.12")
    import psycopg2

    columns = ", ".join(f"{name} {kind}" for name, kind in table().items())
    try:
        with postgres.server() as url:
            connection = psycopg2.connect(url)
            with connection.cursor() as cursor:

                def ask(sql: str) -> Rows:
                    cursor.execute(sql)
                    return cursor.fetchall()

                cursor.execute(f"SET TimeZone = 'UTC'; CREATE TABLE call_records ({columns})")
                rows = file_of_calls.read_text(encoding="utf-8")
                insert = "INSERT INTO call_records SELECT * FROM json_populate_recordset(NULL::call_records, %s)"
                cursor.execute(insert, [rows])
                yield ask
            connection.close()
    except postgres.NoPostgresError as error:
        pytest.skip(str(error))


def test_there_are_ten_queries_and_each_has_an_answer() -> None:
    assert [query.stem for query in queries()] == list(EXPECTED)


@every_query
def test_a_query_says_its_question_first(query: Path) -> None:
    first, second, *_ = query.read_text(encoding="utf-8").splitlines()
    assert first.startswith("-- ")
    assert first.endswith("?")
    assert second.startswith("-- ")


@every_query
@pytest.mark.parametrize("warehouse", ["duckdb", "postgresql"])
def test_a_query_answers_what_is_true(
    query: Path, warehouse: str, calls: list[Call], request: pytest.FixtureRequest
) -> None:
    ask: Ask = request.getfixturevalue(f"in_{warehouse}")
    expected = EXPECTED[query.stem](calls)
    assert expected, "the calls do not answer this"
    assert_same([tuple(row) for row in ask(query.read_text(encoding="utf-8"))], expected)


def test_a_caller_who_was_called_back_is_not_on_the_list(in_duckdb: Ask, calls: list[Call]) -> None:
    (query,) = [path for path in queries() if path.stem.startswith("08")]
    text = query.read_text(encoding="utf-8")
    first: tuple[Any, ...] = in_duckdb(text)[0]
    in_duckdb("BEGIN TRANSACTION")
    in_duckdb(
        f"""INSERT INTO call_records (record_id, direction, to_number_e164, started_at)
            VALUES ('later', 'outbound', '{first[0]}', TIMESTAMPTZ '{first[2].isoformat()}' + INTERVAL 1 SECOND)"""  # noqa: S608
    )
    assert first[0] not in {row[0] for row in in_duckdb(text)}
    in_duckdb("ROLLBACK")
