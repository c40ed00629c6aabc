"""Rows that an old version wrote (old_versions/), and tables of all kinds to put them into."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb

import simulators
from cdr.normaliser.timestamps import instant
from cdr.schema.columns import json_schema
from simulators.calls import micros
from simulators.tables import Row
from warehouses import key

FOLDER = Path(__file__).with_name("old_versions") / "0.1.0"
WRITTEN = sorted(tuple(path.stem.split(".")) for path in FOLDER.glob("*.jsonl"))
"""Vendor and stream of each file."""
END = datetime(2026, 3, 29, 23, 59, 59, tzinfo=timezone.utc)
START = END - timedelta(days=1) + timedelta(seconds=1)
"""The period that they are of."""
STATES_FROM = END - timedelta(days=6) + timedelta(seconds=1)
KINDS = ("duckdb", "parquet", "postgresql json", "postgresql jsonb")


def rows_of(vendor: str, stream: str) -> list[dict[str, Any]]:
    """The rows of version 0.1.0."""
    return [json.loads(line) for line in (FOLDER / f"{vendor}.{stream}.jsonl").read_text("utf-8").splitlines()]


def states() -> dict[str, list[dict[str, Any]]]:
    """The states of version 0.1.0, by connector."""
    found: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "states.json").read_text(encoding="utf-8"))
    return found


@contextmanager
def served(vendor: str, stream: str, rows: Iterable[dict[str, Any]]) -> Iterator[simulators.Simulator]:
    """A vendor that has the calls of these rows and no others, as it sent them then."""
    with simulators.start(vendor, start=START, end=END) as simulator:
        cursor = simulator.cursors[stream]
        made = []
        for row in rows:
            at = micros(row[cursor] or row["started_at"] or "2026-03-29T12:00:00Z")
            made.append(Row(at, at, 0.0, row["vendor_record_id"], json.dumps(row["raw"]).encode(), None))
        simulator.put_rows(stream, made)
        yield simulator


class Loaded:
    """A table with rows, in a warehouse of some kind, as the page on types says, and columns of the loader's own."""

    def __init__(self, kind: str, folder: Path, server: str | None, stream: str) -> None:
        self.kind, self.stream = kind, stream
        self._file = folder / f"calls.{'parquet' if kind == 'parquet' else 'duckdb'}"
        self._target = folder / "renewed.parquet"
        self._server = server
        self._types = {name: _type_of(part, kind) for name, part in json_schema(stream)["properties"].items()}

    @property
    def arguments(self) -> list[str]:
        """How the command is told of it."""
        table = ["--stream", self.stream, "--table", f"loaded.{self.stream}"]
        if self.kind == "parquet":
            return ["--stream", self.stream, "--from", str(self._file), "--to", str(self._target)]
        return [*table, "--from", self._server or f"duckdb:///{self._file}"]

    def fill(self, rows: Sequence[dict[str, Any]]) -> None:
        names = ", ".join(f'"{name}"' for name in self._types)
        if self._server:
            self._ask(f"DROP SCHEMA IF EXISTS loaded CASCADE; CREATE SCHEMA loaded; CREATE TABLE loaded.{self._ddl()}")
            kind = f"NULL::loaded.{self.stream}"
            self._ask(
                f"INSERT INTO loaded.{self.stream} ({names}) "  # noqa: S608
                f"SELECT {names} FROM json_populate_recordset({kind}, %s::json)",
                [json.dumps(rows)],
            )
            return
        lines = self._file.with_suffix(".jsonl")
        lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        columns = ", ".join(f"\"{name}\": '{kind}'" for name, kind in self._types.items())
        with duckdb.connect(":memory:" if self.kind == "parquet" else str(self._file)) as connection:
            connection.execute("CREATE SCHEMA loaded")
            connection.execute(
                f"CREATE TABLE loaded.{self.stream} AS SELECT *, 'x' AS _airbyte_raw_id FROM "  # noqa: S608
                f"read_json('{lines}', format = 'newline_delimited', columns = {{{columns}}})"
            )
            if self.kind == "parquet":
                connection.execute(f"COPY loaded.{self.stream} TO '{self._file}' (FORMAT parquet)")

    def _ddl(self) -> str:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in self._types.items())
        return f"{self.stream} (_airbyte_raw_id text DEFAULT 'x', {columns})"

    def rows(self) -> list[dict[str, Any]]:
        """What is there now, each row as one that a connector prints. The loader's own columns are as they were."""
        if self._server:
            found = self._ask(f"SELECT row_to_json(t)::text FROM loaded.{self.stream} AS t")  # noqa: S608
        else:
            source = f"'{self._target}'" if self.kind == "parquet" else f"loaded.{self.stream}"
            with duckdb.connect(":memory:" if self.kind == "parquet" else str(self._file)) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                found = connection.execute(f"SELECT to_json(t) FROM {source} AS t").fetchall()  # noqa: S608
        rows = [json.loads(text) for (text,) in found]
        assert {row.pop("_airbyte_raw_id") for row in rows} == {"x"}
        return [as_printed(row, self.stream) for row in sorted(rows, key=lambda row: row[key(self.stream)])]

    def _ask(self, sql: str, values: list[Any] | None = None) -> list[Any]:
        import psycopg

        with psycopg.connect(self._server or "", autocommit=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            done = connection.execute(sql, values)
            return done.fetchall() if done.description else []


def as_printed(row: dict[str, Any], stream: str) -> dict[str, Any]:
    """A row out of a warehouse, or of a connector, in one form: moments as such, JSON parsed, plain numbers."""
    made = {}
    for name, part in json_schema(stream)["properties"].items():
        value = row[name]
        if value is not None and part.get("format") == "date-time":
            value = instant(re.sub(r"(Z|\+00(:00)?)$", "Z", value.replace(" ", "T")))
        elif name in ("raw", "issues", "filter") and isinstance(value, str):
            value = json.loads(value)
        made[name] = float(value) if part["type"] in (["number", "null"], "number") and value is not None else value
    return made


def _type_of(part: dict[str, Any], kind: str) -> str:
    word = next(word for word in ([part["type"]] if isinstance(part["type"], str) else part["type"]) if word != "null")
    if kind.startswith("postgresql"):
        own = {"number": "numeric", "boolean": "boolean", "integer": "bigint", "string": "text"}
        json_type = kind.rpartition(" ")[2]
        return "timestamptz" if part.get("format") == "date-time" else own.get(word, json_type)
    own = {"number": "DECIMAL(38,9)", "boolean": "BOOLEAN", "integer": "BIGINT", "string": "VARCHAR"}
    return "TIMESTAMP WITH TIME ZONE" if part.get("format") == "date-time" else own.get(word, "JSON")
