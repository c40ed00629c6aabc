"""Tables of a DuckDB file, and Parquet files, which DuckDB reads and writes."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cdr.renormalise.rows import Stored
from cdr.renormalise.tables import BATCH, PLACE, checked, difference, identifier, issues_in, not_installed
from cdr.schema.errors import ConfigError, quoted

_SAMPLE: Final = 1_000
_LONGEST_LINE: Final = 64 * 1024 * 1024
_TEXTS: Final = ("VARCHAR", "JSON")


class _InDuckDB:
    """What a table and a file have in common.

    source: what stands behind FROM; place: what tells rows apart there
    """

    def __init__(self, database: str, source: str, place: str, name: str) -> None:
        try:
            import duckdb  # noqa: PLC0415 - no sync needs it
        except ImportError:
            raise not_installed("DuckDB", "duckdb") from None
        self._source, self._place = source, place
        self._errors = duckdb.Error
        with self._plainly():
            self._connection = duckdb.connect(database)
            self._connection.execute("SET TimeZone = 'UTC'")
            self.columns = checked(self._described(), name)
        if self.columns["raw"] not in _TEXTS:
            raise ConfigError(f"`raw` of {quoted(name, 100)} is {self.columns['raw']}; only text and JSON can be read.")
        # Rows wait in a file: in memory they would take as much room as the table.
        self._put = tempfile.NamedTemporaryFile(suffix=".jsonl")  # noqa: SIM115 - closed by close()

    @contextlib.contextmanager
    def _plainly(self) -> Iterator[None]:
        """What DuckDB says, as a sentence."""
        try:
            yield
        except self._errors as error:
            raise ConfigError(f"DuckDB says: {quoted(str(error).partition(chr(10))[0], 300)}") from None

    def _described(self) -> Mapping[str, str]:
        try:
            rows = self._connection.execute(f"DESCRIBE SELECT * FROM {self._source}").fetchall()  # noqa: S608 - an identifier
        except self._errors as error:
            if "does not exist" in str(error):
                return {}
            raise
        return {row[0]: row[1] for row in rows}

    def _selected(self, ending: str = "") -> Any:
        return self._connection.execute(
            f"SELECT t.{self._place}, vendor, account_id, CAST(to_json(issues) AS VARCHAR), CAST(raw AS VARCHAR) "  # noqa: S608
            f"FROM {self._source} AS t {ending}"
        )

    def rows(self) -> Iterator[list[Stored]]:
        with self._plainly():
            found = self._selected()
            while batch := found.fetchmany(BATCH):
                yield [_stored(row) for row in batch]

    def sample(self) -> list[Stored]:
        with self._plainly():
            return [_stored(row) for row in self._selected(f"WHERE raw IS NOT NULL LIMIT {_SAMPLE}").fetchall()]

    def put(self, lines: Sequence[bytes]) -> None:
        self._put.writelines(line + b"\n" for line in lines)

    def _waiting(self, columns: Sequence[str]) -> str:
        """What stands behind FROM for the rows that were put, each column with the type that the table has."""
        self._put.flush()
        types = {PLACE: "BIGINT", **{column: self.columns[column] for column in columns}}
        listed = ", ".join(f"{identifier(name)}: '{kind}'" for name, kind in types.items())
        return (
            f"read_json('{self._put.name}', format = 'newline_delimited', columns = {{{listed}}}, "
            f"maximum_object_size = {_LONGEST_LINE})"
        )

    def changed(self, columns: Sequence[str]) -> int:
        differs = difference(columns, "CAST({} AS VARCHAR)")
        with self._plainly():
            row = self._connection.execute(
                f"SELECT count(*) FROM {self._source} AS t JOIN {self._waiting(columns)} AS s "  # noqa: S608
                f"ON t.{self._place} = s.{PLACE} WHERE {differs}"
            ).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        self._connection.close()
        self._put.close()


class DuckDBTable(_InDuckDB):
    """A table of a DuckDB file."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(path, identifier(name), "rowid", name)

    def write(self, columns: Sequence[str]) -> None:
        differs = difference(columns, "CAST({} AS VARCHAR)")
        settings = ", ".join(f"{identifier(column)} = s.{identifier(column)}" for column in columns)
        with self._plainly():
            self._connection.execute(
                f"UPDATE {self._source} AS t SET {settings} FROM {self._waiting(columns)} AS s "  # noqa: S608
                f"WHERE t.rowid = s.{PLACE} AND ({differs})"
            )


class ParquetFile(_InDuckDB):
    """A Parquet file, which is written anew under another name."""

    def __init__(self, path: str, target: str) -> None:
        if Path(target).exists():
            raise ConfigError(f"--to {quoted(target, 200)} exists already: give the name of a new file.")
        self._target = target
        escaped = path.replace("'", "''")
        super().__init__(":memory:", f"read_parquet('{escaped}', file_row_number = true)", "file_row_number", path)

    def write(self, columns: Sequence[str]) -> None:
        replaced = ", ".join(
            f"CASE WHEN s.{PLACE} IS NULL THEN t.{name} ELSE s.{name} END AS {name}"
            for name in map(identifier, columns)
        )
        # Under its own name when it is whole.
        unfinished = f"{self._target}.part"
        escaped = unfinished.replace("'", "''")
        with self._plainly():
            self._connection.execute(
                f"COPY (SELECT t.* EXCLUDE (file_row_number) REPLACE ({replaced}) FROM {self._source} AS t "  # noqa: S608
                f"LEFT JOIN {self._waiting(columns)} AS s ON t.file_row_number = s.{PLACE} ORDER BY t.file_row_number) "
                f"TO '{escaped}' (FORMAT parquet, COMPRESSION zstd)"
            )
        Path(unfinished).replace(self._target)


def _stored(row: tuple[Any, ...]) -> Stored:
    place, vendor, account_id, issues, raw = row
    return Stored(place, vendor, account_id, issues_in(issues), raw)
