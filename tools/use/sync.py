"""`make sync`: read call records through PyAirbyte into calls.duckdb, and show what came.

Without CONFIG every connector reads from its vendor's simulator. With CONNECTOR and CONFIG one connector reads
a real account. PyAirbyte keeps the state in the file, so that a second run reads only what is new. Invented
calls and real ones never share the file; DATABASE names another one. ARGS go to the simulators (`--days 3`).
Where dbt is installed it builds its models in the same file (MODELS=no leaves that out). The answers of
examples/queries are written beside the file as a page, calls.html.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before PyAirbyte is imported: no registry, no telemetry, its own files out of the way.
os.environ.update(AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", str(Path(__file__).resolve().parents[2] / ".airbyte"))
warnings.simplefilter("ignore")

import duckdb  # noqa: E402  after the environment is set, as all below
from rich.console import Console  # noqa: E402

from tools.install import ROOT, VENV  # noqa: E402
from tools.naming import vendor_of  # noqa: E402
from tools.use import models  # noqa: E402
from tools.use.page import PageError, write  # noqa: E402
from tools.use.summary import Summary, print_summary, unite  # noqa: E402

DATABASE = ROOT / (os.environ.get("DATABASE") or "calls.duckdb")
SIMULATED = "simulated_"

# What tells one account from another in a configuration; no secret is among it.
_ACCOUNT_KEYS = ("api_url", "account_id", "account", "account_name", "timezone")


class SyncError(Exception):
    """The sync cannot go on. The message is one sentence for a person."""


@dataclass(frozen=True)
class Job:
    """One connector with the configuration to run it with, and the schema that its tables go to."""

    connector: str
    config: dict[str, Any]
    schema: str


def runnable() -> list[str]:
    """Return the connectors that can run, by what is in connectors/."""
    return [path.parent.parent.name for path in sorted((ROOT / "connectors").glob("source-*/source_*/source.py"))]


@contextlib.contextmanager
def simulated(connector: str) -> Iterator[list[Job]]:
    """Run the vendors' simulators while the block lasts and yield a job for each connector, or for the one named."""
    if connector:
        _must_exist(connector)
    names = [connector] if connector else runnable()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(VENV / "bin" / "python"), "-m", "simulators", "--config-dir", folder, "--until-stdin-closes"]
        process = subprocess.Popen(
            [*command, *shlex.split(os.environ.get("ARGS", ""))],
            cwd=ROOT / "acceptance-tests",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            if not any("ready" in line for line in process.stdout or ()):
                raise SyncError("The simulators did not start: `make simulators` shows why.")
            files = {name: Path(folder) / f"{vendor_of(name)}.json" for name in names}
            without = [name for name, file in files.items() if not file.exists()]
            if connector in without:
                raise SyncError(f"{connector} has no simulator to read from: name an account with CONFIG.")
            if without:
                print(f"Left out, for they have no simulator yet: {', '.join(without)}.", flush=True)
            yield [
                Job(name, _read(file), SIMULATED + vendor_of(name))
                for name, file in files.items()
                if name not in without
            ]
        finally:
            process.communicate()


def _must_exist(connector: str) -> None:
    if connector not in runnable():
        raise SyncError(f"CONNECTOR={connector or '…'} has to be one of {', '.join(runnable())}.")


def _config_file(folder: Path, connector: str) -> Path:
    return folder / f"{vendor_of(connector)}.json"


def real(connector: str, config: Path) -> Job:
    """Return the job for a real account. Its tables are named for the account, so that two never share a state."""
    _must_exist(connector)
    content = _read(config)
    account = json.dumps([content.get(key) for key in _ACCOUNT_KEYS], sort_keys=True)
    digest = hashlib.sha256(account.encode()).hexdigest()[:8]
    return Job(connector, content, f"{vendor_of(connector)}_{digest}")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SyncError(f"CONFIG={path} does not exist.") from None
    except (OSError, ValueError) as error:
        raise SyncError(f"CONFIG={path} is not a JSON file: {error}.") from None
    if not isinstance(content, dict):
        raise SyncError(f"CONFIG={path} holds no JSON object.")
    return content


def keep_apart(schema: str) -> None:
    """Make room for real calls, and refuse to put invented ones beside them."""
    with duckdb.connect(str(DATABASE)) as database:
        rows = database.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
        schemas = [name for (name,) in rows if name != models.SCHEMA]
        simulated_schemas = [name for name in schemas if name.startswith(SIMULATED)]
        if not schema.startswith(SIMULATED):
            database.execute("DROP VIEW IF EXISTS main.call_records")
            for name in [*simulated_schemas, *([models.SCHEMA] if simulated_schemas else [])]:
                database.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
        elif len(simulated_schemas) < len(schemas):
            raise SyncError(
                f"{DATABASE.name} holds calls of a real account and the simulators' calls are invented: name the "
                "account with CONNECTOR and CONFIG, or another file with DATABASE=demo.duckdb."
            )


class Connector:
    """One job's connector, run by PyAirbyte from .venv."""

    def __init__(self, job: Job) -> None:
        import airbyte

        self._job = job
        self._said: list[str] = []
        self._source = airbyte.get_source(
            job.connector, config=job.config, local_executable=VENV / "bin" / job.connector
        )
        # PyAirbyte prints what the connector says has failed, and raises an error that does not say it.
        self._source._print_error_message = self._said.append  # noqa: SLF001

    def check(self) -> None:
        """Ask the connector whether its configuration works."""
        with self._told():
            self._source.check()

    def read(self) -> int:
        """Sync all streams but files, and return how many rows came; PyAirbyte shows its own progress."""
        from examples.warehouse import FILES, ZonedDuckDBCache

        with self._told():
            self._source.select_streams([name for name in self._source.get_available_streams() if name != FILES])
            with ZonedDuckDBCache(db_path=DATABASE, schema_name=self._job.schema, cache_dir=ROOT / ".airbyte") as cache:
                return int(self._source.read(cache=cache).processed_records)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        from airbyte.exceptions import PyAirbyteError

        try:
            yield
        except PyAirbyteError as error:
            reason = self._said[-1] if self._said else _sentence(error)
            raise SyncError(f"{self._job.connector}: {reason}") from None


def _sentence(error: BaseException) -> str:
    """Return what the connector said, from below the layers that PyAirbyte wraps around it."""
    reason = (getattr(error, "context", None) or {}).get("failure_reason")
    inner = getattr(error, "original_exception", None) or error.__cause__
    if reason is None and isinstance(inner, Exception):
        return _sentence(inner)
    message = reason or getattr(error, "message", None) or str(error)
    return " ".join(str(message).split())


def sync(jobs: list[Job]) -> tuple[Summary, list[SyncError]]:
    """Run the jobs one after another; return what the file holds then, and what failed on the way."""
    connectors = [Connector(job) for job in jobs]
    if not jobs[0].schema.startswith(SIMULATED):
        connectors[0].check()
    keep_apart(jobs[0].schema)
    with duckdb.connect(str(DATABASE)) as database:
        before = unite(database)
    read, failures = 0, []
    for connector in connectors:
        try:
            read += connector.read()
        except SyncError as error:
            failures.append(error)
    with duckdb.connect(str(DATABASE)) as database:
        return unite(database).since(before, read), failures


def _short(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def answer(console: Console) -> list[Exception]:
    """Build the models, where dbt is installed, and write the page; say where it is. Return what went wrong."""
    problems: list[Exception] = []
    try:
        if models.wanted():
            built = models.build(models.duckdb_environment(DATABASE), models.schemas_of(DATABASE))
            console.print(str(built), highlight=False, soft_wrap=True)
    except models.ModelsError as error:
        problems.append(error)
    try:
        page = write(DATABASE, DATABASE.with_suffix(".html"))
        console.print(f"Charts and tables: {_short(page)}", highlight=False, soft_wrap=True)
    except PageError as error:
        problems.append(error)
    return problems


def main() -> int:
    """Sync what the environment names and print the summary."""
    connector, config = os.environ.get("CONNECTOR", ""), os.environ.get("CONFIG", "")
    console = Console(width=None if sys.stdout.isatty() else 100)
    try:
        with contextlib.nullcontext([real(connector, Path(config))]) if config else simulated(connector) as jobs:
            summary, failures = sync(jobs)
    except (SyncError, duckdb.Error) as error:
        print(error, file=sys.stderr)
        return 1
    if summary.vendors or not failures:
        print_summary(summary, console, _short(DATABASE))
    problems: list[Exception] = [*failures]
    if summary.vendors:
        problems += answer(console)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
