import logging
from datetime import datetime, timedelta

import orjson
import pytest

from cdr import reading
from cdr.errors import ConfigError, TooSlowError, TransientError
from cdr.reading import Means, WindowCount, WindowReader
from cdr.stream import Quirk
from cdr.windows import Period
from fakes import DAY, FORMAT, UTC, Paged, PagedVendor, Whole, call, config, executor

LOGGER = logging.getLogger("test")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(reading.time, "sleep", lambda seconds: None)


def read(vendor, stream=Paged, period=DAY, count=None, reader=None):
    count = count or WindowCount()
    with executor() as pages:
        reader = reader or WindowReader(stream(config()), vendor, Means(pages, 4, LOGGER))
        blocks = list(reader.read(period, count))
    return [orjson.loads(line)["vendor_record_id"] for rows in blocks for line in rows.lines()]


def ids(calls):
    return [row["id"] for row in calls]


@pytest.mark.parametrize("states_last", [True, False])
@pytest.mark.parametrize("calls", [0, 1, 9, 10, 11, 95, 100])
def test_every_page_is_read_in_order(calls, states_last):
    vendor = PagedVendor([call(n) for n in range(calls)], states_last=states_last)
    count = WindowCount()
    assert read(vendor, count=count) == ids(vendor.calls)
    assert (count.rows, count.total) == (calls, calls)


def test_pages_are_read_in_parallel_but_never_more_than_allowed():
    vendor = PagedVendor([call(n) for n in range(200)])
    read(vendor)
    assert vendor.most_in_flight <= 4


def test_rows_outside_the_window_are_left_to_theirs():
    edges = [call(1, DAY.start - timedelta(seconds=1)), call(2, DAY.start), call(3, DAY.end - timedelta(seconds=1))]
    assert read(PagedVendor([*edges, call(4, DAY.end)])) == ["c2", "c3"]


def test_a_row_whose_time_cannot_be_read_is_kept_and_given_out_once_in_a_sync():
    vendor = PagedVendor([{"id": "odd", "time": "soon"}, call(1)])
    with executor() as pages:
        reader = WindowReader(Paged(config()), vendor, Means(pages, 4, LOGGER))
        assert read(vendor, reader=reader) == ["odd", "c1"]
        following = Period(DAY.end, DAY.end + timedelta(days=1))
        assert read(vendor, period=following, reader=reader) == []


def test_a_row_inserted_before_what_was_read_is_found_by_reading_again():
    def insert(vendor, page, answer):
        if page == 2 and len(vendor.calls) == 30:
            vendor.calls.insert(0, call(999))
        return answer

    vendor = PagedVendor([call(n) for n in range(30)], script=insert)
    got = read(vendor)
    assert sorted(got) == sorted(ids(vendor.calls))
    assert len(got) == len(set(got))


def test_a_row_removed_while_pages_are_read_loses_no_other():
    def remove(vendor, page, answer):
        if page == 1 and len(vendor.calls) == 30:
            vendor.calls.pop(0)
        return answer

    vendor = PagedVendor([call(n) for n in range(30)], script=remove)
    assert set(read(vendor)) >= set(ids(vendor.calls))


def test_a_total_that_is_wrong_once_is_forgiven():
    answers = []

    def wrong_once(vendor, page, answer):
        answers.append(page)
        return {**answer, "total": 31} if len(answers) <= 3 else answer

    vendor = PagedVendor([call(n) for n in range(30)], script=wrong_once)
    got = read(vendor)
    assert got == ids(vendor.calls)


def test_a_total_that_stays_wrong_ends_as_a_transient_error_with_window_and_both_figures():
    vendor = PagedVendor([call(n) for n in range(30)], script=lambda v, page, answer: {**answer, "total": 31})
    with pytest.raises(TransientError, match="2026-01-05T00:00:00Z to 2026-01-06T00:00:00Z") as error:
        read(vendor)
    assert "30 rows received, 31 stated" in error.value.message
    assert len(vendor.requests) == 6


def test_the_same_id_twice_on_one_page_counts_as_the_vendor_counts_it():
    assert read(PagedVendor([call(1), call(1), call(2)])) == ["c1", "c2"]


def test_a_vendor_that_sends_the_same_page_for_ever_is_stopped():
    def same(vendor, page, answer):
        return {"rows": [call(n) for n in range(10)]}

    with pytest.raises(TransientError, match="does not end"):
        read(PagedVendor([], script=same))


def test_a_body_that_was_cut_is_asked_for_again():
    bodies = []

    def cut_once(vendor, page, answer):
        bodies.append(page)
        return orjson.dumps(answer)[:-5] if len(bodies) == 1 else answer

    assert read(PagedVendor([call(1)], script=cut_once)) == ["c1"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"message": "quota used up"}', b'{"rows": {}}', b'{"rows": "x"}']
)
def test_a_body_of_another_shape_is_an_error_and_never_no_rows(body):
    with pytest.raises(TransientError, match=r"page 1 of window 2026-01-05T00:00:00Z"):
        read(PagedVendor([], script=lambda vendor, page, answer: body))


def test_a_web_page_in_the_place_of_an_answer_is_a_wrong_address():
    with pytest.raises(ConfigError, match="check `api_url`"):
        read(PagedVendor([], script=lambda vendor, page, answer: b"<html>please sign in</html>"))


def test_a_page_that_is_too_slow_is_asked_for_once_more():
    def slow_once(vendor, page, answer):
        if len(vendor.requests) == 1:
            raise TooSlowError("too slow")
        return answer

    assert read(PagedVendor([call(1)], script=slow_once)) == ["c1"]


def test_a_list_that_is_left_out_where_the_total_is_zero_is_an_empty_page():
    assert read(PagedVendor([], script=lambda vendor, page, answer: {"total": 0})) == []


class RefusalError(ConfigError):
    status, text = 400, "unknown parameter size"


class Picky(Paged):
    quirks = (Quirk(400, "size", lambda stream, asked, period: asked.without("size")),)


class PickyVendor(PagedVendor):
    def get(self, request):
        if "size" in request.params:
            self.requests.append(dict(request.params))
            raise RefusalError("no size, please")
        return super().get(request)


def test_a_refused_form_of_request_is_sent_in_its_other_form_and_remembered():
    vendor = PickyVendor([call(n) for n in range(30)])
    assert read(vendor, stream=Picky) == ids(vendor.calls)
    assert sum("size" in request for request in vendor.requests) == 1


def test_a_refusal_without_a_quirk_is_final():
    with pytest.raises(RefusalError):
        read(PickyVendor([call(1)]), stream=Paged)


class WholeVendor:
    """Answers `Whole`: everything within `from` and `to`, at most `most` rows, too slow beyond `patience`."""

    def __init__(self, calls, most=10**9, patience=timedelta(days=99)):
        self.calls, self.most, self.patience = calls, most, patience
        self.requests = []

    def get(self, request):
        start, end = (datetime.strptime(request.params[name], FORMAT).replace(tzinfo=UTC) for name in ("from", "to"))
        self.requests.append((start, end))
        if end - start > self.patience:
            raise TooSlowError("too slow")
        inside = [
            row for row in self.calls if start <= datetime.strptime(row["time"], FORMAT).replace(tzinfo=UTC) <= end
        ]
        return orjson.dumps(inside[: self.most])


def test_an_array_that_looks_cut_off_is_read_in_halves():
    calls = [call(n, DAY.start + timedelta(seconds=30 * n)) for n in range(2500)]
    assert read(WholeVendor(calls, most=1000), stream=Whole) == ids(calls)


def test_a_full_looking_array_that_is_whole_is_given_out_once():
    calls = [call(n) for n in range(1000)]
    got = read(WholeVendor(calls), stream=Whole)
    assert sorted(got) == sorted(ids(calls))


def test_a_window_that_is_too_slow_is_halved_down_to_a_minute():
    calls = [call(n, DAY.start + timedelta(minutes=7 * n)) for n in range(200)]
    vendor = WholeVendor(calls, patience=timedelta(hours=1))
    assert read(vendor, stream=Whole) == ids(calls)
    with pytest.raises(TooSlowError):
        read(WholeVendor(calls, patience=timedelta(0)), stream=Whole)


def test_rows_on_the_edge_of_two_halves_are_given_out():
    noon = DAY.start + timedelta(hours=12)
    calls = [call(1, noon - timedelta(seconds=1)), call(2, noon), call(3, noon + timedelta(seconds=1))]
    assert read(WholeVendor(calls, patience=timedelta(hours=13)), stream=Whole) == ["c1", "c2", "c3"]
