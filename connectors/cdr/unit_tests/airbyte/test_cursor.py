import base64
from datetime import datetime, timedelta

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository

from cdr.airbyte.cursor import WindowCursor
from cdr.reading.accounting.kept_rows import KeptRow
from cdr.vendor.windows import Period, utc_text
from fakes import UTC, Paged, Whole, config

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Window:
    """A partition as far as a cursor looks at it."""

    def __init__(self, cursor, period):
        self.period, self.given_up = period, False
        self._slice = next(one for one, p in zip(cursor.stream_slices(), cursor.periods(), strict=True) if p == period)

    def to_slice(self):
        return self._slice


def cursor(
    state=None, start="2026-01-01", end="2026-01-11", now="2026-01-11", lookback_minutes=0, workers=1, stream=Paged
):
    return WindowCursor(
        stream=stream(config(lookback_window_minutes=lookback_minutes)),
        state=state or {},
        period=Period(at(start), at(end)) if end else None,
        now=at(now),
        workers=workers,
        repository=InMemoryMessageRepository(),
        manager=ConnectorStateManager(),
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
    state = close(subject := cursor(lookback_minutes=minutes), *range(len(subject.periods())))
    second = cursor(state, end="2026-01-12", now="2026-01-12", lookback_minutes=minutes)
    assert spans(second)[:2] == [("2026-01-10T22", "2026-01-11T00"), ("2026-01-11T00", "2026-01-11T22")]
    state = close(second, 1, 2)  # killed before the two hours that it looked back at were read
    third = cursor(state, end="2026-01-13", now="2026-01-13", lookback_minutes=minutes)
    # Resumed first, and nothing is opened again: `synced_until` tells the sync after it from where to look back.
    assert spans(third)[0] == ("2026-01-10T22", "2026-01-11T00")
    assert spans(third)[1][0] == "2026-01-12T00"
    state = close(third, *range(len(third.periods())))
    assert state["synced_until"] == "2026-01-12T00:00:00Z"
    fourth = cursor(state, end="2026-01-13", now="2026-01-13", lookback_minutes=minutes)
    assert spans(fourth)[0][0] == "2026-01-11T22"


def test_a_backfill_that_is_killed_again_and_again_gets_on():
    state = {}
    for _ in range(10):
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


def test_a_state_of_another_version_is_read_and_its_lookback_is_not(caplog):
    state = close(subject := cursor(lookback_minutes=60), *range(len(subject.periods())))
    old = {name: state[name] for name in ("slices", "state_type", "synced_until")}
    buckets = [["2026-01-10T23:00:00Z", "2026-01-11T00:00:00Z", 7, "000000000000000c"]]
    following = cursor({**old, "lookback": buckets}, end="2026-01-12", now="2026-01-12", lookback_minutes=60)
    assert spans(following)[0] == ("2026-01-10T23", "2026-01-11T00")
    assert following.lookback.known == set()
    assert "lookback" not in following.state
    assert caplog.text == ""


def find(subject, rows_an_hour, *indexes):
    """Close windows as a sync does that found calls in each of their hours; each call has a digest of its own."""
    for index in indexes or range(len(subject.periods())):
        period = subject.periods()[index]
        hours = round(period.length / HOUR)
        times = [utc_text(period.start + hour * HOUR) for hour in range(hours) for _ in range(rows_an_hour)]
        rows = [KeptRow(hash((period, number)) & 0xFFFFFFFF, time, str(number)) for number, time in enumerate(times)]
        subject.lookback.keep(period, rows if period.end > subject.lookback.keeps_from else [])
        close(subject, index)
    return subject.state


def test_the_state_remembers_what_lies_within_the_lookback_and_forgets_the_rest():
    state = find(cursor(lookback_minutes=120), 5)
    assert state["version"] == 2
    assert len(base64.b64decode(state["known"])) == 2 * 5 * 7  # two hours, five calls, 56 bits each
    # The hour before the lookback: the second that the next sync asks for in front of it lies there.
    assert state["hours"] == ["2026-01-10T21:00:00Z", 5, 5, 5]
    assert "found" not in state


def test_the_next_sync_knows_what_the_last_one_found():
    first = cursor(lookback_minutes=60)
    following = cursor(find(first, 7), end="2026-01-11T00:20:00", now="2026-01-12", lookback_minutes=60)
    assert [str(period)[11:16] + str(period)[-9:-4] for period in following.periods()] == ["23:0023:20", "23:2000:20"]
    assert len(following.lookback.known) == 7
    assert following.lookback.remembered(Period(at("2026-01-10T23:00:00"), at("2026-01-11T00:00:00"))) == 7


def test_a_sync_that_was_cut_off_leaves_what_it_found_beside_what_was_known():
    state = find(cursor(lookback_minutes=60), 3)
    second = cursor(state, end="2026-01-12", now="2026-01-12", lookback_minutes=60)
    cut_off = find(second, 2, len(second.periods()) - 1)
    assert cut_off["known"] == state["known"]
    assert len(base64.b64decode(cut_off["found"])) == 2 * 7
    third = cursor(cut_off, end="2026-01-12", now="2026-01-12", lookback_minutes=60)
    assert len(third.lookback.known) == 5


def test_what_was_found_out_about_the_vendor_goes_from_state_to_state():
    first = cursor()
    first.dialect = {"zone": "America/Chicago"}
    state = close(first, *range(len(first.periods())))
    following = cursor(state)
    assert following.dialect == {"zone": "America/Chicago"}
    assert following.state["dialect"] == {"zone": "America/Chicago"}
    assert "dialect" not in cursor().state


@pytest.mark.parametrize("dialect", [None, 7, "x", [1]])
def test_a_dialect_that_cannot_be_read_is_no_reason_to_read_everything_again(dialect, caplog):
    state = close(subject := cursor(lookback_minutes=60), *range(len(subject.periods())))
    following = cursor({**state, "dialect": dialect}, lookback_minutes=60)
    assert following.dialect == {}
    assert len(following.periods()) == 1
    assert caplog.text == ""


def test_what_cannot_be_read_of_a_state_takes_its_memory_along():
    state = find(cursor(lookback_minutes=60), 3)
    following = cursor({**state, "slices": None}, lookback_minutes=60)
    assert len(following.periods()) == 11
    assert following.lookback.known == set()


@pytest.mark.parametrize("name", ["known", "found", "hours", "repeated"])
@pytest.mark.parametrize("value", ["x", [["a", "b", 1, "c"]], [[1]], None, 7, {"a": 1}])
def test_a_memory_that_cannot_be_read_is_no_reason_to_read_everything_again(name, value):
    state = close(subject := cursor(lookback_minutes=60), *range(len(subject.periods())))
    assert len(cursor({**state, name: value}, lookback_minutes=60).periods()) == 1


def test_where_rows_were_counted_windows_hold_about_as_many_each():
    """`Whole` has no pages: 10,000 rows a window are aimed at."""
    state = find(cursor(lookback_minutes=1440, stream=Whole), 1_000)
    following = cursor(state, lookback_minutes=1440, stream=Whole)
    assert [period.length / HOUR for period in following.periods()] == [10, 10, 4]
    assert len(cursor(find(cursor(lookback_minutes=1440), 1), lookback_minutes=1440).periods()) == 1
