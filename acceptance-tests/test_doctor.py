"""The doctor names what an account does otherwise than documented, and no more; it keeps its budget and secrets."""

import base64
import json
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import duckdb
import pytest

import simulators
from cdr.doctor import POINTS, examine
from cdr.doctor_asking import Watched
from cdr.findings import Findings, filter_ignored
from dialect_syncs import impatient
from dialects import ALL, DIALECTS, JUNE, Dialect, cells
from doctor_cases import DIFFERS, differences, personal, source_of, visit, visited
from documentation import SHELL
from harness import _WARM, CONNECTORS, SECRET, Connector
from simulator_requests import every_vendor
from tools import doctor
from tools.install import ROOT

FIELDS = {"point", "severity", "expected", "found", "evidence", "effect", "advice"}
DOCUMENTED = next(dialect for dialect in DIALECTS if not dialect.options)
DAYS = timedelta(days=4)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("CDR_WORKERS", "0")


def named(report, *severities):
    return {finding.point for finding in report.findings if finding.severity in severities}


def text_of(report):
    return json.dumps(report.as_dict(), ensure_ascii=False)


# --- dialects ---


@pytest.mark.parametrize(
    ("vendor", "dialect"), [pytest.param(vendor, one, id=f"{vendor}-{one.slug}") for vendor, one in cells()]
)
def test_the_doctor_names_the_difference_and_no_other(vendor, dialect):
    report, sim = visited(vendor, dialect)
    said = [(one.point, one.severity, one.found) for one in report.findings if one.severity != "ok"]
    assert named(report, "handled", "action") == differences(vendor, dialect), said
    assert named(report, "unknown") == set() or differences(vendor, dialect) == {"rate"}, said
    assert report.requests == len(sim.requests) <= 40
    text = text_of(report)
    assert [word for word in personal(sim) if word in text] == []
    assert [secret for secret in sim.secrets if secret in text] == []


@every_vendor
def test_a_vendor_as_documented_gets_nothing_but_ok_with_all_its_slips_and_logins(vendor):
    for auth in simulators.simulator_class(vendor).auths:
        with simulators.start(vendor, start=JUNE, end=JUNE + DAYS) as sim:
            report = visit_kept(sim, auth)
            assert named(report, "handled", "action", "unknown") == set(), text_of(report)
            assert sim.violations == []
            assert {one.method for one in sim.requests if one.stream} == {"GET"}
            assert sim.login_count == (auth != "access_token")


def visit_kept(sim, auth):
    kept = []
    return examine(source_of(sim.vendor), sim.config(auth=auth), now=sim.end, keep=kept.append)


@every_vendor
def test_forty_requests_are_enough_for_a_busy_account_and_a_slow_one(vendor):
    with simulators.start(vendor, start=JUNE, end=JUNE + DAYS, calls_per_day=3000) as sim:
        report = visit(sim)
        assert report.requests == len(sim.requests) <= 40
        assert named(report, "handled", "action", "unknown") == set(), text_of(report)


def test_the_budget_is_kept_where_every_request_is_spent(monkeypatch):
    monkeypatch.setattr("cdr.doctor.Watched", small_budget)
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        report = visit(sim)
        assert report.requests == len(sim.requests) == 3
        assert {"ids", "words", "numbers"} <= named(report, "ok")


def small_budget():
    return Watched(most=3)


def test_a_sync_s_warning_and_the_doctor_say_the_same():
    dialect = next(one for one in DIALECTS if one.title == "ignores the date filter")
    report, _ = visited("voxo", dialect)
    findings = Findings()
    findings.add(filter_ignored())
    assert filter_ignored() in report.findings
    assert filter_ignored().found in str(findings.warning())


# --- usual mistakes, each with advice of its own ---


def only(report):
    assert len(report.findings) == 1, text_of(report)
    assert report.needs_a_person
    assert SECRET not in text_of(report)
    return report.findings[0]


def advice(report, point):
    found = [finding for finding in report.findings if finding.point == point and finding.severity == "action"]
    assert len(found) == 1, text_of(report)
    return found[0].advice


def test_a_wrong_tenant_is_told_to_check_the_account():
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        finding = only(visit(sim, account={"account_type": "tenant", "tenant_id": 999}))
        assert finding.point == "request"
        assert "`account`" in finding.advice


def test_a_user_that_may_not_read_calls_is_told_to_get_a_role():
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        sim.fault("forbidden", times=None)
        finding = only(visit(sim))
        assert finding.point == "role"
        assert "role" in finding.advice


def test_a_vonage_user_that_is_no_administrator_is_told_so():
    with simulators.start("vonage_business", start=JUNE, end=JUNE + DAYS, role="user") as sim:
        finding = only(visit(sim, auth="password"))
        assert "Account Administrator" in finding.advice
        assert sim.login_count == 2  # the first token, and one more for its 401


def test_a_user_that_sees_only_its_own_calls_is_found_out():
    with simulators.start("portsip", start=JUNE, end=JUNE + DAYS, calls_per_day=600) as sim:
        sim.fault("change_rows", times=None, change=lambda row: {**row, "caller": "101", "callee": "+442079460123"})
        report = visit(sim)
        assert "QueueManager" in advice(report, "role")
        assert "101" not in next(one.found for one in report.findings if one.point == "role")


def test_a_wrong_region_is_told_the_right_one():
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        report = visit(sim, default_region="SG")
        assert "`default_region` to US" in advice(report, "numbers")


def test_the_address_of_a_portal_is_told_apart_from_that_of_the_api():
    with simulators.start("acefone", start=JUNE, end=JUNE + DAYS) as sim:
        sim.fault("html", times=None)
        finding = only(visit(sim))
        assert finding.point == "request"
        assert "portal" in finding.advice


def test_an_address_without_its_path_is_told_to_be_checked():
    with simulators.start("portsip", start=JUNE, end=JUNE + DAYS) as sim:
        finding = only(visit(sim, api_url=sim.url))
        assert "/api" in finding.advice


def test_an_account_without_calls_is_unknown_and_told_where_to_look():
    with simulators.start("voxo", start=JUNE - timedelta(days=90), end=JUNE - timedelta(days=86)) as sim:
        report = examine(source_of("voxo"), sim.config(), now=JUNE)
        assert {"zone", "bounds", "filter", "ids", "words", "numbers", "columns"} <= named(report, "unknown")
        assert not report.needs_a_person
        told = next(finding for finding in report.findings if finding.point == "filter")
        assert "may see the calls of all users" in told.advice


def json_web_token(seconds):
    claims = json.dumps({"exp": int(time.time()) + seconds}).encode()
    middle = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{middle}.{SECRET}signature"


@pytest.mark.parametrize(("seconds", "severity"), [(7200, "action"), (90 * 86_400, "ok")])
def test_a_token_about_to_expire_is_told_to_be_renewed(seconds, severity):
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        token = json_web_token(seconds)
        sim.grants[token] = sim.grants[sim.access_token]
        report = visit(sim, credentials={"auth_type": "access_token", "access_token": token})
        (finding,) = [one for one in report.findings if one.point == "token"]
        assert finding.severity == severity
        assert severity == "ok" or "lives longer" in finding.advice
        assert token not in text_of(report)


def test_a_clock_ten_minutes_off_is_told_to_be_set(monkeypatch):
    late = lambda: datetime.now(timezone.utc) - timedelta(minutes=10)  # noqa: E731
    monkeypatch.setattr("cdr.doctor.Watched", lambda: Watched(now=late))
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        report = visit(sim)
        assert "set the clock" in advice(report, "clock")
        assert "10 minutes behind" in text_of(report)


def test_a_wrong_password_is_told_to_be_checked_once():
    with simulators.start("voxo", start=JUNE, end=JUNE + DAYS) as sim:
        finding = only(visit(sim, credentials={"auth_type": "password", "email": "a@example.com", "password": "x-y-z"}))
        assert finding.point == "token"
        assert "lock" in finding.advice
        assert sim.login_count == 1
        assert "a@example.com" not in str(finding)


def test_a_server_that_does_not_answer_is_told_to_be_looked_for():
    with simulators.start("portsip", start=JUNE, end=JUNE + DAYS) as sim:
        config = sim.config()
    with impatient():
        finding = only(examine(source_of("portsip"), config, now=JUNE + DAYS))
    assert "host and port" in finding.advice


def test_a_zone_that_is_set_wrong_is_told_the_right_one():
    dialect = next(one for one in DIALECTS if one.title == "prints New York, filters in UTC")
    report, _ = visited("vonage_business", dialect)
    assert "`timezone` to America/New_York" in advice(report, "zone")


def test_a_start_date_before_what_is_kept_is_told_so():
    with simulators.start("bics", start=JUNE, end=JUNE + DAYS) as sim:
        report = visit(sim, start_date="2025-01-01")
        (finding,) = [one for one in report.findings if one.point == "retention"]
        assert finding.severity == "handled"
        assert "`start_date` to 60 days ago" in finding.advice


def test_a_refresh_token_is_not_used_up_where_the_new_one_could_not_be_kept():
    with simulators.start("vonage_business", start=JUNE, end=JUNE + DAYS) as sim:
        finding = only(visit(sim, auth="refresh_token"))
        assert finding.point == "token"
        assert "writable" in finding.advice
        assert sim.requests == []


# --- the command ---


@pytest.mark.parametrize("name", sorted(path.name for path in CONNECTORS.glob("source-*")))
def test_the_command_prints_one_object(name, tmp_path):
    connector = Connector(name, tmp_path)
    with simulators.start(name.removeprefix("source-").replace("-", "_")) as sim:
        done, text, errors = command(connector, sim.config(), "--json")
        report = json.loads(text)
        assert done == 0, text
        assert list(report) == ["connector", "vendor", "requests", "findings"]
        assert (report["connector"], report["vendor"]) == (name, sim.vendor)
        assert report["requests"] == len(sim.requests) <= 40
        assert all(set(finding) == FIELDS for finding in report["findings"])
        assert {finding["point"] for finding in report["findings"]} <= set(POINTS)
        assert {finding["severity"] for finding in report["findings"]} == {"ok"}, text
        assert SECRET not in text + errors


def command(connector, config, *options):
    """The exit code of the doctor, and its two outputs."""
    _, main, *arguments = connector.command("doctor", config=config)
    code = _WARM.run(main, [*arguments, *options], connector.folder, 120, {})
    return code, *((connector.folder / name).read_text() for name in ("stdout", "stderr"))


def test_the_command_prints_a_table_for_people(tmp_path):
    with simulators.start("voxo", bounds="exclusive") as sim:
        code, text, _ = command(Connector("source-voxo", tmp_path), sim.config())
        assert code == 0
        assert text.startswith("source-voxo (voxo): ")
        assert f"{len(sim.requests)} of at most 40 requests" in text
        assert "bounds" in text
        assert max(len(line) for line in text.splitlines()) <= 110


def test_the_exit_code_is_one_where_something_needs_a_person(tmp_path):
    with simulators.start("acefone") as sim:
        code, text, errors = command(
            Connector("source-acefone", tmp_path), sim.config(auth="password") | {"api_url": sim.url + "/v2"}
        )
        assert code == 1
        assert "to do:" in text
        assert SECRET not in text + errors


@pytest.mark.parametrize("config", [{}, {"start_date": "2026-01-01", "credentials": {"auth_type": "access_token"}}])
def test_a_configuration_that_cannot_be_used_is_one_finding(config, tmp_path):
    code, text, _ = command(Connector("source-voxo", tmp_path), config, "--json")
    (finding,) = json.loads(text)["findings"]
    assert (code, finding["point"], finding["severity"]) == (1, "request", "action")


def test_a_renewed_refresh_token_is_put_back_into_the_file(tmp_path):
    connector = Connector("source-vonage-business", tmp_path)
    with simulators.start("vonage_business") as sim:
        given = sim.config(auth="refresh_token")
        code, text, errors = command(connector, given)
        kept = json.loads((tmp_path / "config.json").read_text())
        assert code == 0
        assert kept["credentials"]["refresh_token"] == sim.refresh_token != given["credentials"]["refresh_token"]
        assert {**kept, "credentials": None} == {**given, "credentials": None}
        assert SECRET not in text + errors


# --- check ---


def test_check_names_the_doctor_where_the_times_contradict_the_hour(tmp_path):
    with simulators.start("vonage_business", calls_per_day=2000, printed_zone="America/New_York") as sim:
        status = Connector("source-vonage-business", tmp_path).run("check", config=sim.config()).status
        assert status["status"] == "SUCCEEDED"
        assert "doctor" in status["message"]
        assert len(sim.requests) == 1


@every_vendor
def test_check_says_nothing_of_the_doctor_where_all_is_as_documented(vendor, tmp_path):
    connector = Connector(f"source-{vendor.replace('_', '-')}", tmp_path)
    with simulators.start(vendor, calls_per_day=2000) as sim:
        status = connector.run("check", config=sim.config()).status
        assert (status["status"], "doctor" in (status.get("message") or "")) == ("SUCCEEDED", False)
        assert len(sim.requests) == 1


# --- the documentation ---


def test_the_page_of_tables_has_every_visit():
    assert doctor.listed(doctor.PAGE.read_text(encoding="utf-8")) == doctor.titles(), "python -m tools.doctor --write"
    assert {len(shown) for shown in doctor.SHOWN.values()} == {3}


def test_the_query_of_the_first_sync_prints_calls_in_the_portal_s_zone():
    (block,) = [one.text for one in SHELL if "AT TIME ZONE" in one.text]
    query = block.partition("calls.sql('''")[2].partition("'''")[0]
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE call_records AS SELECT TIMESTAMPTZ '2026-06-16 03:00:00+00' AS started_at, "
        "61 AS duration_seconds, "
        "'inbound' AS direction, 'answered' AS disposition, '+12025550123' AS from_number, '101' AS to_number, "
        "'a1' AS vendor_record_id"
    )
    (row,) = database.execute(query).fetchall()
    assert row[:2] == ("2026-06-15 22:00:00", 61)


def test_the_issue_template_asks_for_the_doctor_s_table():
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "vendor-differs.md").read_text(encoding="utf-8")
    assert "doctor --config" in text
    assert "personal data" in text


def test_make_doctor_asks_for_an_account():
    command = [sys.executable, "-m", "tools", "doctor"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CONNECTOR=source-voxo CONFIG=secrets/voxo.json" in done.stderr


def test_every_case_is_a_dialect():
    assert set(DIFFERS) <= {dialect.title for dialect in DIALECTS}
    assert isinstance(DOCUMENTED, Dialect)
    assert set(ALL) == {vendor for vendor, _ in cells()}
