"""What the vendor's documentation says, held against `streams.py`. Red until the facts are there."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.vendor import Config
from ${module}.streams import CallRecords

PAGES = Path(__file__).parent / "pages"
SPEC = json.loads(files("${module}").joinpath("spec.json").read_text(encoding="utf-8"))
CONFIG = {"start_date": "2026-01-01", "credentials": {"auth_type": "access_token", "access_token": "invented"}}


@pytest.mark.parametrize("fact", ["endpoint", "rows", "total", "paginator", "window", "fields"])
def test_every_fact_about_the_vendor_is_written_down(fact: str) -> None:
    value = getattr(CallRecords, fact)
    assert "…" not in repr(value), f"streams.py: CallRecords.{fact} still says …"


def test_a_page_of_the_vendor_becomes_the_expected_records() -> None:
    page, expected = PAGES / "1.json", PAGES / "1.expected.json"
    assert page.exists(), "put a page of the vendor's documentation, with invented numbers, in unit_tests/pages/1.json"
    assert expected.exists(), "write the records it must become, by hand, in unit_tests/pages/1.expected.json"
    stream = CallRecords(Config(CONFIG, SPEC["connectionSpecification"]))
    block = read_page(page.read_bytes(), plan_of(stream), None, 0)
    records = [json.loads(line)["record"]["data"] for line in block.lines if line]
    assert records == json.loads(expected.read_text(encoding="utf-8"))
