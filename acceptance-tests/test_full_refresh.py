"""A full refresh that was cut off goes on; one that was complete begins anew. Real processes, killed."""

import random
import re
import signal
from datetime import datetime, timedelta, timezone

import orjson
import pytest

import long_vendor
import simulators
from harness import Connector, catalog, connectors, last_states, started, vendor
from warehouses import key

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=24) + timedelta(seconds=1), "end": END, "calls_per_day": 25}
LOOKBACK = 24 * 60
KILLS = 10


class Attempt:
    """One attempt of a job, as a platform sees it: what came before the process ended, or was killed.

    until_states: how many states it is let write
    """

    def __init__(self, connector, config, state, mode="full_refresh", *, until_states=None, only=None):
        found = catalog(connector.discover(config), mode, only)
        if until_states is None:
            done = connector.run("read", config=config, catalog=found, state=state)
            self.code, lines = done.code, done.lines
        else:
            command = connector.command("read", config=config, catalog=found, state=state)
            self.code, lines = killed(command, until_states)
        messages = [orjson.loads(line) for line in lines]
        self.ids: dict[str, list[str]] = {}
        for record in (message["record"] for message in messages if message["type"] == "RECORD"):
            self.ids.setdefault(record["stream"], []).append(record["data"][key(record["stream"])])
        self.state = last_states(messages) or state
        self.log = "\n".join(message["log"]["message"] for message in messages if message["type"] == "LOG")

    def stream_state(self, stream):
        return next(
            one["stream"]["stream_state"] for one in self.state if one["stream"]["stream_descriptor"]["name"] == stream
        )

    @property
    def received(self):
        return {(stream, name) for stream, names in self.ids.items() for name in names}


def killed(command, states):
    """How a process ended, and the whole lines that it wrote; it is killed once so many states are among them."""
    lines = []
    with started(command) as process:
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            lines.append(line)
            states -= line.startswith(b'{"type":"STATE"')
            if states == 0:
                process.kill()
    return process.returncode, lines


def truth(sim, *streams):
    return {(stream, row[key(stream)]) for stream in streams or sim.cursors for row in sim.truth(stream)}


@pytest.fixture(params=connectors())
def any_connector(request, tmp_path):
    return Connector(request.param, tmp_path)


# Periods to the second, of whole days, and several streams, one of them without a cursor.
@pytest.fixture(params=["source-voxo", "source-bics", "source-portsip"])
def connector(request, tmp_path):
    return Connector(request.param, tmp_path)


def test_killed_and_started_again_every_stream_is_complete_and_then_begins_anew(any_connector):
    dice = random.Random(any_connector.name)
    with simulators.start(vendor(any_connector.name), **DAYS, latency_ms=2) as sim:
        config = sim.config(num_workers=dice.choice([1, 2, 4]), lookback_window_minutes=LOOKBACK)
        attempts, state = [], None
        for _ in range(2):
            attempts.append(Attempt(any_connector, config, state, until_states=dice.randrange(1, 4)))
            state = attempts[-1].state
        last = Attempt(any_connector, config, state)
        assert last.code == 0
        assert set.union(*(one.received for one in [*attempts, last])) == truth(sim)
        windowed = [stream for stream, cursor in sim.cursors.items() if cursor]
        assert {last.stream_state(stream)["complete"] for stream in windowed} == {True}
        again = Attempt(any_connector, config, last.state)
        assert again.received == truth(sim)
        assert "everything is read anew" in again.log


def test_what_was_read_is_not_read_again(connector):
    with simulators.start(vendor(connector.name), **DAYS) as sim:
        config = sim.config(num_workers=1, lookback_window_minutes=LOOKBACK)
        first = Attempt(connector, config, None, until_states=2, only=["call_records"])
        assert first.stream_state("call_records")["complete"] is False
        second = Attempt(connector, config, first.state, only=["call_records"])
        assert "goes on where the last attempt stopped" in second.log
        assert first.received | second.received == truth(sim, "call_records")
        # One worker reads one window at a time: that was open when the process was killed.
        covered = first.stream_state("call_records")["slices"][0]["end"]
        cursor = sim.cursors["call_records"]
        closed = {row["record_id"] for row in sim.truth() if row[cursor] and row[cursor] < covered}
        assert not closed & set(second.ids["call_records"])


def test_calls_that_were_in_progress_at_the_break_are_found(connector):
    with simulators.start(vendor(connector.name), **DAYS) as sim:
        config = sim.config(num_workers=1, lookback_window_minutes=LOOKBACK)
        sim.fault("late_rows", step=3)
        first = Attempt(connector, config, None, until_states=2, only=["call_records"])
        sim.release_late_rows()
        second = Attempt(connector, config, first.state, only=["call_records"])
        assert second.code == 0
        ended = first.stream_state("call_records")["slices"][0]["end"]
        ended = datetime.fromisoformat(ended.replace("Z", "+00:00"))
        behind = sim.truth(start=ended - timedelta(minutes=LOOKBACK))
        late = {row["record_id"] for row in behind} - set(first.ids["call_records"])
        assert late <= set(second.ids["call_records"])
        in_reach = {
            row["record_id"]
            for row in behind
            if row["started_at"] < first.stream_state("call_records")["slices"][0]["end"]
        }
        assert in_reach & late, "the simulator had no late call there"


def test_a_state_of_a_complete_incremental_sync_vouches_for_nothing(connector):
    with simulators.start(vendor(connector.name), **DAYS) as sim:
        config = sim.config()
        before = Attempt(connector, config, None, "incremental")
        after = Attempt(connector, config, before.state)
        assert after.received == truth(sim)
        # Nor does the state of a later one that was cut off: what lies before it was read by another sync.
        later = Attempt(
            connector, sim.config(lookback_window_minutes=5 * LOOKBACK), before.state, "incremental", until_states=1
        )
        assert Attempt(connector, config, later.state).received == truth(sim)


def test_a_first_incremental_sync_and_a_full_refresh_go_on_from_each_other(connector):
    with simulators.start(vendor(connector.name), **DAYS) as sim:
        config = sim.config(num_workers=1)
        for modes in (("incremental", "full_refresh"), ("full_refresh", "incremental")):
            first = Attempt(connector, config, None, modes[0], until_states=2, only=["call_records"])
            second = Attempt(connector, config, first.state, modes[1], only=["call_records"])
            assert first.received | second.received == truth(sim, "call_records")
            assert first.received - second.received, "everything was read again"


def test_killed_ten_times_over_many_rows_at_most_the_open_windows_come_again(tmp_path, request):
    """`make soak` reads two million rows."""
    rows, workers = request.config.getoption("--backfill-rows"), 4
    # A window is a day. Neither makes a round number of calls a day, which would be doubted.
    between = 17 if rows >= 1_000_000 else 167
    connector, dice = Connector("source-voxo", tmp_path), random.Random(rows)
    received, total, state = set(), 0, None
    with long_vendor.serving(between) as url:
        config = long_vendor.config(url, rows, between, num_workers=workers)
        found = catalog(connector.discover(config), "full_refresh")
        for kill in range(KILLS + 1):
            command = connector.command("read", config=config, catalog=found, state=state)
            lines = None if kill == KILLS else dice.randrange(rows // (KILLS + 4), rows // (KILLS + 2))
            names, state = read(command, lines, state)
            total += len(names)
            received.update(names)
    assert received == long_vendor.names(rows, between)
    assert state[0]["stream"]["stream_state"]["complete"] is True
    a_window = 86_400 // between + 1
    assert total - rows <= KILLS * workers * a_window


def read(command, lines, state):
    """The ids and the last state of a process that is killed after so many lines, or comes to its end."""
    names, last = [], None
    with started(command) as process:
        for number, line in enumerate(process.stdout):
            if number == lines:
                process.kill()
            if not line.endswith(b"\n"):
                break
            if found := re.match(rb'\{"type":"RECORD".*?"record_id":"voxo:1001:(\d+)"', line):
                names.append(int(found[1]))
            elif line.startswith(b'{"type":"STATE"'):
                last = line
    assert process.returncode == (0 if lines is None else -signal.SIGKILL)
    return names, last_states([orjson.loads(last)]) if last else state
