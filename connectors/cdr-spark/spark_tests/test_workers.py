"""Workers come and go, accounts are many: rows stay the same."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from on_spark import executors

import simulators

UTC = timezone.utc
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SCRIPT = Path(__file__).with_name("timed_query.py")


def days(count):
    return {"start": END - timedelta(days=count) + timedelta(seconds=1), "end": END}


def ids(table):
    return Counter(table.select("record_id").toArrow()["record_id"].to_pylist())


def truth(simulator, *accounts):
    return Counter(row["record_id"] for name in accounts for row in simulator.truth(account_id=name))


def test_a_killed_worker_costs_time_not_rows(spark, lines):
    with simulators.start("voxo", latency_ms=400, **days(12)) as simulator:
        table = spark.read(connector="source-voxo", configs=lines(simulator.config()))
        results = []
        victim = executors(spark)[0]
        query = threading.Thread(target=lambda: results.append(ids(table)))
        query.start()
        while simulator._in_flight < 2:  # a window each
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
        query.join(120)
        assert results == [truth(simulator, "1001")]
        check, windows = 1, 12
        assert len(simulator.requests) > check + windows, "no window was read again: the worker was idle"
        assert victim not in executors(spark)


def test_accounts_of_one_file_are_read_in_one_query_and_twice_is_the_same(spark, lines):
    names = [f"office-{number}" for number in range(4)]
    with simulators.start("portsip", **days(2)) as simulator:
        path = lines(*(simulator.config(account_name=name) for name in names))
        table = spark.read(connector="source-portsip", configs=path, windows_per_partition=2)
        assert ids(table) == ids(table) == truth(simulator, *names)
        windows = 4  # of half a day, so that each of three threads has one
        assert table.rdd.getNumPartitions() == len(names) * windows / 2


def test_an_account_with_a_budget_is_cut_into_no_more_partitions_than_shares(spark, lines):
    with simulators.start("portsip", rate_limit=60, **days(4)) as simulator:
        table = spark.read(
            connector="source-portsip", configs=lines(simulator.config(requests_per_minute=60)), shares=2
        )
        assert table.rdd.getNumPartitions() == 2
        assert ids(table) == truth(simulator, simulator.account())


def test_two_workers_are_almost_twice_as_fast_as_one(full, tmp_path, lines):
    """50 accounts of 30 days at 50 ms a response."""
    if not full:
        pytest.skip("takes minutes: make test-spark ARGS=--full")
    names = [f"office-{number:02}" for number in range(50)]
    seconds = {}
    with simulators.start("portsip", latency_ms=50, validate=False, calls_per_day=20, **days(30)) as simulator:
        first = lines(simulator.config(), name="one.jsonl")
        every = lines(*(simulator.config(account_name=name) for name in names))
        for workers in (1, 2):
            folder = tmp_path / str(workers)
            subprocess.run([sys.executable, str(SCRIPT), str(workers), first, every, str(folder)], check=True)
            seconds[workers], found = json.loads((folder / "found.json").read_text())
            assert Counter(found) == truth(simulator, *names)
    print(f"1 worker {seconds[1]:.1f} s, 2 workers {seconds[2]:.1f} s")
    assert seconds[1] >= 1.7 * seconds[2], seconds


def test_a_file_that_spark_brings_to_its_workers_is_known_by_its_bare_name(spark, lines):
    with simulators.start("voxo", **days(2)) as simulator:
        spark.session.sparkContext.addFile(lines(simulator.config(), name="brought.jsonl"))
        assert ids(spark.read(connector="source-voxo", configs="brought.jsonl")) == truth(simulator, "1001")


def test_a_period_that_has_not_begun_is_an_empty_table(spark, lines):
    with simulators.start("voxo", **days(2)) as simulator:
        path = lines(simulator.config(start_date="2099-01-01", end_date=None))
        assert ids(spark.read(connector="source-voxo", configs=path)) == Counter()
