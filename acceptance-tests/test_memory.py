"""Bounded: a sync of thirty days takes hardly more memory than one of five, and its processes are small."""

import contextlib
import os
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import simulators
from cdr.reading.pages.workers import ENVIRONMENT
from harness import Connector, catalog, vendor

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
MIB = 1024


@pytest.mark.parametrize("name", ["source-vonage-business", "source-voxo"])
def test_memory_does_not_grow_with_the_period(name, tmp_path):
    connector = Connector(name, tmp_path)
    month = {"start": END - timedelta(days=30) + timedelta(seconds=1), "end": END}
    with simulators.start(vendor(name), **month, calls_per_day=800, validate=False) as sim:
        five, thirty = (read(connector, sim, days)[0] for days in (5, 30))
    assert thirty <= 1.3 * five


def test_the_main_process_stays_small_and_those_that_read_pages_smaller(tmp_path):
    connector = Connector("source-vonage-business", tmp_path)
    days = {"start": END - timedelta(days=10) + timedelta(seconds=1), "end": END}
    with simulators.start("vonage_business", **days, calls_per_day=3000, validate=False) as sim:
        main, helpers = read(connector, sim, 10, workers=2)
    assert 0 < main < 150 * MIB
    assert len(helpers) == 2
    assert 0 < max(helpers.values()) < 80 * MIB


def read(connector, sim, days, workers=0):
    """The most memory that a sync of so many days held, in KiB: the main process, and each that reads pages by its pid.

    Not `ru_maxrss`: it begins with what this process held when it forked.
    """
    start = (END - timedelta(days=days) + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    config = sim.config(start_date=start, num_workers=4)
    command = connector.command("read", config=config, catalog=catalog(connector.discover(config)))
    main, helpers = 0, {}
    with (connector.folder / "rows").open("wb") as rows:
        process = subprocess.Popen(command, stdout=rows, env={**os.environ, ENVIRONMENT: str(workers)})
        while process.poll() is None:
            main = max(main, held(process.pid))
            helpers |= {child: max(held(child), helpers.get(child, 0)) for child in readers(process.pid)}
            time.sleep(0.01)
    assert process.returncode == 0
    assert (connector.folder / "rows").read_bytes().count(b'{"type":"RECORD"') > days * 500
    return main, helpers


def held(pid):
    """The most memory that a process has held so far; 0 where it is gone."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return 0


def readers(pid):
    """The processes that read pages."""
    with contextlib.suppress(OSError):
        children = [c for path in Path("/proc").glob(f"{pid}/task/*/children") for c in path.read_text().split()]
        return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return []
