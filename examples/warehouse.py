"""Call records of one or more accounts into DuckDB or PostgreSQL, through PyAirbyte.

    .venv/bin/python examples/warehouse.py duckdb:///calls.duckdb secrets/voxo.json secrets/bics.json
    .venv/bin/python examples/warehouse.py postgresql://me:secret@localhost:5432/calls secrets/voxo.json

A configuration is named like its connector: voxo.json is for source-voxo, vonage-business.json for
source-vonage-business. Each gets a schema of that name; the view `call_records` in the default schema shows the calls
of all of them, and that is what the queries in examples/queries ask. Run it again and it reads only what is new. The
state is kept in the warehouse. `--full-refresh` reads everything again instead; no call comes twice. Where dbt is
installed (`make install`), the models of dbt/ are brought up to date in the schema `models`.
"""

# ruff: noqa: INP001, T201 - a script for people
from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import sys
from pathlib import Path

# Before PyAirbyte is imported: the connectors are installed already, so it need not ask a registry for them.
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")

import airbyte
import sqlalchemy
from airbyte._processors.sql.duckdb import DuckDBSqlProcessor
from airbyte._processors.sql.postgres import PostgresSqlProcessor
from airbyte.caches import DuckDBCache, PostgresCache
from airbyte.caches.base import CacheBase
from airbyte.types import CONVERSION_MAP, SQLTypeConverter

COMMANDS = Path(sys.executable).parent
FILES = "recording_files"


class ZonedTimestamp(sqlalchemy.types.TIMESTAMP):
    """A time with its zone. PyAirbyte writes a type's plain name into CREATE TABLE, which leaves the zone out."""

    def __str__(self) -> str:
        return "TIMESTAMP WITH TIME ZONE"


class ZonedTypes(SQLTypeConverter):
    """PyAirbyte's types, and times that keep their zone."""

    def __init__(self) -> None:
        super().__init__({**CONVERSION_MAP, "timestamp_with_timezone": ZonedTimestamp(timezone=True)})


class DuckDBProcessor(DuckDBSqlProcessor):
    """PyAirbyte's, with zones."""

    type_converter_class = ZonedTypes


class PostgresProcessor(PostgresSqlProcessor):
    """PyAirbyte's, with zones, and with text as it is.

    PyAirbyte guesses types on the way to PostgreSQL: text that looks like a number becomes one, so that the amount
    "0.0100" loses its zeros, 0044 in front of a number goes, and an id of eighteen digits is rounded. Here PostgreSQL
    reads the JSON by the types of the table.
    """

    type_converter_class = ZonedTypes

    def _write_files_to_new_table(self, files: list[Path], stream_name: str, batch_id: str) -> str:
        name: str = self._create_table_for_loading(stream_name, batch_id)
        table = f'"{self.sql_config.schema_name}"."{name}"'
        insert = (
            f"INSERT INTO {table} SELECT * FROM json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json))"  # noqa: S608
        )
        with self.get_sql_connection() as connection:
            for file in files:
                with gzip.open(file, "rt", encoding="utf-8") as lines:
                    while block := list(itertools.islice(lines, 1000)):
                        connection.execute(sqlalchemy.text(insert), {"rows": f"[{','.join(block)}]"})
        return name


class ZonedDuckDBCache(DuckDBCache):
    """A DuckDB file."""

    _sql_processor_class = DuckDBProcessor


class ExactPostgresCache(PostgresCache):
    """A PostgreSQL database."""

    _sql_processor_class = PostgresProcessor


def cache_of(warehouse: str, schema: str) -> CacheBase:
    """Return PyAirbyte's way into a warehouse, for one schema of it."""
    url = sqlalchemy.make_url(warehouse)
    if url.get_backend_name() == "duckdb":
        return ZonedDuckDBCache(db_path=url.database, schema_name=schema)
    return ExactPostgresCache(
        host=url.host or "localhost",
        port=url.port or 5432,
        username=url.username or "",
        password=url.password or "",
        database=url.database or "",
        schema_name=schema,
    )


def source_of(config: Path) -> airbyte.Source:
    """Return the connector that a configuration is for, with its streams but that of files: no table holds those."""
    name = f"source-{config.stem.replace('_', '-')}"
    name = name if (COMMANDS / name).exists() else f"{name}-calls"
    source = airbyte.get_source(name, config=json.loads(config.read_text()), local_executable=COMMANDS / name)
    source.select_streams([name for name in source.get_available_streams() if name != FILES])
    return source


def sync(warehouse: str, sources: dict[str, airbyte.Source], *, full_refresh: bool = False) -> dict[str, int]:
    """Read each source into the schema named for it, unite the calls, and return how many rows were read."""
    read = {}
    for schema, source in sources.items():
        with cache_of(warehouse, schema) as cache:
            read[schema] = source.read(cache=cache, force_full_refresh=full_refresh).processed_records
    unite(warehouse)
    return read


def unite(warehouse: str) -> None:
    """Make the view `call_records` over the table of that name in every schema."""
    engine = sqlalchemy.create_engine(warehouse)
    with engine.begin() as connection:
        found = connection.execute(
            sqlalchemy.text(
                """SELECT c.table_schema, c.column_name FROM information_schema.columns AS c
                   JOIN information_schema.tables AS t USING (table_schema, table_name)
                   WHERE table_name = 'call_records' AND t.table_type = 'BASE TABLE'
                   ORDER BY c.table_schema, c.ordinal_position"""
            )
        ).all()
        schemas = sorted({schema for schema, _ in found})
        columns = ", ".join(name for schema, name in found if schema == schemas[0] and not name.startswith("_airbyte"))
        tables = " UNION ALL ".join(f'SELECT {columns} FROM "{schema}".call_records' for schema in schemas)  # noqa: S608
        connection.execute(sqlalchemy.text(f"CREATE OR REPLACE VIEW call_records AS {tables}"))
    engine.dispose()


def build_models(warehouse: str, schemas: list[str]) -> str:
    """Bring the models of dbt/ up to date, where dbt is installed, and say what was done or what went wrong."""
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    from tools.use import models  # noqa: PLC0415  not on the path before

    if not models.wanted():
        return "The models of dbt/ are left out: dbt is not installed (make install), or MODELS=no."
    url = sqlalchemy.make_url(warehouse)
    in_duckdb = url.get_backend_name() == "duckdb"
    place = models.duckdb_environment(Path(url.database or "")) if in_duckdb else models.postgres_environment(warehouse)
    try:
        return str(models.build(place, schemas))
    except models.ModelsError as error:
        return str(error)


def main() -> None:
    """Sync what the command line names, and say what came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("warehouse", help="duckdb:///file or postgresql://user:password@host:port/database")
    parser.add_argument("config", nargs="+", type=Path, help="a connector's configuration, named like the connector")
    parser.add_argument("--full-refresh", action="store_true", help="read everything again")
    given = parser.parse_args()
    sources = {config.stem.replace("-", "_"): source_of(config) for config in given.config}
    for schema, rows in sync(given.warehouse, sources, full_refresh=given.full_refresh).items():
        print(f"{schema}: {rows:,} rows read")
    print(build_models(given.warehouse, list(sources)))


if __name__ == "__main__":
    main()
