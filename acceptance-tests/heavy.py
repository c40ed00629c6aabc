"""Long syncs of the benchmark's accounts, as processes of their own, and a destination that takes what they write."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from benchmarks.calls import Dataset
from benchmarks.contest import our_arguments
from tools.install import ROOT

_MUCH = 1 << 20
_A_TENTH = 0.1
_MIB = 1024


@dataclass
class Taken:
    """What a destination has received.

    ids:    of the rows, each once
    rows:   how many rows came
    states: how many states came; `state` is the last
    said:   lines of the log, each with the moment it came
    """

    ids: set[str] = field(default_factory=set)
    rows: int = 0
    states: int = 0
    state: Any = None
    said: list[tuple[float, str]] = field(default_factory=list)
    _rest: bytes = b""

    def take(self, data: bytes) -> None:
        """Take what was read; what is no whole line waits for its rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b'{"type":"RECORD"'):
                self.ids.add(orjson.loads(line)["record"]["data"]["vendor_record_id"])
                self.rows += 1
            elif line.startswith(b'{"type":"STATE"'):
                self.state = orjson.loads(line)["state"]
                self.states += 1
            elif line.startswith(b'{"type":"LOG"'):
                self.said.append((time.monotonic(), orjson.loads(line)["log"]["message"]))


class Sync:
    """One sync of a dataset, which runs until it ends or is killed. `taken` is what came of it."""

    def __init__(self, dataset: Dataset, server: str, folder: Path, *, state: Any = None, workers: int = 4) -> None:
        self.taken = Taken()
        self._arguments = our_arguments(dataset, f"{server}/0/{dataset.path}", workers, folder)
        if state is not None:
            path = folder / "state.json"
            path.write_bytes(orjson.dumps([state]))
            self._arguments += ["--state", str(path)]
        self.most_memory = 0
        self._watched = 0.0

    def run(self, *, rate: float = 0, slow_seconds: float = 0, enough: Callable[[Taken], bool] | None = None) -> int:
        """Take everything; with `rate` so many bytes a second at first. Killed as soon as `enough` says so.

        Returns the exit code.
        """
        began = time.monotonic()
        with subprocess.Popen([sys.executable, *self._arguments], cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout
            received = 0
            while data := self._read(process.stdout, _MUCH if not rate else int(rate * _A_TENTH)):
                self._watch(process.pid)
                self.taken.take(data)
                received += len(data)
                if enough is not None and enough(self.taken):
                    process.send_signal(signal.SIGKILL)
                    enough = None  # what the pipe still holds was written before: a destination reads it too
                if rate and time.monotonic() - began < slow_seconds:
                    time.sleep(max(0.0, received / rate - (time.monotonic() - began)))
                else:
                    rate = 0
            return process.wait()

    @staticmethod
    def _read(pipe: IO[bytes], most: int) -> bytes:
        return os.read(pipe.fileno(), most)

    def _watch(self, pid: int) -> None:
        if time.monotonic() - self._watched < _A_TENTH:
            return
        self._watched = time.monotonic()
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
            held = int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // _MIB
            self.most_memory = max(self.most_memory, held)
