"""Honest and polite: every fault, for every vendor, comes to what the fault matrix says, in `read` and in `check`."""

from datetime import datetime, timezone

import pytest

import simulators
from fault_matrix import CASES, CONFIG, RECOVERED, WRONG
from harness import Connector, connectors, vendor
from vendors import known

DAY = {
    "start": datetime(2026, 6, 30, tzinfo=timezone.utc),
    "end": datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
}
KINDS = {CONFIG: "config_error"}
WAITS = connectors()[0]
"""The connector that waits for as long as it does for its users; the others have the same retries."""


def cells():
    for name in connectors():
        for case in CASES:
            outcome = case.outcome_for(vendor(name))
            if outcome:
                yield pytest.param(name, case, outcome, id=f"{name}-{case.title.replace(' ', '-')}")


@pytest.mark.parametrize(("name", "case", "outcome"), list(cells()))
def test_a_fault_comes_to_what_the_matrix_says(name, case, outcome, tmp_path):
    connector = Connector(name, tmp_path)
    with simulators.start(vendor(name), **DAY) as sim:
        config = prepare(sim, case, case.times)
        done = connector.read(config, only=["call_records"], timeout=200, waits=case.times is not None or name == WAITS)
        if outcome == RECOVERED:
            assert done.code == 0, done.text[-3000:]
            assert sorted(done.ids()) == sorted(row["record_id"] for row in sim.truth())
            assert done.statuses() == ["STARTED", "RUNNING", "COMPLETE"]
        else:
            assert done.code == 1
            failure = done.failures[0]
            assert failure["failure_type"] == KINDS.get(outcome, "transient_error")
            assert done.failures[-1]["failure_type"] == failure["failure_type"]
            assert case.says in failure["message"]
            assert done.statuses()[-1] == "INCOMPLETE"
            assert read_so_far(done) == {}
        if case.title == "login refused":
            assert sim.login_count == 1
        assert sim.elsewhere == []
        assert [secret for secret in sim.secrets if secret in done.text] == []


def prepare(sim, case, times):
    """Switch the fault on, and give the configuration that meets it."""
    if case.kind:
        sim.fault(case.kind, times=times, **{"at": "call_records", **case.options})
    asked_of = known()[sim.vendor]
    config = sim.config(num_workers=2, **({"auth": asked_of.login} if case.login else {}))
    if case.login == WRONG:
        config["credentials"][asked_of.login_secret] = "a-secret-that-is-wrong"
    return config


def read_so_far(done):
    """Periods that the last state says were read, although nothing was."""
    slices = (part for one in done.state for part in one["stream"]["stream_state"]["slices"])
    return {part["start"]: part["end"] for part in slices if part["start"] != part["end"]}


CHECKED = (
    "401 for ever, given token",
    "403 for ever",
    "404 for ever",
    "login refused",
    "200 with a web page, for ever",
)


def checks():
    for name in connectors():
        for case in CASES:
            if case.title in CHECKED and case.outcome_for(vendor(name)):
                yield pytest.param(name, case, id=f"{name}-{case.title.replace(' ', '-')}")


@pytest.mark.parametrize(("name", "case"), list(checks()))
def test_check_says_in_one_sentence_what_is_wrong_and_where(name, case, tmp_path):
    connector = Connector(name, tmp_path)
    with simulators.start(vendor(name), **DAY) as sim:
        assert connector.run("check", config=sim.config()).status["status"] == "SUCCEEDED"
        done = connector.run("check", config=prepare(sim, case, None))
        assert (done.code, done.status["status"]) == (0, "FAILED")
        assert case.says in done.status["message"]
        assert "\n" not in done.status["message"]
        assert [secret for secret in sim.secrets if secret in done.text] == []


@pytest.mark.parametrize("name", connectors())
def test_one_streams_failure_does_not_stop_the_others(name, tmp_path):
    with simulators.start(vendor(name), **DAY) as sim:
        # Legs that come inside the records share their answers.
        asked_for = {route.stream for route in sim.routes}
        others = [stream for stream in sim.cursors if stream != "call_records" and stream in asked_for]
        if not others:
            pytest.skip("this vendor has one stream")
        sim.fault("forbidden", at="call_records", times=None)
        done = Connector(name, tmp_path).read(sim.config())
        assert done.code == 1
        assert done.statuses("call_records")[-1] == "INCOMPLETE"
        for stream in others:
            assert done.statuses(stream)[-1] == "COMPLETE"
            assert done.records(stream)


@pytest.mark.parametrize("name", connectors())
def test_an_own_authority_is_trusted_where_the_setting_says_so(name, tmp_path):
    connector = Connector(name, tmp_path)
    with simulators.start(vendor(name), **DAY, tls=True) as sim:
        assert connector.run("check", config=sim.config()).status["status"] == "SUCCEEDED"
        refused = connector.run("check", config=sim.config(ca_certificate=None))
        assert refused.status["status"] == "FAILED"
        assert "`ca_certificate`" in refused.status["message"]
