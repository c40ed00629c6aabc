"""The doctor's command, what `check` says of it, and the pages that speak of it."""

import json
import subprocess
import sys

import duckdb
import pytest

import simulators
from cdr.doctor.examination import POINTS
from documentation import SHELL
from harness import CONNECTORS, SECRET, Connector, run_to_end
from simulator_requests import every_vendor
from tools.install import ROOT
from tools.maintain import doctor
from tools.naming import connector_of, vendor_of
from vendors import known

FIELDS = {"point", "severity", "expected", "found", "evidence", "effect", "advice"}


@pytest.mark.parametrize("name", sorted(path.name for path in CONNECTORS.glob("source-*")))
def test_the_command_prints_one_object(name, tmp_path):
    connector = Connector(name, tmp_path)
    with simulators.start(vendor_of(name)) as sim:
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
    code = run_to_end([*connector.command("doctor", config=config), *options], connector.folder)
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
    connector = Connector(connector_of(vendor), tmp_path)
    with simulators.start(vendor, calls_per_day=2000) as sim:
        status = connector.run("check", config=sim.config()).status
        assert (status["status"], "doctor" in (status.get("message") or "")) == ("SUCCEEDED", False)
        assert [entry.stream for entry in sim.requests if entry.stream] == ["call_records"]


# --- the documentation ---


def test_the_page_of_tables_has_every_visit():
    assert doctor.listed(doctor.PAGE.read_text(encoding="utf-8")) == doctor.titles(), (
        "python -m tools.maintain.doctor --write"
    )
    assert {len(vendor.shown) for vendor in known().values()} == {3}


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
