"""Running a case: every entry once a round, each as processes of its own, and each checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.calls import FIRST_DAY, Dataset
from benchmarks.checking import CheckError, check
from benchmarks.contenders.job import ACCOUNT, Job
from benchmarks.environments import interpreter
from benchmarks.measure import Cost
from benchmarks.plan import Case, Entry
from tools.install import ROOT
from tools.naming import connector_of

_MODULES = {
    "floor": "floor",
    "drain": "drain",
    "singer-sdk": "singer_tap",
    "dlt": "dlt_extract",
    "cdk": "declarative",
}
# Seconds in which the mock server has printed its rows, ten millions of them too.
_PRINTED = 3600
# What a contender reads to show its start-up.
_A_HANDFUL = 7
_ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(
        map(str, (ROOT, ROOT / "connectors" / "cdr", ROOT / "connectors" / "source-vonage-business"))
    ),
    "RUNTIME__DLTHUB_TELEMETRY": "false",  # nobody is to be called during a run
}


@contextmanager
def mock_server() -> Iterator[str]:
    """Start the one mock server of a run; its address without a path."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            process.communicate()  # the end of its standard input ends it


def run(case: Case, rounds: int, server: str) -> dict[str, list[Cost]]:
    """Return what each entry cost in each round. Raises CheckError where one did not do its job."""
    costs: dict[str, list[Cost]] = {entry.name: [] for entry in case.entries}
    for entry in case.entries:
        if entry.dataset is not None:
            urlopen(f"{server}/0/{entry.dataset.path}", timeout=_PRINTED).close()  # noqa: S310  our own server
    for number in range(rounds * case.times):
        starts: dict[Entry, Cost] = {}
        # Every other round runs backwards: what comes next on a machine that warms up is not always the same.
        for entry in case.entries if number % 2 == 0 else case.entries[::-1]:
            if entry.rounds and number >= entry.rounds:
                continue
            cost = once(entry, server)
            if entry.dataset is not None:
                little = _start_up(entry, entry.dataset)
                starts[little] = start = starts.get(little) or once(little, server)
                cost = replace(cost, start_seconds=start.seconds, start_cpu=start.cpu)
            costs[entry.name].append(cost)
            said = f"{cost.seconds:.2f} s, {cost.cpu:.2f} s of CPU, of these {cost.start_seconds:.2f} s to start"
            print(f"  {number + 1}/{rounds * case.times} {entry.name}: {said}", flush=True)
    return costs


def _start_up(entry: Entry, dataset: Dataset) -> Entry:
    """The same with a handful of rows and without waiting; entries that differ in nothing else share it."""
    little = replace(dataset, rows=_A_HANDFUL, days=1)
    return replace(entry, name=f"{entry.contender}, start-up", dataset=little, latency=0, rounds=0)


def once(entry: Entry, server: str) -> Cost:
    """Run an entry once, in a folder of its own, and check what it wrote."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        output, errors = folder / "stdout", folder / "stderr"
        command = _command(entry, server, folder)
        measured = subprocess.run(
            [sys.executable, "-m", "benchmarks.measure", str(entry.cores), str(output), str(errors), *command],
            cwd=ROOT,
            env={**os.environ, **_ENVIRONMENT, **dict(entry.environment)},
            check=True,
            stdout=subprocess.PIPE,
        )
        cost = Cost(**json.loads(measured.stdout))
        if cost.code:
            last = b"\n".join(path.read_bytes()[-1500:] for path in (output, errors)).decode(errors="replace")
            raise CheckError(f"{entry.name} ended with code {cost.code}:\n{last}")
        found = check(entry, output, folder)
        return replace(cost, written=found.rows_bytes, state=found.state_bytes, lookback=found.last_day)
    finally:
        shutil.rmtree(folder)


def _command(entry: Entry, server: str, folder: Path) -> list[str]:
    python = interpreter(entry.contender)
    what, _, vendor = entry.contender.partition(" ")
    if what == "import":
        return [python, "-c", "import airbyte_cdk"]
    if what == "spec":
        return [python, str(ROOT / "connectors" / f"source-{vendor}" / "main.py"), "spec"]
    if entry.dataset is None:
        raise ValueError(f"{entry.name} has nothing to read")
    url = f"{server}/{entry.latency}/{entry.dataset.path}"
    if what == "ours":
        return [python, *our_arguments(entry.dataset, url, entry.workers, folder)]
    job = Job(url, entry.dataset.days, entry.workers, entry.same, str(folder))
    return [python, "-m", f"benchmarks.contenders.{_MODULES[what]}", job.text()]


_CONFIGS: dict[str, dict[str, Any]] = {
    "vonage_business": {"account_id": ACCOUNT},
    "acefone": {},
    "portsip": {},
    "voxo": {"account": {"account_type": "tenant", "tenant_id": 1234}},
}


def our_arguments(dataset: Dataset, url: str, workers: int, folder: Path) -> list[str]:
    """Return what follows `python` where our connector reads a dataset; its files are written into the folder."""
    config = {
        "start_date": FIRST_DAY.date().isoformat(),
        "end_date": (FIRST_DAY + timedelta(days=dataset.days - 1)).date().isoformat(),
        "credentials": {"auth_type": "access_token", "access_token": "invented"},
        "api_url": url,
        "num_workers": workers,
        **_CONFIGS[dataset.vendor],
    }
    stream = {"name": "call_records", "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append"}]}
    arguments = [str(ROOT / "connectors" / connector_of(dataset.vendor) / "main.py"), "read"]
    for name, content in (("config", config), ("catalog", catalog)):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        arguments += [f"--{name}", str(path)]
    return arguments
