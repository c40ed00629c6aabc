"""Servers that ignore `filter`: the list is read once, and no window closes before it was read to its end."""

import gc

import pytest
from airbyte_cdk.models import FailureType

PERIOD = {"start_date": "2026-03-25", "end_date": "2026-03-28"}


@pytest.fixture
def vendor(vendor, calls):
    """570 calls, one every quarter of an hour: 190 before the period, 384 in it; the list has six pages."""
    vendor.filters = False
    vendor.rows["/cdrs"] = calls(570, "2026-03-23T00:30:00Z", apart=900)
    return vendor


IN_PERIOD = [f"c{number:04}" for number in range(190, 570)]


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("counts", [True, False])
def test_the_list_is_read_once_for_all_windows(vendor, connected, workers, counts):
    if not counts:
        vendor.counts = lambda asked, page, every: len(page)
    with connected(vendor, num_workers=workers, **PERIOD) as portsip:
        outcome = portsip.read()
        skips = [query["skip"] for query in portsip.asked()]
    assert outcome.error is None
    assert outcome.ids == IN_PERIOD
    assert {"0", "100", "200", "300", "400", "500"} <= set(skips)
    # Once, with an empty page where no total is believed; before that the first page of every window under way, and one
    # for a disjoint stretch.
    assert len(skips) <= 7 + workers + 1
    assert len([line for line in outcome.log if "closed" in line]) >= 4


def test_it_is_said_once(vendor, connected):
    with connected(vendor, num_workers=4, **PERIOD) as portsip:
        outcome = portsip.read()
    assert len([line for line in outcome.log if "ignores its date filter" in line]) == 1


def test_a_list_that_starts_inside_the_first_window_is_noticed_on_a_later_page(vendor, connected, calls):
    # The first page and more lie in the first window, and went out before the filter was found out.
    vendor.rows["/cdrs"] = calls(570, "2026-03-25T00:00:00Z", apart=600)
    with connected(vendor, **PERIOD) as portsip:
        outcome = portsip.read()
        assert len(portsip.asked()) <= 6 * 2 + 1
    assert outcome.ids == [f"c{number:04}" for number in range(570)]


def test_a_list_without_order_is_read_as_well(vendor, connected):
    vendor.orders = False
    vendor.rows["/cdrs"] = vendor.rows["/cdrs"][::-1]
    with connected(vendor, num_workers=4, **PERIOD) as portsip:
        records = portsip.read().records
    inside = [one["vendor_record_id"] for one in records if "time_outside_window" not in one["issues"]]
    assert sorted(inside) == IN_PERIOD
    # What came before the filter was found out went out with its mark.
    assert all(one["started_at"] < "2026-03-25" for one in records if one["vendor_record_id"] not in inside)


def test_a_row_without_a_time_comes_once(vendor, connected):
    vendor.rows["/cdrs"] += [{"id": "odd", "started_at": ""}]
    with connected(vendor, num_workers=4, **PERIOD) as portsip:
        assert portsip.read().ids == [*IN_PERIOD, "odd"]


def test_no_state_goes_out_before_the_list_has_been_read_to_its_end(vendor, connected):
    vendor.script = lambda request, path: (403, {}, {"errors": []}) if "skip=500" in request.path else None
    with connected(vendor, num_workers=4, **PERIOD) as portsip:
        outcome = portsip.read()
        refused = [query for query in portsip.asked() if query["skip"] == "500"]
    assert outcome.error.failure_type is FailureType.config_error
    assert len(refused) <= 2  # the windows that waited do not try the same again
    assert all(covered(state) == [] for state in outcome.states)


def covered(state):
    slices = state["stream"]["stream_state"]["slices"]
    return [one for one in slices if one["start"] != one["end"]]


def test_a_list_that_does_not_add_up_twice_ends_the_sync(vendor, connected):
    vendor.counts = lambda asked, page, every: len(every) + 1
    with connected(vendor, **PERIOD) as portsip:
        outcome = portsip.read()
    assert outcome.error.failure_type is FailureType.transient_error
    assert "570 rows received, 571 stated" in outcome.error.message
    assert outcome.ids == IN_PERIOD  # they are out, once; the next sync reads them again
    assert all(covered(state) == [] for state in outcome.states)


def test_calls_that_arrive_while_the_list_is_read_do_no_harm(vendor, connected, calls):
    arriving = calls(40, "2026-04-02T00:00:00Z", name="new")

    def arrive(request, path):
        if arriving:
            vendor.rows["/cdrs"].append(arriving.pop(0))

    vendor.script = arrive
    with connected(vendor, **PERIOD) as portsip:
        outcome = portsip.read()
        assert len(portsip.asked()) <= 7 + 3
    assert outcome.error is None
    assert outcome.ids == IN_PERIOD


def test_a_row_that_shifts_the_list_makes_it_be_read_again(vendor, connected):
    early = {"id": "early", "started_at": "2026-03-23T00:00:00Z"}

    def insert(request, path):
        if "skip=300" in request.path and early not in vendor.rows["/cdrs"]:
            vendor.rows["/cdrs"].append(early)

    vendor.script = insert
    with connected(vendor, **PERIOD) as portsip:
        outcome = portsip.read()
    assert outcome.error is None
    assert outcome.ids == IN_PERIOD


def test_details_are_asked_for_the_rows_of_the_period_only(vendor, connected):
    with connected(vendor, include_call_costs=True, start_date="2026-03-28", end_date="2026-03-28") as portsip:
        outcome = portsip.read()
        details = [path for path in portsip.paths() if path.startswith("/cdrs/")]
    assert len(outcome.ids) == 92
    assert sorted(details) == [f"/cdrs/{name}" for name in outcome.ids]


def test_the_next_sync_reads_what_is_new(vendor, connected, calls):
    with connected(vendor, **PERIOD) as portsip:
        state = portsip.read().state
    vendor.rows["/cdrs"] += calls(3, "2026-03-29T01:00:00Z", name="new")
    with connected(vendor, **{**PERIOD, "end_date": "2026-03-29"}) as portsip:
        outcome = portsip.read(state=state)
    assert outcome.ids == ["new0000", "new0001", "new0002"]


def test_the_file_is_closed_with_its_reader(vendor, connected):
    with connected(vendor, **PERIOD) as portsip:
        portsip.read()
    gc.collect()  # an open file would warn, and a warning is an error
