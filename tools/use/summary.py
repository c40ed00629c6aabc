"""One view over all vendors' calls in calls.duckdb, and the table that `make sync` ends with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from tools.use.models import SCHEMA

_PER_VENDOR = """
SELECT vendor, count(*), min(started_at), max(started_at),
       count(*) FILTER (disposition = 'answered') / count(*),
       sum(talk_seconds) / 60
FROM call_records GROUP BY vendor ORDER BY vendor
"""
_ISSUES = """
SELECT issue, count(*) AS rows FROM (SELECT unnest(from_json(issues, '["VARCHAR"]')) AS issue
                                     FROM call_records WHERE vendor = ?)
GROUP BY issue ORDER BY rows DESC, issue
"""
_SHOWN_ISSUES = 3


@dataclass(frozen=True)
class Vendor:
    """What the view holds of one vendor."""

    name: str
    calls: int
    first: datetime | None
    last: datetime | None
    answered: float
    talk_minutes: float | None  # not every vendor says how long was talked
    issues: tuple[tuple[str, int], ...] = ()  # each with its rows, the most frequent first


@dataclass(frozen=True)
class Summary:
    """What the file holds, and what the last sync brought: rows new in it of the rows read."""

    vendors: tuple[Vendor, ...] = ()
    others: tuple[tuple[str, int], ...] = ()
    new: int = 0
    read: int = 0

    @property
    def rows(self) -> int:
        """Every row of every stream."""
        return sum(vendor.calls for vendor in self.vendors) + sum(count for _, count in self.others)

    def since(self, before: Summary, read: int) -> Summary:
        """Return the same with what is new since an earlier look."""
        return replace(self, new=self.rows - before.rows, read=read)


def unite(database: duckdb.DuckDBPyConnection) -> Summary:
    """Make the view `call_records` over every vendor's table of that name, and say what is in the file."""
    database.execute("SET TimeZone = 'UTC'")
    tables = database.execute(
        """SELECT schema_name, table_name FROM duckdb_tables()
           WHERE NOT internal AND NOT starts_with(table_name, '_airbyte') AND schema_name <> ?
           ORDER BY schema_name, table_name""",
        [SCHEMA],
    ).fetchall()
    _keep_zones(database)
    calls = [schema for schema, table in tables if table == "call_records"]
    others = tuple(
        (f"{schema}.{table}", _one(database, f'SELECT count(*) FROM "{schema}"."{table}"'))  # noqa: S608  own names
        for schema, table in tables
        if table != "call_records"
    )
    if not calls:
        return Summary(others=others)
    columns = database.execute(
        """SELECT column_name FROM duckdb_columns()
           WHERE schema_name = ? AND table_name = 'call_records' AND NOT starts_with(column_name, '_airbyte')
           ORDER BY column_index""",
        [calls[0]],
    ).fetchall()
    listed = ", ".join(f'"{name}"' for (name,) in columns)
    union = " UNION ALL ".join(f'SELECT {listed} FROM "{schema}".call_records' for schema in calls)  # noqa: S608
    database.execute(f"CREATE OR REPLACE VIEW main.call_records AS {union}")
    vendors = [Vendor(*row) for row in database.execute(_PER_VENDOR).fetchall()]
    return Summary(tuple(replace(one, issues=_issues(database, one.name)) for one in vendors), others)


def _issues(database: duckdb.DuckDBPyConnection, vendor: str) -> tuple[tuple[str, int], ...]:
    return tuple((str(word), int(rows)) for word, rows in database.execute(_ISSUES, [vendor]).fetchall())


def _keep_zones(database: duckdb.DuckDBPyConnection) -> None:
    """Give the times of an older file, which are UTC without saying so, their zone."""
    zoneless = database.execute(
        """SELECT c.schema_name, c.table_name, c.column_name
           FROM duckdb_columns() AS c JOIN duckdb_tables() AS t USING (table_oid)
           WHERE c.data_type = 'TIMESTAMP' AND NOT starts_with(c.column_name, '_airbyte')
             AND NOT starts_with(c.table_name, '_airbyte')"""
    ).fetchall()
    for schema, table, column in zoneless:
        zoned = f'ALTER "{column}" TYPE TIMESTAMPTZ USING "{column}" AT TIME ZONE \'UTC\''
        database.execute(f'ALTER TABLE "{schema}"."{table}" {zoned}')


def _one(database: duckdb.DuckDBPyConnection, query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0


def print_summary(summary: Summary, console: Console, database: Path) -> None:
    """Print the table, what was new, and how to go on."""
    table = Table(box=box.SIMPLE_HEAD, title="Calls by vendor, times in UTC", title_style="bold", pad_edge=False)
    table.add_column("vendor")
    for name in ("calls", "first", "last", "answered", "talk minutes", "issues"):
        table.add_column(name, justify="right")
    for vendor in summary.vendors:
        table.add_row(
            vendor.name,
            f"{vendor.calls:,}",
            _time(vendor.first),
            _time(vendor.last),
            f"{vendor.answered:.1%}",
            "-" if vendor.talk_minutes is None else f"{vendor.talk_minutes:,.0f}",
            _kinds(vendor.issues),
        )
    console.print()
    if summary.vendors:
        console.print(table)
    for name, count in summary.others:
        console.print(f"{count:,} rows in {name}", highlight=False)
    console.print(_news(summary), highlight=False, soft_wrap=True)
    console.print(_query(database), highlight=False, soft_wrap=True)


def _kinds(issues: tuple[tuple[str, int], ...]) -> str:
    """The most frequent kinds, a line each: which ones they are says more than how many rows have some."""
    lines = [f"{word} {rows:,}" for word, rows in issues[:_SHOWN_ISSUES]]
    more = len(issues) - _SHOWN_ISSUES
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])]) or "-"


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _news(summary: Summary) -> str:
    again = summary.read - summary.new
    seen = f"; {again:,} read again were known already" if again > 0 else ""
    if summary.new == 0:
        return f"Nothing new since the last sync{seen}."
    if summary.new == summary.rows:
        return f"{summary.new:,} rows, all new."
    return f"Only what is new was added: {summary.new:,} {'row' if summary.new == 1 else 'rows'}{seen}."


def _query(database: Path) -> str:
    sql = "SELECT vendor, direction, count(*) FROM call_records GROUP BY ALL ORDER BY ALL"
    code = f"import duckdb; calls = duckdb.connect('{database}'); calls.sql('{sql}').show()"
    return f'.venv/bin/python -c "{code}"'
