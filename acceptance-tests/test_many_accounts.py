"""One login that sees several accounts: each is read as if it stood alone, and one that is refused stops no other."""

import random
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from harness import Connector, catalog, connectors, last_states, vendor
from test_completeness import read_and_kill
from vendors import known

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=3) + timedelta(seconds=1), "end": END}
FURTHER = [str(2001 + number) for number in range(9)]
REFUSED, SLOW = FURTHER[2], FURTHER[5]


@pytest.fixture(params=[name for name in connectors() if known()[vendor(name)].several])
def connector(request, tmp_path):
    return Connector(request.param, tmp_path)


def simulator(connector, **options):
    return simulators.start(vendor(connector.name), **{**DAYS, "further_accounts": FURTHER, **options})


def naming(connector, sim, accounts, **over):
    """The configuration that names these accounts."""
    return sim.config(**{**known()[sim.vendor].several(accounts), **over})


def truth(sim, accounts):
    return {row["record_id"] for account in accounts for row in sim.truth(account_id=account)}


def states(outcome):
    return outcome.state[0]["stream"]["stream_state"]["accounts"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_one_refused_and_one_slow_of_ten_leave_the_rows_and_states_of_the_others(connector, status):
    with simulator(connector, refused_accounts={REFUSED: status}, slow_accounts={SLOW: 300}) as sim:
        others = [account for account in sim.accounts() if account != REFUSED]
        done = connector.read(naming(connector, sim, sim.accounts(), num_workers=4))
        assert len(done.ids()) == len(set(done.ids()))
        assert set(done.ids()) == truth(sim, others)
        assert {row["account_id"] for row in done.records()} == set(others)
        assert set(states(done)) == set(others)
        assert (done.code, done.statuses()[-1]) == (1, "INCOMPLETE")
        for failure in done.failures:
            assert failure["failure_type"] == "config_error"
            assert failure["message"].startswith("1 of 10 accounts could not be read, the others were.")
            assert f"Account {REFUSED}: The vendor answered {status}" in failure["message"]
        assert sim.max_in_flight <= 4
        assert sim.violations == []


def test_all_accounts_share_one_login(connector):
    with simulator(connector) as sim:
        done = connector.read(naming(connector, sim, sim.accounts(), auth="password"))
        assert done.code == 0, done.text[-3000:]
        assert set(done.ids()) == truth(sim, sim.accounts())
        assert sim.login_count == 1


def test_a_login_that_is_refused_is_tried_once_for_all_accounts(connector):
    with simulator(connector) as sim:
        config = naming(connector, sim, sim.accounts(), auth="password")
        config["credentials"]["password"] = "SECRET-wrong-password"
        for verb in ("check", "read"):
            before = sim.login_count
            done = connector.read(config) if verb == "read" else connector.run("check", config=config)
            assert sim.login_count == before + 1
            said = done.status["message"] if verb == "check" else done.failures[-1]["message"]
            assert "refused the login" in said
            assert "accounts" not in said


def test_a_token_that_no_account_takes_is_said_once(connector):
    with simulator(connector, refused_accounts=dict.fromkeys([*FURTHER, "1001", "913874"], 401)) as sim:
        done = connector.read(naming(connector, sim, sim.accounts()))
        assert done.code == 1
        message = done.failures[-1]["message"]
        assert message.startswith("None of the 10 accounts could be read. Accounts ")
        assert message.count("The vendor answered") == 1


def test_killed_at_any_moment_the_union_over_all_accounts_is_complete(connector, seed):
    dice = random.Random(f"{connector.name}/accounts/{seed}")
    with simulator(connector, refused_accounts={REFUSED: 403}, slow_accounts={SLOW: 100}, latency_ms=5) as sim:
        config = naming(connector, sim, sim.accounts(), num_workers=dice.choice([2, 8]))
        found = catalog(connector.discover(config))
        seen, state = set(), None
        for _ in range(4):
            command = connector.command("read", config=config, catalog=found, state=state)
            messages = read_and_kill(command, dice.randrange(10, 300), 0)
            ids = [m["record"]["data"]["record_id"] for m in messages if m["type"] == "RECORD"]
            assert len(ids) == len(set(ids))
            seen |= set(ids)
            state = last_states(messages) or state
        done = connector.run("read", config=config, catalog=found, state=state)
        assert done.code == 1
        seen |= set(done.ids())
        assert seen == truth(sim, set(sim.accounts()) - {REFUSED})

        sim.options["refused_accounts"] = {}
        done = connector.run("read", config=config, catalog=found, state=done.state)
        assert done.code == 0, done.text[-3000:]
        assert sorted(done.ids()) == sorted(truth(sim, [REFUSED]))  # the others are as they were


def test_the_state_of_one_account_goes_on_where_others_are_added_and_is_kept_where_it_is_left_out(connector):
    with simulator(connector) as sim:
        first, second, third = sim.accounts()[:3]
        alone = connector.read(sim.config())
        assert set(alone.ids()) == truth(sim, [first])
        assert "slices" in alone.state[0]["stream"]["stream_state"]
        assert alone.state[0]["stream"]["stream_state"]["account"] == first

        both = connector.read(naming(connector, sim, [second, first, second]), state=alone.state)
        assert both.code == 0, both.text[-3000:]
        assert sorted(both.ids()) == sorted(truth(sim, [second]))
        assert set(states(both)) == {first, second}

        other = connector.read(naming(connector, sim, [third]), state=both.state)
        assert sorted(other.ids()) == sorted(truth(sim, [third]))
        assert set(states(other)) == {first, second, third}

        again = connector.read(naming(connector, sim, [first, second]), state=other.state)
        assert (again.code, again.ids()) == (0, [])


def test_a_state_that_does_not_say_whose_it_is_counts_for_the_first_account(connector):
    with simulator(connector) as sim:
        first, second = sim.accounts()[:2]
        alone = connector.read(sim.config())
        del alone.state[0]["stream"]["stream_state"]["account"]
        both = connector.read(naming(connector, sim, [first, second]), state=alone.state)
        assert sorted(both.ids()) == sorted(truth(sim, [second]))
        assert f"it is taken for that of {first}" in both.log


def test_the_state_of_another_account_is_not_taken_for_ones_own(connector):
    with simulator(connector) as sim:
        first, second = sim.accounts()[:2]
        alone = connector.read(sim.config())
        other = connector.read(naming(connector, sim, [second]), state=alone.state)
        assert sorted(other.ids()) == sorted(truth(sim, [second]))
        assert set(states(other)) == {first, second}


def test_a_second_sync_asks_every_account_and_sends_nothing_that_has_not_changed(connector):
    with simulator(connector) as sim:
        config = naming(connector, sim, sim.accounts())
        first = connector.read(config)
        for state in states(first).values():
            assert len(str(state)) < 2048 + 10 * len(first.ids())
        second = connector.read(config, state=first.state)
        assert (second.code, second.ids()) == (0, [])
        assert set(states(second)) == set(sim.accounts())


def test_check_sends_one_request_an_account_and_names_those_that_refuse(connector):
    with simulator(connector) as sim:
        config = naming(connector, sim, sim.accounts())
        assert connector.run("check", config=config).status["status"] == "SUCCEEDED"
        assert len(sim.requests) == 10

        sim.options["refused_accounts"] = {REFUSED: 403, SLOW: 403}
        status = connector.run("check", config=config).status
        assert status["status"] == "FAILED"
        assert status["message"].startswith(
            f"2 of 10 accounts could not be read, the others were. Accounts {REFUSED}, "
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"further_account_ids": "2001"}, "`further_account_ids` must be a list, like ['913875', '913876']."),
        ({"further_account_ids": [2001]}, "`further_account_ids` at place 1 must be text"),
        ({"account": {"account_type": "tenants", "tenant_ids": []}}, "`account.tenant_ids` is empty."),
        ({"account": {"account_type": "tenants", "tenant_ids": [1, "x"]}}, "`account.tenant_ids` at place 2 must be"),
        ({"account": {"account_type": "tenants"}}, "`account.tenant_ids` is missing or empty."),
    ],
)
def test_lists_of_accounts_that_are_none_are_refused_by_name(changes, message, tmp_path):
    name = "source-voxo" if "account" in changes else "source-vonage-business"
    with simulators.start(vendor(name), **DAYS) as sim:
        status = Connector(name, tmp_path).run("check", config=sim.config(**changes)).status
        assert message in status["message"]
        assert sim.requests == []
