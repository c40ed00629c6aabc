"""Where loaded rows lie: a table of DuckDB or PostgreSQL, or a Parquet file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from cdr.schema.errors import ConfigError, quoted

if TYPE_CHECKING:
    from cdr.renormalise.rows import Stored

PLACE: Final = "_place"
"""The name under which a row that is written says where it belongs."""
BATCH: Final = 2_000
_NEEDED: Final = ("vendor", "account_id", "issues", "raw")


class Table(Protocol):
    """Rows that can be read, and written where they were.

    columns: the names of its columns, with their types
    """

    columns: Mapping[str, str]

    def rows(self) -> Iterator[list[Stored]]:
        """Every row, in batches."""

    def sample(self) -> list[Stored]:
        """Some of the rows that have `raw`."""

    def put(self, lines: Sequence[bytes]) -> None:
        """Take rows to be written: JSON objects with their columns, and their place under the name `PLACE`."""

    def changed(self, columns: Sequence[str]) -> int:
        """How many of the rows that were put differ from what is there, in these columns."""

    def write(self, columns: Sequence[str]) -> None:
        """Write these columns of the rows that were put: all of them, or, where it fails, none."""

    def close(self) -> None:
        """Let go of it. What was not written is forgotten."""


def not_installed(library: str, package: str) -> ConfigError:
    """What to say where the library of a warehouse is missing."""
    return ConfigError(
        f"{library} is not installed here, and the connector itself does not need it: pip install {package}."
    )


def checked(columns: Mapping[str, str], name: str) -> Mapping[str, str]:
    """The columns, if they are those of a table of calls. Raises ConfigError."""
    if not columns:
        raise ConfigError(f"There is no table {quoted(name, 100)}: --table names it, with its schema where it has one.")
    missing = [column for column in _NEEDED if column not in columns]
    if missing:
        raise ConfigError(
            f"{quoted(name, 100)} has no column {', '.join(missing)}, so its rows cannot be read anew from `raw`."
        )
    return columns


def identifier(name: str) -> str:
    """A name in SQL: of a column, or of a table with its schema."""
    return ".".join(f'"{part}"' for part in name.replace('"', "").split("."))


def difference(columns: Iterable[str], cast: str) -> str:
    """The SQL condition that a row of `t` differs from what was put, `s`, in one of these columns.

    Compared as text: some types, JSON among them, have no equality. `cast` is the words for a text, with `{}`.
    """
    pairs = ((cast.format(f"t.{identifier(column)}"), cast.format(f"s.{identifier(column)}")) for column in columns)
    return " OR ".join(f"{old} IS DISTINCT FROM {new}" for old, new in pairs)


def issues_in(text: Any) -> list[str]:
    """The words of a column `issues`, however it is stored."""
    for _ in range(2):  # a list printed as text within JSON is printed twice
        if not isinstance(text, str):
            break
        try:
            text = json.loads(text)
        except ValueError:
            return []
    return [word for word in text if isinstance(word, str)] if isinstance(text, list) else []
