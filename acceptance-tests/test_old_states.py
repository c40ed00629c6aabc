"""A state of version 0.1.0 is read: what it does not vouch for comes, and what it does vouch for is not read again."""

from datetime import datetime, timedelta, timezone

import pytest

import old_rows
import simulators
from harness import Connector, connectors, vendor
from warehouses import key

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
START = END - timedelta(days=5) + timedelta(seconds=1)
MIDDLE = END - timedelta(days=2)
DAY = timedelta(days=1)


def text(moment):
    return moment.isoformat().replace("+00:00", "Z")


def of_version_0_1_0():
    """The state of a sync that ended in the middle, as that version wrote it: a count and a digest for each hour."""
    hours = [[text(MIDDLE - timedelta(hours=n + 1)), text(MIDDLE - timedelta(hours=n)), 7, "00ff"] for n in range(3)]
    stream_state = {
        "slices": [{"start": text(START), "end": text(MIDDLE), "most_recent_cursor_value": text(MIDDLE)}],
        "state_type": "date-range",
        "synced_until": text(MIDDLE),
        "lookback": hours,
    }
    stream = {"stream_descriptor": {"name": "call_records"}, "stream_state": stream_state}
    return [{"type": "STREAM", "stream": stream}]


@pytest.mark.parametrize("name", connectors())
def test_a_state_of_the_first_version_loses_nothing_and_spares_what_lies_far_behind(name, tmp_path):
    connector = Connector(name, tmp_path)
    # Vonage's cursor was the end of a call then.
    then = "ended_at" if name in {"source-vonage-business", "source-bics"} else "started_at"
    with simulators.start(vendor(name), start=START, end=END, calls_per_day=120) as sim:
        truth = sim.truth()
        known = {row["record_id"] for row in truth if row[then] is None or row[then] < text(MIDDLE)}
        done = connector.read(sim.config(), state=of_version_0_1_0(), only=["call_records"])
        assert done.code == 0, done.text[-3000:]
        got = done.ids()
        assert len(got) == len(set(got))
        assert known | set(got) == {row["record_id"] for row in truth}
        assert known - set(got), "everything was read again"
        state = done.state[0]["stream"]["stream_state"]
        assert (state["version"], "lookback" in state) == (2, False)
        assert state["slices"][0]["start"] == text(START)


@pytest.mark.parametrize("name", sorted(old_rows.states()))
def test_states_that_version_0_1_0_wrote_are_gone_on_from_in_every_stream(name, tmp_path):
    connector = Connector(name, tmp_path)
    state = old_rows.states()[name]
    day_after = old_rows.END + DAY
    read_then = text(old_rows.END + timedelta(seconds=1))
    with simulators.start(vendor(name), start=old_rows.STATES_FROM, end=day_after, calls_per_day=20) as sim:
        assert {one["stream"]["stream_descriptor"]["name"] for one in state} == set(sim.cursors)
        # Calls that were in progress at the end then are looked for within the hour.
        done = connector.read(sim.config(lookback_window_minutes=60), state=state)
        assert done.code == 0, done.text[-3000:]
        assert "cannot be read" not in done.log
        for stream, cursor in sim.cursors.items():
            then = "ended_at" if (name, stream) == ("source-vonage-business", "call_records") else cursor
            truth = sim.truth(stream)
            known = {row[key(stream)] for row in truth if then and row[then] and row[then] < read_then}
            got = set(done.ids(stream, key(stream)))
            assert known | got == {row[key(stream)] for row in truth}, stream
            assert not known or known - got, f"{stream}: everything was read again"
            assert got, stream


@pytest.mark.parametrize("slices", [None, "x", [7], [{"start": "x", "end": "y"}], [{}]])
def test_slices_that_cannot_be_read_mean_that_everything_is_read_again(slices, tmp_path):
    connector = Connector("source-vonage-business", tmp_path)
    with simulators.start("vonage_business", start=END - DAY + timedelta(seconds=1), end=END) as sim:
        state = of_version_0_1_0()
        state[0]["stream"]["stream_state"]["slices"] = slices
        done = connector.read(sim.config(), state=state, only=["call_records"])
        assert done.code == 0, done.text[-3000:]
        assert "cannot be read" in done.log
        assert set(done.ids()) == {row["record_id"] for row in sim.truth()}


def test_a_lookback_in_which_vonages_calls_do_not_end_is_warned_of(tmp_path):
    connector = Connector("source-vonage-business", tmp_path)
    with simulators.start("vonage_business", start=END - DAY + timedelta(seconds=1), end=END) as sim:
        done = connector.read(sim.config(lookback_window_minutes=60), only=["call_records"])
        assert "`lookback_window_minutes` is 60" in done.log
        assert "`lookback_window_minutes`" not in connector.read(sim.config(), only=["call_records"]).log
