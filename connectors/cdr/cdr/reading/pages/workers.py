"""Worker processes for `read_page`, where there are cores for them and pages enough to pay for their start.

Normalising holds Python's interpreter lock, so threads alone cannot use a second core. A worker imports the normaliser
and the vendor's `streams`, never the CDK.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cdr.reading.pages import memory
from cdr.reading.pages.page import NormalisedPage, read_page
from cdr.reading.pages.plan import StreamPlan
from cdr.reading.pages.rows import BARE, RecordFrame
from cdr.reading.pages.scope import Scope
from cdr.schema.errors import BodyError

ENVIRONMENT = "CDR_WORKERS"
"""Names how many processes read pages, from the first page on; 0 for none. Unset, `PageWorkers` decides."""

# One thread writes what they make: past this many it has no time for more.
_MOST = 4
# A worker takes a third of a second to start. It pays once pages have cost more than that, and go on costing: below
# this share of the time the vendor is what a sync waits for.
_SECONDS = 0.2
_SHARE = 0.3


@dataclass
class _Worker:
    """A process, this side's end of its pipe, and the streams whose plans it holds."""

    process: BaseProcess
    connection: Connection
    knows: set[str] = field(default_factory=set)

    def read_page(
        self, body: bytes, plan: StreamPlan, scope: Scope | None, with_digests: bool, frame: RecordFrame
    ) -> NormalisedPage:
        """Raises OSError or EOFError where the process is gone."""
        self.connection.send((plan.stream if plan.stream in self.knows else plan, scope, with_digests, frame))
        # The megabytes go as they are: pickled, they would be copied twice more on either side.
        self.connection.send_bytes(body)
        self.knows.add(plan.stream)
        answer: NormalisedPage | BodyError = self.connection.recv()
        if isinstance(answer, BodyError):
            raise answer
        answer.rows = replace(answer.rows, json=self.connection.recv_bytes())
        return answer


class PageWorkers:
    """Reads pages in the calling thread until that has become what the sync waits for, then in worker processes.

    The result is the same wherever a page is read. A process that dies costs time: its page is read once more, in the
    thread that asked. The processes end with `close`, and with this process, whatever ends it.

    count: how many processes; below two, one that waits for the other would win nothing, and there are none
    at_once: whether they read from the first page on
    """

    def __init__(self, count: int, logger: logging.Logger, *, at_once: bool = False) -> None:
        self._count = count if count > 1 or at_once else 0
        self._at_once = at_once
        self._logger = logger
        self._here = threading.Lock()
        self._lock = threading.Lock()
        self._spent = 0.0
        self._since: float | None = None
        self._starting = threading.Lock()
        self._started = False
        self._ready = False
        self._closed = False
        # None is the place of a process that has died: whoever takes it reads the page itself.
        self._idle: SimpleQueue[_Worker | None] = SimpleQueue()
        self._processes: list[BaseProcess] = []

    @classmethod
    def for_threads(cls, threads: int, logger: logging.Logger) -> PageWorkers:
        """As many processes as pay for so many threads that ask for pages, or as the environment says."""
        given = os.environ.get(ENVIRONMENT, "")
        if given.isdecimal():
            return cls(int(given), logger, at_once=True)
        return cls(min(threads, _cores(), _MOST), logger)

    def read_page(
        self, body: bytes, plan: StreamPlan, scope: Scope | None, with_digests: bool = False, frame: RecordFrame = BARE
    ) -> NormalisedPage:
        """As `cdr.reading.pages.page.read_page`."""
        if self._at_once and not self._ready:
            self._start_once()
        if not self._ready:
            return self._read_here(body, plan, scope, with_digests, frame)
        worker = self._idle.get()
        try:
            if worker is not None:
                return worker.read_page(body, plan, scope, with_digests, frame)
        except (OSError, EOFError):
            code = _exit_code(worker)
            self._logger.info(f"A worker process has ended ({code}); its page is read again, in the main process.")
            worker = None
        finally:
            self._idle.put(worker)
        return read_page(body, plan, scope, with_digests, frame)

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.terminate()

    def _read_here(self, *asked: Any) -> NormalisedPage:
        # Threads that parse side by side are no faster, as only one of them runs, and each holds a page's objects.
        with self._here:
            began = time.thread_time()
            page = read_page(*asked)
            spent = time.thread_time() - began
        if self._count and not self._started:
            self._weigh(spent)
        return page

    def _weigh(self, seconds: float) -> None:
        """Start the processes once reading pages has cost enough, in all and as a share of the time."""
        now = time.monotonic()
        with self._lock:
            self._since = now - seconds if self._since is None else self._since
            self._spent += seconds
            pays = self._spent >= max(_SECONDS, _SHARE * (now - self._since))
        if pays and not self._starting.locked():
            threading.Thread(target=self._start_once, name="workers", daemon=True).start()

    def _start_once(self) -> None:
        """Start the processes; pages are read in this one until all of them are ready."""
        with self._starting:
            if not self._started:
                self._started = True
                self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        workers = []
        try:
            for _ in range(self._count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs,), daemon=True)
                process.start()
                theirs.close()
                workers.append(_Worker(process, ours))
                with self._lock:
                    self._processes.append(process)
                    if self._closed:
                        process.terminate()
            for worker in workers:
                worker.connection.recv()
        except (OSError, EOFError, RuntimeError) as error:
            # Some containers allow no more processes. Threads alone are slower, and read the same.
            self._logger.info(f"No worker processes: {error}")
            return
        for worker in workers:
            self._idle.put(worker)
        self._ready = bool(workers)


def _serve(connection: Connection) -> None:
    """Read pages until the other end closes, as it does when its process ends, however that happens."""
    # The main process waits for these signals on its own; it is the one to be stopped.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    memory.settle()
    plans: dict[str, StreamPlan] = {}
    with contextlib.suppress(OSError, EOFError):
        connection.send(None)
        while True:
            plan, scope, with_digests, frame = connection.recv()
            body = connection.recv_bytes()
            if isinstance(plan, StreamPlan):
                plans[plan.stream] = plan
                plan = plan.stream
            try:
                page = read_page(body, plans[plan], scope, with_digests, frame)
            except BodyError as error:
                connection.send(error)
                continue
            rows, page.rows = page.rows, replace(page.rows, json=b"")
            connection.send(page)
            connection.send_bytes(rows.json)


def _exit_code(worker: _Worker | None) -> str:
    if worker is None:
        return "unknown"
    worker.process.join(1)
    return f"exit code {worker.process.exitcode}"


def _cores() -> int:
    """The cores that this process may use: those of its affinity, or fewer where its container has a quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        allowed = min(allowed, max(1, int(quota) // int(period)))  # "max", where there is none, is no number
    return allowed
