"""Above the room of the state an entry stands for a cell: a few rows of one hour."""

import json

import pytest

from cdr.reading.accounting import lookback
from cdr.vendor.windows import Period
from fakes import DAY
from syncs import HOUR, Account, Calls, Synced, call, days, ids, spread, synced

TWO_DAYS = Period(DAY.start, DAY.start + 48 * HOUR)


@pytest.fixture(autouse=True)
def room_for_fifty(monkeypatch):
    monkeypatch.setattr(lookback, "MOST_ENTRIES", 50)


def following(calls, state=None, windows=None):
    return synced(
        Account(calls), Calls, period=TWO_DAYS, windows=windows or days(TWO_DAYS), state=state, keeps_from=DAY.start
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
    assert len(subject.ids) <= 12
    assert following(calls, state_of(subject)).ids == []


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
