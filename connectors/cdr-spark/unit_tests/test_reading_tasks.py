"""Reading a task: every row in one of them, none in two, whatever the vendor sends with several windows."""

import json
import logging
from collections import Counter
from datetime import datetime, timedelta, timezone

import orjson
import pytest

import simulators
from accounts_of_voxo import written
from cdr.schema.errors import ConfigError, TransientError
from cdr.vendor.windows import Period
from cdr_spark import reading
from cdr_spark.accounts import accounts
from cdr_spark.planning import Cut, tasks
from cdr_spark.reading import LOGGER, Sessions, read, survey_all

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
START = END - timedelta(days=6) + timedelta(seconds=1)
TOKEN = "SECRET-"


@pytest.fixture
def simulator():
    with simulators.start("voxo", start=START, end=END) as started:
        yield started


def planned(simulator, folder, *, name="voxo", stream="call_records", cut=Cut(), **over):  # noqa: B008 - it is frozen
    path = written(folder / "accounts", simulator.config(**over))
    (one,) = accounts({"connector": f"source-{name}", "configs": path})
    return list(tasks(one, stream, one.config.period(END + timedelta(days=9), timedelta(seconds=1)), cut))


def rows(task, **more):
    return [json.loads(line) for page in read(task, sessions=Sessions(), **more) for line in page]


def ids(found):
    return Counter(row["record_id"] for row in found)


def test_all_tasks_together_give_every_row_once_in_whatever_order(simulator, tmp_path):
    found = [row for task in reversed(planned(simulator, tmp_path)) for row in rows(task)]
    assert ids(found) == ids(simulator.truth())


def test_a_task_that_runs_twice_gives_the_same_rows(simulator, tmp_path):
    task = planned(simulator, tmp_path)[1]
    sessions = Sessions()
    first, second = ([line for page in read(task, sessions=sessions) for line in page] for _ in range(2))
    assert first == second
    assert first


def test_a_row_without_a_time_comes_once_though_the_vendor_sends_it_with_two_windows(simulator, tmp_path):
    shown = planned(simulator, tmp_path)
    edge = shown[2].period.start
    near = [row["vendor_record_id"] for row in simulator.truth() if row["started_at"][:10] == str(edge.date())]

    def spoil(row):
        return {**row, "time": "nobody knows"} if row["id"] in near else row

    simulator.fault("change_rows", times=None, change=spoil)
    found = [row for task in shown for row in rows(task)]
    assert ids(found) == ids(simulator.truth())
    assert any(row["started_at"] is None for row in found)


def test_a_row_that_comes_with_every_window_comes_once(simulator, tmp_path, monkeypatch):
    shown = planned(simulator, tmp_path)
    lost = {"id": "lost", "time": None, "direction": "in"}
    page = simulator.page

    def with_the_lost(*arguments):
        found = page(*arguments)
        return found._replace(rows=[*found.rows, orjson.dumps(lost)])

    monkeypatch.setattr(simulator, "page", with_the_lost)
    found = ids(row for task in shown for row in rows(task))
    assert found["voxo:1001:lost"] == 1
    assert sum(found.values()) == len(simulator.truth()) + 1


def test_an_error_is_one_sentence_with_account_window_and_the_vendors_words(simulator, tmp_path):
    task = planned(simulator, tmp_path)[0]
    token = simulator.config()["credentials"]["access_token"]
    simulator.fault("status", times=None, status=403, body={"message": f"not for {token}"})
    with pytest.raises(ConfigError) as error:
        rows(task)
    assert str(error.value).startswith(
        f"source-voxo, account 1001 ({tmp_path}/accounts, line 1): call_records: window "
    )
    assert str(task.windows("UTC")[0]) in str(error.value)
    assert TOKEN not in str(error.value)
    assert error.value.__cause__ is None


def test_a_vendor_to_wait_for_is_a_transient_error(tmp_path):
    with simulators.start("portsip", start=START, end=END) as simulator:
        task = planned(simulator, tmp_path, name="portsip")[0]
        simulator.fault("wrong_total", times=None, delta=1)
        with pytest.raises(TransientError, match=r"window .* does not add up"):
            rows(task)


def test_what_nobody_foresaw_is_told_without_secrets(simulator, tmp_path, monkeypatch):
    token = simulator.config()["credentials"]["access_token"]

    def fail(*_):
        raise ZeroDivisionError(f"with {token}")

    monkeypatch.setattr(reading.Session, "reader", fail)
    with pytest.raises(RuntimeError, match=r"ZeroDivisionError: with \*\*\*\* \(fail, .*\)") as error:
        rows(planned(simulator, tmp_path)[0])
    assert TOKEN not in str(error.value)


def test_log_lines_of_readers_show_no_secret(simulator, tmp_path, caplog):
    token = simulator.config()["credentials"]["access_token"]
    rows(planned(simulator, tmp_path)[0])
    with caplog.at_level(logging.INFO):
        LOGGER.warning("told %s", token)
    assert caplog.messages == ["told ****"]


def test_a_stream_that_the_server_does_not_have_is_empty_and_says_so(tmp_path, caplog):
    with simulators.start("portsip", start=START, end=END) as simulator:
        (task, *_) = planned(simulator, tmp_path, name="portsip", stream="call_logs")
        simulator.fault("not_found", times=None)
        assert rows(task) == []
    assert "call_logs" in caplog.text


def test_a_worker_logs_in_once_for_all_tasks_of_an_account(simulator, tmp_path):
    sessions = Sessions()
    for task in planned(simulator, tmp_path, auth="password"):
        assert list(read(task, sessions=sessions))
    assert simulator.login_count == 1


def test_a_worker_keeps_only_the_accounts_it_read_last(simulator, tmp_path):
    sessions = Sessions(most=2)
    for number in range(4):
        path = written(tmp_path / str(number), simulator.config())
        (one,) = accounts({"connector": "source-voxo", "configs": path})
        (task, *_) = tasks(one, "call_records", Period(START, END), Cut())
        sessions.of(task)
    assert len(sessions._open) == 2


def test_a_repetition_lets_the_minute_of_the_first_attempt_pass(simulator, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(reading.time, "sleep", waited.append)
    (with_budget, *_) = planned(simulator, tmp_path, requests_per_minute=600)
    rows(with_budget)
    assert 60.0 not in waited
    rows(with_budget, attempt=1)
    assert 60.0 in waited
    waited.clear()
    rows(planned(simulator, tmp_path)[0], attempt=1)
    assert 60.0 not in waited


def test_accounts_that_cannot_be_read_are_named_before_the_work_is_given_out(simulator, tmp_path):
    config = simulator.config(auth="password")
    config["credentials"]["password"] = "SECRET-wrong"
    path = written(
        tmp_path / "a", config, simulator.config(account={"account_type": "billing_code", "billing_code": "B-7001"})
    )
    with pytest.raises(
        ConfigError, match=r"^1 of 2 accounts cannot be read: source-voxo, account 1001 .*a, line 1"
    ) as error:
        survey_all([(one, []) for one in accounts({"connector": "source-voxo", "configs": path})], END, asks=True)
    assert TOKEN not in str(error.value)
    assert simulator.login_count == 1


def several(simulator, folder, **over):
    """The surveyed tasks of all accounts of one configuration."""
    tenants = [int(one) for one in simulator.accounts()]
    account = {"account_type": "tenants", "tenant_ids": tenants}
    path = written(folder / "accounts", simulator.config(account=account, **over))
    found = accounts({"connector": "source-voxo", "configs": path})
    period = found[0].config.period(END + timedelta(days=9), timedelta(seconds=1))
    return survey_all([(one, [*tasks(one, "call_records", period, Cut())]) for one in found], END, asks=True)


def test_several_accounts_of_a_configuration_are_read_with_one_login_a_process(tmp_path):
    with simulators.start("voxo", start=START, end=END, further_accounts=("1002", "1003")) as simulator:
        surveyed = several(simulator, tmp_path, auth="password")
        assert simulator.login_count == 1
        sessions = Sessions()
        lines = [line for one in surveyed for task in one for page in read(task, sessions=sessions) for line in page]
        got = [json.loads(line) for line in lines]
        assert simulator.login_count == 2
        assert ids(got) == ids(row for account in simulator.accounts() for row in simulator.truth(account_id=account))
        assert {row["account_id"] for row in got} == {"1001", "1002", "1003"}


def test_an_account_of_several_that_is_refused_is_named(tmp_path):
    options = {"further_accounts": ("1002", "1003"), "refused_accounts": {"1002": 403}}
    with (
        simulators.start("voxo", start=START, end=END, **options) as simulator,
        pytest.raises(ConfigError, match="1 of 3 accounts cannot be read: source-voxo, account 1002 "),
    ):
        several(simulator, tmp_path)
