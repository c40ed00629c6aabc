"""Runs a connector as its users do: `python main.py …` as a process of its own, judged by what it prints."""

from __future__ import annotations

import atexit
import copy
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any, BinaryIO

from cdr.reading.pages.workers import ENVIRONMENT
from tools.naming import vendor_of

ROOT = Path(__file__).resolve().parent.parent
CONNECTORS = ROOT / "connectors"
# How every secret of every simulator begins.
SECRET = "SECRET-"
KINDS = {"RECORD", "STATE", "LOG", "SPEC", "CONNECTION_STATUS", "CATALOG", "TRACE", "CONTROL"}


def connectors() -> list[str]:
    """The folders of all connectors that can run."""
    return sorted(path.name for path in CONNECTORS.glob("source-*") if any(path.glob("source_*/source.py")))


def vendor(connector: str) -> str:
    """The simulator's name of a connector's vendor."""
    return vendor_of(connector)


@dataclass
class Outcome:
    """What a command printed, and how it ended."""

    code: int
    lines: list[str]
    errors: str = ""
    secrets: list[str] = field(default_factory=list)

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream: str = "call_records") -> list[dict[str, Any]]:
        return [m["record"]["data"] for m in self.of("RECORD") if m["record"]["stream"] == stream]

    def ids(self, stream: str = "call_records", key: str = "record_id") -> list[str]:
        return [record[key] for record in self.records(stream)]

    @property
    def state(self) -> list[dict[str, Any]]:
        """The last state of each stream, in the form of a `--state` file."""
        return last_states(self.messages)

    @property
    def status(self) -> dict[str, Any]:
        return self.of("CONNECTION_STATUS")[-1]["connectionStatus"]

    @property
    def failures(self) -> list[dict[str, Any]]:
        return [m["trace"]["error"] for m in self.of("TRACE") if m["trace"]["type"] == "ERROR"]

    def statuses(self, stream: str = "call_records") -> list[str]:
        traces = [m["trace"]["stream_status"] for m in self.of("TRACE") if m["trace"]["type"] == "STREAM_STATUS"]
        return [t["status"] for t in traces if t["stream_descriptor"]["name"] == stream]

    @property
    def log(self) -> str:
        return "\n".join(m["log"]["message"] for m in self.of("LOG"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + self.errors


def last_states(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    states: dict[str, dict[str, Any]] = {}
    for message in messages:
        if message["type"] == "STATE":
            states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
    return list(states.values())


def catalog(outcome: Outcome, mode: str = "incremental", only: list[str] | None = None) -> dict[str, Any]:
    """A configured catalogue from the answer of `discover`: all streams but those of files, or the ones named."""
    streams = outcome.of("CATALOG")[-1]["catalog"]["streams"]
    return {
        "streams": [
            {
                "stream": copy.deepcopy(stream),
                "sync_mode": mode if mode in stream["supported_sync_modes"] else "full_refresh",
                "destination_sync_mode": "append",
            }
            for stream in streams
            if (not stream.get("is_file_based") if only is None else stream["name"] in only)
        ]
    }


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


class _WarmStart:
    """Forks connectors from a process that has imported the CDK: see `warm_start.py`. One at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, command: list[str], folder: Path, environment: dict[str, str], **more: Any) -> int:
        """Start `python main.py …` and give its number; what it prints goes to files or pipes of the folder."""
        if self._process is None or self._process.poll() is not None:
            script = str(Path(__file__).with_name("warm_start.py"))
            self._process = subprocess.Popen(
                [sys.executable, script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            atexit.register(_end, self._process)
        _, main, *arguments = command
        places = {name: str(folder / name) for name in ("stdout", "stderr")}
        told = {"main": main, "arguments": arguments, "environment": environment, "folder": str(folder)}
        assert self._process.stdin
        self._process.stdin.write(json.dumps({**told, **places, **more}) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def wait(self, timeout: float) -> int:
        """The exit code of what was started."""
        assert self._process
        watch = Timer(timeout, os.killpg, (self._process.pid, signal.SIGKILL))
        watch.start()
        try:
            answer = self._answer()
        finally:
            watch.cancel()
        assert answer, f"the command did not end within {timeout} seconds"
        return int(answer)

    def _answer(self) -> str:
        assert self._process
        assert self._process.stdout
        return self._process.stdout.readline()


@dataclass
class Started:
    """A connector that runs, to be killed: what `subprocess.Popen` says of `python main.py …`."""

    pid: int
    stdout: BinaryIO
    returncode: int | None = None

    def kill(self) -> None:
        """Kill it as a platform does that has no patience. It may have ended before."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


@contextmanager
def started(command: list[str], environment: dict[str, str] | None = None) -> Iterator[Started]:
    """Start a connector without paying for the import of the CDK, and wait for its end."""
    with TemporaryDirectory() as folder:
        os.mkfifo(Path(folder) / "stdout")
        pid = _WARM.start(command, Path(folder), environment or {})
        with (Path(folder) / "stdout").open("rb") as stdout:
            process = Started(pid, stdout)
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                stdout.close()
                process.returncode = _WARM.wait(120)


_WARM = _WarmStart()


def run_to_end(
    command: list[str],
    folder: Path,
    *,
    timeout: float = 120,
    environment: dict[str, str] | None = None,
    waits: bool = True,
) -> int:
    """The exit code of `python main.py …` without its start-up; what it prints is in `stdout` and `stderr` there."""
    _WARM.start(command, folder, environment or {}, waits=waits)
    return _WARM.wait(timeout)


_DISCOVERED: dict[str, Outcome] = {}


class Connector:
    """One connector, its files in a folder of the test's own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return str(path)

    def command(self, verb: str, *, config: Any = None, catalog: Any = None, state: Any = None) -> list[str]:
        command = [sys.executable, str(CONNECTORS / self.name / "main.py"), verb]
        for option, content in (("config", config), ("catalog", catalog), ("state", state)):
            if content is not None:
                command += [f"--{option}", self.file(f"{option}.json", content)]
        return command

    def run(
        self,
        verb: str,
        *,
        debug: bool = False,
        timeout: float = 120,
        workers: int | None = None,
        waits: bool = True,
        environment: dict[str, str] | None = None,
        **files: Any,
    ) -> Outcome:
        """Run a command to its end. Every line on standard output must be a protocol message.

        workers: how many processes read pages, from the first one on; None leaves it to the connector
        waits: whether it waits before it sends a request again, as it does for its users
        """
        command = self.command(verb, **files) + (["--debug"] if debug else [])
        variables = {**(environment or {}), **({} if workers is None else {ENVIRONMENT: str(workers)})}
        code = run_to_end(command, self.folder, timeout=timeout, environment=variables, waits=waits)
        out, err = ((self.folder / name).read_bytes().decode() for name in ("stdout", "stderr"))
        outcome = Outcome(code, out.splitlines(), err)
        for line, message in zip(outcome.lines, outcome.messages, strict=True):
            assert message["type"] in KINDS, message
            # The platform gets a renewed refresh token back in a CONTROL message; nothing else prints a secret, ever.
            assert message["type"] == "CONTROL" or SECRET not in line, line
        assert SECRET not in err
        return outcome

    def read(
        self,
        config: Any,
        *,
        state: Any = None,
        mode: str = "incremental",
        only: list[str] | None = None,
        **options: Any,
    ) -> Outcome:
        """Read what `discover` finds."""
        return self.run(
            "read", config=config, catalog=catalog(self.discover(config), mode, only), state=state, **options
        )

    def discover(self, config: Any) -> Outcome:
        """The catalogue of a connector, asked for once: it is the same for every configuration."""
        if self.name not in _DISCOVERED:
            found = self.run("discover", config=config)
            assert found.code == 0, found.text
            _DISCOVERED[self.name] = found
        return _DISCOVERED[self.name]
