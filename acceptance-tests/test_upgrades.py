"""What docs/upgrades.md tells people to do after an upgrade does what it says; its commands are run elsewhere."""

import json
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from documentation import blocks
from harness import Connector, connectors, vendor

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
START = datetime(2026, 6, 24, tzinfo=timezone.utc)


def documented(marker):
    (block,) = (block for block in blocks("json") if block.marker == marker)
    return json.loads(block.text)


def began(rows):
    """Ids of calls by the cursor of their stream."""
    return {row["record_id"]: row["ended_at" if row["vendor"] == "bics" else "started_at"] for row in rows}


@pytest.fixture(params=connectors())
def vendor_and_connector(request, tmp_path):
    with simulators.start(vendor(request.param), start=START, end=END, calls_per_day=30) as simulator:
        yield simulator, Connector(request.param, tmp_path)


def test_a_state_edited_as_documented_reads_from_its_date_on(vendor_and_connector):
    simulator, connector = vendor_and_connector
    config = simulator.config(lookback_window_minutes=60)
    stream = {
        "stream_descriptor": {"name": "call_records"},
        "stream_state": documented("a state that ends at a date"),
    }
    done = connector.read(config, state=[{"type": "STREAM", "stream": stream}], only=["call_records"])
    assert done.code == 0, done.text[-3000:]
    got = set(done.ids())
    all_calls = began(simulator.truth())
    assert {name for name, time in all_calls.items() if time is None or time >= "2026-06-27"} <= got
    # BICS is asked by whole days, one more on each side.
    assert not {name for name, time in all_calls.items() if time and time < "2026-06-25"} & got
    (covered,) = done.state[0]["stream"]["stream_state"]["slices"]
    assert (covered["start"], covered["end"][:19] >= "2026-06-30T23:59:59") == ("2026-06-24T00:00:00Z", True)


def test_a_long_lookback_for_one_sync_reads_that_far_back_again(vendor_and_connector):
    simulator, connector = vendor_and_connector
    first = connector.read(simulator.config(lookback_window_minutes=60), only=["call_records"])
    setting = documented("a setting for one sync")
    assert timedelta(minutes=setting["lookback_window_minutes"]) == timedelta(days=30)
    again = connector.read(simulator.config(**setting), state=first.state, only=["call_records"])
    assert again.code == 0, again.text[-3000:]
    # What is nearer to the end has not changed since, and is known.
    old = {name for name, time in began(simulator.truth()).items() if time and time < "2026-06-28"}
    assert old <= set(again.ids())
