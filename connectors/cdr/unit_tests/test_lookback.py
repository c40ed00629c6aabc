import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.lookback import Bucket, Tallies, bucket_periods, buckets_from, step_of
from cdr.pages import Rows
from cdr.windows import Period, timestamp
from fakes import UTC

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 5, tzinfo=UTC)


def hours(first, last):
    return Period(START + first * HOUR, START + last * HOUR)


def tallied(rows, known=()):
    tallies = Tallies([hours(0, 1), hours(1, 2)], known)
    texts = [None if moment is None else timestamp(moment) for moment, _, _ in rows]
    passed = [row[2] for text, row in zip(texts, rows, strict=True) if not tallies.holds(text, *row[1:])]
    return tallies, passed


ROWS = [(START, 5, b"a"), (START + HOUR / 2, 7, b"b"), (START + HOUR, 9, b"c"), (None, 3, b"timeless")]
SAME = [Bucket(hours(0, 1), 2, "000000000000000c"), Bucket(hours(1, 2), 1, "0000000000000009")]


def test_rows_of_buckets_that_nobody_knows_go_out_at_once_and_are_counted():
    tallies, passed = tallied(ROWS)
    assert passed == [b"a", b"b", b"c", b"timeless"]
    assert tallies.found() == SAME
    assert list(tallies.changed()) == []


def test_rows_of_buckets_that_have_not_changed_are_left_out():
    tallies, passed = tallied(ROWS, SAME)
    assert passed == [b"timeless"]
    assert list(tallies.changed()) == []
    assert tallies.found() == SAME


@pytest.mark.parametrize("late", [(START + HOUR / 4, 1, b"late"), (START + HOUR / 4, 0, b"late")])
def test_one_late_row_brings_its_whole_bucket_and_no_other(late):
    tallies, _ = tallied([*ROWS, late], SAME)
    assert list(tallies.changed()) == [Rows.of([b"a", b"b", b"late"])]


@given(st.permutations(ROWS))
def test_the_order_of_rows_does_not_count(rows):
    assert tallied(rows)[0].found() == SAME


def test_a_state_is_read_as_it_was_written():
    assert buckets_from([bucket.as_json() for bucket in SAME]) == SAME


@pytest.mark.parametrize("state", [None, 7, "x", [[1]], [["a", "b", 1, "c"]], [[None, None, None, None]]])
def test_a_state_that_cannot_be_read_knows_nothing(state):
    assert buckets_from(state) == []


@pytest.mark.parametrize(
    ("minutes", "step"), [(0, 1), (60, 1), (1440, 1), (2880, 1), (2881, 2), (43200, 24), (525600, 192)]
)
def test_a_lookback_of_any_length_takes_at_most_48_buckets(minutes, step):
    assert step_of(timedelta(minutes=minutes)) == step * HOUR
    assert timedelta(minutes=minutes) / step_of(timedelta(minutes=minutes)) <= 48


@given(st.integers(0, 48), st.integers(0, 48), st.integers(-5, 60))
def test_buckets_cover_what_lies_behind_the_horizon_once(first, second, horizon):
    gap = hours(0, 48)
    known = [Bucket(hours(*sorted((first, second))), 1, "x")] if first != second else []
    periods = bucket_periods(gap, known, START + horizon * HOUR, HOUR, "UTC")
    assert all(one.end <= following.start for one, following in itertools.pairwise(periods))
    behind = Period(START + max(horizon, 0) * HOUR, gap.end) if horizon < 48 else None
    if behind:
        assert list(behind.without(periods)) == []
    assert all(bucket.period in periods for bucket in known)
