import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from cdr.reading.pages import workers as page_workers
from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.reading.pages.rows import RecordFrame
from cdr.reading.pages.scope import Scope
from cdr.reading.pages.workers import PageWorkers
from cdr.schema.errors import BodyError
from fakes import DAY, Paged, call, config

LOGGER = logging.getLogger("airbyte")
PLAN = plan_of(Paged(config()))
SCOPE = Scope(DAY, DAY, DAY)
PAGE = orjson.dumps({"rows": [call(n) for n in range(50)], "total": 50, "last": 1})
# A process of another kind than pytest's: what it starts must not run the tests' main module again.
PARENT = """
import logging, signal, sys
from cdr.reading.pages.workers import PageWorkers
from cdr.reading.pages.plan import plan_of
from fakes import Paged, call, config
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins without it
    readers = PageWorkers(2, logging.getLogger("airbyte"), at_once=True)
    readers.read_page(b'{"rows":[],"total":0,"last":1}', plan_of(Paged(config())), None)
    print(*[process.pid for process in readers._processes], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def two():
    readers = PageWorkers(2, LOGGER, at_once=True)
    yield readers
    readers.close()


def ends(pid, seconds=10.0):
    """Whether a process is gone, or a zombie, within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_page_is_the_same_wherever_it_is_read(two):
    assert two.read_page(PAGE, PLAN, SCOPE, with_digests=True) == read_page(PAGE, PLAN, SCOPE, with_digests=True)
    assert two.read_page(PAGE, PLAN, None) == read_page(PAGE, PLAN, None)
    frame = RecordFrame(b'{"data":', b"}")
    assert two.read_page(PAGE, PLAN, SCOPE, frame=frame) == read_page(PAGE, PLAN, SCOPE, frame=frame)


def test_a_body_that_is_no_page_raises_the_same_error_wherever_it_is_read(two):
    with pytest.raises(BodyError) as here:
        read_page(b"<html>", PLAN, SCOPE)
    with pytest.raises(BodyError) as there:
        two.read_page(b"<html>", PLAN, SCOPE)
    assert (there.value.message, there.value.is_html, there.value.status) == (here.value.message, True, None)
    assert two.read_page(PAGE, PLAN, SCOPE).rows.count == 50


def test_a_worker_that_dies_costs_no_row(two, caplog):
    expected = read_page(PAGE, PLAN, SCOPE)
    assert two.read_page(PAGE, PLAN, SCOPE) == expected
    with caplog.at_level(logging.INFO):
        for process in list(two._processes):
            os.kill(process.pid, signal.SIGKILL)
            assert [two.read_page(PAGE, PLAN, SCOPE) for _ in range(3)] == [expected] * 3
    assert [record.message for record in caplog.records] == [
        "A worker process has ended (exit code -9); its page is read again, in the main process."
    ] * 2


def test_workers_end_when_they_are_closed(two):
    two.read_page(PAGE, PLAN, SCOPE)
    two.close()
    assert all(ends(process.pid) for process in two._processes)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_the_process_that_started_them_whatever_ends_it(blow):
    folders = [str(Path(__file__).parent), *sys.path]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        text=True,
    ) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(blow)
        parent.wait(60)
    assert all(ends(pid) for pid in pids)


def test_a_small_sync_starts_no_process(monkeypatch):
    monkeypatch.setattr(page_workers, "_cores", lambda: 2)
    readers = PageWorkers.for_threads(8, LOGGER)
    assert readers.read_page(PAGE, PLAN, SCOPE).rows.count == 50
    assert readers._processes == []


@pytest.mark.parametrize(("cores", "threads"), [(1, 8), (8, 1)])
def test_one_core_or_one_thread_starts_no_process_however_long_it_reads(monkeypatch, cores, threads):
    monkeypatch.setattr(page_workers, "_cores", lambda: cores)
    monkeypatch.setattr(page_workers, "_SECONDS", 0.0)
    readers = PageWorkers.for_threads(threads, LOGGER)
    for _ in range(3):
        readers.read_page(PAGE, PLAN, SCOPE)
    time.sleep(0.1)
    assert readers._processes == []


def test_processes_start_once_pages_have_cost_enough(monkeypatch):
    monkeypatch.setattr(page_workers, "_cores", lambda: 2)
    monkeypatch.setattr(page_workers, "_SECONDS", 0.0)
    monkeypatch.setattr(page_workers, "_SHARE", 0.0)
    readers = PageWorkers.for_threads(8, LOGGER)
    expected = read_page(PAGE, PLAN, SCOPE)
    until = time.monotonic() + 20
    while not readers._ready and time.monotonic() < until:
        assert readers.read_page(PAGE, PLAN, SCOPE) == expected
    assert readers.read_page(PAGE, PLAN, SCOPE) == expected
    assert len(readers._processes) == 2
    readers.close()


@pytest.mark.parametrize(("told", "count"), [("0", 0), ("3", 3), ("", 2), ("many", 2)])
def test_the_environment_says_how_many_processes_read(monkeypatch, told, count):
    monkeypatch.setattr(page_workers, "_cores", lambda: 2)
    monkeypatch.setenv(page_workers.ENVIRONMENT, told)
    assert PageWorkers.for_threads(8, LOGGER)._count == count
