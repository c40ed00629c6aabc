"""Visible and silent: what goes to standard output, in which order, and what never does."""

import importlib
import json
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint

import simulators
from cdr.schema.columns import COLUMNS
from harness import CONNECTORS, Connector, catalog, connectors, vendor
from vendors import known

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=3) + timedelta(seconds=1), "end": END}


@pytest.fixture(params=connectors())
def connector(request, tmp_path):
    return Connector(request.param, tmp_path)


def simulator(connector, **options):
    return simulators.start(vendor(connector.name), **{**DAYS, **options})


def source_of(connector):
    package = importlib.import_module(connector.name.replace("-", "_"))
    name = next(name for name in dir(package) if name.lower() == connector.name.replace("-", ""))
    return getattr(package, name)()


def test_the_fast_way_out_and_the_protocols_way_out_say_the_same(connector):
    with simulator(connector) as sim:
        config = sim.config(num_workers=1)
        fast = connector.read(config, workers=2)
        source = source_of(connector)
        entrypoint = AirbyteEntrypoint(source)
        command = connector.command("read", config=config, catalog=catalog(connector.discover(config)))
        slow = [json.loads(line) for line in entrypoint.run(entrypoint.parse_args(command[2:]))]
    # Which of two windows is first is for the workers to decide; within a window the order is one.
    for stream in sim.cursors:
        one, other = (by_window(messages, stream) for messages in (slow, fast.messages))
        assert one == other


def by_window(messages, stream):
    """What a stream said: its rows, its last state, how many states, and its statuses in order."""
    rows = [m["record"]["data"] for m in messages if m["type"] == "RECORD" and m["record"]["stream"] == stream]
    # The CDK's serialiser leaves null columns out; our own lines have every column in every row.
    columns = [column for column in COLUMNS[stream] if column not in ("raw", "recording_url", "recording_expires_at")]
    plain = [{column: row.get(column) for column in columns} for row in rows]
    states = [m["state"] for m in messages if m["type"] == "STATE" and state_of(m) == stream]
    statuses = [what for what in (of_stream(m, stream) for m in messages) if what in ("STARTED", "RUNNING", "COMPLETE")]
    return plain, states[-1], len(states), statuses


def state_of(message):
    return message["state"]["stream"]["stream_descriptor"]["name"]


def test_statuses_states_and_window_lines_come_in_order(connector):
    with simulator(connector) as sim:
        done = connector.read(sim.config(num_workers=4))
        stated = known()[vendor(connector.name)].total is not None
    for stream in sim.cursors:
        mine = [what for what in (of_stream(message, stream) for message in done.messages) if what]
        assert mine[0] == "STARTED"
        assert "RECORD" not in mine[: mine.index("RUNNING")]
        assert mine[-1] == "COMPLETE"
        assert mine[-3:-1] == ["STATE", "SUMMARY"]
        assert mine.count("COMPLETE") == 1
        windows, states = mine.count("WINDOW"), mine.count("STATE")
        if sim.cursors[stream]:
            # A state as each window closes, and the last one again.
            assert states == windows + 1
            assert f"{stream}: " in done.log
            if stated:
                assert "ESTIMATE" in mine


def of_stream(message, stream):
    kind = message["type"]
    if kind == "RECORD":
        return "RECORD" if message["record"]["stream"] == stream else None
    if kind == "STATE":
        return "STATE" if message["state"]["stream"]["stream_descriptor"]["name"] == stream else None
    if kind == "LOG":
        text = message["log"]["message"]
        if text.startswith(f"{stream}: "):
            return "WINDOW" if " closed, " in text else "SUMMARY" if " requests, " in text else None
    if kind == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
        status = message["trace"]["stream_status"]
        return status["status"] if status["stream_descriptor"]["name"] == stream else None
    if kind == "TRACE" and message["trace"]["type"] == "ESTIMATE":
        return "ESTIMATE" if message["trace"]["estimate"]["name"] == stream else None
    return None


def test_every_state_covers_only_rows_that_came_before_it(connector):
    with simulator(connector) as sim:
        done = connector.read(sim.config(num_workers=8), only=["call_records"])
        cursor = sim.cursors["call_records"]
        truth = sim.truth()
    seen = set()
    for message in done.messages:
        if message["type"] == "RECORD":
            seen.add(message["record"]["data"]["record_id"])
        elif message["type"] == "STATE":
            for part in message["state"]["stream"]["stream_state"]["slices"]:
                covered = {
                    row["record_id"]
                    for row in truth
                    if row[cursor]
                    and "time_mismatch" not in row["issues"]
                    and part["start"] <= row[cursor] < part["end"]
                }
                assert covered <= seen


def test_record_counts_of_the_states_add_up_to_the_rows(connector):
    with simulator(connector) as sim:
        done = connector.read(sim.config(), only=["call_records"])
    counts = [message["state"]["sourceStats"]["recordCount"] for message in done.of("STATE")]
    assert sum(counts) == len(done.records())


def test_sigterm_ends_in_good_order_and_the_next_sync_goes_on(connector):
    with simulator(connector, latency_ms=30, calls_per_day=400) as sim:
        config = sim.config(num_workers=1)
        command = connector.command("read", config=config, catalog=catalog(connector.discover(config)))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        first = [process.stdout.readline() for _ in range(60)]
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        lines = b"".join(first) + process.stdout.read()
        process.stdout.close()
        assert process.wait(timeout=20) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10
        assert lines.endswith(b"\n")
        messages = [json.loads(line) for line in lines.splitlines()]
        assert "SIGTERM" in messages[-1]["log"]["message"]


@pytest.mark.parametrize("auth", ["access_token", "password", "refresh_token"])
def test_no_secret_is_printed_at_any_log_level(connector, auth, monkeypatch):
    with simulator(connector, calls_per_day=20) as sim:
        if auth not in sim.auths:
            pytest.skip("the vendor has no such credentials")
        sim.fault("expired_token", at="data", after=1)
        config = sim.config(auth=auth, privacy={"mode": "hash", "salt": "SECRET-salt-of-the-test"})
        outcomes = [connector.run("check", config=config, debug=True), connector.read(config, debug=True)]
        monkeypatch.setenv("LOG_LEVEL", "debug")
        outcomes.append(connector.read(config))
        sim.fault("server_error", at="data", times=None)
        outcomes.append(connector.run("check", config=config, debug=True))
        secrets = [*sim.secrets, "SECRET-salt-of-the-test"]
        handed_back = set(sim.refresh_tokens)
    for done in outcomes:
        for line, message in zip(done.lines, done.messages, strict=True):
            allowed = handed_back | ({*secrets} if message["type"] == "CONTROL" else set())
            assert [secret for secret in secrets if secret in line and secret not in allowed] == []
            if message["type"] != "RECORD":
                assert "X-Amz-Signature" not in line
        assert done.errors == ""


def test_check_succeeds_and_says_nothing_else(connector):
    with simulator(connector) as sim:
        done = connector.run("check", config=sim.config())
    assert (done.code, done.status["status"]) == (0, "SUCCEEDED")


def test_commands_work_from_their_folder_and_by_absolute_path(connector):
    folder = CONNECTORS / connector.name
    there = subprocess.run([sys.executable, "main.py", "spec"], cwd=folder, capture_output=True, text=True, check=True)
    elsewhere = connector.run("spec")
    assert there.stdout.splitlines() == elsewhere.lines
    assert json.loads(elsewhere.lines[-1])["type"] == "SPEC"


def test_a_stream_that_the_source_does_not_have_is_a_config_error(connector):
    with simulator(connector) as sim:
        chosen = catalog(connector.discover(sim.config()))
        chosen["streams"][0]["stream"]["name"] = "voicemails"
        done = connector.run("read", config=sim.config(), catalog=chosen)
    assert done.code == 1
    assert done.failures[-1]["failure_type"] == "config_error"
    assert "voicemails" in done.failures[-1]["message"]
