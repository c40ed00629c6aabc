"""Both sides read the account of a case three times, and what a warehouse then holds is counted."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from benchmarks.beside.accounts import STREAM, SYNCS, Account, Case, judged, open_account, pass_to
from benchmarks.beside.manifests import STREAM as THEIR_STREAM
from tools.install import ROOT
from tools.naming import connector_of

OURS, THEIRS = "ours", "as Airbyte's"
_AIRCALL_READS_ALL = "aircall"


@dataclass(frozen=True)
class Found:
    """What one side made of a case.

    right:     calls that the warehouse has once, as the vendor has them at the end
    lost:      calls that it does not have
    outdated:  calls that it has as they were once
    twice:     rows too many
    failed:    how many of the syncs failed
    """

    right: int
    lost: int
    outdated: int
    twice: int
    failed: int
    requests: int
    seconds: float


class Side:
    """A connector, ours or the manifest, with the warehouse that its rows go to."""

    def __init__(self, who: str, account: Account, folder: Path) -> None:
        self.account = account
        self.is_ours = who == OURS
        self.reads_all = not self.is_ours and account.vendor == _AIRCALL_READS_ALL
        self.failed = 0
        self.seconds = 0.0
        self._folder = folder
        self._state: dict[str, Any] = {}
        self._rows: list[tuple[str, tuple[Any, ...]]] = []

    def sync(self, moment: datetime) -> None:
        """Read at that moment: rows go into the warehouse, also those of a sync that then fails."""
        pass_to(self.account, moment)
        command = [sys.executable, *self._command(moment)]
        started = perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        self.seconds += perf_counter() - started
        self.failed += done.returncode != 0
        if self.reads_all:
            self._rows = []  # full refresh, overwrite
        for message in _messages(done.stdout):
            if message["type"] == "RECORD":
                self._keep(message["record"]["data"])
            elif message["type"] == "STATE":
                self._state[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]

    def _keep(self, record: dict[str, Any]) -> None:
        row = record["raw"] if self.is_ours else record
        self._rows.append((str(row[self.account.id_key]), judged(self.account.vendor, row)))

    def warehouse(self) -> list[tuple[str, tuple[Any, ...]]]:
        """Return the rows that a destination keeps: the last of each key where there is one, or all."""
        return self._rows if self.reads_all else list(dict(self._rows).items())

    def _command(self, moment: datetime) -> list[str]:
        start = self.account.start
        if self.is_ours:
            name, mode = STREAM, "incremental"
            auth = "auth_token" if self.account.vendor == "twilio" else "api_key"
            config = self.account.config(auth=auth, end_date=f"{moment:%Y-%m-%dT%H:%M:%SZ}")
            command = [str(ROOT / "connectors" / connector_of(self.account.vendor) / "main.py"), "read"]
        else:
            name, mode = THEIR_STREAM, "full_refresh" if self.reads_all else "incremental"
            config = {"url": self.account.api_url, "start": f"{start:%Y-%m-%d}", "today": f"{moment:%Y-%m-%d}"}
            config |= self.account.particulars() | self.account.credentials("auth_token")
            command = ["-m", "benchmarks.beside.manifests", self.account.vendor, "read"]
        stream = {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
        catalog = {"streams": [{"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"}]}
        files: dict[str, Any] = {"config": config, "catalog": catalog}
        if self._state:
            files["state"] = list(self._state.values())
        for option, content in files.items():
            path = self._folder / f"{option}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
            command += [f"--{option}", str(path)]
        return command


def read(case: Case, who: str) -> Found:
    """Read the account of a case with one side, and compare what it has with what is right."""
    with tempfile.TemporaryDirectory(prefix="beside-") as folder, open_account(case) as account:
        side = Side(who, account, Path(folder))
        for moment in SYNCS:
            side.sync(account.start + moment)
        return _compared(side, account.right(), len(account.requests))


def _compared(side: Side, right: Mapping[str, tuple[Any, ...]], requests: int) -> Found:
    rows = side.warehouse()
    if invented := {name for name, _ in rows} - right.keys():
        raise ValueError(f"{len(invented)} rows are of no call of the account")
    counts, last = Counter(name for name, _ in rows), dict(rows)
    good = sum(last[name] == right[name] for name in last)
    return Found(
        right=good,
        lost=len(right) - len(last),
        outdated=len(last) - good,
        twice=sum(count - 1 for count in counts.values()),
        failed=side.failed,
        requests=requests,
        seconds=side.seconds,
    )


def _messages(output: bytes) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        if line.startswith(b"{"):
            yield orjson.loads(line)
