"""Millions of rows, as `make soak` reads them (`--heavy`): complete, once, resumed, and in bounded memory.

The suite runs the same with thousands of rows.
"""

import os
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

import simulators
from benchmarks.calls import Dataset
from benchmarks.contest import mock_server
from benchmarks.rows import ids
from harness import Connector
from heavy import Sync

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
MEGABYTE = 1_000_000
TIMES_KILLED = 3
# What a sync holds differs by this much from run to run, in MiB.
MORE_OR_LESS = 24
A_MINUTE = 60


@pytest.fixture(scope="module")
def server():
    with mock_server() as address:
        yield address


@pytest.fixture
def heavy(request):
    return request.config.getoption("--heavy")


@pytest.fixture
def many(heavy):
    """Calls of 90 days, two millions of them in a soak."""
    return Dataset("vonage_business", 2_000_000 if heavy else 20_011, 90)


def test_a_heavy_sync_is_complete_and_sends_each_row_once(server, many, tmp_path):
    sync = Sync(many, server, tmp_path)
    assert sync.run() == 0
    assert sync.taken.ids == ids(many)
    assert sync.taken.rows == many.rows


def test_a_heavy_sync_that_is_killed_three_times_is_complete_in_the_end(server, many, tmp_path):
    seen, state, sent = set(), None, 0
    for _ in range(TIMES_KILLED):
        sync = Sync(many, server, tmp_path, state=state)
        assert sync.run(enough=lambda taken: taken.rows > many.rows // 5) != 0
        assert sync.taken.rows == len(sync.taken.ids), "an id came twice within one sync"
        assert sync.taken.states > 0, "killed before a window was closed"
        seen |= sync.taken.ids
        state, sent = sync.taken.state, sent + sync.taken.rows
    last = Sync(many, server, tmp_path, state=state)
    assert last.run() == 0
    assert last.taken.rows == len(last.taken.ids)
    assert seen | last.taken.ids == ids(many)
    # The states were worth something: far less came again than three syncs from the beginning would have sent.
    assert last.taken.rows < many.rows
    assert sent + last.taken.rows < many.rows * (1 + TIMES_KILLED / 5)


def test_a_heavy_sync_waits_for_a_destination_that_reads_slowly_and_holds_no_more_memory(server, many, tmp_path, heavy):
    quick, slow = Sync(many, server, tmp_path), Sync(many, server, tmp_path)
    assert quick.run() == 0
    # Two million rows are four gigabytes: after ten minutes at a megabyte a second the rest is taken at once.
    assert slow.run(rate=MEGABYTE, slow_seconds=600 if heavy else 10) == 0
    assert slow.taken.ids == ids(many)
    assert slow.most_memory < quick.most_memory + MORE_OR_LESS


def test_a_heavy_window_in_one_answer_takes_hardly_more_memory_than_a_small_one(server, tmp_path, heavy):
    """A day without pages: past 32 MiB an answer is given up, and asked for in halves."""
    small, large = (Dataset("voxo", rows, 1) for rows in ((20_011, 300_023) if heavy else (2_003, 12_011)))
    one, other = Sync(small, server, tmp_path), Sync(large, server, tmp_path)
    assert (one.run(), other.run()) == (0, 0)
    assert (other.taken.ids, other.taken.rows) == (ids(large), large.rows)
    # Each of four workers may hold one answer, with what becomes of it.
    assert other.most_memory < one.most_memory + 4 * 64


def test_a_heavy_list_without_a_filter_is_read_once_and_says_every_minute_how_far_it_is(server, tmp_path, heavy):
    everything = Dataset("portsip", 3_000_000 if heavy else 2_003, 90)
    sync = Sync(everything, server, tmp_path)
    assert sync.run() == 0
    assert (sync.taken.ids, sync.taken.rows) == (ids(everything), everything.rows)
    moments = [moment for moment, line in sync.taken.said if "everything" in line]
    assert moments
    assert all(later - earlier < 2 * A_MINUTE for earlier, later in pairwise(moments))
    assert sync.most_memory < 512


def test_a_heavy_sync_of_forty_workers_on_one_core_is_complete(server, tmp_path, heavy):
    dataset = Dataset("vonage_business", 200_000 if heavy else 2_003, 30)
    sync = Sync(dataset, server, tmp_path, workers=40)
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[-1:])
    try:
        assert sync.run() == 0
    finally:
        os.sched_setaffinity(0, every)
    assert (sync.taken.ids, sync.taken.rows) == (ids(dataset), dataset.rows)


def test_a_heavy_day_that_grows_at_its_front_while_it_is_read_loses_nothing(tmp_path, heavy):
    """BICS: fifteen rows a page, the newest first; a call that arrives shifts all the others."""
    calls, days = (20_000, 2) if heavy else (200, 2)
    connector = Connector("source-bics", tmp_path)
    period = {"start": END - timedelta(days=days) + timedelta(seconds=1), "end": END}
    with simulators.start("bics", **period, calls_per_day=calls, growing=50, validate=False) as sim:
        config = sim.config(num_workers=4)
        first = connector.read(config, only=["call_records"], timeout=3600)
        assert first.code == 0, first.text[-2000:]
        there = {row["record_id"] for row in sim.truth()}
        late = {name for name in there if name.rpartition(":")[2] in set(sim.held_back)}
        got = first.ids()
        assert len(got) == len(set(got))
        assert there - late <= set(got) <= there
        sim.table("call_records").show(sim.held_back)
        second = connector.read(config, state=first.state, only=["call_records"], timeout=3600)
        assert second.code == 0, second.text[-2000:]
        assert {*got, *second.ids()} == there
