"""Tables of PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets

from cdr.renormalise.rows import Stored
from cdr.renormalise.tables import BATCH, PLACE, checked, difference, identifier, issues_in, not_installed
from cdr.schema.errors import ConfigError, quoted

_SAMPLE: Final = 1_000
_TEXTS: Final = ("json", "jsonb", "text", "character varying")
_WAITING: Final = "pg_temp.renormalised"


class PostgresTable:
    """A table, locked against other writers until it is closed: its rows are told apart by where they lie."""

    def __init__(self, url: str, name: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - no sync needs it
        except ImportError:
            raise not_installed("psycopg", '"psycopg[binary]"') from None
        if password := urlsplit(url).password:
            add_to_secrets(unquote(password))
        self._errors = psycopg.Error
        self._source = f"ONLY {identifier(name)}"
        self._prepared = False
        with self._plainly():
            self._connection = psycopg.connect(url)
            self.columns = checked(self._described(name), name)
            if self.columns["raw"] not in _TEXTS:
                raise ConfigError(f"`raw` of {quoted(name, 100)} is {self.columns['raw']}, neither JSON nor text.")
            self._connection.execute("SET TimeZone = 'UTC'")
            self._connection.execute(f"LOCK TABLE {self._source} IN SHARE ROW EXCLUSIVE MODE")

    @contextlib.contextmanager
    def _plainly(self) -> Iterator[None]:
        """What PostgreSQL says, as a sentence."""
        try:
            yield
        except self._errors as error:
            words = filter_secrets(str(error).strip().partition("\n")[0])
            raise ConfigError(f"PostgreSQL says: {quoted(words, 300)}") from None

    def _described(self, name: str) -> dict[str, str]:
        kind = self._connection.execute(
            "SELECT relkind FROM pg_class WHERE oid = to_regclass(%s)", [identifier(name)]
        ).fetchone()
        if kind is not None and kind[0] not in ("r", b"r"):
            raise ConfigError(f"{quoted(name, 100)} is no plain table but a view or in parts: name the table itself.")
        rows = self._connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [identifier(name)],
        ).fetchall()
        return dict(rows)

    def _query(self, ending: str = "") -> str:
        return (
            "SELECT ctid::text, vendor, account_id, to_json(issues)::text, raw::text "  # noqa: S608
            f"FROM {self._source} {ending}"
        )

    def rows(self) -> Iterator[list[Stored]]:
        # A cursor of the server's: the rows stay there until they are wanted.
        with self._plainly(), self._connection.cursor(name="renormalise") as found:
            found.execute(self._query())
            while batch := found.fetchmany(BATCH):
                yield [_stored(row) for row in batch]

    def sample(self) -> list[Stored]:
        with self._plainly():
            found = self._connection.execute(self._query(f"WHERE raw IS NOT NULL LIMIT {_SAMPLE}"))
            return [_stored(row) for row in found.fetchall()]

    def put(self, lines: Sequence[bytes]) -> None:
        with self._plainly():
            if not self._prepared:
                self._prepared = True
                self._connection.execute(
                    f"CREATE TEMPORARY TABLE renormalised AS SELECT NULL::tid AS {PLACE}, t.* FROM {self._source} AS t "  # noqa: S608
                    "WITH NO DATA"
                )
            # PostgreSQL reads the JSON by the types of the table.
            self._connection.execute(
                f"INSERT INTO {_WAITING} SELECT * FROM json_populate_recordset(NULL::{_WAITING}, %s::json)",  # noqa: S608
                [f"[{b','.join(lines).decode()}]"],
            )

    def changed(self, columns: Sequence[str]) -> int:
        if not self._prepared:
            return 0
        with self._plainly():
            row = self._connection.execute(
                f"SELECT count(*) FROM {self._source} AS t JOIN {_WAITING} AS s ON t.ctid = s.{PLACE} "  # noqa: S608
                f"WHERE {difference(columns, '{}::text')}"
            ).fetchone()
        return int(row[0]) if row else 0

    def write(self, columns: Sequence[str]) -> None:
        if not self._prepared:
            return
        settings = ", ".join(f"{identifier(column)} = s.{identifier(column)}" for column in columns)
        with self._plainly():
            self._connection.execute(
                f"UPDATE {self._source} AS t SET {settings} FROM {_WAITING} AS s "  # noqa: S608
                f"WHERE t.ctid = s.{PLACE} AND ({difference(columns, '{}::text')})"
            )
            self._connection.commit()

    def close(self) -> None:
        self._connection.close()


def _stored(row: tuple[Any, ...]) -> Stored:
    place, vendor, account_id, issues, raw = row
    return Stored(place, vendor, account_id, issues_in(issues), raw)
