"""The dbt package built in DuckDB and in PostgreSQL from all vendors' calls, once for all tests that ask.

The first build finds most rows, some of them not filled in yet and some read twice. Then the rest comes, and what was
not filled in comes again; the second build adds it. A third one finds nothing new.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pytest

import models_truth
import simulators
from test_queries import table
from tools.install import python_of
from tools.maintain import postgres
from tools.use import models

Row = dict[str, Any]
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
EMITTED = "_airbyte_extracted_at"
FIRST, SECOND = "2026-07-01 06:00:00", "2026-07-02 06:00:00"
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


@dataclass
class Answer:
    """What dbt said of one command."""

    success: bool
    nodes: dict[str, str]
    said: list[str]


class Worker:
    """dbt in a process of its own environment, which does one command after the other."""

    def __init__(self, home: Path) -> None:
        self._compiled = home / "target" / "compiled" / "calls"
        self._flags = ["--target-path", str(home / "target"), "--log-path", str(home), "--profiles-dir", "."]
        with (home / "worker.log").open("w") as log:
            self._process = subprocess.Popen(
                [python_of(models.VENV), str(Path(__file__).with_name("models_worker.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def run(self, *arguments: str, variables: dict[str, Any], **environment: str) -> Answer:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        job = [*arguments, *self._flags, "--vars", json.dumps(variables)]
        stdin.write(json.dumps({"arguments": job, "environment": environment}) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, "dbt's process ended"
        return Answer(**json.loads(line))

    def analyses(self, *, variables: dict[str, Any], **environment: str) -> dict[str, str]:
        """The SQL of each analysis, by its name."""
        chosen = ("compile", "--select", "resource_type:analysis")
        answer = self.run(*chosen, variables=variables, **environment)
        assert answer.success, answer.said
        return {path.stem: path.read_text(encoding="utf-8") for path in (self._compiled / "analyses").glob("*.sql")}

    def close(self) -> None:
        self._process.communicate()


class Warehouse(Protocol):
    """Where rows are put and models are asked."""

    environment: dict[str, str]

    def put(self, schema: str, rows: list[Row]) -> None: ...

    def ask(self, sql: str) -> list[tuple[Any, ...]]: ...


@dataclass
class DuckDB:
    """A file; opened for a moment only, for dbt opens it too."""

    path: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {"CALLS_DUCKDB": str(self.path), "CALLS_TARGET": "duckdb"}

    def put(self, schema: str, rows: list[Row]) -> None:
        file, columns = self.path.with_suffix(".json"), {**table(), EMITTED: "timestamp"}
        file.write_text(json.dumps(rows), encoding="utf-8")
        kinds = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        with duckdb.connect(str(self.path)) as database:
            database.execute("SET TimeZone = 'UTC'")
            database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            database.execute(f"CREATE TABLE IF NOT EXISTS {schema}.call_records ({declared})")
            database.execute(f"CREATE TABLE IF NOT EXISTS {schema}.call_logs ({declared})")
            for stream in ("call_records", "call_logs"):
                read = f"read_json('{file}', columns = {{{kinds}}})"
                database.execute(f"INSERT INTO {schema}.{stream} SELECT * FROM {read}")  # noqa: S608

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as database:
            database.execute("SET TimeZone = 'UTC'")
            return database.execute(sql).fetchall()


@dataclass
class PostgreSQL:
    """A server's database."""

    url: str
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {**models.postgres_environment(self.url), "CALLS_TARGET": "postgres"}

    def put(self, schema: str, rows: list[Row]) -> None:
        columns = {**table(), EMITTED: "timestamp"}
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.ask(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for stream in ("call_records", "call_logs"):
            self.ask(f"CREATE TABLE IF NOT EXISTS {schema}.{stream} ({declared})")
            insert = f"INSERT INTO {schema}.{stream} SELECT * FROM json_populate_recordset(NULL::{schema}.{stream}, %s)"  # noqa: S608
            self.ask(insert, json.dumps(rows))

    def ask(self, sql: str, *given: str) -> list[tuple[Any, ...]]:
        import psycopg2

        connection = psycopg2.connect(self.url)
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(sql, given or None)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows


@dataclass
class Built:
    """A warehouse after the builds, and what dbt said of each."""

    warehouse: Warehouse
    builds: list[Answer]
    analyses: dict[str, str]

    def rows(self, model: str, *columns: str, schema: str = "models") -> list[tuple[Any, ...]]:
        return self.warehouse.ask(f"SELECT {', '.join(columns)} FROM {schema}.{model}")  # noqa: S608


@dataclass
class Data:
    """All vendors' rows, which of them are late, and which come unfinished at first."""

    rows: dict[str, list[Row]]
    variables: dict[str, Any]

    def all(self) -> list[Row]:
        return [row for rows in self.rows.values() for row in rows]

    def loads(self) -> Iterator[dict[str, list[Row]]]:
        """What each load brings to each schema."""
        found: tuple[dict[str, list[Row]], ...] = ({}, {})
        for vendor, rows in self.rows.items():
            for number, row in enumerate(rows):
                schema = f"raw_{vendor}" + ("_2" if vendor == "voxo" and number % 2 else "")
                first, second = (load.setdefault(schema, []) for load in found)
                if number % 6 == 0:
                    second.append({**row, EMITTED: SECOND})
                elif number % 7 == 0:
                    unfinished = {"disposition": "unknown", "charge_amount": None, "answered_by": None}
                    first.append({**row, **unfinished, EMITTED: FIRST})
                    second.append({**row, EMITTED: SECOND})
                elif number % 11 == 0:
                    first += [{**row, "disposition": "failed", EMITTED: "2026-06-30 06:00:00"}, {**row, EMITTED: FIRST}]
                else:
                    first.append({**row, EMITTED: FIRST})
        yield from found


def data() -> Data:
    """Three days; where a vendor lists legs, legs. VOXO's rows are linked to chains of three here and there."""
    rows, logs = {}, []
    for vendor in simulators.VENDORS:
        with simulators.start(vendor, start=END - timedelta(days=3), end=END, calls_per_day=60) as sim:
            stream = "call_logs" if "call_logs" in sim.cursors else "call_records"
            logs += [vendor] if stream == "call_logs" else []
            rows[vendor] = sorted(sim.truth(stream), key=lambda row: row["started_at"] or "")
    voxo = rows["voxo"]
    for number in range(1, len(voxo) - 1, 9):
        voxo[number]["previous_leg_id"] = voxo[number - 1]["call_group_id"]
        voxo[number]["next_leg_id"] = voxo[number + 1]["call_group_id"]
    sources: dict[str, Any] = {vendor: f"raw_{vendor}" for vendor in rows}
    sources["voxo"] = ["raw_voxo", "raw_voxo_2", "raw_voxo_not_there"]
    hours = {
        str(day): [f"{opens // 60:02}:{opens % 60:02}", f"{closes // 60:02}:{closes % 60:02}"]
        for day, (opens, closes) in models_truth.OPEN.items()
    }
    named = {"calls_sources": sources, "calls_call_logs": logs, "calls_opening_hours": hours}
    named |= {"calls_service_level_seconds": models_truth.SERVICE_LEVEL}
    return Data(rows, {**named, "calls_time_zone": str(models_truth.ZONE)})


def build(worker: Worker, warehouse: Warehouse, given: Data) -> Built:
    """Load and build twice, and once more with nothing new."""
    answers = []
    first, second = given.loads()
    for arguments, load in ((["build"], first), (["build", *NO_UNIT_TESTS], second), (["run"], {})):
        for schema, rows in load.items():
            warehouse.put(schema, rows)
        answers.append(worker.run(*arguments, variables=given.variables, **warehouse.environment))
        assert answers[-1].success, answers[-1].said
    return Built(warehouse, answers, worker.analyses(variables=given.variables, **warehouse.environment))


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A server for a while; the tests that need one are skipped where there is none."""
    if importlib.util.find_spec("psycopg2") is None:
        pytest.skip("the driver comes with PyAirbyte, which supports Python 3.10 to 3.12")
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres.server())
        except postgres.NoPostgresError as error:
            pytest.skip(str(error))
        yield PostgreSQL(url)


def needs_dbt() -> None:
    """Skip where dbt's environment is not there."""
    if not models.installed():
        pytest.skip("dbt is not installed: `make install` or `make dbt` says why")


__all__ = ["Answer", "Built", "Data", "DuckDB", "Worker", "build", "data", "needs_dbt", "postgresql"]
os.environ.setdefault("DO_NOT_TRACK", "1")
