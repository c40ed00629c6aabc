"""How long the models take: `.venv/bin/python dbt/benchmark.py --rows 10000000`, after `make dbt`.

Invents a year of calls of five vendors in a DuckDB file, builds all models, adds what a day brings (a 365th of new
rows, as many that came late or were filled in), and builds again. Prints a table with minutes, processor time and the
most memory that the process held. Nothing of it goes through Python, so that the rows are there in a minute.
"""

# ruff: noqa: INP001, T201, S608 - a program; dbt's folder is no package; its SQL is its own
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cdr.schema.columns import json_schema
from tools.use import models

VENDORS = ("vonage_business", "portsip", "acefone", "bics", "voxo")
YEAR = 365
TYPES = {"string": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "number": "DECIMAL(38, 9)"}
OUTCOMES = "['answered', 'answered', 'answered', 'answered', 'no_answer', 'busy', 'canceled', 'voicemail']"

# Of each vendor's rows: every tenth is a leg of the row before it, by call group or as VOXO's chains are told.
FILLED = {
    "record_id": "vendor || ':1:' || n",
    "vendor": "vendor",
    "account_id": "'1'",
    "vendor_record_id": "CAST(n AS VARCHAR)",
    "call_group_id": "CASE vendor WHEN 'acefone' THEN 'g' || (n - n % 10 // 9) WHEN 'voxo' THEN 'v' || n END",
    "previous_leg_id": "CASE WHEN vendor = 'voxo' AND n % 10 = 9 THEN 'v' || (n - 1) END",
    "sip_call_id": "CASE WHEN vendor = 'portsip' THEN 's' || (n - n % 10 // 9) END",
    "started_at": "started",
    "answered_at": "CASE WHEN disposition = 'answered' THEN started + to_seconds(CAST(ring AS BIGINT)) END",
    "ended_at": "started + to_seconds(CAST(ring + talk AS BIGINT))",
    "duration_seconds": "ring + talk",
    "ring_seconds": "ring",
    "talk_seconds": "CASE WHEN disposition = 'answered' THEN talk ELSE 0 END",
    "direction": "['inbound', 'outbound', 'inbound', 'internal'][1 + n % 4]",
    "disposition": "disposition",
    "from_number": "'+4420794' || (60000 + hash(n) % 9999)",
    "from_number_e164": "'+4420794' || (60000 + hash(n) % 9999)",
    "from_number_kind": "'e164'",
    "from_country": "'GB'",
    "to_number": "'+4416329' || (60000 + hash(n + 1) % 9999)",
    "to_number_e164": "'+4416329' || (60000 + hash(n + 1) % 9999)",
    "to_number_kind": "'e164'",
    "to_country": "['GB', 'US', 'FR', 'DE'][1 + n % 4]",
    "answered_by": "CASE WHEN disposition = 'answered' AND vendor = 'voxo' THEN 'agent ' || n % 200 END",
    "charge_amount": "CASE WHEN n % 3 = 0 THEN '0.0' || n % 900 END",
    "is_recorded": "n % 2 = 0",
    "issues": "CASE WHEN n % 20 = 0 THEN '[\"number_unparsed\"]' ELSE '[]' END",
    "schema_version": "1",
}


def columns() -> dict[str, str]:
    """Return the columns of call_records and their types in DuckDB."""
    found = {}
    for name, column in json_schema("call_records")["properties"].items():
        kinds = [column["type"]] if isinstance(column["type"], str) else column["type"]
        kind = next(kind for kind in kinds if kind != "null")
        found[name] = "TIMESTAMPTZ" if column.get("format") == "date-time" else TYPES.get(kind, "JSON")
    return found


def put(database: duckdb.DuckDBPyConnection, vendor: str, numbers: str, rows: int, emitted: str) -> None:
    """Add the rows of one vendor with these numbers."""
    listed = ", ".join(f"CAST({FILLED.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in columns().items())
    step = YEAR * 86400 / rows
    database.execute(
        f"""CREATE SCHEMA IF NOT EXISTS {vendor};
        CREATE TABLE IF NOT EXISTS {vendor}.call_records
            ({", ".join(f"{name} {kind}" for name, kind in columns().items())}, _airbyte_extracted_at TIMESTAMP);
        INSERT INTO {vendor}.call_records
        SELECT {listed}, TIMESTAMP '{emitted}' FROM (
            SELECT n, '{vendor}' AS vendor, hash(n) % 40 AS ring, hash(n + 7) % 600 AS talk,
                TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_seconds(CAST(n * {step} AS BIGINT)) AS started,
                {OUTCOMES}[CAST(1 + hash(n + 3) % 8 AS BIGINT)] AS disposition
            FROM ({numbers}) AS numbers (n)
        )"""
    )


def measured(path: Path) -> tuple[float, float, float]:
    """Build the models; return minutes, minutes of processor time and gigabytes."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        environment = models.duckdb_environment(path)
        code, said = models.dbt("run", environment=environment, given=models.variables(VENDORS), quiet=True)
        print(said, end="")
        os._exit(code)
    _, code, usage = os.wait4(child, 0)
    if code:
        raise SystemExit("dbt failed, see above.")
    return (time.monotonic() - began) / 60, (usage.ru_utime + usage.ru_stime) / 60, usage.ru_maxrss / 2**20


def main() -> None:
    """Invent, build, add, build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows // len(VENDORS)
    print("| Build | Rows | Minutes | of processor time | Memory, GB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.duckdb"
        day = rows // YEAR
        with duckdb.connect(str(path)) as database:
            for vendor in VENDORS:
                put(database, vendor, f"SELECT * FROM range({rows - day})", rows, "2026-01-01 00:00:00")
        said = ("full", f"{(rows - day) * len(VENDORS):,}")
        print("| " + " | ".join([*said, *(f"{value:.1f}" for value in measured(path))]) + " |", flush=True)
        with duckdb.connect(str(path)) as database:
            for vendor in VENDORS:
                put(database, vendor, f"SELECT * FROM range({rows - day}, {rows})", rows, "2026-01-02 00:00:00")
                late = f"SELECT * FROM range({rows - 8 * day}, {rows}, 8)"  # read again, of the last eight days
                put(database, vendor, late, rows, "2026-01-02 00:00:00")
        said = ("incremental", f"{2 * day * len(VENDORS):,}")
        print("| " + " | ".join([*said, *(f"{value:.1f}" for value in measured(path))]) + " |", flush=True)
        print(f"The file has {path.stat().st_size / 2**30:.1f} GB.")


if __name__ == "__main__":
    main()
