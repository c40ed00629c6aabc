"""The doctor names what an account does otherwise than documented, and no more; it keeps its budget and secrets."""

import pytest

import simulators
from cdr.doctor.asking import Watched
from cdr.doctor.examination import examine
from cdr.reading.findings import Findings, filter_ignored
from dialects import ALL, DIALECTS, JUNE, Dialect, cells
from doctor_cases import DAYS, DIFFERS, differences, named, personal, source_of, text_of, visit, visited
from simulator_requests import every_vendor
from vendors import known

DOCUMENTED = next(dialect for dialect in DIALECTS if not dialect.options)


# --- dialects ---


@pytest.mark.parametrize(
    ("vendor", "dialect"), [pytest.param(vendor, one, id=f"{vendor}-{one.slug}") for vendor, one in cells()]
)
def test_the_doctor_names_the_difference_and_no_other(vendor, dialect):
    report, sim = visited(vendor, dialect)
    said = [(one.point, one.severity, one.found) for one in report.findings if one.severity != "ok"]
    assert named(report, "handled", "action") == differences(vendor, dialect), said
    # Where no call comes for its own second, nothing tells what becomes of a bound.
    untold = {"filter", "bounds"} if "filter_time" in differences(vendor, dialect) else set()
    assert named(report, "unknown") in (set(), untold) or differences(vendor, dialect) == {"rate"}, said
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
            assert sim.login_count == (auth != "access_token" and known()[vendor].log_in is not None)


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
    monkeypatch.setattr("cdr.doctor.examination.Watched", small_budget)
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


def test_every_case_is_a_dialect():
    assert set(DIFFERS) <= {dialect.title for dialect in DIALECTS}
    assert isinstance(DOCUMENTED, Dialect)
    assert set(ALL) == {vendor for vendor, _ in cells()}
