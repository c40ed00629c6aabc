"""No row is lost, whatever the vendor turns out to do: each vendor, each dialect, full, incremental, and killed."""

import pytest

from dialect_syncs import call_of, outcome, simulated
from dialects import COLUMNS, COMPLETE, EITHER, MODES, WAITS, cells
from harness import Connector

CELLS = [
    pytest.param(vendor, dialect, mode, id=f"{vendor}-{dialect.slug}-{mode}")
    for vendor, dialect in cells()
    for mode in MODES
]


@pytest.mark.parametrize(("vendor", "dialect", "mode"), CELLS)
def test_a_sync_is_complete_or_says_why_not(vendor, dialect, mode, monkeypatch):
    monkeypatch.setenv("CDR_WORKERS", "0")
    found = outcome(vendor, dialect, mode)
    words = f"{found.got} of {found.expected} rows; said: {found.run.said[:500] or 'nothing'}"
    assert found.run.kind in {"", "config_error", "transient_error"}, words
    if dialect.must == WAITS:
        assert found.run.error, words
        assert found.run.kind == "transient_error", words
        return
    if dialect.must != EITHER:
        assert not found.run.error, words
    assert found.run.error or found.complete, words
    if dialect.must == COLUMNS:
        assert found.wrong == (), words
    if dialect.says and not found.run.error:
        assert dialect.says.lower() in found.run.said.lower(), words
