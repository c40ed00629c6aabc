"""All vendors' simulators synced by examples/warehouse.py into DuckDB and PostgreSQL, once for all tests that ask.

Each warehouse has two databases: one is synced incrementally twice, the other read in full twice. Between the first
and the second time calls appear that were not there before.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import simulators
from tools.maintain import postgres
from vendors import known

KINDS = ("duckdb", "postgresql")
MODES = ("incremental", "full_refresh")
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
PERIOD = {"start": END - timedelta(days=2) + timedelta(seconds=1), "end": END}
CALLS_PER_DAY = 60


def key(stream: str) -> str:
    """The primary key of a stream."""
    return {"recordings": "recording_id", "call_reports": "id", "completed_call_reports": "id"}.get(stream, "record_id")


@dataclass
class Warehouse:
    """One kind of warehouse: the URLs of its databases, and what each sync read."""

    kind: str
    urls: dict[str, str]
    read: dict[str, list[dict[str, int]]] = field(default_factory=lambda: {mode: [] for mode in MODES})

    def ask(self, sql: str, mode: str = "incremental") -> list[dict[str, Any]]:
        """Rows by column, with the session's zone set to UTC."""
        import sqlalchemy

        engine = sqlalchemy.create_engine(self.urls[mode])
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SET TimeZone = 'UTC'"))
            rows = [dict(row) for row in connection.exec_driver_sql(sql.replace("%", "%%")).mappings()]
        engine.dispose()
        return rows

    def types(self, schema: str, table: str, mode: str = "incremental") -> dict[str, str]:
        """The columns of a table, without PyAirbyte's own, and their types."""
        found = self.ask(
            f"""SELECT column_name AS name, data_type AS type FROM information_schema.columns
                WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position""",  # noqa: S608
            mode,
        )
        return {row["name"]: row["type"] for row in found if not row["name"].startswith("_airbyte")}


@dataclass
class Warehouses:
    """Both kinds, the simulators that they were read from, and which calls were late."""

    of: dict[str, Warehouse]
    without: dict[str, str]
    sims: dict[str, simulators.Simulator]
    late: dict[tuple[str, str], set[str]]

    def __getitem__(self, kind: str) -> Warehouse:
        if kind in self.without:
            pytest.skip(self.without[kind])
        return self.of[kind]

    def truth(self) -> list[dict[str, Any]]:
        """Every call of every vendor, as the simulators know it."""
        return [row for sim in self.sims.values() for row in sim.truth()]


class _Worker:
    """A process that syncs: PyAirbyte and its warnings stay out of this one."""

    def __init__(self, configs: Path, home: Path) -> None:
        self.log = home / "worker.log"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("warehouse_worker.py")), str(configs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=home,
                text=True,
            )

    def sync(self, url: str, mode: str) -> dict[str, int]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps({"warehouse": url, "full_refresh": mode == "full_refresh"}) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, self.log.read_text()[-3000:]
        read: dict[str, int] = json.loads(answer)
        return read

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="session")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouses]:
    """DuckDB and, where a server can be started, PostgreSQL, each filled twice in both modes."""
    if importlib.util.find_spec("airbyte") is None:
        pytest.skip("PyAirbyte supports Python 3.10 to 3.12")
    home = tmp_path_factory.mktemp("warehouses")
    with contextlib.ExitStack() as stack:
        of, without = {}, {}
        of["duckdb"] = Warehouse("duckdb", {mode: f"duckdb:///{home}/{mode}.duckdb" for mode in MODES})
        try:
            url = stack.enter_context(postgres.server())
            of["postgresql"] = Warehouse("postgresql", {mode: _database(url, mode) for mode in MODES})
        except postgres.NoPostgresError as error:
            without["postgresql"] = str(error)
        sims, late = _simulators(stack, home / "configs")
        worker = _Worker(home / "configs", home)
        stack.callback(worker.close)

        def fill() -> None:
            for warehouse in of.values():
                for mode, url in warehouse.urls.items():
                    warehouse.read[mode].append(worker.sync(url, mode))

        fill()
        for sim in sims.values():
            sim.release_late_rows()
        fill()
        yield Warehouses(of, without, sims, late)


def _database(server: str, name: str) -> str:
    """Make a database and return its URL."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.rpartition("/")[0] + f"/{name}"


def _simulators(
    stack: contextlib.ExitStack, configs: Path
) -> tuple[dict[str, simulators.Simulator], dict[tuple[str, str], set[str]]]:
    """Start every vendor with some calls held back, and write a configuration for each that looks back far enough."""
    configs.mkdir()
    sims, late = {}, {}
    for vendor in simulators.VENDORS:
        options = known()[vendor].same_rows
        sim = stack.enter_context(simulators.start(vendor, **PERIOD, calls_per_day=CALLS_PER_DAY, **options))
        before = {stream: {row[key(stream)] for row in sim.truth(stream)} for stream in sim.cursors}
        sim.fault("late_rows", step=8)
        hidden = {(stream, name) for fault in sim.late for stream, name in fault.options["hidden"]}
        for stream, cursor in sim.cursors.items():
            names = {name for held, name in hidden if held == stream}
            if cursor:
                late[vendor, stream] = {ident for ident in before[stream] if ident.split(":", 2)[-1] in names}
        config = sim.config(lookback_window_minutes=3 * 24 * 60)
        (configs / f"{vendor}.json").write_text(json.dumps(config), encoding="utf-8")
        sims[vendor] = sim
    return sims, late
