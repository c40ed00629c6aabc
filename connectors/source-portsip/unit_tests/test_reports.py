"""Reports: definitions and completed ones, read with their details."""

import pytest

DEFINITION = {
    "id": "NzAwNTUxOTA5NzczMTQ4MTYw",
    "name": "Missed calls",
    "type": "NORMAL",
    "cron_expr": "5 6 * * *",
    "status": "SCHEDULED",
}
DETAIL = {
    **DEFINITION,
    "email": "manager@example.com",
    "format": "CSV",
    "range": "CUSTOM",
    "started_at": "2026-03-01T00:00:00Z",
    "ended_at": "2026-03-31T23:59:59Z",
    "filter": {"from": "ANY", "answer_state": "NOT_ANSWERED"},
}
COMPLETED = {
    "id": "NzAx",
    "name": "Missed calls",
    "type": "NORMAL",
    "format": "CSV",
    "completed_at": "2026-03-28T06:05:00.25Z",
    "file_name": "missed.csv",
    "file_size": 5_000_000_000,
    "file_url": "/api/blobs/WexWdABcd5D4PDgzTKV3gAAAEu00WcK",
}


def test_a_definition_is_read_with_its_detail(vendor, connected):
    vendor.rows["/call_reports"] = [DEFINITION]
    vendor.details[f"/call_reports/{DEFINITION['id']}"] = DETAIL
    with connected(vendor) as portsip:
        (record,) = portsip.read("call_reports").records
    assert record == {**DETAIL, "vendor": "portsip", "account_id": "head-office", "schema_version": 1}


def test_a_definition_that_is_deleted_meanwhile_is_what_the_list_said(vendor, connected):
    vendor.rows["/call_reports"] = [DEFINITION]
    with connected(vendor) as portsip:
        (record,) = portsip.read("call_reports").records
    assert {name: record[name] for name in DETAIL} == {**dict.fromkeys(DETAIL), **DEFINITION}


def test_more_definitions_than_a_page_holds_are_read(vendor, connected):
    vendor.rows["/call_reports"] = [{"id": f"r{number:03}", "name": "report"} for number in range(230)]
    with connected(vendor, num_workers=4) as portsip:
        assert portsip.read("call_reports").ids == [f"r{number:03}" for number in range(230)]


@pytest.mark.parametrize("mode", [{"mode": "drop"}, {"mode": "hash", "salt": "a secret of ours"}])
def test_privacy_reaches_what_only_the_detail_says(vendor, connected, mode):
    vendor.rows["/call_reports"] = [DEFINITION]
    vendor.details[f"/call_reports/{DEFINITION['id']}"] = DETAIL
    with connected(vendor, privacy=mode) as portsip:
        (record,) = portsip.read("call_reports").records
    assert record["filter"] is None
    assert record["email"] is None if mode["mode"] == "drop" else len(record["email"]) == 64
    assert record["range"] == "CUSTOM"


def test_a_completed_report_has_its_detail_and_an_absolute_link(vendor, connected):
    vendor.rows["/completed_call_reports"] = [COMPLETED]
    vendor.details["/completed_call_reports/NzAx"] = {**COMPLETED, "file_size": 6_000_000_000}
    with connected(vendor) as portsip:
        outcome = portsip.read("completed_call_reports")
        assert portsip.paths() == ["/completed_call_reports", "/completed_call_reports/NzAx"]
    assert outcome.records == [
        {
            **COMPLETED,
            "vendor": "portsip",
            "account_id": "head-office",
            "schema_version": 1,
            "file_size": 6_000_000_000,
            "file_url": f"{portsip.url}/api/blobs/WexWdABcd5D4PDgzTKV3gAAAEu00WcK",
        }
    ]


def test_a_completed_report_keeps_the_id_and_the_time_that_the_list_gave(vendor, connected):
    vendor.rows["/completed_call_reports"] = [COMPLETED]
    vendor.details["/completed_call_reports/NzAx"] = {"id": "other", "completed_at": "2026-04-01T00:00:00Z"}
    with connected(vendor) as portsip:
        (record,) = portsip.read("completed_call_reports").records
    assert (record["id"], record["completed_at"]) == ("NzAx", "2026-03-28T06:05:00.25Z")
    assert record["file_name"] == "missed.csv"


def test_completed_reports_are_read_on_from_the_last_completion(vendor, connected):
    # The link has its own host: one made from the address of this test's server would be a change of the row.
    completed = {**COMPLETED, "file_url": "https://files.example.com/missed.csv"}
    vendor.rows["/completed_call_reports"] = [completed]
    with connected(vendor) as portsip:
        outcome = portsip.read("completed_call_reports")
    assert outcome.state["stream"]["stream_state"]["slices"][0]["end"] == "2026-03-29T00:00:00Z"
    later = {**completed, "id": "NzAy", "completed_at": "2026-03-29T06:05:00Z"}
    vendor.rows["/completed_call_reports"].append(later)
    with connected(vendor, end_date="2026-03-29") as portsip:
        assert portsip.read("completed_call_reports", state=outcome.state).ids == ["NzAy"]
