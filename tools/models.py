"""dbt over the calls that a sync has loaded: an environment of its own, and one command after a sync.

The packages of dbt would disturb those of the connectors, so they lie in dbt/.venv. Where they are not installed
everything else works as before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess

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
_VENDORS = ("vonage_business", "portsip", "acefone", "bics", "voxo", "twilio", "aircall", "ringcentral")


class ModelsError(Exception):
    """The models could not be built. The message is for a person."""


@dataclass(frozen=True)
class Outcome:
    """What a run of dbt did."""

    models: int
    tests: int
    seconds: float

    def __str__(self) -> str:
        return f"Models: {self.models} brought up to date, {self.tests} tests passed, in {self.seconds:.0f} s."


def installed() -> bool:
    """Say whether dbt's environment is there and made from its locks."""
    stamp = VENV / ".locked"
    return stamp.exists() and stamp.read_text(encoding="ascii") == _digest()


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
    return {"CALLS_TARGET": "duckdb", "CALLS_DUCKDB": str(path)}


def postgres_environment(url: str) -> dict[str, str]:
    """Return what profiles.yml needs for a PostgreSQL URL. The password goes by the environment, where dbt reads it."""
    parts = urlsplit(url)
    return {
        "CALLS_TARGET": "postgres",
        "CALLS_PG_HOST": parts.hostname or "localhost",
        "CALLS_PG_PORT": str(parts.port or 5432),
        "CALLS_PG_USER": unquote(parts.username or ""),
        "CALLS_PG_PASSWORD": unquote(parts.password or ""),
        "CALLS_PG_DATABASE": parts.path.strip("/"),
    }


def sources(schemas: Iterable[str]) -> dict[str, list[str]]:
    """Return which vendor lies in which schemas, by the names that `make sync` and examples/warehouse.py give them."""
    found: dict[str, list[str]] = {}
    for schema in sorted(schemas):
        name = schema.removeprefix("simulated_")
        vendor = next((one for one in _VENDORS if name == one or name.startswith(f"{one}_")), None)
        if vendor:
            found.setdefault(vendor, []).append(schema)
    return found


def dbt(*arguments: str, environment: Mapping[str, str], variables: Mapping[str, object], quiet: bool) -> int:
    """Run dbt and return its exit code; what it says goes to standard output."""
    flags = ["--quiet"] if quiet else []
    command = [python_of(VENV), "-m", "dbt.cli.main", *flags, *arguments, "--profiles-dir", str(PACKAGE)]
    more = {"DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", **environment}
    given = ["--vars", json.dumps(variables)]
    return subprocess.run([*command, *given], cwd=PACKAGE, env={**os.environ, **more}, check=False).returncode


def build(environment: Mapping[str, str], variables: Mapping[str, object]) -> Outcome:
    """Build the models and test them; what was built before is only added to. ModelsError says what dbt said."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as logs:
        command = [python_of(VENV), "-m", "dbt.cli.main", "--quiet", "build", "--exclude-resource-type", "unit_test"]
        options = ["--profiles-dir", str(PACKAGE), "--log-path", logs, "--vars", json.dumps(variables)]
        more = {"DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", **environment}
        done = subprocess.run(
            [*command, *options], cwd=PACKAGE, env={**os.environ, **more}, check=False, capture_output=True, text=True
        )
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise ModelsError("\n".join([*said[-20:], "The models could not be built: the lines above are dbt's."]))
    results = json.loads((PACKAGE / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    kinds = [result["unique_id"].partition(".")[0] for result in results]
    return Outcome(kinds.count("model"), kinds.count("test"), time.monotonic() - began)
