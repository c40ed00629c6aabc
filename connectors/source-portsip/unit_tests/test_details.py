"""The details of calls: costs in two shapes."""

import pytest
from airbyte_cdk.models import FailureType

ROW = {"id": "17", "started_at": "2026-03-28T10:00:00Z", "caller": "101"}
COSTS = {"include_call_costs": True}


def costs(outcome):
    (record,) = outcome.records
    return record["charge_amount"], record["billed_account"]


@pytest.fixture
def vendor(vendor):
    vendor.rows["/cdrs"] = [ROW]
    vendor.rows["/calllogs"] = [{**ROW, "session_id": "s1"}]
    return vendor


def wrapped(*details):
    return {"items": [{"caller": "101", "started_at": ROW["started_at"], **detail} for detail in details]}


def test_costs_come_from_the_detail_and_the_raw_record_stays_that_of_the_list(vendor, connected):
    vendor.details["/cdrs/17"] = wrapped({"cost": 0.0125, "billed_account": "ACC-1"})
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
        assert portsip.paths() == ["/cdrs", "/cdrs/17"]
    assert costs(outcome) == ("0.0125", "ACC-1")
    assert outcome.records[0]["raw"] == ROW
    assert outcome.records[0]["issues"] == []


def test_the_detail_of_a_leg_is_the_bare_row(vendor, connected):
    vendor.details["/calllogs/17"] = {**ROW, "session_id": "s1", "cost": 1, "billed_account": " "}
    with connected(vendor, **COSTS) as portsip:
        assert costs(portsip.read("call_logs")) == ("1", None)


def test_without_the_option_no_detail_is_asked_for_and_no_cost_told(vendor, connected):
    vendor.rows["/cdrs"] = [{**ROW, "cost": 5, "billed_account": "nobody documented this"}]
    with connected(vendor) as portsip:
        outcome = portsip.read()
        assert portsip.paths() == ["/cdrs"]
    assert costs(outcome) == (None, None)
    assert outcome.records[0]["raw"]["cost"] == 5


@pytest.mark.parametrize(
    ("details", "told", "issues"),
    [
        ([{}], (None, None), []),
        ([{"cost": None, "billed_account": ""}], (None, None), []),
        ([{"cost": 2, "started_at": "2026-03-28T11:00:00+01:00"}], ("2", None), []),
        ([{"cost": 2, "call_id": ""}], ("2", None), []),
        # Of another row, or of more than one: whose the cost is, nobody knows.
        ([{"cost": 2, "call_id": "x"}], (None, None), ["value_unreadable"]),
        ([{"cost": 2, "started_at": "2026-03-28T10:00:01Z"}], (None, None), ["value_unreadable"]),
        ([{"cost": 2, "started_at": None}], (None, None), ["value_unreadable"]),
        ([{"cost": 2}, {"cost": 2}], (None, None), ["value_unreadable"]),
        ([], (None, None), ["value_unreadable"]),
    ],
)
def test_a_detail_counts_where_it_is_one_row_and_the_one_asked_for(vendor, connected, details, told, issues):
    vendor.details["/cdrs/17"] = wrapped(*details)
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
    assert costs(outcome) == told
    assert outcome.records[0]["issues"] == issues


@pytest.mark.parametrize("identity", ["18", None])
def test_the_detail_of_a_leg_counts_where_it_has_the_id_that_was_asked_for(vendor, connected, identity):
    vendor.details["/calllogs/17"] = {**ROW, "id": identity, "cost": 1}
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read("call_logs")
    assert costs(outcome) == (None, None)
    assert outcome.records[0]["issues"] == ["value_unreadable"]


def test_a_detail_that_is_gone_leaves_both_null(vendor, connected):
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read("call_logs")
    assert outcome.error is None
    assert costs(outcome) == (None, None)
    assert outcome.records[0]["call_group_id"] == "s1"


def test_a_cost_that_cannot_be_read_is_an_issue_of_the_row(vendor, connected):
    vendor.details["/cdrs/17"] = wrapped({"cost": "much", "billed_account": "A"})
    vendor.rows["/cdrs"] = [{**ROW, "status_code": "ringing"}]
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
    assert costs(outcome) == (None, "A")
    assert outcome.records[0]["issues"] == ["amount_unreadable", "value_unreadable"]


def test_a_row_without_an_id_has_no_detail_and_keeps_its_digest(vendor, connected):
    vendor.rows["/cdrs"] = [{"started_at": "2026-03-28T10:00:00Z"}]
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
        assert portsip.paths() == ["/cdrs"]
    with connected(vendor) as portsip:
        assert portsip.read().ids == outcome.ids


def test_an_id_is_one_step_of_a_path_whatever_it_holds(vendor, connected):
    vendor.rows["/cdrs"] = [{**ROW, "id": "NzAw/NTU+MQ=="}]
    vendor.details["/cdrs/NzAw/NTU+MQ=="] = wrapped({"cost": 1})
    with connected(vendor, **COSTS) as portsip:
        assert costs(portsip.read()) == ("1", None)
        assert portsip.received[-1].path == "/api/cdrs/NzAw%2FNTU%2BMQ%3D%3D"


@pytest.mark.parametrize("workers", [1, 8])
def test_every_row_has_its_own_detail_and_is_asked_for_once(vendor, connected, calls, workers):
    vendor.rows["/cdrs"] = calls(250)
    vendor.details = {f"/cdrs/{row['id']}": wrapped({**row, "cost": row["id"][1:]}) for row in vendor.rows["/cdrs"]}
    with connected(vendor, num_workers=workers, **COSTS) as portsip:
        outcome = portsip.read()
        asked = [path for path in portsip.paths() if path != "/cdrs"]
    assert sorted(asked) == sorted(vendor.details)
    assert [record["charge_amount"] for record in outcome.records] == [
        record["vendor_record_id"][1:] for record in outcome.records
    ]
    assert len(outcome.records) == 250


def test_a_window_that_is_read_again_asks_only_for_the_details_of_what_is_new(vendor, connected, calls):
    vendor.rows["/cdrs"] = calls(150)
    late = {"id": "late", "started_at": "2026-03-28T00:00:30Z"}

    def insert(request, path):
        if "skip=100" in request.path and late not in vendor.rows["/cdrs"]:
            vendor.rows["/cdrs"].append(late)

    vendor.script = insert
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
        details = [path for path in portsip.paths() if path != "/cdrs"]
    assert len(outcome.ids) == 151
    assert sorted(details) == [f"/cdrs/{name}" for name in outcome.ids]


def test_details_are_asked_for_in_parallel(vendor, connected, calls):
    import threading

    vendor.rows["/cdrs"] = calls(4, apart=10)
    together = threading.Barrier(4, timeout=5)

    def meet(request, path):
        if path != "/cdrs":
            together.wait()

    vendor.script = meet
    with connected(vendor, num_workers=4, end_date="2026-03-28T00:00:59Z", **COSTS) as portsip:
        assert portsip.read().error is None


def test_a_cost_that_is_written_down_later_is_a_change_of_the_row(vendor, connected):
    options = {**COSTS, "lookback_window_minutes": 1440}
    vendor.details["/cdrs/17"] = wrapped({"cost": None})
    with connected(vendor, **options) as portsip:
        state = portsip.read().state
    with connected(vendor, **options) as portsip:
        assert portsip.read(state=state).ids == []
    vendor.details["/cdrs/17"] = wrapped({"cost": 0.5})
    with connected(vendor, **options) as portsip:
        assert costs(portsip.read(state=state)) == ("0.5", None)


@pytest.mark.parametrize("body", [b"{", [], "17", {}, {"items": {}}, {"items": [1]}, {"errors": [{"code": "UNKNOWN"}]}])
def test_a_detail_of_another_shape_ends_the_sync(vendor, connected, body):
    vendor.details["/cdrs/17"] = body
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
    assert outcome.error.failure_type is FailureType.transient_error
    assert "the detail of 17" in outcome.error.message


@pytest.mark.parametrize(
    ("body", "advice"),
    [(b"<html>Sign in</html>", "`api_url`"), ({"errors": [{"code": "UNAUTHORIZED"}]}, "`credentials`")],
)
def test_a_detail_that_a_proxy_answers_or_that_says_unauthorised_is_for_the_administrator(
    vendor, connected, body, advice
):
    vendor.details["/cdrs/17"] = body
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
    assert outcome.error.failure_type is FailureType.config_error
    assert advice in outcome.error.message


def test_a_detail_that_was_cut_off_on_its_way_is_asked_for_again(vendor, connected):
    answers = [b'{"items": [{"cost"', wrapped({"cost": 1})]
    vendor.script = lambda request, path: (200, {}, answers.pop(0)) if path == "/cdrs/17" else None
    with connected(vendor, **COSTS) as portsip:
        assert costs(portsip.read()) == ("1", None)


def test_a_detail_that_is_refused_leaves_the_row_of_the_list_and_one_warning(vendor, connected):
    said = {"errors": [{"code": "UNKNOWN", "message": "Permission denied"}]}
    vendor.script = lambda request, path: (403, {}, said) if path == "/cdrs/17" else None
    with connected(vendor, **COSTS) as portsip:
        outcome = portsip.read()
    assert outcome.error is None
    assert costs(outcome) == (None, None)
    assert outcome.records[0]["from_number"] == "101"
    assert len([line for line in outcome.log if "refuses the details of some rows with 403" in line]) == 1
