"""What goes over the wire, page by page, and what of the answers is believed."""

from datetime import timedelta

import pytest
from airbyte_cdk.models import FailureType, Status


@pytest.fixture
def all_day(at):
    """So many calls, evenly spread over the day that is read: each half of it has about half of them."""
    return lambda count: [
        (f"c{number:04}", at("2026-03-28T00:00:00") + number * timedelta(days=1) / count) for number in range(count)
    ]


def test_a_window_is_asked_for_in_local_time_from_a_second_before_to_the_moment_behind_it(vendor, connected):
    dates = {"start_date": "2026-06-30T23:00:00Z", "end_date": "2026-07-01T22:59:59Z"}
    with connected(vendor, num_workers=1, **dates) as acefone:
        acefone.read()
        assert acefone.asked() == [
            {
                "from_date": "2026-06-30 23:59:59",
                "to_date": "2026-07-02 00:00:00",
                "time_zone": "Europe/London",
                "page": "1",
                "limit": "100",
            },
            # Behind a given `end_date`: the filter may look at the end of a call, or count in another zone.
            {
                "from_date": "2026-07-01 23:59:59",
                "to_date": "2026-07-03 02:00:00",
                "time_zone": "Europe/London",
                "page": "1",
                "limit": "100",
            },
        ]


def test_the_configured_zone_is_named_and_its_times_are_asked_for(vendor, connected):
    with connected(vendor, timezone="Asia/Kolkata", start_date="2026-03-28T00:00:00Z", num_workers=1) as acefone:
        acefone.read()
        asked = acefone.asked()
    assert sorted((query["from_date"], query["to_date"]) for query in asked) == [
        ("2026-03-28 05:29:59", "2026-03-29 00:00:00"),
        ("2026-03-28 23:59:59", "2026-03-29 05:30:00"),
        ("2026-03-29 05:29:59", "2026-03-30 07:30:00"),  # 26 hours behind the end
    ]
    assert {query["time_zone"] for query in asked} == {"Asia/Kolkata"}


@pytest.mark.parametrize("includes", [True, False])
def test_rows_on_the_edge_of_two_windows_come_once_whichever_bounds_the_vendor_includes(
    vendor, connected, at, includes
):
    vendor.includes = includes
    vendor.calls = [
        ("before", at("2026-01-09T23:59:59")),
        ("first", at("2026-01-10T00:00:00")),
        ("edge", at("2026-01-11T00:00:00")),
        ("last", at("2026-01-11T23:59:59")),
        ("after", at("2026-01-12T00:00:00")),
    ]
    with connected(vendor, start_date="2026-01-10", end_date="2026-01-11", num_workers=1) as acefone:
        assert acefone.read().ids == ["edge", "first", "last"]


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("shape", [list, dict])
@pytest.mark.parametrize(
    ("count", "pages"),
    # The last one is the stretch behind `end_date`. A round figure asks for the first page of each half.
    [(0, "1 1"), (99, "1 1"), (100, "1 1 1 1"), (101, "1 2 1"), (249, "1 2 3 1"), (250, "1 2 3 1 1 1")],
)
def test_every_page_is_read_and_none_more(vendor, connected, all_day, count, pages, shape, workers):
    vendor.calls, vendor.shape = all_day(count), shape
    vendor.epochs = False
    with connected(vendor, num_workers=workers) as acefone:
        outcome = acefone.read()
        asked = acefone.asked()
    assert outcome.error is None
    assert outcome.ids == [f"c{number:04}" for number in range(count)]
    if workers == 1:
        assert [query["page"] for query in asked] == pages.split()


@pytest.mark.parametrize(
    ("count", "pages"),
    # The last page is that of the stretch behind `end_date`. A round figure has both halves read.
    # Where nothing comes and nothing says that the account is empty, the other forms of the dates are tried as well.
    [(0, "1 1 1 1 1"), (99, "1 2 1"), (100, "1 2 1 2 1 2 1"), (101, "1 2 3 1"), (250, "1 2 3 4 1 2 3 1 2 3 1")],
)
def test_without_counters_only_an_empty_page_is_the_end(vendor, connected, all_day, count, pages):
    vendor.calls = all_day(count)
    vendor.counters = lambda window, page, number: {"page": str(number)}
    if count == 0:
        vendor.violations = lambda request: []  # dates in another form
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
        asked = acefone.asked()
    assert outcome.error is None
    assert len(outcome.ids) == count
    assert [query["page"] for query in asked] == pages.split()


@pytest.mark.parametrize("total", ["249", 249, "90", "9999"])
def test_the_accounts_total_is_not_the_windows(vendor, connected, all_day, total):
    vendor.calls = all_day(249)
    vendor.counters = lambda window, page, number: {"total_records": total}
    with connected(vendor, num_workers=1) as acefone:
        assert len(acefone.read().ids) == 249
        # To the empty page, and behind the end.
        assert [query["page"] for query in acefone.asked()] == ["1", "2", "3", "4", "1"]


@pytest.mark.parametrize("stated", ["90", "240", "251", "900"])
def test_a_counter_that_is_the_same_for_every_window_loses_no_row(vendor, connected, all_day, stated):
    vendor.calls = all_day(249)
    vendor.counters = lambda window, page, number: {"filtered_records": stated}
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
    assert outcome.error is None
    assert len(outcome.ids) == 249


def test_a_counter_that_stays_wrong_ends_the_stream_with_both_figures(vendor, connected, all_day):
    vendor.calls = all_day(249)
    vendor.counters = lambda window, page, number: {"filtered_records": str(len(window) + 2)}
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
    assert outcome.error.failure_type is FailureType.transient_error
    # 125 calls in the first half of the day, 124 in the second.
    assert "249 rows received, 251 stated" in outcome.error.message


def test_a_counter_that_was_wrong_once_costs_a_second_reading_and_no_row_twice(vendor, connected, all_day):
    vendor.calls = all_day(148)
    more = iter([1, 1])
    vendor.counters = lambda window, page, number: {"filtered_records": str(len(window) + next(more, 0))}
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
        # A week elsewhere, whose total is another; whether pages count from 0; both halves; and behind the end.
        assert [query["page"] for query in acefone.asked()] == ["1", "2", "1", "0", "1", "1", "1"]
    assert outcome.error is None
    assert outcome.ids == sorted({name for name, _ in vendor.calls})


def test_rows_of_an_object_come_in_the_order_of_their_indexes(vendor, connected, calls):
    vendor.calls, vendor.shape = calls(12), dict
    with connected(vendor, num_workers=1) as acefone:
        records = acefone.read().records
    # Newest first, as the vendor sends them; as text "10" would come before "2".
    assert [record["vendor_record_id"] for record in records] == [f"c{number:04}" for number in reversed(range(12))]


@pytest.mark.parametrize(
    "body",
    [{}, [], {"data": "none"}, {"data": {"message": "no"}}, {"filtered_records": "3", "data": None}, b'{"data": ['],
)
def test_a_body_without_its_rows_is_never_no_rows(vendor, connected, body):
    vendor.script = lambda request: (200, {}, body)
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
    assert outcome.error.failure_type is FailureType.transient_error


@pytest.mark.parametrize("body", [{"data": []}, {"data": {}}, {"filtered_records": "0", "data": None}])
def test_an_empty_window_may_be_written_in_three_ways(vendor, connected, body):
    vendor.script = lambda request: (200, {}, body)
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
    assert (outcome.error, outcome.records) == (None, [])


@pytest.mark.parametrize("no", [False, "false", 0])
def test_a_200_that_says_it_failed_has_failed_in_the_vendors_words(vendor, connected, no):
    vendor.script = lambda request: (200, {}, {"success": no, "message": "Report engine is down", "data": []})
    with connected(vendor, num_workers=1) as acefone:
        outcome = acefone.read()
        assert len(acefone.received) == 2  # the same words twice are no fault of the line
    assert outcome.error.failure_type is FailureType.transient_error
    assert "Report engine is down" in outcome.error.message


def test_a_200_that_failed_once_is_asked_again(vendor, connected, calls):
    vendor.calls = calls(3)
    failures = [(200, {}, {"success": False, "message": "Report engine is down"})]
    vendor.script = lambda request: failures.pop() if failures else None
    with connected(vendor, num_workers=1) as acefone:
        assert acefone.read().ids == ["c0000", "c0001", "c0002"]


@pytest.mark.parametrize("yes", [True, "true", 1, None])
def test_a_page_that_says_success_is_a_page(vendor, connected, calls, yes):
    vendor.calls = calls(1)
    counters = vendor.counters
    vendor.counters = lambda *page: {**counters(*page), "success": yes}
    with connected(vendor, num_workers=1) as acefone:
        assert acefone.read().ids == ["c0000"]


@pytest.mark.parametrize("command", ["check", "read"])
def test_a_404_names_the_second_platform_as_a_possible_reason(vendor, connected, command):
    vendor.script = lambda request: (404, {}, {"message": "Route not found"})
    with connected(vendor, num_workers=1) as acefone:
        if command == "check":
            answer = acefone.check()
            assert answer.status is Status.FAILED
            message = answer.message
        else:
            error = acefone.read().error
            assert error.failure_type is FailureType.config_error
            message = error.message
        # As documented, then in the other forms of dates and zone.
        assert len(acefone.received) == 5
    assert all(words in message for words in ("Route not found", "`api_url`", "second UK platform", "ask Acefone"))


def test_a_sync_resumes_a_lookback_behind_where_the_last_one_ended(vendor, connected, calls):
    vendor.calls = calls(3, "2026-06-03T10:00:00")
    dates = {"start_date": "2026-06-01", "end_date": "2026-06-03"}
    with connected(vendor, num_workers=1, lookback_window_minutes=1440, **dates) as acefone:
        state = acefone.read().state
        before = len(acefone.received)
        acefone.read(state)
        asked = acefone.asked()[before:]
    # Read up to 2026-06-04T00:00Z, an hour after midnight in London; 1,440 minutes behind it is the same hour.
    assert min(query["from_date"] for query in asked) == "2026-06-03 00:59:59"
    # 26 hours behind the end.
    assert max(query["to_date"] for query in asked) == "2026-06-05 03:00:00"


def test_a_sync_resumes_in_the_hour_before_the_doubled_one(vendor, connected):
    settings = {"num_workers": 1, "start_date": "2026-10-24"}
    with connected(vendor, end_date="2026-10-25T00:29:59Z", **settings) as acefone:
        state = acefone.read().state
        # 00:30Z is 01:30 in London, for the first time; what was asked for reaches past the second.
        assert "2026-10-25 02:30:00" in [query["to_date"] for query in acefone.asked()]
    with connected(vendor, end_date="2026-10-25", **settings) as acefone:
        acefone.read(state)
        assert min(query["from_date"] for query in acefone.asked()) == "2026-10-25 00:29:59"
