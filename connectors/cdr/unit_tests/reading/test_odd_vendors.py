"""What vendors of drawn habits showed of the reader: each test is the smallest form of one of them."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import orjson
import pytest

from cdr.normaliser import moment, text
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.context import ReadContext, Sync, WindowCount
from cdr.reading.window_reader import WindowReader
from cdr.schema.errors import ConfigError, TransientError
from cdr.vendor.config import Config
from cdr.vendor.paginators import PageNumber, SinglePage, SkipTop
from cdr.vendor.stream import CallStream
from cdr.vendor.windows import Period, Window, utc_text

LOGGER = logging.getLogger("test")
FORMAT = "%Y-%m-%d %H:%M:%S"
HOUR = timedelta(hours=1)
DAY = Period(datetime(2026, 1, 5, tzinfo=timezone.utc), datetime(2026, 1, 6, tzinfo=timezone.utc))
NOW = DAY.end
SPECIFICATION = {
    "type": "object",
    "properties": {
        "api_url": {"default": "http://127.0.0.1:1"},
        "include_raw": {"default": False},
        "start_date": {"type": "string"},
    },
}


class Paged(CallStream):
    vendor = "voxo"
    endpoint = "calls"
    rows = "rows"
    total = "total"
    cursor = "started_at"
    paginator = PageNumber("page", asks=("size", 10))
    window = Window("from", "to", format=FORMAT)
    fields = {
        "vendor_record_id": text("id"),
        "started_at": moment("time", FORMAT, zone="UTC"),
        "from_number": text("from"),
    }


class Skipping(Paged):
    paginator = SkipTop("skip", "top", 10)


class Whole(Paged):
    rows = ""
    total = ()
    paginator = SinglePage()


def _moment(text):
    return datetime.strptime(text, FORMAT).replace(tzinfo=timezone.utc)


def _moved(text, hours):
    return (_moment(text) + hours * HOUR).strftime(FORMAT)


class Vendor:
    """Finds calls between the two moments that it is asked for. `find` says which of them it gives."""

    def __init__(self, calls, find=lambda found: found, size=10, obeys=True, total=len):
        self.calls = sorted(calls)
        self.find = find
        self.size = size
        self.obeys = obeys
        self.total = total

    def get(self, request, attempts=None, what=""):
        asked = request.params
        low, high = (_moment(asked[name]) for name in ("from", "to"))
        found = self.find([call for call in self.calls if not self.obeys or low <= call[0] <= high])
        rows = [{"id": name, "time": at.strftime(FORMAT), "from": caller} for at, name, caller in found]
        if "page" not in asked and "skip" not in asked:
            return orjson.dumps(rows)
        skip = int(asked["skip"]) if "skip" in asked else (int(asked["page"]) - 1) * self.size
        if skip and skip >= len(rows):
            error = ConfigError("404 Not Found")
            error.status = 404
            raise error
        return orjson.dumps({"rows": rows[skip : skip + self.size], "total": self.total(found)})


def call(number, at=None, name=None):
    return at or DAY.start + number * timedelta(minutes=1), name or f"c{number}", str(100 + number)


def sync(stream, vendor, windows=(DAY,), state=None, keeps_from=NOW):
    """The ids that a sync gives out, and the memory that it leaves."""
    lookback = Lookback(state or {}, keeps_from)
    whole = Period(windows[0].start, windows[-1].end)
    with ThreadPoolExecutor(2) as pages:
        reader = WindowReader(
            stream(Config({"start_date": "2026-01-01"}, SPECIFICATION)),
            vendor,
            ReadContext(pages, 2, LOGGER),
            Sync(whole, windows, lookback),
        )
        came = []
        for window in windows:
            for rows in reader.read(window, WindowCount()):
                came += [orjson.loads(line)["vendor_record_id"] for line in rows.lines()]
            reader.closed(window)
    return came, lookback.as_state(is_complete=True, resumes=False)


def test_an_id_of_two_calls_stays_known_for_as_long_as_the_lookback_reaches_it():
    vendor = Vendor([call(1), call(2, name="c1")])
    _, state = sync(Whole, vendor, keeps_from=DAY.start)
    assert state["repeated"] == ["c1"]
    _, state = sync(Whole, vendor, state=state, keeps_from=DAY.start)
    assert state["repeated"] == ["c1"]
    came, _ = sync(Whole, vendor, state=state, keeps_from=DAY.start)
    assert came == []


def days(count):
    return [Period(DAY.start + 24 * number * HOUR, DAY.end + 24 * number * HOUR) for number in range(count)]


def test_a_filter_that_is_ignored_is_found_out_on_a_last_page_with_few_rows():
    far = call(99, at=DAY.end + 60 * HOUR)
    vendor = Vendor([*(call(number) for number in range(20)), far], obeys=False)
    came, _ = sync(Skipping, vendor, days(4))
    assert sorted(came) == sorted({name for _, name, _ in vendor.calls})


def test_a_round_number_of_rows_is_doubted_where_the_stated_total_is_the_accounts():
    vendor = Vendor([call(number) for number in range(130)], find=lambda found: found[:100], total=lambda _: 999)
    assert len(sync(Paged, vendor)[0]) == 130


def test_what_a_server_without_a_filter_sends_is_remembered_with_its_hours():
    windows = days(4)
    old = [call(number) for number in range(5)]
    recent = [call(number, at=windows[-1].start + number * HOUR) for number in (6, 7, 7.5)]
    vendor = Vendor([*old, *recent], obeys=False)
    came, state = sync(Whole, vendor, windows, keeps_from=windows[-1].start)
    assert len(came) == 8
    assert state["hours"] == [utc_text(windows[-1].start + 6 * HOUR), 1, 2]
    again, _ = sync(Whole, vendor, windows[-1:], state=state, keeps_from=windows[-1].start)
    assert again == []


def test_a_round_number_in_the_last_stretch_that_can_be_asked_for_is_held_against_a_stretch_near_it():
    # Looks at the days of the request alone, leaves the last one out, and ends at 100 rows.
    class ByDays(Vendor):
        def get(self, request, attempts=None, what=""):
            days = {name: request.params[name][:10] + " 00:00:00" for name in ("from", "to")}
            return super().get(request.plus(days))

    busy = [call(number) for number in range(130)]
    before = [call(500 + number, at=DAY.start - (30 + number) * HOUR) for number in range(40)]
    vendor = ByDays([*before, *busy], find=lambda found: found[-100:])
    with pytest.raises(TransientError, match="cuts its answers off"):
        sync(Whole, vendor, [Period(DAY.end, DAY.end + HOUR)])


def test_a_total_that_no_page_reaches_does_not_add_up_whatever_comes_behind_the_last_page():
    vendor = Vendor([call(number) for number in range(25)], total=lambda found: len(found) + 9 if found else 0)
    with pytest.raises(TransientError, match="does not add up"):
        sync(Paged, vendor)


def test_two_calls_of_one_id_on_two_pages_of_a_whole_list_both_count_towards_its_total():
    far = call(0, at=DAY.end + 60 * HOUR)  # c0, as the first one
    vendor = Vendor([*(call(number) for number in range(20)), far], obeys=False)
    assert len(sync(Skipping, vendor, days(4))[0]) == 21


class InOwnZone(Whole):
    """Ids tell the time, so that the zone of a vendor can be found."""

    zones = ("America/Chicago",)
    fields = {**Whole.fields, "started_at": moment("time", FORMAT, witness="id")}


class Chicago(Vendor):
    """Prints its times in Chicago, and reads those of a request there."""

    def get(self, request, attempts=None, what=""):
        later = {name: _moved(request.params[name], 6) for name in ("from", "to")}
        rows = orjson.loads(super().get(request.plus(later)))
        for row in rows:
            row["id"] = f"{int(_moment(row['time']).timestamp())}.1"
            row["time"] = _moved(row["time"], -6)
        return orjson.dumps(rows)


def test_the_zone_of_requests_is_found_where_the_newest_and_the_oldest_window_are_empty():
    windows = days(4)
    middle = windows[1].start
    vendor = Chicago([call(number, at=middle + number * HOUR) for number in range(4)])
    ahead = [call(number, at=windows[-1].end - number * HOUR) for number in (7, 8)]
    came, _ = sync(InOwnZone, Chicago([*vendor.calls, *ahead]), windows)
    assert len(came) == 6


def test_a_shift_of_requests_is_known_to_a_sync_without_calls():
    windows = days(2)
    vendor = Chicago([call(number, at=windows[0].start + number * HOUR) for number in range(7, 12)])
    with ThreadPoolExecutor(2) as pages:
        settings = Config({"start_date": "2026-01-01"}, SPECIFICATION)
        whole = Period(windows[0].start, windows[-1].end)
        means = ReadContext(pages, 2, LOGGER)
        reader = WindowReader(InOwnZone(settings), vendor, means, Sync(whole, windows, Lookback({}, NOW)))
        for window in windows:
            list(reader.read(window, WindowCount()))
        assert reader.dialect() == {"zone": "America/Chicago", "shift_hours": 6}
        quiet = Sync(windows[1], windows[1:], Lookback({}, NOW), dialect=reader.dialect())
        late = Chicago([call(1, at=windows[1].end - HOUR)])
        reader = WindowReader(InOwnZone(settings), late, means, quiet)
        assert sum(rows.count for rows in reader.read(windows[1], WindowCount())) == 1


def test_what_is_asked_for_because_of_a_shift_is_remembered_for_the_next_sync():
    windows = days(2)
    vendor = Chicago([call(number, at=windows[1].start + number * HOUR) for number in (1, 7, 8, 9, 10)])
    horizon = windows[1].start + 4 * HOUR
    _, state = sync(InOwnZone, vendor, windows, keeps_from=horizon)
    assert sync(InOwnZone, vendor, [Period(horizon, windows[1].end)], state=state, keeps_from=horizon)[0] == []
