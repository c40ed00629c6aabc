"""The golden vectors: vendor row in, canonical row out, worked out by hand."""

import json
from typing import Any

import pytest

from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.schema.columns import COLUMNS
from golden import CASES, PACKAGES, connected, fields_of


@pytest.mark.parametrize(
    ("vendor", "case"),
    [pytest.param(vendor, case, id=f"{vendor}: {case['name']}") for vendor, case in connected()],
)
def test_a_vendor_row_gives_the_row_worked_out_by_hand(vendor: str, case: dict[str, Any]) -> None:
    columns = COLUMNS[case["stream"]]
    normaliser = Normaliser(fields_of(vendor, case["stream"]), columns=columns, vendor=vendor, **case["config"])
    row = normaliser.row(case["vendor_row"])
    assert tuple(row) == columns
    assert row.pop("raw", case["vendor_row"]) == case["vendor_row"]
    assert row == case["record"]
    assert json.loads(serialise(row)) == row


def test_every_connector_has_golden_rows() -> None:
    assert set(CASES) >= set(PACKAGES)
