"""A full refresh in several attempts, as its cursor and its memory of rows see it."""

from datetime import datetime, timedelta

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository

from cdr.airbyte.cursor import WindowCursor
from cdr.airbyte.refresh import RefreshCursor
from cdr.reading.accounting.kept_rows import KeptRow
from cdr.reading.accounting.lookback import MOST_ENTRIES, Lookback, RecentRows
from cdr.vendor.windows import Period, utc_text
from fakes import UTC, Paged, config

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + 10 * DAY


class Window:
    """A partition as far as a cursor looks at it."""

    def __init__(self, cursor, period):
        self.period, self.given_up = period, False
        self._slice = next(one for one, p in zip(cursor.stream_slices(), cursor.periods(), strict=True) if p == period)

    def to_slice(self):
        return self._slice


def cursor(state=None, kind=RefreshCursor, hours=24, end=END):
    return kind(
        stream=Paged(config(lookback_window_minutes=60 * hours)),
        state=state or {},
        period=Period(START, end) if end else None,
        now=end or START,
        workers=1,
        repository=InMemoryMessageRepository(),
        manager=ConnectorStateManager(),
    )


def close(subject, *indexes):
    for period in [subject.periods()[index] for index in indexes]:
        subject.lookback.keep(period, [row(period.start + HOUR)])
        subject.close_partition(Window(subject, period))
    return subject.state


def row(at, digest=None):
    digest = int(at.timestamp()) if digest is None else digest
    return KeptRow(digest, utc_text(at), f"voxo:1:{digest}")


def days(subject):
    """The windows of a sync, by the day and hour on which they begin."""
    return [f"{period.start:%d %H}" for period in subject.periods()]


def test_a_refresh_that_was_cut_off_reads_the_rest_and_the_lookback_behind_what_was_closed_last():
    state = close(cursor(), 0, 1, 3)
    assert state["complete"] is False
    # The gap, and the 24 hours behind the end of the fourth day, which are that day.
    assert days(cursor(state))[:3] == ["03 00", "04 00", "05 00"]
    assert days(cursor(state, hours=12))[:3] == ["03 00", "04 12", "05 00"]


def test_a_refresh_that_is_cut_off_again_and_again_does_not_fall_behind():
    state = close(cursor(), 0, 1, 2, 3)
    for _ in range(5):
        again = cursor(state)
        state = close(again, len(again.periods()) - 1)  # the newest: the lookback is never read
        assert days(cursor(state))[0] == "04 00"


def test_rows_of_the_lookback_are_remembered_from_attempt_to_attempt():
    subject = cursor()
    state = close(subject, 0, 1, 2, 3)
    known = {row(START + n * DAY + HOUR).digest for n in range(4)}
    # The request for the fourth day begins a little earlier: the rest is forgotten.
    assert cursor(state).lookback.known & known == {row(START + 3 * DAY + HOUR).digest}
    again = cursor(state)
    assert cursor(close(again, 2)).lookback.known >= {row(START + 3 * DAY + HOUR).digest}


def test_the_last_state_is_complete_and_no_refresh_goes_on_from_it():
    subject = cursor()
    state = close(subject, *range(len(subject.periods())))
    assert state["complete"] is True
    assert subject.state == state, "a state does not depend on how often it is asked for"
    assert state["synced_until"] == utc_text(END)
    assert not RefreshCursor.may_go_on_from(state)


def test_the_last_state_of_a_refresh_is_that_of_an_incremental_sync_but_for_the_mark():
    refresh, incremental = cursor(), cursor(kind=WindowCursor)
    ours, theirs = (close(one, *range(10)) for one in (refresh, incremental))
    assert {name: value for name, value in ours.items() if name != "complete"} == theirs


def test_a_refresh_without_anything_to_read_is_complete():
    assert cursor(end=None).state["complete"] is True


@pytest.mark.parametrize(
    ("attempts", "goes_on"),
    [
        ([(0, 2)], True),  # the first sync, cut off
        ([(0, 2), (0, 1)], True),  # and again
        ([range(10)], False),  # complete
        ([range(10), (1,)], False),  # the one after it, cut off
    ],
)
def test_a_refresh_goes_on_from_an_incremental_sync_only_where_that_began_from_nothing(attempts, goes_on):
    state = {}
    for number, indexes in enumerate(attempts):
        state = close(cursor(state, kind=WindowCursor, end=END + number * DAY), *indexes)
    assert RefreshCursor.may_go_on_from(state) is goes_on


def test_an_incremental_sync_goes_on_from_a_refresh():
    cut_off = close(cursor(), 0, 1, 3)
    assert days(cursor(cut_off, kind=WindowCursor))[:2] == ["03 00", "05 00"]
    complete = close(subject := cursor(), *range(len(subject.periods())))
    following = cursor(complete, kind=WindowCursor, end=END + DAY)
    assert days(following)[0] == "10 00"
    assert following.lookback.known == {row(START + 9 * DAY + HOUR).digest}


def test_recent_rows_take_room_for_what_is_near_the_end_only():
    memory = RecentRows({}, START)
    for number in range(50):
        day = Period(START + number * DAY, START + (number + 1) * DAY)
        memory.keep(day, [row(day.start + minute * timedelta(minutes=1)) for minute in range(1440)])
        # Rows whose time is odd, or unknown, go with their window.
        memory.keep(day, [row(START - 99 * DAY, number), KeptRow(number, None, "x")])
        memory.move_to(day.end - DAY)
        assert len(memory._rows) <= 1442


def test_recent_rows_keep_the_newest_where_there_is_no_room_for_all():
    memory = RecentRows({}, START)
    rows = [row(START + number * timedelta(seconds=1), number) for number in range(MOST_ENTRIES + 10 * 3600)]
    memory.keep(Period(START, START + DAY), rows)
    known = Lookback(memory.as_state(is_complete=False, resumes=False), START).known
    assert len(known) == MOST_ENTRIES
    assert {one.digest for one in rows[-20_000:]} <= known


def test_recent_rows_reach_back_as_far_as_the_vendor_reads_a_request_otherwise():
    memory = RecentRows({}, START)
    memory.widen(5 * HOUR)
    memory.move_to(START + DAY)
    assert memory.keeps_from == START + DAY - 5 * HOUR
