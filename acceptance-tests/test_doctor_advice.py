"""Ten usual mistakes, and a few more, each with advice of its own; the doctor's report tells no secret of them."""

import base64
import json
import time
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from cdr.doctor.asking import Watched
from cdr.doctor.examination import examine
from dialect_syncs import impatient
from dialects import DIALECTS, JUNE
from doctor_cases import DAYS, named, source_of, text_of, visit, visited
from harness import SECRET


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
    monkeypatch.setattr("cdr.doctor.examination.Watched", lambda: Watched(now=late))
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
