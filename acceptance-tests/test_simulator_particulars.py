"""What each vendor does in a way of its own, and may do differently."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from simulator_requests import DATA, ask, get, id_of, moment, read, rows_of


def test_vonage_grants_a_smaller_page_and_may_leave_the_rows_out(start) -> None:
    sim = start("vonage_business", max_page_size=7, total_key="total_page")
    body = ask(sim, size=1000).json()
    assert (body["page_size"], len(rows_of("vonage_business", body))) == (7, 7)
    assert body["total_page"] == -(-body["total_items"] // 7)
    empty = ask(sim, start=moment(2001, 1, 1), end=moment(2001, 1, 2)).json()
    assert "_embedded" not in empty
    assert empty["total_items"] == 0


def test_vonage_may_know_one_path_only_insist_on_start_and_refuse_order(start) -> None:
    sim = start("vonage_business", paths="v1")
    assert ask(sim).status_code == 404
    assert get(sim, "reports/v1/accounts/913874/call-logs").status_code == 200
    refused = get(start("vonage_business", requires_start=True), DATA["vonage_business"], page=1)
    assert {entry["name"] for entry in refused.json()["invalid_parameters"]} == {"start:gte", "start:lte"}
    assert "order" in ask(start("vonage_business", refuses_order=True)).text


def test_vonage_filters_on_start_too(start) -> None:
    sim = start("vonage_business")
    params = {"start:gte": "2026-03-28 00:00:00", "start:lte": "2026-03-28 23:59:59", "page_size": 1000}
    rows = rows_of("vonage_business", get(sim, DATA["vonage_business"], **params).json())
    assert rows
    assert all(row["start"].startswith("2026-03-28") for row in rows)


@pytest.mark.parametrize(
    ("vendor", "bounds", "first", "last"),
    [
        ("voxo", "inclusive", True, True),
        ("voxo", "half_open", True, False),
        ("voxo", "exclusive", False, False),
        ("voxo", "start_exclusive", False, True),
        ("acefone", "inclusive", True, True),
        ("acefone", "half_open", True, False),
        ("acefone", "exclusive", False, False),
    ],
)
def test_bounds_are_inclusive_as_they_are_set(vendor, bounds, first, last, start) -> None:
    sim = start(vendor, bounds=bounds)
    row = next(
        row
        for row in sim.truth()
        if row["started_at"] == "2026-03-28T12:00:00Z" and not {"time_mismatch", "time_ambiguous"} & set(row["issues"])
    )
    at, hour = moment(2026, 3, 28, 12), timedelta(hours=1)
    if vendor == "acefone":  # the reader above asks for two hours more
        sides = (at + 2 * hour, at + 3 * hour), (at - 3 * hour, at - 2 * hour)
    else:
        sides = (at, at + hour), (at - hour, at)
    found = [row["vendor_record_id"] in {id_of(one) for one in read(sim, start=a, end=b)} for a, b in sides]
    assert found == [first, last]


def test_voxo_prints_in_the_zone_that_was_asked_for(start) -> None:
    sim = start("voxo")
    period = {"start": "2026-03-28 00:00:00", "end": "2026-03-28 12:00:00", "tenantId": 1001}
    for zone in ("America/New_York", None):
        rows = get(sim, "call-reports", **period, **({"timezone": zone} if zone else {})).json()
        assert rows
        for row in rows:
            printed = datetime.strptime(row["time"], "%m/%d/%y %H:%M:%S").replace(
                tzinfo=ZoneInfo(zone or "America/Chicago")
            )
            assert 0 <= (printed - datetime(2026, 3, 28, tzinfo=printed.tzinfo)).total_seconds() <= 12 * 3600
    sample = {"start": "2022-10-10 23:00:00", "end": "2022-10-10 23:59:59", "timezone": "America/New_York"}
    assert get(sim, "call-reports", tenantId=1001, **sample).json()[0]["time"] == "10/10/22 23:07:20"


def test_voxo_refuses_more_than_31_days_and_cuts_a_partner_to_24_hours(start) -> None:
    sim = start("voxo")
    assert ask(sim, start=moment(2026, 1, 1), end=moment(2026, 2, 2)).status_code == 400
    span = {"start": "2026-03-28 00:00:00", "end": "2026-03-30 00:00:00", "timezone": "UTC"}
    rows = get(sim, "call-reports", **span).json()
    assert {row["time"][:5] for row in rows} <= {"03/29", "03/30"}
    assert len(sim.violations) == 2
    assert get(start("voxo", partner="refuse"), "call-reports", **span).status_code == 400


def test_voxo_may_cut_a_big_answer_or_fail_over_it(start) -> None:
    assert len(ask(start("voxo", rows_limit=10)).json()) == 10
    assert ask(start("voxo", rows_limit=10, rows_limit_answer="fail")).status_code == 500


def test_portsip_may_ignore_the_filter_and_have_no_total(start) -> None:
    sim = start("portsip", ignores_filter=("call_records",), count="missing")
    body = ask(sim, start=moment(2026, 3, 28), end=moment(2026, 3, 29)).json()
    assert "count" not in body
    assert any(row["started_at"] < "2026-03-28" for row in body["items"])
    assert ask(start("portsip", count="page"), size=5).json()["count"] == 5


def test_portsip_may_have_no_calllogs(start) -> None:
    assert ask(start("portsip", call_logs=False), "call_logs").status_code == 404


@pytest.mark.parametrize(("items", "count"), [("one", 1), ("agreeing", 2), ("disagreeing", 2)])
def test_portsip_details_have_two_shapes_and_the_costs_of_the_truth(items, count, start) -> None:
    sim = start("portsip", detail_items=items)
    for row in sim.truth(include_call_costs=True)[:20]:
        details = get(sim, f"cdrs/{row['vendor_record_id']}").json()["items"]
        assert len(details) == count
        assert "id" not in details[0]
        if items == "disagreeing":
            assert row["charge_amount"] is row["billed_account"] is None
        elif row["charge_amount"] is not None:
            assert float(row["charge_amount"]) == details[0]["cost"]
    leg = sim.truth("call_logs")[0]
    detail = get(sim, f"calllogs/{leg['vendor_record_id']}").json()
    assert detail["session_id"] == leg["call_group_id"]
    assert "cost" in detail
    assert get(sim, "cdrs/0").status_code == 404


def test_portsip_groups_the_legs_of_a_call(start) -> None:
    sizes = Counter(row["call_group_id"] for row in start("portsip").truth("call_logs"))
    assert {1, 2, 3} <= set(sizes.values())


def test_portsip_reports_have_details_and_absolute_links(start) -> None:
    sim = start("portsip")
    for row in sim.truth("call_reports"):
        assert get(sim, f"call_reports/{row['id']}").json()["email"] == row["email"]
    done = sim.truth("completed_call_reports")
    assert done
    for row in done:
        detail = get(sim, f"completed_call_reports/{row['id']}").json()
        assert row["file_url"] == f"{sim.url}{detail['file_url']}"


def test_acefone_may_key_rows_by_index_and_count_in_numbers(start) -> None:
    body = ask(start("acefone", data="index", counters="number")).json()
    assert list(body["data"]) == [str(index) for index in range(len(body["data"]))]
    assert body["page_records"] == len(body["data"])
    assert ask(start("acefone")).json()["page"] == "1"
    assert "filtered_records" not in ask(start("acefone", counters="total_only")).json()


def test_acefone_may_print_in_another_zone_than_it_says(start) -> None:
    rows = start("acefone", printed_zone="UTC", start=moment(2026, 7, 1), end=moment(2026, 7, 3)).truth()
    evident = [row for row in rows if str(row["raw"]["call_stats"]["call_id"] or "X").replace(".", "").isdigit()]
    assert evident
    assert all("time_mismatch" in row["issues"] for row in evident)


@pytest.mark.parametrize("shape", [1, 2, 3])
def test_bics_answers_in_three_shapes(shape, start) -> None:
    body = ask(start("bics", shape=shape)).json()
    assert isinstance(body["data"], dict if shape == 2 else list)
    assert ("meta" in body) is (shape == 3)
    rows = body["data"]["data"] if shape == 2 else body["data"]
    assert len(rows) == 15 or shape == 1


def test_bics_signs_links_anew_at_every_read(start) -> None:
    sim = start("bics")
    first, second = (rows_of("bics", ask(sim, "recordings").json())[0] for _ in range(2))
    assert first["id"] == second["id"]
    assert first["audio"] != second["audio"]
    assert sim.link_marker in first["audio"]


def test_bics_keeps_sixty_days_where_it_is_set_to(start) -> None:
    now = datetime.now(timezone.utc)
    period = {"start": now - timedelta(days=70), "end": now}
    kept = {id_of(row) for row in read(start("bics", **period, retention_days=60, calls_per_day=5))}
    edge = (now - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = start("bics", **period, calls_per_day=5).truth()
    assert {row["vendor_record_id"] for row in rows if row["ended_at"] > edge} <= kept
    assert not {row["vendor_record_id"] for row in rows if row["ended_at"] < edge} & kept


def test_bics_counts_days_in_a_zone_of_its_own(start) -> None:
    sim = start("bics", filter_zone="Asia/Kolkata")
    body = get(sim, "voice/calls", **{"datetime[end_at]": "Mar 28, 2026 - Mar 28, 2026"}).json()
    last = {row["end_at"][:13] for row in rows_of("bics", body)}
    assert last
    assert all("2026-03-27 18" <= hour <= "2026-03-28 18" for hour in last)
