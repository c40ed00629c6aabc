"""Bounded: a sync of thirty days takes hardly more memory than one of five."""

import os
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from harness import Connector, catalog, vendor

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)


@pytest.mark.parametrize("name", ["source-vonage-business", "source-voxo"])
def test_memory_does_not_grow_with_the_period(name, tmp_path):
    connector = Connector(name, tmp_path)
    month = {"start": END - timedelta(days=30) + timedelta(seconds=1), "end": END}
    with simulators.start(vendor(name), **month, calls_per_day=800, validate=False) as sim:
        five, thirty = (peak(connector, sim, days) for days in (5, 30))
    assert thirty <= 1.3 * five


def peak(connector, sim, days):
    """The most memory that a sync of so many days held, in KiB."""
    start = (END - timedelta(days=days) + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    config = sim.config(start_date=start, num_workers=4)
    command = connector.command("read", config=config, catalog=catalog(connector.discover(config)))
    with (connector.folder / "rows").open("wb") as rows:
        process = subprocess.Popen(command, stdout=rows)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert (connector.folder / "rows").read_bytes().count(b'{"type":"RECORD"') > days * 500
    return usage.ru_maxrss
