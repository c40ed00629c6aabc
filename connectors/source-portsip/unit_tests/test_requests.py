"""What goes over the wire, page by page, and what of the answers is believed."""

import pytest
from airbyte_cdk.models import FailureType, Status

IDS_OF_250 = [f"c{number:04}" for number in range(250)]
COUNTS = {
    "total": lambda asked, page, every: len(asked),
    "page": lambda asked, page, every: len(page),
    "absent": lambda asked, page, every: None,
    "list": lambda asked, page, every: len(every),
}


def test_a_window_is_asked_for_half_open_ordered_and_with_its_count(vendor, connected):
    with connected(vendor) as portsip:
        portsip.read()
        assert portsip.asked() == [
            {
                "filter": "started_at ge '2026-03-28T00:00:00Z' and started_at lt '2026-03-29T00:00:00Z'",
                "orderby": "started_at asc",
                "skip": "0",
                "top": "100",
                "count": "true",
            }
        ]


def test_completed_reports_are_asked_for_by_their_completion_and_definitions_whole(vendor, connected):
    with connected(vendor) as portsip:
        portsip.read("call_reports", "completed_call_reports")
        assert portsip.asked("/call_reports") == [{"skip": "0", "top": "100", "count": "true"}]
        (completed,) = portsip.asked("/completed_call_reports")
    assert completed["filter"] == "completed_at ge '2026-03-28T00:00:00Z' and completed_at lt '2026-03-29T00:00:00Z'"
    assert completed["orderby"] == "completed_at asc"


def test_both_ends_are_inclusive_to_the_microsecond(vendor, connected):
    times = {
        "before": "2026-03-28T09:59:59.999999Z",
        "first": "2026-03-28T10:00:00Z",
        "between": "2026-03-28T10:00:00.000001Z",
        "last": "2026-03-28T11:00:00Z",
        "after": "2026-03-28T11:00:00.000001Z",
    }
    vendor.rows["/cdrs"] = [{"id": name, "started_at": time} for name, time in times.items()]
    dates = {"start_date": "2026-03-28T10:00:00Z", "end_date": "2026-03-28T11:00:00Z"}
    with connected(vendor, **dates) as portsip:
        assert portsip.read().ids == ["between", "first", "last"]
        assert portsip.asked()[-1]["filter"].endswith("lt '2026-03-28T11:00:00.000001Z'")


def test_rows_on_the_edge_of_two_windows_come_once(vendor, connected):
    times = ("2026-03-28T23:59:59.999999Z", "2026-03-29T00:00:00Z", "2026-03-29T00:00:00.000001Z")
    vendor.rows["/cdrs"] = [{"id": time, "started_at": time} for time in times]
    with connected(vendor, end_date="2026-03-29") as portsip:
        outcome = portsip.read()
        assert len(portsip.asked()) == 2
    assert outcome.ids == sorted(times)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("rows", [0, 1, 99, 101, 199, 201, 249])
def test_a_window_ends_with_its_total_or_on_an_empty_page(vendor, connected, calls, rows, count, workers):
    vendor.rows["/cdrs"], vendor.counts = calls(rows), COUNTS[count]
    with connected(vendor, num_workers=workers, end_date="2026-03-28T23:59:59.999999Z") as portsip:
        outcome = portsip.read()
        skips = [query["skip"] for query in portsip.asked()]
    assert outcome.error is None
    assert outcome.ids == [f"c{number:04}" for number in range(rows)]
    pages = max(1, -(-rows // 100))
    # A count of the page's rows is no total; nor is none, and then a small page may be all that the server gives.
    reads_on = {"page": rows >= 100, "absent": rows > 0}.get(count, False)
    if workers == 1:
        assert skips == [str(min(rows, 100) * page) for page in range(pages + reads_on)]


@pytest.mark.parametrize(
    ("count", "asked"),
    [
        # The first page of each half says that they have 50 each.
        ("total", "0 100, 0, 0"),
        ("page", "0 100, 0, 0"),
        # Without a total each half is read to its end.
        ("absent", "0 100, 0 50, 0 50"),
    ],
)
def test_a_round_figure_is_doubted(vendor, connected, calls, count, asked):
    vendor.rows["/cdrs"], vendor.counts = calls(100, apart=864), COUNTS[count]
    with connected(vendor, end_date="2026-03-28T23:59:59.999999Z") as portsip:
        outcome = portsip.read()
        assert [query["skip"] for query in portsip.asked()] == asked.replace(",", "").split()
    assert outcome.error is None
    assert outcome.ids == [f"c{number:04}" for number in range(100)]


def test_a_round_total_of_the_whole_list_costs_a_few_requests_and_no_error(vendor, connected, calls):
    vendor.rows["/cdrs"], vendor.counts = calls(100, apart=864), COUNTS["list"]
    with connected(vendor, end_date="2026-03-28T23:59:59.999999Z") as portsip:
        outcome = portsip.read()
        # Two pages; the halves, their halves until the total shows to be that of everything; another week.
        assert len(portsip.asked()) <= 2 + 2 + 4 + 4 + 1
    assert outcome.error is None
    assert outcome.ids == [f"c{number:04}" for number in range(100)]


def test_pages_of_a_window_are_read_in_parallel_once_the_total_is_known(vendor, connected, calls):
    gathered = []

    def meet(request, path):
        # The second page is answered when a third one has been asked for: one by one would wait for ever.
        if "skip=100&" in request.path:
            gathered.append(wait_for(lambda: any("skip=200&" in one.path for one in portsip.received)))

    vendor.script = meet
    # An hour is one window, however many workers there are.
    dates = {"start_date": "2026-03-28T00:00:00Z", "end_date": "2026-03-28T00:59:59Z"}
    vendor.rows["/cdrs"] = calls(1000, apart=3)
    with connected(vendor, num_workers=2, **dates) as portsip:
        assert len(portsip.read().ids) == 1000
    assert gathered == [True]


def wait_for(condition):
    import threading

    for _ in range(200):
        if condition():
            return True
        threading.Event().wait(0.01)
    return False


def test_a_total_that_does_not_agree_twice_ends_the_sync_and_keeps_the_state(vendor, connected, calls):
    vendor.rows["/cdrs"] = calls(150)
    vendor.counts = lambda asked, page, every: len(asked) + 1
    with connected(vendor) as portsip:
        outcome = portsip.read()
        windows = [query for query in portsip.asked() if "2026-03-28" in query.get("filter", "")]
    assert len(windows) == 2 + 3  # two pages; then both halves, all calls in the first
    assert outcome.error.failure_type is FailureType.transient_error
    assert "2026-03-28T00:00:00Z to 2026-03-29T00:00:00Z" in outcome.error.message
    assert "rows received" in outcome.error.message
    assert "read twice" in outcome.error.message
    slices = [one for state in outcome.states for one in state["stream"]["stream_state"]["slices"]]
    assert all(one["start"] == one["end"] for one in slices)


def test_a_row_that_is_inserted_while_pages_are_read_is_not_lost(vendor, connected, calls):
    vendor.rows["/cdrs"] = calls(150, apart=60)
    late = {"id": "late", "started_at": "2026-03-28T00:00:30Z"}

    def insert(request, path):
        if "skip=100" in request.path and late not in vendor.rows["/cdrs"]:
            vendor.rows["/cdrs"].append(late)

    vendor.script = insert
    with connected(vendor) as portsip:
        outcome = portsip.read()
    assert outcome.error is None
    assert outcome.ids == [*(f"c{number:04}" for number in range(150)), "late"]


@pytest.mark.parametrize("rows", [37, 237])
def test_a_count_that_does_not_follow_the_filter_is_not_held_against_a_window(vendor, connected, calls, rows):
    vendor.rows["/cdrs"] = [*calls(rows), *calls(300, "2026-02-01T00:00:00Z", name="old")]
    vendor.counts = COUNTS["list"]
    with connected(vendor, end_date="2026-03-29") as portsip:
        outcome = portsip.read()
        asked = portsip.asked()
    assert outcome.error is None
    assert len(outcome.ids) == rows
    # Another week is asked for once, to tell such a count from a wrong one.
    assert len([query for query in asked if "2026-03-20" in query["filter"]]) == 1


@pytest.mark.parametrize("count", ["total", "page", "absent"])
def test_a_list_that_ignores_skip_ends_the_sync_instead_of_going_on_for_ever(vendor, connected, calls, count):
    everything = calls(250)
    vendor.counts = COUNTS[count]
    vendor.page = lambda path, query: {
        **({"count": vendor.counts(everything, everything[:100], [])} if count != "absent" else {}),
        "items": everything[:100],
    }
    with connected(vendor) as portsip:
        outcome = portsip.read()
    assert outcome.error.failure_type is FailureType.transient_error
    assert "does not end" in outcome.error.message


def test_a_failure_inside_a_success_is_a_failure_in_the_vendors_words(vendor, connected):
    said = {"errors": [{"code": "UNKNOWN", "message": "Database is busy"}]}
    vendor.script = lambda request, path: (200, {}, said)
    with connected(vendor) as portsip:
        outcome = portsip.read()
    assert outcome.error.failure_type is FailureType.transient_error
    assert "UNKNOWN: Database is busy" in outcome.error.message


@pytest.mark.parametrize(("lookback", "start"), [(0, "2026-03-29T00:00:00Z"), (120, "2026-03-28T22:00:00Z")])
def test_a_sync_resumes_where_the_last_one_ended_less_the_lookback(vendor, connected, calls, lookback, start):
    vendor.rows["/cdrs"] = calls(24, apart=3600)
    with connected(vendor, lookback_window_minutes=lookback) as portsip:
        state = portsip.read().state
    with connected(vendor, lookback_window_minutes=lookback, end_date="2026-03-29") as portsip:
        vendor.rows["/cdrs"] += calls(2, "2026-03-29T05:00:00Z", name="new")
        outcome = portsip.read(state=state)
        first = min(query["filter"] for query in portsip.asked())
    assert first.startswith(f"started_at ge '{start}'")
    assert set(outcome.ids) >= {"new0000", "new0001"}
    assert set(outcome.ids) <= {"new0000", "new0001", "c0022", "c0023"}


def test_check_asks_for_the_last_settled_hour(vendor, connected):
    with connected(vendor) as portsip:
        assert portsip.check().status is Status.SUCCEEDED
        assert portsip.paths() == ["/cdrs"]


def test_check_succeeds_on_a_server_that_ignores_the_filter(vendor, connected, calls):
    vendor.rows["/cdrs"], vendor.filters = calls(250), False
    with connected(vendor) as portsip:
        assert portsip.check().status is Status.SUCCEEDED
        assert len(portsip.asked()) == 1


def test_a_wrong_address_is_a_fault_of_the_configuration(vendor, connected):
    vendor.rows["/cdrs"] = None
    with connected(vendor) as portsip:
        status = portsip.check()
        outcome = portsip.read()
    assert status.status is Status.FAILED
    assert "`api_url`" in status.message
    assert outcome.error.failure_type is FailureType.config_error
