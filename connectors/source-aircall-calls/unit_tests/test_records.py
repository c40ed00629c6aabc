"""The vendor's page, with invented numbers beside its sample, and the records written by hand that it must become."""

import json
import pickle
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.vendor import Config
from source_aircall_calls.streams import CallRecords

PAGES = Path(__file__).parent / "pages"
SPEC = json.loads(files("source_aircall_calls").joinpath("spec.json").read_text(encoding="utf-8"))
CONFIG = {
    "start_date": "2026-01-01",
    "account_name": "head-office",
    "include_raw": False,
    "credentials": {"auth_type": "api_key", "api_id": "invented-id", "api_token": "invented-token"},
}


@pytest.fixture
def stream():
    return CallRecords(Config(CONFIG, SPEC["connectionSpecification"]))


def test_a_page_of_the_vendor_becomes_the_expected_records(stream):
    block = read_page((PAGES / "1.json").read_bytes(), plan_of(stream), None)
    records = [json.loads(line) for line in block.rows.lines()]
    assert records == json.loads((PAGES / "1.expected.json").read_text(encoding="utf-8"))
    assert block.info.total == 2234


def test_a_plan_travels_to_another_process_which_needs_no_cdk(stream, tmp_path):
    plan = tmp_path / "plan"
    plan.write_bytes(pickle.dumps(plan_of(stream)))
    code = (
        "import pickle, sys; from pathlib import Path; from cdr.reading.pages.page import read_page;"
        "plan = pickle.loads(Path(sys.argv[1]).read_bytes());"
        "print(len(read_page(Path(sys.argv[2]).read_bytes(), plan, None).ids), 'airbyte_cdk' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(plan), str(PAGES / "1.json")]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "4 False\n"


def test_two_calls_of_one_id_are_told_apart_by_what_the_vendor_sent_of_caller_and_callee(stream):
    call = plan_of(stream).normaliser.call
    row = {"started_at": 1, "raw_digits": "theirs", "number": {"digits": "ours"}}
    assert call({**row, "direction": "inbound"}) == (1, "theirs", "ours", "inbound")
    assert call({**row, "direction": "outbound"}) == (1, "ours", "theirs", "outbound")


def test_an_authenticator_keeps_its_secrets_to_itself(stream):
    assert "invented-token" not in repr(CallRecords.authenticator(stream.config))
