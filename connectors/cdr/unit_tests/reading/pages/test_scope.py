from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.reading.pages.scope import FAR, INSIDE, MARGIN, OUTSIDE, Scope
from cdr.vendor.windows import Period, utc_text
from fakes import UTC

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
START = datetime(2026, 1, 5, tzinfo=UTC)
END = datetime(2026, 1, 9, tzinfo=UTC)
SYNC = Period(START, END)
FIRST = Period(START, START + 24 * HOUR)
LAST = Period(END - 24 * HOUR, END)


def scope(asked, margin=SECOND, **more):
    return Scope(asked, Period(asked.start - margin, asked.end + margin), SYNC, **more)


def place(asked, *moments, margin=SECOND, is_proven=False, **more):
    return scope(asked, margin, **more).place([utc_text(moment) for moment in moments], is_proven=is_proven)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (START, INSIDE),
        (START - SECOND / 1000, OUTSIDE | MARGIN),
        (START - SECOND, OUTSIDE | MARGIN),  # what the request covers beyond `start_date`
        (START - SECOND - SECOND / 1000, OUTSIDE),  # nobody asked for that: it is the clock that is odd
        (START - 26 * HOUR - SECOND, OUTSIDE),
        (START - 26 * HOUR - SECOND - SECOND / 1000, OUTSIDE | FAR),
        (FIRST.end, INSIDE),  # of the next window: no clock cuts within a period
        (FIRST.end + 26 * HOUR, INSIDE),
        (FIRST.end + 26 * HOUR + SECOND, FAR),
        (END - SECOND, FAR),
        (END, OUTSIDE | FAR),
    ],
)
def test_where_a_row_of_the_first_window_lies(moment, expected):
    assert place(FIRST, moment) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (END - SECOND / 1000, INSIDE),
        (END, OUTSIDE | MARGIN),
        (END + SECOND - SECOND / 1000, OUTSIDE | MARGIN),
        (END + SECOND, OUTSIDE),
        (END + 26 * HOUR + SECOND - SECOND / 1000, OUTSIDE),
        (END + 26 * HOUR + SECOND, OUTSIDE | FAR),
        (START, FAR),
        (START - SECOND, OUTSIDE | FAR),
    ],
)
def test_where_a_row_of_the_last_window_lies(moment, expected):
    assert place(LAST, moment) == expected


def test_one_clock_inside_is_enough_to_be_inside():
    assert place(FIRST, START - 5 * HOUR, START + HOUR) == INSIDE
    assert place(FIRST, START - 24 * 365 * HOUR, START) == INSIDE


def test_one_clock_in_the_margin_is_enough_for_a_row_that_lies_outside():
    assert place(FIRST, START - 5 * HOUR, START - SECOND) == OUTSIDE | MARGIN
    assert place(FIRST, START - 5 * HOUR, START - 4 * HOUR) == OUTSIDE


def test_one_clock_near_what_was_asked_for_is_enough_not_to_be_far():
    assert place(FIRST, END + 300 * HOUR, START - HOUR) == OUTSIDE


def test_a_row_without_a_clock_is_inside():
    assert place(FIRST) == INSIDE


@pytest.mark.parametrize(
    ("moment", "sure", "unsure"),
    [
        (START - HOUR, OUTSIDE | MARGIN, OUTSIDE),
        (START - 26 * HOUR, OUTSIDE | MARGIN, OUTSIDE),
        (START - 26 * HOUR - SECOND, OUTSIDE | MARGIN, OUTSIDE | MARGIN),
        (START - 48 * HOUR, OUTSIDE | MARGIN, OUTSIDE | MARGIN),
        (START - 48 * HOUR - SECOND, OUTSIDE, OUTSIDE),
    ],
)
def test_whole_days_are_a_margin_only_where_the_zone_of_the_times_is_proven(moment, sure, unsure):
    days = 48 * HOUR
    assert place(FIRST, moment, margin=days) == sure
    assert place(FIRST, moment, margin=days, is_sure=False) == unsure
    assert place(FIRST, moment, margin=days, is_sure=False, is_proven=True) == sure


BEFORE, AFTER = START - 4 * HOUR, END + 4 * HOUR


@pytest.mark.parametrize(
    ("start", "end", "moments", "expected"),
    [
        (START, END, [BEFORE], True),
        (START, END, [START - SECOND / 1000], True),
        (START, END, [START], False),
        (START, END, [END - SECOND / 1000], False),
        (START, END, [END], True),
        (START, END, [AFTER], True),
        (START, None, [BEFORE], True),
        (START, None, [AFTER], False),  # an `end_date` that is not given never marks a row
        (None, END, [BEFORE], False),
        (None, None, [BEFORE], False),
        (START, END, [BEFORE, START], False),
        (START, END, [BEFORE, AFTER], True),
        (START, None, [BEFORE, AFTER], False),
        (START, END, [], False),
    ],
)
def test_a_row_is_marked_where_all_its_clocks_lie_outside_dates_that_were_given(start, end, moments, expected):
    subject = scope(FIRST, start=start, end=end)
    assert subject.beyond_dates([utc_text(moment) for moment in moments]) is expected


@given(
    st.timedeltas(timedelta(days=-10), timedelta(days=10)),
    st.sampled_from([FIRST, LAST, Period(START + 7 * SECOND / 1000, START + HOUR)]),
)
def test_a_time_between_the_usual_ones_is_inside(distance, asked):
    subject = scope(asked)
    first, last = subject.usual()
    text = utc_text(START + distance)
    if first <= text[:-1] < last:
        assert subject.place([text]) == INSIDE


@given(st.integers(-2, 2), st.sampled_from(["", ".0", ".4", ".5", ".50", ".500001", ".6"]), st.booleans())
def test_a_time_is_usual_where_the_sync_holds_it_also_within_a_second(seconds, fraction, halved):
    half = timedelta(milliseconds=500 if halved else 0)
    sync = Period(START + half, START + half + SECOND)
    second = START + timedelta(seconds=seconds)
    text = f"{second.isoformat()[:19]}{fraction}"
    moment = second + timedelta(seconds=float(fraction or 0))
    first, last = Scope(sync, sync, sync).usual()
    assert (first <= text < last) == (sync.start <= moment < sync.end)
