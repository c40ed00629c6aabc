"""Partitions: every moment of the period in exactly one of them, and the budget of an account in no more than one."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_of_voxo import voxo, voxo_accounts
from cdr.vendor.windows import Period, split, step_for
from cdr_spark.accounts import Place, account
from cdr_spark.planning import Cut, asked_for, shared, tasks, trailing

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
ACCOUNT = voxo(end_date=None)
STREAM = ACCOUNT.stream("call_records")
BUDGETED = {budget: voxo(end_date=None, requests_per_minute=budget) for budget in (1, 3, 60, 1000)}
hours = st.integers(1, 24 * 400)


def after(count):
    return START + timedelta(hours=count)


@given(hours, st.integers(1, 40))
def test_partitions_leave_no_gap_and_do_not_overlap(length, size):
    period = Period(START, after(length))
    planned = list(tasks(ACCOUNT, "call_records", period, Cut(windows=size)))
    edges = [planned[0].period.start, *(task.period.end for task in planned)]
    assert [task.period.start for task in planned] == edges[:-1]
    assert (edges[0], edges[-1]) == (period.start, period.end)


@given(hours, st.integers(1, 40))
def test_the_windows_of_all_partitions_are_those_of_a_sync(length, size):
    period = Period(START, after(length))
    stream = ACCOUNT.stream("call_records")
    planned = tasks(ACCOUNT, "call_records", period, Cut(windows=size))
    windows = [window for task in planned for window in task.windows("UTC")]
    assert windows == list(split(period, step_for(period, stream.window, 4), "UTC"))


@given(hours, st.integers(1, 40), st.sampled_from(sorted(BUDGETED)))
def test_the_shares_of_an_account_are_never_more_than_its_budget(length, shares, budget):
    planned = list(tasks(BUDGETED[budget], "call_records", Period(START, after(length)), Cut(shares=shares)))
    assert len(planned) <= shares
    assert all(task.share >= 1 for task in planned)
    assert sum(task.share for task in planned) <= budget


def test_every_partition_knows_what_it_is_a_part_of():
    period = Period(START, after(24 * 10))
    planned = list(tasks(ACCOUNT, "call_records", period, Cut(windows=2)))
    assert {task.whole for task in planned} == {period}
    batch = tasks(ACCOUNT, "call_records", Period(after(48), after(24 * 10)), Cut(), asked_for(ACCOUNT, STREAM))
    assert {task.whole for task in batch} == {asked_for(ACCOUNT, STREAM)}


def test_a_list_without_a_cursor_is_one_partition():
    config = {
        "start_date": "2026-01-01",
        "api_url": "https://pbx.example.com/api",
        "credentials": {"auth_type": "access_token", "access_token": "SECRET-token"},
    }
    one = account(Place(None, text=json.dumps(config)), "source-portsip")
    (task,) = tasks(one, "call_reports", None, Cut())
    assert task.period is None
    assert task.windows("UTC") == []


def test_a_period_that_is_not_there_has_no_partitions():
    assert list(tasks(ACCOUNT, "call_records", None, Cut())) == []


def test_what_is_asked_for_ends_where_the_configuration_says():
    one = voxo()
    stream = one.stream("call_records")
    assert asked_for(one, stream) == Period(START, after(24 * 31))
    assert shared(asked_for(one, stream), Period(after(24 * 31), after(24 * 32))) is None
    assert shared(Period(START, after(5)), Period(after(3), after(9))) == Period(after(3), after(5))


@pytest.mark.parametrize(("minutes", "hours"), [(0, 0), (60, 1), (1440, 24)])
def test_a_stream_trails_by_lookback_and_settling_delay(minutes, hours):
    one = voxo(lookback_window_minutes=minutes, settling_delay_seconds=30)
    assert trailing(one, one.stream("call_records")) == timedelta(hours=hours, seconds=30)


def test_the_budget_of_a_login_is_shared_out_among_its_accounts():
    (first, *others) = voxo_accounts(4, requests_per_minute=60)
    assert [one.sharing for one in (first, *others)] == [4, 4, 4, 4]
    planned = list(tasks(first, "call_records", Period(START, after(240)), Cut(shares=4)))
    assert sum(task.share for task in planned) <= 15
