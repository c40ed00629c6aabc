"""Above the room of the state it holds the sums of cells: of a few rows of one hour each."""

import json

import pytest

from cdr.reading.accounting import lookback
from cdr.vendor.windows import Period
from fakes import DAY, FORMAT
from syncs import HOUR, Account, Calls, Synced, call, days, ids, spread, synced

TWO_DAYS = Period(DAY.start, DAY.start + 48 * HOUR)


@pytest.fixture(autouse=True)
def room_for_fifty(monkeypatch):
    monkeypatch.setattr(lookback, "MOST_ENTRIES", 50)


def following(calls, state=None, windows=None, keeps_from=DAY.start):
    return synced(
        Account(calls), Calls, period=TWO_DAYS, windows=windows or days(TWO_DAYS), state=state, keeps_from=keeps_from
    )


def state_of(sync):
    return json.loads(json.dumps(sync.state()))


CALLS = spread(202, TWO_DAYS)


def test_an_undisturbed_sync_sends_nothing_again():
    state = state_of(following(CALLS))
    assert state["cell"] > 100
    for _ in range(3):
        subject = following(CALLS, state)
        assert subject.ids == []
        assert sum(count.unchanged for count in subject.counts.values()) == 202
        state = state_of(subject)


def test_a_window_that_the_next_sync_does_not_reach_is_compared_too():
    assert following(CALLS, state_of(following(CALLS)), keeps_from=TWO_DAYS.end).ids == []


@pytest.mark.parametrize("change", ["filled in", "late", "vanished"])
def test_one_row_that_changed_brings_its_cell_and_no_other(change):
    state = state_of(following(CALLS))
    late = call("late", DAY.start + 5 * HOUR)
    calls = {
        "filled in": [*CALLS[:100], {**CALLS[100], "notes": "now"}, *CALLS[101:]],
        "late": [*CALLS, late],
        "vanished": [*CALLS[:100], *CALLS[101:]],
    }[change]
    subject = following(calls, state)
    expected = {"filled in": {"c100"}, "late": {"clate"}, "vanished": set()}[change]
    assert expected <= set(subject.ids)
    assert len(subject.ids) <= (1 if change == "late" else 12)
    assert following(calls, state_of(subject)).ids == []


def test_two_rows_that_came_late_to_one_cell_bring_it_whole():
    state = state_of(following(CALLS))
    late = [call(f"late{number}", DAY.start + 5 * HOUR) for number in range(40)]  # an hour has two cells at most
    subject = following([*CALLS, *late], state)
    assert {f"clate{number}" for number in range(40)} <= set(subject.ids)
    assert following([*CALLS, *late], state_of(subject)).ids == []


EARLY, LATE = DAY.start + 5 * HOUR, DAY.end + 5 * HOUR


def printed(number, time, filtered_on):
    """A call that prints another time than the one that the vendor filters on."""
    return {**call(number, filtered_on), "time": time, "at": filtered_on.strftime(FORMAT)}


@pytest.mark.parametrize(
    "odd",
    [
        printed("days-ago", "2026-01-01 05:00:00", EARLY),
        printed("in-a-later-window", LATE.strftime(FORMAT), EARLY),
        printed("in-an-earlier-window", EARLY.strftime(FORMAT), LATE),
        printed("unreadable", "soon", EARLY),
    ],
    ids=lambda row: row["id"],
)
def test_a_row_whose_clock_is_odd_is_in_no_cell_and_comes_again_when_it_changed(odd):
    state = state_of(following([*CALLS, odd]))
    for _ in range(2):
        subject = following([*CALLS, odd], state)
        assert subject.ids == []
        state = state_of(subject)
    changed = following([*CALLS, {**odd, "notes": "now"}], state)
    assert changed.ids == [odd["id"]]
    assert following([*CALLS, {**odd, "notes": "now"}], state_of(changed)).ids == []


def test_a_sync_that_was_cut_off_leaves_the_cells_as_they_were():
    state = state_of(following(CALLS))
    late = [call(f"late{number}", EARLY) for number in range(8)]  # the hour had four, and would have more cells now
    cut_off = following([*CALLS, *late], state).state(is_complete=False)
    assert (cut_off["cell"], cut_off["cells"], cut_off["known"]) == (state["cell"], state["cells"], state["known"])
    again = following([*CALLS, *late], cut_off).ids
    assert set(ids(late)) <= set(again)
    assert len(again) <= 8 + 12


@pytest.mark.parametrize("cells", [None, 7, "x", "AAAA", "AAAAAAAA", [1]])
def test_cells_that_cannot_be_read_are_as_none(cells):
    state = {**state_of(following(CALLS)), "cells": cells}
    assert sorted(following(CALLS, state).ids) == sorted(ids(CALLS))


def test_no_row_is_lost_whichever_window_brings_it():
    """Rows on the edge of two windows come with both, and their cell is complete in one only."""
    edge = [call(f"e{n}", DAY.end, to=str(n)) for n in range(3)]
    state = state_of(following([*CALLS, *edge]))
    settled = state_of(following([*CALLS, *edge], state))
    assert following([*CALLS, *edge], settled).ids == []
    changed = [*CALLS, *({**one, "notes": "now"} for one in edge), call("new", DAY.end)]
    for order in (days(TWO_DAYS), days(TWO_DAYS)[::-1]):
        subject = Synced(Account(changed), Calls, period=TWO_DAYS, state=state, keeps_from=DAY.start).read(*order)
        assert {"ce0", "ce1", "ce2", "cnew"} <= set(subject.ids)
        assert len(subject.ids) == len(set(subject.ids))


def test_a_first_sync_sends_everything():
    assert sorted(following(CALLS).ids) == sorted(ids(CALLS))
