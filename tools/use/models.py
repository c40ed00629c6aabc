"""dbt over the calls that a sync has loaded: an environment of its own, one command after a sync, and `make dbt`.

The packages of dbt would disturb those of the connectors, so they lie in dbt/.venv. Where they are not installed
everything else works as before.

    python -m tools.use.models build
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.install import PIP, ROOT, InstallError, python_of

PACKAGE = ROOT / "dbt"
VENV = PACKAGE / ".venv"
SCHEMA = "models"  # what profiles.yml calls it
# The adapters of the warehouses that are only compiled for come without their drivers, which are large.
_LOCKS = (PACKAGE / "requirements.lock", PACKAGE / "dialects.lock")
_SAID = 20  # lines of dbt's that are shown where it fails


class ModelsError(Exception):
    """The models could not be built. The message is for a person."""


@dataclass(frozen=True)
class Outcome:
    """What a run of dbt did."""

    models: int
    tests: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"Models: {self.models} brought up to date with dbt, {self.tests} tests of them passed, "
            f"in {self.seconds:.0f} s (schema {SCHEMA})."
        )


def installed() -> bool:
    """Say whether dbt's environment is there and made from its locks."""
    stamp = VENV / ".locked"
    return stamp.exists() and stamp.read_text(encoding="ascii") == _digest()


def wanted() -> bool:
    """Say whether a sync builds the models: where dbt is installed, unless MODELS=no."""
    return os.environ.get("MODELS", "") != "no" and installed()


def _digest() -> str:
    return hashlib.sha256(b"".join(lock.read_bytes() for lock in _LOCKS)).hexdigest()


def install(python: str) -> None:
    """Make dbt's environment with this Python, where it is not there yet."""
    if installed():
        return
    print(f"Installing dbt into {VENV.relative_to(ROOT)} (half a minute the first time)", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    _run(python, "-m", "venv", str(VENV))
    for lock in _LOCKS:
        _run(python_of(VENV), *PIP, "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
    (VENV / ".locked").write_text(_digest(), encoding="ascii")


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise InstallError("\n".join([*done.stderr.splitlines()[-15:], "dbt could not be installed: see above."]))


def duckdb_environment(path: Path) -> dict[str, str]:
    """Return what profiles.yml needs for a DuckDB file."""
    return {"CALLS_TARGET": "duckdb", "CALLS_DUCKDB": str(path.resolve())}


def postgres_environment(url: str) -> dict[str, str]:
    """Return what profiles.yml needs for a PostgreSQL URL. The password is in no command line."""
    parts = urlsplit(url)
    return {
        "CALLS_TARGET": "postgres",
        "CALLS_PG_HOST": parts.hostname or "localhost",
        "CALLS_PG_PORT": str(parts.port or 5432),
        "CALLS_PG_USER": unquote(parts.username or ""),
        "CALLS_PG_PASSWORD": unquote(parts.password or ""),
        "CALLS_PG_DATABASE": parts.path.strip("/"),
    }


def variables(schemas: Iterable[str]) -> dict[str, object]:
    """Return which vendor lies in which schemas, by the names that `make sync` and examples/warehouse.py give them.

    CALLS_VARS, a JSON object, adds to it: the time zone of the business, its opening hours.
    """
    known = (PACKAGE / "models" / "staging" / "sources.yml").read_text(encoding="utf-8")
    vendors = re.findall(r"^  - name: calls_(\w+)$", known, re.MULTILINE)
    found: dict[str, list[str]] = {}
    for schema in sorted(schemas):
        name = schema.removeprefix("simulated_")
        for vendor in vendors:
            if name == vendor or name.startswith(f"{vendor}_"):
                found.setdefault(vendor, []).append(schema)
    try:
        more = json.loads(os.environ.get("CALLS_VARS") or "{}")
    except ValueError as error:
        raise ModelsError(f"CALLS_VARS is not a JSON object: {error}.") from None
    return {"calls_sources": found, **more}


def dbt(*arguments: str, environment: Mapping[str, str], given: Mapping[str, object], quiet: bool) -> tuple[int, str]:
    """Run dbt; return its exit code and, where it is to be quiet, what it said."""
    command = [python_of(VENV), "-m", "dbt.cli.main", *(["--quiet", "--no-use-colors"] if quiet else []), *arguments]
    more = {"DO_NOT_TRACK": "1", "DBT_PROFILES_DIR": str(PACKAGE), "PYTHONWARNINGS": "ignore", **environment}
    with tempfile.TemporaryDirectory() as logs:
        done = subprocess.run(
            [*command, "--log-path", logs, "--vars", json.dumps(given)],
            cwd=PACKAGE,
            env={**os.environ, **more},
            check=False,
            text=True,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
        )
    return done.returncode, done.stdout or ""


def build(environment: Mapping[str, str], schemas: Iterable[str]) -> Outcome:
    """Build the models and test them; what was built before is only added to. ModelsError says what dbt said."""
    began = time.monotonic()
    arguments = ("build", "--exclude-resource-type", "unit_test")
    code, said = dbt(*arguments, environment=environment, given=variables(schemas), quiet=True)
    if code:
        lines = [line for line in said.splitlines() if line.strip()][-_SAID:]
        raise ModelsError("\n".join([*lines, "The calls are loaded, but dbt did not build the models: see above."]))
    results = json.loads((PACKAGE / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    kinds = [result["unique_id"].partition(".")[0] for result in results]
    return Outcome(kinds.count("model"), kinds.count("test"), time.monotonic() - began)


def schemas_of(path: Path) -> list[str]:
    """Return the schemas of a DuckDB file that hold calls."""
    import duckdb

    query = "SELECT DISTINCT schema_name FROM duckdb_tables() WHERE table_name = 'call_records' AND schema_name <> ?"
    with duckdb.connect(str(path), read_only=True) as database:
        return [name for (name,) in database.execute(query, [SCHEMA]).fetchall()]


def main() -> int:
    """Run dbt over the file that `make sync` fills."""
    path = ROOT / (os.environ.get("DATABASE") or "calls.duckdb")
    if not path.exists():
        print(f"{path.name} is not there yet: make sync fills it.", file=sys.stderr)
        return 1
    try:
        given = variables(schemas_of(path))
    except ModelsError as error:
        print(error, file=sys.stderr)
        return 1
    code, _ = dbt(*sys.argv[1:], environment=duckdb_environment(path), given=given, quiet=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
