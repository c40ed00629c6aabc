"""The golden vectors of specs/golden: vendor row in, canonical row out, worked out by hand."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from cdr.fields import Fields
from cdr.normaliser import Normaliser, serialise
from cdr.record import COLUMNS

GOLDEN = Path(__file__).parents[3] / "specs" / "golden"
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted(GOLDEN.glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]


def fields_of(vendor: str, stream: str) -> Fields:
    module = importlib.import_module(f"source_{vendor}.streams")
    for kind in vars(module).values():
        if isinstance(kind, type) and kind.__module__ == module.__name__ and getattr(kind, "name", "") == stream:
            return kind.fields
    names = {"recordings": "RECORDING_FIELDS", "call_reports": "REPORT_FIELDS", "completed_call_reports": "COMPLETED_FIELDS"}
    return getattr(module, names.get(stream, "CALL_FIELDS"))


@pytest.mark.parametrize(("vendor", "case"), CASES)
def test_a_vendor_row_gives_the_row_worked_out_by_hand(vendor: str, case: dict[str, Any]) -> None:
    columns = COLUMNS[case["stream"]]
    normaliser = Normaliser(fields_of(vendor, case["stream"]), columns=columns, vendor=vendor, **case["config"])
    row = normaliser.row(case["vendor_row"])
    assert tuple(row) == columns
    assert row.pop("raw", case["vendor_row"]) == case["vendor_row"]
    assert row == case["record"]
    assert json.loads(serialise(row)) == row


def test_every_vendor_has_golden_rows() -> None:
    vendors = {path.name.removeprefix("source-").replace("-", "_") for path in GOLDEN.parents[1].glob("connectors/source-*")}
    assert {path.stem for path in GOLDEN.glob("*.json")} == vendors
