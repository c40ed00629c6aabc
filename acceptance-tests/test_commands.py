"""Files, commands and signals as people give them, each kind with a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from harness import CONNECTORS, Connector, Outcome, catalog, connectors, vendor

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=1) + timedelta(seconds=1), "end": END}
CONFIG = {
    "start_date": "2026-06-01",
    "credentials": {"auth_type": "access_token", "access_token": "SECRET-t"},
    "account": {"account_type": "partner"},
}


@pytest.fixture
def voxo(tmp_path):
    return Connector("source-voxo", tmp_path)


def ended(command, **options):
    """How a command ended that nothing prepared: no process that was warm, no folder of its own."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120, **options)
    outcome = Outcome(done.returncode, done.stdout.splitlines(), done.stderr)
    assert "Traceback" not in outcome.text
    assert "Something went wrong" not in outcome.text
    assert done.stderr == ""
    return outcome


def main(name, *arguments):
    return [sys.executable, str(CONNECTORS / name / "main.py"), *arguments]


def assert_refused(outcome, *words):
    """One config error, in one sentence, and exit code 1."""
    assert outcome.code == 1
    (failure,) = outcome.failures
    assert failure["failure_type"] == "config_error"
    assert failure.get("stack_trace") is None
    assert all(word in failure["message"] for word in words), failure["message"]
    assert [m for m in outcome.of("LOG") if m["log"]["level"] in ("ERROR", "FATAL")] == []


@pytest.mark.parametrize("name", connectors()[:2])  # one entry point is all of theirs
def test_a_config_that_is_missing_is_refused_by_its_name(name, tmp_path):
    path = str(tmp_path / "none.json")
    assert_refused(ended(main(name, "discover", "--config", path)), path, "does not exist")


def test_the_consoles_command_says_the_same():
    command = os.path.join(os.path.dirname(sys.executable), "source-voxo")  # noqa: PTH118, PTH120 - a link is not followed
    assert_refused(ended([command, "discover", "--config", "/none.json"]), "/none.json", "does not exist")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "is a folder"), ("", "is empty"), ("{", "is not JSON"), ("[]", "holds a list, not an object")],
)
def test_a_file_that_is_no_config_is_refused_by_its_name(content, reason, tmp_path):
    path = tmp_path / "given.json"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    checked = ended(main("source-voxo", "check", "--config", str(path)))
    assert (checked.code, checked.status["status"]) == (0, "FAILED")
    assert f"The configuration file {path} {reason}" in checked.status["message"]
    assert_refused(ended(main("source-voxo", "discover", "--config", str(path))), str(path), reason)


@pytest.mark.parametrize("option", ["catalog", "state"])
def test_a_catalogue_or_a_state_that_is_none_is_refused_by_its_name(option, voxo):
    files = {"catalog": {"streams": []}, "state": [], option: [5]}
    done = voxo.run("read", config=CONFIG, **files)
    assert_refused(done, str(voxo.folder / f"{option}.json"))


# Becomes the user once everything is imported: this machine's Python may not be another user's to run.
AS_ANOTHER_USER = """
import os, sys
from cdr.airbyte.entrypoint import launch
from source_voxo import SourceVoxo
os.setgroups([]), os.setgid(61234), os.setuid(61234)
launch(SourceVoxo(), sys.argv[1:])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_of_another_user_is_refused_and_named_for_a_user_whom_nobody_knows(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    path.chmod(0o600)
    done = ended([sys.executable, "-c", AS_ANOTHER_USER, "discover", "--config", str(path)])
    assert_refused(done, str(path), "the user that runs this (61234)", '--user "$(id -u)"')


@pytest.mark.parametrize("arguments", [[], ["chek"], ["discover"], ["read", "--config", "x"], ["discover", "--config"]])
def test_a_command_that_cannot_be_read_is_refused_with_how_to_write_it(arguments):
    assert_refused(ended(main("source-voxo", *arguments)), "check --config FILE", "read --config FILE --catalog FILE")


def test_a_check_without_a_config_has_failed():
    done = ended(main("source-voxo", "check"))
    assert (done.code, done.status["status"]) == (0, "FAILED")


def test_a_wrong_setting_is_a_failed_check_and_a_refused_read(voxo):
    config = {**CONFIG, "default_region": "UK"}
    checked = voxo.run("check", config=config)
    assert (checked.code, checked.status["status"]) == (0, "FAILED")
    assert "the United Kingdom is `GB`" in checked.status["message"]
    assert_refused(voxo.run("read", config=config, catalog={"streams": []}), "`default_region`")


def test_a_catalogue_without_streams_ends_at_once_with_one_line(voxo):
    done = voxo.run("read", config=CONFIG, catalog={"streams": []}, timeout=60)
    assert done.code == 0
    assert "The catalogue has no streams, so there is nothing to read." in done.log
    assert done.of("RECORD") == done.of("TRACE") == []


@pytest.mark.parametrize("name", connectors())
def test_a_stream_that_is_asked_for_twice_is_read_once(name, tmp_path):
    connector = Connector(name, tmp_path)
    with simulators.start(vendor(name), **DAYS) as sim:
        config = sim.config()
        twice = catalog(connector.discover(config), only=["call_records"])
        twice["streams"] *= 2
        done = connector.run("read", config=config, catalog=twice)
        assert sorted(done.ids()) == sorted(row["record_id"] for row in sim.truth())
    assert "more than once" in done.log


def test_the_states_of_a_global_state_are_used_and_without_any_all_is_read(voxo):
    with simulators.start("voxo", **DAYS) as sim:
        config = sim.config()
        first = voxo.read(config, only=["call_records"])
        shared = {"shared_state": {"a": 1}, "stream_states": [state["stream"] for state in first.state]}
        given = voxo.read(config, only=["call_records"], state=[{"type": "GLOBAL", "global": shared}])
        empty = {"shared_state": {}, "stream_states": []}
        anew = voxo.read(config, only=["call_records"], state=[{"type": "GLOBAL", "global": empty}])
    assert len(given.records()) < len(first.records())
    assert sorted(anew.ids()) == sorted(first.ids())
    for done in (given, anew):
        assert done.code == 0
        assert [m["log"]["message"] for m in done.of("LOG") if m["log"]["message"].startswith("The state ")]


def test_unknown_keys_and_a_start_in_the_future_are_one_warning_each(voxo):
    with simulators.start("voxo", **DAYS) as sim:
        config = {**sim.config(), "start_date": "2099-01-01", "num_worker": 3, "__own": 1}
        del config["end_date"]
        checked = voxo.run("check", config=config)
        read = voxo.read(config)
    assert checked.status["status"] == "SUCCEEDED"
    assert "lies in the future" in checked.status["message"]
    assert (read.code, read.records()) == (0, [])
    for done in (checked, read):
        warnings = [m["log"]["message"] for m in done.of("LOG") if m["log"]["level"] == "WARN"]
        assert len([text for text in warnings if "`num_worker` (did you mean `num_workers`?)" in text]) == 1
        assert len([text for text in warnings if "`start_date` lies in the future" in text]) == 1
        assert "__own" not in done.text


@pytest.mark.parametrize(
    ("token", "status"),
    [("Bearer {}", "SUCCEEDED"), (" {}\n", "SUCCEEDED"), ("{}\u20ac", "FAILED"), ("in\n{}", "FAILED")],
)
@pytest.mark.parametrize("name", connectors())
def test_a_token_is_taken_as_people_paste_it(name, token, status, tmp_path):
    with simulators.start(vendor(name), **DAYS) as sim:
        config = sim.config(auth="access_token")
        (key,) = (key for key in config["credentials"] if key.endswith("token"))
        config["credentials"][key] = token.format(config["credentials"][key])
        done = Connector(name, tmp_path).run("check", config=config)
    assert (done.code, done.status["status"]) == (0, status)
    assert status == "SUCCEEDED" or f"`credentials.{key}`" in done.status["message"]


def reading(voxo, sim, **options):
    """A process that reads the simulator, past its first rows."""
    config = sim.config(num_workers=1)
    command = voxo.command("read", config=config, catalog=catalog(voxo.discover(config)))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    first = [process.stdout.readline() for _ in range(60)]
    return process, first


def test_ctrl_c_is_one_line_as_sigterm_is(voxo):
    with simulators.start("voxo", latency_ms=30, calls_per_day=400, **DAYS | {"start": END - timedelta(days=9)}) as sim:
        process, first = reading(voxo, sim)
        process.send_signal(signal.SIGINT)
        out, errors = process.stdout.read(), process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        assert process.wait(timeout=30) == 128 + signal.SIGINT
    lines = (b"".join(first) + out).splitlines()
    messages = [json.loads(line) for line in lines]
    assert messages[-1]["log"]["message"] == "Stopped by SIGINT; the next sync goes on from the last state."
    assert errors == b""


def test_a_closed_standard_output_is_one_line(voxo):
    with simulators.start("voxo", latency_ms=5, calls_per_day=400, **DAYS | {"start": END - timedelta(days=9)}) as sim:
        process, _ = reading(voxo, sim)
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(timeout=30) == 120
    assert errors == "Standard output was closed by its reader; the next sync goes on from the last state.\n"


def test_a_standard_output_that_was_never_open_or_is_full_is_one_line():
    command = main("source-voxo", "spec")
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command], capture_output=True, text=True, check=False
    )
    with open("/dev/full", "w") as full:  # noqa: PTH123 - no file
        filled = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (closed.returncode, closed.stderr.count("\n")) == (filled.returncode, filled.stderr.count("\n")) == (120, 1)
    assert "No space left on device" in filled.stderr


def test_the_protocol_is_utf_8_whatever_the_machine_prefers():
    done = ended(main("source-voxo", "spec"), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.code, len(done.of("SPEC"))) == (0, 1)


def proxy():
    """A proxy that answers every request by 407, and the socket that it listens on."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_a_proxy_that_wants_a_password_is_a_config_error(voxo):
    with proxy() as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = {**os.environ, "HTTPS_PROXY": address, "https_proxy": address, "NO_PROXY": "", "no_proxy": ""}
        done = ended(voxo.command("check", config=CONFIG), env=environment)
    assert (done.code, done.status["status"]) == (0, "FAILED")
    assert "wants a name and a password (407)" in done.status["message"]
    assert "HTTPS_PROXY" in done.status["message"]
