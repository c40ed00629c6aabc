"""Twilio's subaccounts: found by asking, each read as if it stood alone, and none where the login may not list them."""

from datetime import datetime, timedelta, timezone

import pytest

import simulators
from harness import Connector

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=3) + timedelta(seconds=1), "end": END}
ONE, TWO, GONE = (f"AC{letter * 16}" for letter in ("c3", "d4", "e5"))


@pytest.fixture
def twilio(tmp_path):
    return Connector("source-twilio-calls", tmp_path)


def simulator(**options):
    return simulators.start("twilio", **DAYS, further_accounts=(ONE, TWO), closed_accounts=(GONE,), **options)


def truth(sim, accounts):
    return {row["record_id"] for account in accounts for row in sim.truth(account_id=account)}


def test_every_account_that_is_not_closed_is_read_and_the_next_sync_sends_nothing_again(twilio):
    with simulator() as sim:
        first = twilio.read(sim.config())
        assert first.code == 0, first.text[-3000:]
        assert set(first.ids()) == truth(sim, sim.accounts())
        assert set(first.state[0]["stream"]["stream_state"]["accounts"]) == set(sim.accounts())
        second = twilio.read(sim.config(), state=first.state)
        assert (second.code, second.records()) == (0, [])
        assert sim.violations == []
        assert GONE not in str([entry.path for entry in sim.requests])


def test_an_account_that_is_refused_is_named_and_the_others_are_read(twilio):
    with simulator(refused_accounts={ONE: 403}) as sim:
        done = twilio.read(sim.config())
        assert set(done.ids()) == truth(sim, [sim.account(), TWO])
        assert done.code == 1
        assert ONE in done.failures[0]["message"]


def test_no_account_is_listed_where_the_setting_is_off(twilio):
    with simulator() as sim:
        done = twilio.read(sim.config(include_subaccounts=False))
        assert (done.code, set(done.ids())) == (0, truth(sim, [sim.account()]))
        assert {entry.route for entry in sim.requests} == {"calls_of_account"}


def test_a_key_that_may_not_list_accounts_reads_its_own_with_one_warning(twilio):
    with simulator(key="standard") as sim:
        done = twilio.read(sim.config(auth="api_key"))
        assert (done.code, set(done.ids())) == (0, truth(sim, [sim.account()]))
        warnings = [m["log"]["message"] for m in done.of("LOG") if m["log"]["level"] == "WARN"]
        assert ["include_subaccounts" in warning for warning in warnings] == [True]
