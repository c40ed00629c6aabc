"""As a stream: every call once, however often the process is killed, and none is missed because it came late."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxFiles

import simulators
from cdr.schema.errors import ConfigError
from cdr_spark import CallRecords, datasource
from cdr_spark.reading import read
from harness import SECRET

UTC = timezone.utc
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SCRIPT = Path(__file__).with_name("stream_of_calls.py")
DAY = timedelta(days=1)
CONFIG = {
    "start_date": "2026-06-01",
    "account": {"account_type": "partner"},
    "credentials": {"auth_type": "access_token", "access_token": "SECRET-token"},
}


def test_a_stream_that_is_killed_again_and_again_has_every_call_once(full, lines, tmp_path):
    kills, days = (10, 30) if full else (3, 7)
    dice = random.Random(11)
    begun = END - timedelta(days=days) + timedelta(seconds=1)
    with simulators.start("voxo", latency_ms=60, start=begun, end=END) as simulator:
        command = [sys.executable, str(SCRIPT), lines(simulator.config()), str(tmp_path)]
        killed = 0
        while True:
            with (tmp_path / "stream.log").open("ab") as log:
                process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            if killed < kills and not ended_before(process, simulator, dice.uniform(0, 3)):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                killed += 1
                continue
            assert process.wait(120) == 0, (tmp_path / "stream.log").read_text()[-3000:]
            break
        expected = Counter(row["record_id"] for row in simulator.truth())
        requests = len(simulator.requests)
    assert Counter(json.loads((tmp_path / "ids.json").read_text())) == expected
    assert killed == kills
    assert requests > days, "no window was read twice: nothing was killed in the middle"
    for path in (path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in (".jsonl", ".parquet")):
        assert SECRET.encode() not in path.read_bytes(), path


def ended_before(process, simulator, seconds):
    """Whether the process ended by itself so soon after it began to read."""
    before = len(simulator.requests)
    while len(simulator.requests) == before and process.poll() is None:
        time.sleep(0.05)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


# The reader alone, as Spark drives it, at moments of the test's choosing.


class Clock:
    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(END)
    monkeypatch.setattr(datasource, "_now", clock)
    return clock


def reader(**options):
    source = CallRecords({"connector": "source-voxo", **{name: str(value) for name, value in options.items()}})
    return source.streamReader(source.schema())


def batch(stream, start, end):
    """The rows of a micro-batch."""
    return [
        json.loads(line)
        for partition in stream.partitions(start, end)
        for page in read(partition.value)
        for line in page
    ]


def test_calls_that_come_late_are_in_and_come_once(clock, lines):
    with simulators.start("voxo", start=END - 4 * DAY, end=END) as simulator:
        late = simulator.fault("late_rows", at="call_records", step=3)
        stream = reader(configs=lines(simulator.config(end_date=None)))
        offset, rows = stream.initialOffset(), []
        for day in range(6):
            clock.moment = END - 3 * DAY + day * DAY
            following = stream.latestOffset(offset, ReadAllAvailable())
            if day == 0:
                assert following == offset, "what is younger than the lookback was read"
                simulator.release_late_rows()
            rows += batch(stream, offset, following)
            offset = following
        expected = simulator.truth(end=datetime.fromisoformat(offset["until"][:-1] + "+00:00") - timedelta(seconds=1))
        assert late.options["hidden"]
        assert Counter(row["record_id"] for row in rows) == Counter(row["record_id"] for row in expected)


def test_an_offset_trails_now_by_settling_delay_and_lookback_on_its_grid(clock, lines):
    clock.moment = datetime(2026, 6, 30, 12, 1, 30, tzinfo=UTC)
    settings = {
        "account": {"account_type": "partner"},
        "credentials": {"auth_type": "access_token", "access_token": "SECRET-token"},
    }
    path = lines({"start_date": "2026-06-01", "settling_delay_seconds": 60, **settings})
    stream = reader(configs=path)
    everything = stream.latestOffset(stream.initialOffset(), ReadAllAvailable())
    assert everything == {"until": "2026-06-29T12:00:00Z"}
    assert stream.latestOffset(stream.initialOffset(), ReadMaxFiles(7)) == {"until": "2026-06-08T00:00:00Z"}
    assert stream.latestOffset(everything, ReadAllAvailable()) == everything
    assert stream.partitions(everything, everything) == []
    assert reader(configs=path, every_minutes=1440).reportLatestOffset() == {"until": "2026-06-29T00:00:00Z"}


def test_a_micro_batch_is_the_same_whenever_it_is_planned(clock, lines):
    ends = ({"until": "2026-06-27T00:00:00Z"}, {"until": "2026-06-29T00:00:00Z"})
    with simulators.start("voxo", start=END - 9 * DAY, end=END) as simulator:
        path = lines(simulator.config(end_date=None))
        stream = reader(configs=path)
        planned = [partition.value for partition in stream.partitions(*ends)]
        clock.moment += 100 * DAY
        for again in (stream, reader(configs=path)):
            assert [partition.value for partition in again.partitions(*ends)] == planned
    assert planned


def test_what_a_micro_batch_found_out_of_the_vendor_is_known_to_all_after_it(clock, lines):
    with simulators.start("voxo", start=END - 9 * DAY, end=END, printed_zone="America/Chicago") as simulator:
        path = lines(simulator.config(end_date=None))
        stream = reader(configs=path)
        first = stream.latestOffset(stream.initialOffset(), ReadMaxFiles(2))
        assert set(first) == {"until"}
        stream.partitions(stream.initialOffset(), first)
        second = stream.latestOffset(first, ReadMaxFiles(2))
        assert second["dialects"] == {"source-voxo 1001": {"zone": "America/Chicago"}}
        simulator.table("call_records").remove([row.id for row in simulator.table("call_records").rows])
        (quiet, *_) = reader(configs=path).partitions(first, second)
        assert quiet.value.found_clock.zone == "America/Chicago"
        assert stream.latestOffset(second, ReadMaxFiles(2))["dialects"] == second["dialects"]


def test_a_list_without_a_cursor_is_no_stream(lines):
    with simulators.start("portsip") as simulator:
        source = CallRecords(
            {"connector": "source-portsip", "stream": "call_reports", "configs": lines(simulator.config())}
        )
        with pytest.raises(ConfigError, match="call_reports has no cursor"):
            source.streamReader(source.schema()).initialOffset()
