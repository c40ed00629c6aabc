from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

from cdr.vendor.filters import DayWindow, EpochWindow, IsoWindow
from cdr.vendor.windows import Period, split

UTC = timezone.utc
DAY = Period(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
HOUR = timedelta(hours=1)


def at(*when):
    return datetime(2026, 1, *when, tzinfo=UTC)


def test_epoch_seconds_are_asked_for_with_a_second_of_margin():
    assert EpochWindow("from", "to").params(DAY, "UTC") == {"from": "1767571199", "to": "1767657600"}


def test_epoch_seconds_name_two_moments_exactly_where_they_are_to_be_tried():
    assert EpochWindow("from", "to").exactly(DAY, "UTC") == {"from": "1767571200", "to": "1767657600"}


def test_no_moment_before_1970_is_asked_for():
    period = Period(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
    assert EpochWindow("from", "to").params(period, "UTC") == {"from": "0", "to": "86400"}


def test_epoch_seconds_are_the_same_in_every_zone():
    window = EpochWindow("from", "to")
    assert window.text(at(5), "America/Chicago") == window.text(at(5), "UTC") == "1767571200"


def test_rfc_3339_is_asked_for_in_utc_with_milliseconds():
    window = IsoWindow("dateFrom", "dateTo")
    assert window.params(DAY, "UTC") == {
        "dateFrom": "2026-01-04T23:59:59.000Z",
        "dateTo": "2026-01-06T00:00:00.000Z",
    }
    assert window.text(at(5, 1, 2, 3, 4000), "UTC") == "2026-01-05T01:02:03.004Z"


def test_days_are_named_from_the_first_to_the_one_behind_the_last():
    window = DayWindow("StartTime>", "StartTime<")
    asked = window.params(DAY, "UTC")
    assert asked == {"StartTime>": "2026-01-05", "StartTime<": "2026-01-06"}
    assert urlencode(asked) == "StartTime%3E=2026-01-05&StartTime%3C=2026-01-06"


def test_a_part_of_a_day_is_asked_for_as_the_day():
    window = DayWindow("from", "to")
    assert window.params(Period(at(5, 12), at(5, 13)), "UTC") == {"from": "2026-01-05", "to": "2026-01-06"}


def test_a_period_that_ends_a_moment_into_a_day_asks_for_that_day_too():
    window = DayWindow("from", "to", further=timedelta(0))
    assert window.params(Period(at(5), at(6, 0, 0, 1)), "UTC") == {"from": "2026-01-05", "to": "2026-01-06"}


def test_a_request_for_days_covers_them_to_the_last_midnight():
    window = DayWindow("from", "to")
    assert window.covers(Period(at(5, 12), at(5, 13)), "UTC") == Period(at(5), at(7))


def test_days_of_a_zone_begin_at_its_midnights():
    window = DayWindow("from", "to", zone="America/New_York", further=timedelta(0))
    period = Period(at(5, 4), at(5, 6))  # an hour on either side of New York's midnight
    assert window.params(period, "America/New_York") == {"from": "2026-01-04", "to": "2026-01-05"}
    assert window.covers(period, "America/New_York") == Period(at(4, 5), at(6, 5))


def test_days_can_be_halved_down_to_one_day_only():
    window = DayWindow("from", "to")
    assert window.knows_days_only
    assert Period(at(5), at(8)).halves(window.smallest) == (Period(at(5), at(6)), Period(at(6), at(8)))


def test_a_month_is_cut_into_weeks():
    month = Period(at(1), at(31))
    assert all(part.length <= 7 * 24 * HOUR for part in split(month, DayWindow("from", "to").step, "UTC"))
