import itertools
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.vendor.windows import Period, Window, certain, halves_by_days, occurs_once, split, step_for, utc_text

UTC = timezone.utc
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZONES = ("UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")

moments = st.datetimes(datetime(2019, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - its form
lengths = st.timedeltas(timedelta(microseconds=1), timedelta(days=40))
periods = st.builds(lambda start, length: Period(start, start + length), moments, lengths)
steps = st.sampled_from([HOUR, 3 * HOUR, 12 * HOUR, DAY, 5 * DAY])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(periods, steps, st.sampled_from(ZONES))
def test_windows_leave_no_gap_and_do_not_overlap(period, step, zone):
    windows = list(split(period, step, zone))
    assert windows[0].start == period.start
    assert windows[-1].end == period.end
    assert all(one.end == following.start for one, following in itertools.pairwise(windows))


@given(periods, steps, st.sampled_from(ZONES))
def test_no_cut_falls_into_an_hour_that_the_zone_repeats(period, step, zone):
    assert all(occurs_once(window.end, zone) for window in list(split(period, step, zone))[:-1])


def test_a_filter_of_days_is_asked_for_halves_that_share_no_day():
    first, second = at("2026-10-25T09:17:00"), at("2026-10-26T11:17:00")
    midnight = at("2026-10-26T00:00:00")
    assert halves_by_days(Period(first, second), "UTC") == (Period(first, midnight), Period(midnight, second))
    assert halves_by_days(Period(midnight, second), "UTC") is None


@given(periods, st.timedeltas(timedelta(0), timedelta(days=10)), steps, st.sampled_from(ZONES))
def test_two_syncs_cut_the_same_stretch_of_time_alike(period, later, step, zone):
    first = {window.end for window in list(split(period, step, zone))[:-1]}
    moved = Period(period.start + later, period.end + later)
    second = {window.end for window in list(split(moved, step, zone))[:-1]}
    shared = Period(moved.start, period.end) if moved.start < period.end else None
    if shared:
        inside = {cut for cut in first | second if shared.start < cut < shared.end}
        assert inside <= first
        assert inside <= second


def test_a_day_of_25_hours_is_one_window_between_local_midnights():
    night = Period(at("2025-10-25T23:00:00"), at("2025-10-27T00:00:00"))
    assert list(split(night, DAY, "Europe/London")) == [night]


def test_an_hourly_window_spans_the_repeated_hour_whole():
    night = Period(at("2025-10-25T23:00:00"), at("2025-10-26T03:00:00"))
    ends = [utc_text(window.end) for window in split(night, HOUR, "Europe/London")]
    assert ends == ["2025-10-26T02:00:00Z", "2025-10-26T03:00:00Z"]


@given(st.lists(periods, max_size=6), periods)
def test_what_is_missing_and_what_is_covered_make_up_the_whole(covered, whole):
    gaps = list(whole.without(covered))
    probes = {whole.start, *(p.start for p in covered), *(p.end for p in covered), *(g.start for g in gaps)}
    for probe in probes:
        if probe in whole:
            assert any(probe in gap for gap in gaps) != any(probe in other for other in covered)
    assert all(one.end < following.start for one, following in itertools.pairwise(gaps))


@given(periods.filter(lambda period: period.length > timedelta(minutes=1)))
def test_halves_make_up_the_whole(period):
    first, second = period.halves(timedelta(minutes=1))
    assert (first.start, first.end, second.end) == (period.start, second.start, period.end)


def test_an_empty_period_does_not_construct():
    with pytest.raises(ValueError, match="must end after it starts"):
        Period(at("2026-01-01"), at("2026-01-01"))


def test_a_step_that_is_no_longer_than_the_clock_tick_does_not_construct():
    with pytest.raises(ValueError, match="longer than its granularity"):
        Window("from", "to", step=timedelta(seconds=1))


DAY_IN_JUNE = Period(at("2026-06-01"), at("2026-06-02"))


@pytest.mark.parametrize(
    ("window", "zone", "expected"),
    [
        # A second more in front: no vendor is sure to include its bounds.
        (Window("a", "b"), "UTC", {"a": "2026-05-31 23:59:59", "b": "2026-06-02 00:00:00"}),
        (Window("a", "b"), "Europe/London", {"a": "2026-06-01 00:59:59", "b": "2026-06-02 01:00:00"}),
        (Window("a", "b", margin=DAY), "UTC", {"a": "2026-05-31 00:00:00", "b": "2026-06-02 00:00:00"}),
        (Window("a", "b", format="%d/%m/%Y", margin=0 * DAY), "UTC", {"a": "01/06/2026", "b": "02/06/2026"}),
    ],
)
def test_a_period_is_asked_for_in_the_vendors_words(window, zone, expected):
    assert window.params(DAY_IN_JUNE, zone) == expected


def test_an_edge_in_the_repeated_hour_asks_for_the_hours_around_it():
    # 00:30 UTC is 01:30 for the first time, 01:30 UTC is 01:30 for the second time.
    period = Period(at("2025-10-26T00:30:00"), at("2025-10-26T01:30:00"))
    asked = Window("a", "b").params(period, "Europe/London")
    assert asked == {"a": "2025-10-26 00:29:59", "b": "2025-10-26 02:30:00"}


@given(periods, st.sampled_from(ZONES), st.sampled_from([0 * HOUR, timedelta(seconds=1), DAY]))
def test_a_request_names_more_than_its_period_and_never_less(period, zone, margin):
    window = Window("a", "b", margin=margin)
    asked, covers = window.asked(period, zone), window.covers(period, zone)
    assert covers.start == asked.start <= period.start - margin
    assert covers.end - margin == asked.end >= period.end
    assert occurs_once(asked.start, zone)
    assert occurs_once(asked.end, zone)
    # The hour that a zone repeats is one, in Lord Howe a half: two hours beside it are always enough.
    assert covers.length <= period.length + 2 * margin + 4 * HOUR


def test_certain_leaves_a_moment_that_occurs_once_alone():
    moment = at("2026-06-01T12:00:00")
    assert certain(moment, "Europe/London", HOUR) == moment


@pytest.mark.parametrize(
    ("days", "workers", "expected"),
    [(30, 8, DAY), (1, 8, 3 * HOUR), (1, 10, 2 * HOUR), (1, 24, HOUR), (1, 40, HOUR), (1, 1, DAY), (2, 8, 6 * HOUR)],
)
def test_every_worker_gets_a_window(days, workers, expected):
    start = at("2026-01-01")
    assert step_for(Period(start, start + timedelta(days=days)), Window("a", "b"), workers) == expected


def test_a_window_is_not_cut_finer_than_the_vendor_makes_worth_while():
    window = Window("a", "b", step=5 * DAY, narrowest=DAY)
    start = at("2026-01-01")
    assert step_for(Period(start, start + DAY), window, 10) == DAY
    assert step_for(Period(start, start + 60 * DAY), window, 10) == 5 * DAY
