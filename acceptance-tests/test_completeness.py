"""Complete, once, resumable: what a sync of every connector gives out, held against the simulators' own truth."""

import os
import random
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

import simulators
from cdr.reading.pages.workers import ENVIRONMENT
from harness import SECRET, Connector, catalog, connectors, last_states, started, vendor
from vendors import known

UTC = timezone.utc
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
KILLS = 4
SHIFTED = 2
MONTH = {"start": END - timedelta(days=40) + timedelta(seconds=1), "end": END, "calls_per_day": 60}
TWO_DAYS = {"start": END - timedelta(days=2) + timedelta(seconds=1), "end": END}
DAYS = {"start": END - timedelta(days=5) + timedelta(seconds=1), "end": END}
# Both nights on which London and New York change their clocks, a week of each.
CLOCK_CHANGES = [
    (datetime(2025, 10, 23, tzinfo=UTC), datetime(2025, 11, 4, tzinfo=UTC)),
    (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)),
]


@pytest.fixture(params=connectors())
def connector(request, tmp_path):
    return Connector(request.param, tmp_path)


def simulator(connector, **options):
    return simulators.start(vendor(connector.name), **options)


def streams(sim):
    return list(sim.cursors)


def key(stream):
    return {"recordings": "recording_id", "call_reports": "id", "completed_call_reports": "id"}.get(stream, "record_id")


def assert_equals_truth(outcome, sim, stream, **period):
    """The set of ids, no id twice, and every column of every row."""
    identity, cursor = key(stream), sim.cursors[stream]
    expected = {row[identity]: comparable(row) for row in sim.truth(stream, **period)}
    # A row without a time is given out whichever request brings it.
    got = [row for row in outcome.records(stream) if cursor is None or row[cursor] or row[identity] in expected]
    assert len(got) == len({row[identity] for row in got}), "an id came twice"
    assert {row[identity] for row in got} == set(expected)
    for row in got:
        assert comparable(row) == expected[row[identity]]


def comparable(row):
    """A row without what changes at every read: links that are signed anew."""
    plain = {name: value for name, value in row.items() if name not in ("recording_url", "recording_expires_at", "raw")}
    raw = row.get("raw")
    if raw is not None:
        raw = {name: value for name, value in raw.items() if "?" not in str(value) or "https://" not in str(value)}
    return {**plain, "issues": list(row.get("issues", [])), "raw": raw, "has_link": bool(row.get("recording_url"))}


@pytest.mark.parametrize(("num_workers", "processes"), [(1, 0), (8, 2)])
def test_forty_days_equal_the_truth_in_every_column(connector, num_workers, processes):
    with simulator(connector, **MONTH) as sim:
        outcome = connector.read(sim.config(num_workers=num_workers), workers=processes)
        assert outcome.code == 0, outcome.text[-3000:]
        for stream in streams(sim):
            assert sim.truth(stream), "the simulator has nothing to say"
            assert_equals_truth(outcome, sim, stream)
        assert sim.violations == []
        assert sim.max_in_flight <= num_workers


@pytest.mark.parametrize("period", CLOCK_CHANGES, ids=["autumn", "spring"])
def test_the_weeks_in_which_clocks_change_equal_the_truth(connector, period):
    start, end = period
    with simulator(connector, start=start, end=end, calls_per_day=60) as sim:
        outcome = connector.read(sim.config(num_workers=8))
        assert outcome.code == 0, outcome.text[-3000:]
        for stream in streams(sim):
            assert_equals_truth(outcome, sim, stream)
        assert sim.violations == []


def test_both_ends_of_the_period_are_read_and_nothing_beyond(connector):
    with simulator(connector, **DAYS) as sim:
        cursor = sim.cursors["call_records"]
        row = sorted((one for one in sim.truth() if one[cursor]), key=lambda one: one[cursor])
        first, last = (datetime.fromisoformat(row[i][cursor].replace("Z", "+00:00")) for i in (100, 400))
        config = sim.config(start_date=row[100][cursor], end_date=row[400][cursor])
        outcome = connector.read(config, only=["call_records"])
        assert outcome.code == 0, outcome.text[-3000:]
        got = outcome.ids()
        # By the time as the vendor printed it: a corrected start may lie outside.
        assert {row[100]["record_id"], row[400]["record_id"]} <= set(got)
        assert_equals_truth(outcome, sim, "call_records", start=first, end=last)


def test_two_reads_of_the_same_rows_give_the_same_bytes(connector):
    with simulator(connector, **DAYS) as sim:
        first, second = (
            sorted(orjson.dumps(comparable(row)) for row in connector.read(sim.config(num_workers=n)).records())
            for n in (1, 8)
        )
        assert first == second


def test_a_second_sync_sends_nothing_that_has_not_changed(connector):
    with simulator(connector, **DAYS) as sim:
        first = connector.read(sim.config())
        second = connector.read(sim.config(), state=first.state)
        assert second.code == 0, second.text[-3000:]
        for stream in [name for name, cursor in sim.cursors.items() if cursor]:
            assert second.records(stream) == []


def test_a_second_sync_reads_again_what_lies_within_the_lookback_and_nothing_before(connector):
    with simulator(connector, **DAYS) as sim:
        config = sim.config(lookback_window_minutes=2880)
        first = connector.read(config, only=["call_records"])
        for state in first.state:  # as if nothing were known of the rows that were sent
            state["stream"]["stream_state"].pop("known")
        second = connector.read(config, state=first.state, only=["call_records"])
        lookback = END - timedelta(minutes=2880) + timedelta(seconds=1)
        assert_equals_truth(second, sim, "call_records", start=min(lookback, earliest(second, sim)))
        assert earliest(second, sim) >= lookback - beyond(connector)


def earliest(outcome, sim):
    """The first cursor of the rows that came."""
    cursor = sim.cursors["call_records"]
    return min(datetime.fromisoformat(row[cursor].replace("Z", "+00:00")) for row in outcome.records() if row[cursor])


def beyond(connector):
    """How far requests reach behind the lookback: a second, or whole days and one more where it knows days only."""
    return timedelta(days=3) if known()[vendor(connector.name)].whole_days else timedelta(seconds=1)


def test_late_calls_within_the_lookback_are_found(connector):
    with simulator(connector, **DAYS) as sim:
        config = sim.config(lookback_window_minutes=2880)
        sim.fault("late_rows", step=3)
        first = connector.read(config)
        sim.release_late_rows()
        second = connector.read(config, state=first.state)
        lookback = END - timedelta(minutes=2880) + timedelta(seconds=1)
        for stream in [name for name, cursor in sim.cursors.items() if cursor]:
            within = {row[key(stream)] for row in sim.truth(stream, start=lookback)}
            late = within - set(first.ids(stream, key(stream)))
            assert late
            covered = {row[key(stream)] for row in sim.truth(stream, start=lookback - beyond(connector))}
            assert late <= set(second.ids(stream, key(stream))) <= covered


def test_killed_at_any_moment_and_started_again_the_union_is_complete(connector, seed):
    """Every other time pages are read by worker processes, of which one is killed as well."""
    dice = random.Random(f"{connector.name}/{seed}")
    processes = 2 * (seed % 2)
    with simulator(connector, **DAYS, latency_ms=5) as sim:
        config = sim.config(num_workers=dice.choice([1, 2, 8]))
        for kind in dice.sample(["server_error", "reset", "truncated", "rate_limit"], 2):
            sim.fault(kind, after=dice.randrange(30))
        found = catalog(connector.discover(config))
        seen = {stream: set() for stream in streams(sim)}
        state = None
        for _ in range(KILLS):
            command = connector.command("read", config=config, catalog=found, state=state)
            messages = read_and_kill(command, dice.randrange(10, 3000), processes)
            for message in messages:
                if message["type"] == "RECORD":
                    stream = message["record"]["stream"]
                    seen[stream].add(message["record"]["data"][key(stream)])
            state = last_states(messages) or state
        outcome = connector.run("read", config=config, catalog=found, state=state, workers=processes)
        assert outcome.code == 0, outcome.text[-3000:]
        for stream in streams(sim):
            seen[stream] |= set(outcome.ids(stream, key(stream)))
            assert seen[stream] == {row[key(stream)] for row in sim.truth(stream)}


def read_and_kill(command, lines, processes):
    """The messages of the first so many whole lines that a process wrote before it was killed, a child of it before."""
    received = []
    with started(command, {ENVIRONMENT: str(processes)}) as process:
        for number in range(lines):
            line = process.stdout.readline()
            if not line.endswith(b"\n"):
                break
            received.append(line)
            if processes and number >= lines // 2 and line.startswith(b'{"type":"RECORD"'):
                kill_a_child(process.pid)
                processes = 0
        process.kill()
        # What the pipe still holds was written before: a platform reads it too.
        received += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
    assert SECRET.encode() not in b"".join(received)
    return [orjson.loads(line) for line in received]


def kill_a_child(pid):
    """Kill one of the processes that read pages; their parent has others, which do not."""
    children = [child for path in Path("/proc").glob(f"{pid}/task/*/children") for child in path.read_text().split()]
    readers = [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    assert readers, "no process reads pages"
    os.kill(int(readers[0]), signal.SIGKILL)


def test_a_state_from_the_future_reads_nothing_says_so_and_is_handed_back(connector):
    with simulator(connector, **DAYS) as sim:
        state = connector.read(sim.config(), only=["call_records"]).state
        for one in state:
            one["stream"]["stream_state"]["slices"][-1]["end"] = "2999-01-01T00:00:00Z"
            one.pop("sourceStats", None)
        asked = len(sim.requests)
        outcome = connector.read(sim.config(), state=state, only=["call_records"])
        assert (outcome.code, outcome.records()) == (0, [])
        assert [entry.path for entry in sim.requests[asked:] if entry.stream] == []  # a list of accounts is no reading
        assert "future" in outcome.log
        assert [one["stream"]["stream_state"] for one in outcome.state] == [
            one["stream"]["stream_state"] for one in state
        ]


def test_rows_that_shift_between_pages_are_neither_lost_nor_doubled(connector):
    # Where no total is stated, nothing tells of a row that appears: the next sync finds it.
    stated = known()[vendor(connector.name)].total
    for kind in ("insert_row", "remove_row") if stated else ("remove_row",):
        with simulator(connector, **TWO_DAYS, calls_per_day=1000) as sim:
            sim.fault(kind, times=SHIFTED)
            outcome = connector.read(sim.config(num_workers=4), only=["call_records"])
            assert outcome.code == 0, outcome.text[-3000:]
            got = outcome.ids()
            assert len(got) == len(set(got))
            missing = {row["record_id"] for row in sim.truth()} - set(got)
            assert len(missing) <= (0 if kind in known()[vendor(connector.name)].shifts else SHIFTED)
