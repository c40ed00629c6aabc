"""Compiles the dbt package for the warehouses that are not at hand, and parses what comes in the dialect of each.

    python models_dialects.py FOLDER VARIABLES snowflake bigquery redshift databricks

dbt's own adapters compile: their macros, their quotes, their types. Only the drivers below them are stand-ins, and the
questions that dbt asks a warehouse while it compiles, which tables it has with which columns, are answered here. The
models are compiled for an incremental build, which says all that a first one says, and more. Prints a line of JSON a
statement: dialect, name, and the error of the parser or null. Runs in dbt's own environment.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import re
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

PACKAGE = Path(__file__).resolve().parent.parent / "dbt"
DRIVERS = {
    "azure",
    "boto3",
    "botocore",
    "cryptography",
    "databricks",
    "google",
    "pandas",
    "redshift_connector",
    "snowflake",
    "sqlparams",
}
# As the macro canonical_columns() names them.
COLUMNS = re.findall(r"^        '(\w+)':", (PACKAGE / "macros" / "canonical_columns.sql").read_text(), re.MULTILINE)
PROFILES: dict[str, dict[str, Any]] = {
    "snowflake": {"account": "a", "user": "u", "password": "p", "database": "d", "warehouse": "w"},
    "bigquery": {"method": "oauth", "project": "d", "location": "EU"},
    "redshift": {"host": "h", "user": "u", "password": "p", "port": 5439, "dbname": "d"},
    "databricks": {"host": "h", "http_path": "/p", "token": "t", "catalog": "d"},
}


class Driver(types.ModuleType):
    """A driver of which nothing is there: a class where a class is asked for, else something that does nothing."""

    __path__: list[str] = []
    __version__ = "0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = type(name, (Exception,), {}) if name[0].isupper() and not name.isupper() else MagicMock()
        setattr(self, name, found)
        return found


class Drivers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for every module of a driver."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        found = name.partition(".")[0] in DRIVERS
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if found else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return Driver(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""


def answered(dialect: str) -> None:
    """Answer what dbt asks the warehouse: every table is there, our models too, with all columns."""
    adapter = importlib.import_module(f"dbt.adapters.{dialect}").Plugin.adapter

    def get_relation(self: Any, database: str, schema: str, identifier: str, **_: Any) -> Any:
        return self.Relation.create(database=database, schema=schema, identifier=identifier, type="table")

    adapter.get_relation = get_relation
    adapter.get_columns_in_relation = lambda self, relation: [self.Column(name, "string") for name in COLUMNS]


def compiled(dialect: str, folder: Path, variables: str) -> dict[str, str]:
    """Return the SQL of every model and analysis."""
    from dbt.cli.main import dbtRunner

    answered(dialect)
    profile = {"type": dialect, "schema": "models", "threads": 1, **PROFILES[dialect]}
    (folder / "profiles.yml").write_text(json.dumps({"calls": {"target": "t", "outputs": {"t": profile}}}))
    options = ["--profiles-dir", str(folder), "--target-path", str(folder / dialect), "--log-path", str(folder)]
    chosen = ["--exclude", "resource_type:test", "resource_type:unit_test"]
    done = dbtRunner().invoke(["--quiet", "--no-populate-cache", "compile", *chosen, *options, "--vars", variables])
    if done.exception or not done.success:
        said = [str(one.message) for one in getattr(done.result, "results", ()) if str(one.status) == "error"]
        raise SystemExit(f"{dialect}: {done.exception or said}")
    return {one.node.name: one.node.compiled_code for one in done.result.results if one.node.compiled_code}


def main(folder: Path, variables: str, dialects: Sequence[str]) -> None:
    """Print what the parser says of each statement."""
    import sqlglot

    sys.meta_path.append(Drivers())
    os.chdir(PACKAGE)
    for dialect in dialects:
        for name, sql in compiled(dialect, folder, variables).items():
            error = None
            try:
                (statement,) = sqlglot.parse(sql, read=dialect)
                if not isinstance(statement, sqlglot.exp.Query):
                    error = f"It is a {type(statement).__name__}."
            except (sqlglot.errors.SqlglotError, ValueError) as failure:
                error = str(failure)
            sys.stdout.write(json.dumps({"dialect": dialect, "name": name, "error": error}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
