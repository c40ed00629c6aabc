"""The vendor's page, with invented numbers, and the records written by hand that it must become."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from source_acefone.streams import CallRecords

PAGES = Path(__file__).parent / "pages"


def records(block):
    return [json.loads(line) for line in block.rows.lines()]


@pytest.fixture
def stream(vendor, connected):
    with connected(vendor) as acefone:
        return CallRecords(acefone.config)


def test_a_page_of_the_vendor_becomes_the_expected_records(stream):
    block = read_page((PAGES / "1.json").read_bytes(), plan_of(stream), None)
    assert records(block) == json.loads((PAGES / "1.expected.json").read_text(encoding="utf-8"))
    assert block.info.total == 3


def test_a_page_is_the_same_with_its_rows_as_a_list(stream):
    page = json.loads((PAGES / "1.json").read_bytes())
    listed = json.dumps({**page, "data": list(page["data"].values())}).encode()
    assert records(read_page(listed, plan_of(stream), None)) == json.loads(
        (PAGES / "1.expected.json").read_text(encoding="utf-8")
    )


def test_the_raw_record_is_the_vendors_own(vendor, connected):
    with connected(vendor, include_raw=True) as acefone:
        plan = plan_of(CallRecords(acefone.config))
    page = (PAGES / "1.json").read_bytes()
    assert [record["raw"] for record in records(read_page(page, plan, None))] == [*json.loads(page)["data"].values()]


def test_an_account_without_a_name_is_told_apart_by_its_host(vendor, connected):
    with connected(vendor, account_name=None) as acefone:
        assert CallRecords(acefone.config).account_id() == "127.0.0.1"


def test_a_plan_travels_to_another_process_which_needs_no_cdk(stream, tmp_path):
    plan = tmp_path / "plan"
    plan.write_bytes(pickle.dumps(plan_of(stream)))
    code = (
        "import pickle, sys; from pathlib import Path; from cdr.reading.pages.page import read_page;"
        "plan = pickle.loads(Path(sys.argv[1]).read_bytes());"
        "print(len(read_page(Path(sys.argv[2]).read_bytes(), plan, None).ids), 'airbyte_cdk' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(plan), str(PAGES / "1.json")]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "3 False\n"
