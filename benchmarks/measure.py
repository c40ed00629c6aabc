"""Run one command and say what it cost: `python -m benchmarks.measure CORES OUTPUT ERRORS COMMAND …` prints JSON.

A process of its own, so that nothing but the command and its descendants can be counted. Processor time is that of
all of them, also of those that outlive the command for a moment: they become children of this process, and it waits
for them. Memory is the kernel's own high-water mark of each process, read 20 times a second.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_EVERY = 0.05
_LONGEST = 3600.0
_STRAGGLERS = 20.0


@dataclass(frozen=True)
class Cost:
    """What a command came to.

    seconds:    from its start to its end
    cpu:        seconds of processor time, user and system, of it and all its descendants
    main_mib:   the most memory that the command's own process held
    helper_mib: the same for the largest of its descendants, 0 where there were none
    helpers:    how many descendants were seen
    written:    bytes of the rows that it left behind
    state:      bytes of the last state, 0 where it has none
    lookback:   rows that an incremental sync behind it would ask for again
    start_seconds, start_cpu: what the same command takes for a handful of rows: its start-up
    """

    code: int
    seconds: float
    cpu: float
    main_mib: float
    helper_mib: float
    helpers: int
    written: int = 0
    state: int = 0
    lookback: int = 0
    start_seconds: float = 0.0
    start_cpu: float = 0.0


class Watch:
    """Reads high-water marks until it is stopped."""

    def __init__(self, main: int) -> None:
        self.marks: dict[int, int] = {main: 0}
        self._main = main
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY):
            waiting = [self._main, *_children(os.getpid())]
            seen: set[int] = set()
            while waiting:
                process = waiting.pop()
                if process in seen:
                    continue
                seen.add(process)
                # The last mark and not the highest: until it runs its own program, a child has its parent's.
                self.marks[process] = _high_water(process) or self.marks.get(process, 0)
                waiting += _children(process)


def _children(process: int) -> list[int]:
    """Return the children of all threads of a process; none where it has ended."""
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _high_water(process: int) -> int:
    """Return VmHWM in KiB; 0 where the process has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def run(command: list[str], output: str, errors: str, cores: int) -> Cost:
    """Run a command, its output in a file, held to so many cores; 0 for all."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, output, writing, 0o600), (os.POSIX_SPAWN_OPEN, 2, errors, writing, 0o600)]
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[-cores:] if cores else every)
    started = time.perf_counter()
    main = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    os.sched_setaffinity(0, every)
    watch = Watch(main)
    killer = threading.Timer(_LONGEST, os.kill, (main, signal.SIGKILL))
    killer.daemon = True
    killer.start()
    _, status, usage = os.wait4(main, 0)
    seconds = time.perf_counter() - started
    killer.cancel()
    cpu = usage.ru_utime + usage.ru_stime + _stragglers()
    watch.stop()
    own = watch.marks.pop(main)
    return Cost(
        code=os.waitstatus_to_exitcode(status),
        seconds=round(seconds, 4),
        cpu=round(cpu, 4),
        main_mib=round(own / 1024, 1),
        helper_mib=round(max(watch.marks.values(), default=0) / 1024, 1),
        helpers=len(watch.marks),
    )


def _stragglers() -> float:
    """Wait for descendants that outlived the command, and return their processor time in seconds."""
    cpu, until = 0.0, time.monotonic() + _STRAGGLERS
    while time.monotonic() < until:
        try:
            process, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if process:
            cpu += usage.ru_utime + usage.ru_stime
        else:
            time.sleep(0.01)
    raise TimeoutError("processes of the command are still there long after it has ended")


if __name__ == "__main__":
    print(json.dumps(asdict(run(sys.argv[4:], sys.argv[2], sys.argv[3], int(sys.argv[1])))))
