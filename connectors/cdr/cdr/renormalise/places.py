"""From what `--from` names to the rows that lie there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cdr.renormalise.in_duckdb import DuckDBTable, ParquetFile
from cdr.renormalise.in_postgres import PostgresTable
from cdr.renormalise.tables import Table
from cdr.schema.errors import ConfigError, quoted

_POSTGRES: Final = ("postgresql://", "postgres://")


def opened(place: str, name: str, target: str | None) -> Table:
    """The table `name` of a warehouse, or a Parquet file. Raises ConfigError.

    target: the file to write, of a Parquet file that is read
    """
    if place.endswith(".parquet"):
        if target is None:
            raise ConfigError("A Parquet file is not changed: --to names the file to be written.")
        return ParquetFile(_existing(place), target)
    if target is not None:
        raise ConfigError("--to goes with a Parquet file; a table is brought up to date where it is.")
    if place.startswith(_POSTGRES):
        return PostgresTable(place, name)
    return DuckDBTable(_existing(place.removeprefix("duckdb:///")), name)


def _existing(path: str) -> str:
    if not Path(path).is_file():
        raise ConfigError(
            f"--from {quoted(path, 200)} is no file: give a DuckDB file, a Parquet file (.parquet), "
            "or postgresql://user@host/database."
        )
    return path
