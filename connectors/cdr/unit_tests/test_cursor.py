import json
import logging
from datetime import datetime, timedelta

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository

from cdr.cursor import WindowCursor
from cdr.lookback import Bucket
from cdr.windows import Period
from fakes import UTC, Paged, config

DAY = timedelta(days=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Window:
    """A partition as far as a cursor looks at it."""

    def __init__(self, cursor, period):
        self.period, self.given_up = period, False
        self._slice = next(one for one, p in zip(cursor.stream_slices(), cursor.periods(), strict=True) if p == period)

    def to_slice(self):
        return self._slice


def cursor(state=None, start="2026-01-01", end="2026-01-11", now="2026-01-11", lookback_minutes=0, workers=1):
    return WindowCursor(
        stream=Paged(config(lookback_window_minutes=lookback_minutes)),
        state=state or {},
        period=Period(at(start), at(end)) if end else None,
        now=at(now),
        workers=workers,
        repository=InMemoryMessageRepository(),
        manager=ConnectorStateManager(),
        logger=logging.getLogger("test"),
    )


def close(subject, *indexes, highest=None):
    for window in [Window(subject, subject.periods()[index]) for index in indexes]:
        subject.note_highest(window, highest)
        subject.close_partition(window)
    return subject.state


def spans(subject):
    return [(str(period).split(" to ")[0][:13], str(period).split(" to ")[1][:13]) for period in subject.periods()]


def covered(state):
    return [(one["start"], one["end"]) for one in state["slices"]]


def test_a_first_sync_reads_everything_in_days():
    assert len(cursor().periods()) == 10
    assert spans(cursor())[0] == ("2026-01-01T00", "2026-01-02T00")


def test_a_finished_sync_is_one_slice_and_says_up_to_when():
    state = close(subject := cursor(), *range(len(subject.periods())))
    assert covered(state) == [("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z")]
    assert state["synced_until"] == "2026-01-11T00:00:00Z"


def test_the_next_sync_reads_what_is_new_and_the_lookback():
    state = close(_subject := cursor(lookback_minutes=60), *range(11))
    following = cursor(state, end="2026-01-12", now="2026-01-12", lookback_minutes=60)
    assert spans(following) == [
        ("2026-01-10T23", "2026-01-11T00"),
        ("2026-01-11T00", "2026-01-11T23"),
        ("2026-01-11T23", "2026-01-12T00"),
    ]


def test_without_lookback_nothing_is_read_twice():
    state = close(subject := cursor(), *range(len(subject.periods())))
    assert spans(cursor(state)) == []


def test_a_killed_sync_leaves_its_gaps_to_the_next():
    state = close(cursor(), 0, 2, 5)
    assert covered(state) == [
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z"),
    ]
    assert [start[8:10] for start, _ in spans(cursor(state))] == ["02", "04", "05", "07", "08", "09", "10"]


def test_a_sync_killed_in_its_lookback_reads_the_rest_of_the_lookback_again():
    minutes = 120
    state = read_all(cursor(lookback_minutes=minutes), 5, "aa")
    second = cursor(state, end="2026-01-12", now="2026-01-12", lookback_minutes=minutes)
    assert spans(second)[:2] == [("2026-01-10T22", "2026-01-10T23"), ("2026-01-10T23", "2026-01-11T00")]
    state = close(second, 1, 2, 3, 4)  # killed before the first hour that it looked back at was read
    third = cursor(state, end="2026-01-12", now="2026-01-12", lookback_minutes=minutes)
    assert spans(third) == [("2026-01-10T22", "2026-01-10T23")]


def test_a_backfill_that_is_killed_again_and_again_gets_on():
    state = {}
    for _ in range(7 + 3 * 24):  # seven days, and three more in hours
        subject = cursor(state, lookback_minutes=3 * 24 * 60)
        state = close(subject, 0)
    assert covered(state) == [("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z")]


def test_a_window_that_was_given_up_does_not_enter_the_state():
    subject = cursor()
    window = Window(subject, subject.periods()[0])
    window.given_up = True
    subject.close_partition(window)
    assert covered(subject.state) == [("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")]


def test_a_start_date_moved_back_opens_the_time_before():
    state = close(subject := cursor(), *range(len(subject.periods())))
    earlier = cursor(state, start="2025-12-30")
    assert spans(earlier)[:2] == [("2025-12-30T00", "2025-12-31T00"), ("2025-12-31T00", "2026-01-01T00")]


def test_the_highest_cursor_is_noted_and_never_beyond_its_window():
    state = close(cursor(), 0, highest=at("2026-01-01T17:00:00"))
    assert state["slices"][0]["most_recent_cursor_value"] == "2026-01-01T17:00:00Z"


FUTURE = [
    {"slices": [{"start": "2026-01-01T00:00:00Z", "end": "2999-01-01T00:00:00Z"}], "state_type": "date-range"},
    {"started_at": "2999-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("state", FUTURE)
def test_a_state_from_the_future_reads_nothing_says_so_and_is_handed_back(state, caplog):
    subject = cursor(state)
    assert subject.periods() == []
    assert subject.state == state
    assert "in the future" in caplog.text


@pytest.mark.parametrize(
    "state",
    [
        {"slices": [{"start": "x", "end": "y"}], "state_type": "date-range"},
        {"slices": [{"begin": "2026-01-01T00:00:00Z"}], "state_type": "date-range"},
        {"slices": "none", "state_type": "date-range"},
        {"slices": [7], "state_type": "date-range"},
        {"started_at": ["2026"]},
    ],
)
def test_a_state_that_cannot_be_read_reads_everything_again_and_says_so(state, caplog):
    assert len(cursor(state).periods()) == 10
    assert "cannot be read" in caplog.text


def test_a_plain_cursor_value_is_understood_as_a_state():
    subject = cursor({"started_at": "2026-01-08T00:00:00Z"}, lookback_minutes=60)
    assert spans(subject)[0] == ("2026-01-07T23", "2026-01-08T00")


def test_without_a_settled_moment_nothing_is_read():
    assert cursor(end=None).periods() == []


def test_every_worker_gets_a_window_of_a_daily_sync():
    assert len(cursor(start="2026-01-10", workers=8).periods()) == 8


def read_all(subject, rows, digest):
    """Close every window as a sync does that found so many rows in each."""
    for window in [Window(subject, period) for period in subject.periods()]:
        window.found = [Bucket(window.period, rows, digest)]
        subject.close_partition(window)
    return subject.state


def test_the_state_counts_what_lies_within_the_lookback_and_forgets_the_rest():
    subject = cursor(lookback_minutes=60)
    state = read_all(subject, 10, "aa")
    assert state["lookback"] == [["2026-01-10T23:00:00Z", "2026-01-11T00:00:00Z", 10, "aa"]]


def test_the_next_sync_knows_the_buckets_of_the_last():
    state = read_all(cursor(lookback_minutes=60), 7, "aa")
    following = cursor(state, end="2026-01-11T00:20:00", now="2026-01-12", lookback_minutes=60)
    assert [str(period)[11:16] + str(period)[-9:-4] for period in following.periods()] == ["23:0000:00", "00:0000:20"]
    assert [tally.known for _, tallies in following.windows() for tally in tallies._tallies] == [
        Bucket(Period(at("2026-01-10T23:00:00"), at("2026-01-11T00:00:00")), 7, "aa"),
        None,
    ]


def test_a_lookback_of_a_day_over_many_rows_takes_little_room():
    assert len(json.dumps(read_all(cursor(lookback_minutes=1440), 100_000, "f" * 16))) < 3_000


@pytest.mark.parametrize("lookback", ["x", [["a", "b", 1, "c"]], [[1]], None, 7])
def test_a_lookback_that_cannot_be_read_is_no_reason_to_read_everything_again(lookback):
    state = close(subject := cursor(lookback_minutes=60), *range(len(subject.periods())))
    assert len(cursor({**state, "lookback": lookback}, lookback_minutes=60).periods()) == 1
