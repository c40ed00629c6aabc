"""The filter of whole days, and the windows that it is asked for in."""

import itertools
import locale
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from cdr.vendor.windows import Period, split, step_for
from source_bics.streams import CallRecords, Recordings

UTC = timezone.utc
SPEC = yaml.safe_load((Path(__file__).parents[3] / "specs" / "bics.openapi.yaml").read_text(encoding="utf-8"))
EDGES = ["Pacific/Kiritimati", "Asia/Kolkata", "UTC", "America/New_York", "Etc/GMT+12"]


def asked(start, end, zone="UTC"):
    (text,) = CallRecords.window.params(Period(start, end), zone).values()
    return text


def test_a_period_is_asked_for_with_one_day_more_on_each_side():
    assert asked(datetime(2019, 8, 11, tzinfo=UTC), datetime(2019, 8, 14, tzinfo=UTC)) == "Aug 10, 2019 - Aug 14, 2019"


def test_an_hour_is_asked_for_as_its_day_and_both_neighbours():
    hour = datetime(2024, 3, 1, 12, tzinfo=UTC)
    assert asked(hour, hour + timedelta(hours=1)) == "Feb 29, 2024 - Mar 02, 2024"


def test_the_days_are_those_of_the_configured_zone():
    night = datetime(2026, 6, 9, 23, 30, tzinfo=UTC)  # half past midnight of the 10th in London
    assert asked(night, night + timedelta(minutes=5), "Europe/London") == "Jun 09, 2026 - Jun 11, 2026"


@pytest.mark.parametrize("rows", EDGES)
@pytest.mark.parametrize("filters", EDGES)
def test_every_row_is_asked_for_whatever_zones_the_vendor_prints_and_filters_in(rows, filters):
    for hour in range(0, 60, 3):
        moment = datetime(2026, 6, 9, tzinfo=UTC) + timedelta(hours=hour)
        days = re.findall(r"Jun (\d\d), 2026", asked(moment, moment + timedelta(seconds=1), rows))
        assert int(days[0]) <= moment.astimezone(ZoneInfo(filters)).day <= int(days[1])


def test_months_are_english_and_in_the_form_of_the_document(monkeypatch):
    days = re.compile(SPEC["components"]["schemas"]["Days"]["pattern"])
    for month in range(1, 13):
        start = datetime(2026, month, 5, tzinfo=UTC)
        assert days.fullmatch(asked(start, start + timedelta(days=1)))


@pytest.fixture
def another_language():
    """The first locale of this machine whose months are not English; the table is used where there is none too."""
    before = locale.setlocale(locale.LC_TIME)
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "pl_PL.UTF-8", "C"):
        try:
            locale.setlocale(locale.LC_TIME, name)
            break
        except locale.Error:
            continue
    yield
    locale.setlocale(locale.LC_TIME, before)


def test_months_do_not_depend_on_the_locale(another_language, monkeypatch):
    october = datetime(2025, 10, 5, tzinfo=UTC)
    assert asked(october, october + timedelta(days=90)) == "Oct 04, 2025 - Jan 03, 2026"


def test_no_month_is_written_by_the_locales_own_formatter():
    source = Path(CallRecords.window.params.__code__.co_filename).read_text(encoding="utf-8")
    assert "strftime" not in source


def test_calls_are_filtered_on_their_end_and_recordings_on_their_making():
    (parameter,) = (p["name"] for p in SPEC["components"]["parameters"].values() if "end_at" in p["name"])
    assert CallRecords.window.start == parameter
    (parameter,) = (p["name"] for p in SPEC["components"]["parameters"].values() if "created_at" in p["name"])
    assert Recordings.window.start == parameter


@pytest.mark.parametrize("workers", [1, 8, 40])
def test_sixty_days_are_a_few_windows_so_that_the_extra_days_cost_little(settings, workers):
    period = Period(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    window = CallRecords(settings()).window
    windows = list(split(period, step_for(period, window, workers), "UTC"))
    days = sum((one.length + timedelta(days=2)) / timedelta(days=1) for one in windows)
    assert len(windows) <= 10
    assert days <= 60 * 4 / 3


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York"])
def test_windows_meet_at_local_midnights_without_gap(settings, zone):
    stream = CallRecords(settings(timezone=zone))
    period = Period(datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 4, 12, 7, tzinfo=UTC))
    windows = list(split(period, step_for(period, stream.window, 8), stream.zone))
    assert (windows[0].start, windows[-1].end) == (period.start, period.end)
    for before, after in itertools.pairwise(windows):
        assert before.end == after.start
        assert f"{after.start.astimezone(ZoneInfo(zone)):%H:%M:%S}" == "00:00:00"
