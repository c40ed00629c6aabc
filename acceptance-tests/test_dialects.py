"""No row is lost, whatever the vendor turns out to do: each vendor, each dialect, full, in parts, and killed."""

import os
import random
import re
from datetime import timedelta
from itertools import cycle

import pytest

from dialect_syncs import Run, outcome, simulated, sync
from dialects import ALL, COLUMNS, DIALECTS, EITHER, MODES, WAITS, cells, pairs
from harness import Connector, catalog, last_states
from test_completeness import read_and_kill
from tools.maintain.dialects import PAGE, listed, titles
from tools.naming import vendor_of

HOURS = 3600 * 10**6


def micros(at):
    return int(at.timestamp()) * 10**6


CELLS = [
    pytest.param(vendor, dialect, mode, id=f"{vendor}-{dialect.slug}-{mode}")
    for vendor, dialect in cells()
    for mode in MODES
]


# Two dialects at once, as many for each vendor as the environment says: DIALECT_PAIRS=100 for a long run.
DRAWN = [
    pytest.param(vendor, dialect, mode, id=f"{vendor}-{dialect.slug}-{mode}")
    for vendor in ALL
    for dialect, mode in zip(pairs(vendor, int(os.environ.get("DIALECT_PAIRS", "6"))), cycle(MODES), strict=False)
]


@pytest.mark.parametrize(("vendor", "dialect", "mode"), CELLS + DRAWN)
def test_a_sync_is_complete_or_says_why_not(vendor, dialect, mode, monkeypatch):
    monkeypatch.setenv("CDR_WORKERS", "0")
    found = outcome(vendor, dialect, mode)
    run, words = found.run, f"{found.got} of {found.expected} rows; said: {found.run.said[:500] or 'nothing'}"
    assert not found.leaked
    assert run.kind in {"", "config_error", "transient_error"}, words
    assert dialect.must in {EITHER, WAITS} or not run.error, words
    assert run.error or found.complete, words
    assert dialect.options or not found.extra, f"{found.extra} calls of other times; {words}"
    assert dialect.options or not run.said, f"a warning of a vendor that does as documented; {words}"
    if dialect.must == WAITS:
        assert run.kind == "transient_error", words
        assert re.search(r"\d\d:\d\d", run.error), words
    elif not run.error:
        assert dialect.must != COLUMNS or found.wrong == (), f"{', '.join(found.wrong)} differ; {words}"
        # What a sync was killed before, or reads a part of, it cannot say.
        part = dialect.options.get("day_limit") and mode != "full"
        assert part or dialect.says.lower() in run.said.lower(), f"no warning that says {dialect.says}; {words}"


def test_a_recording_that_appears_five_hours_after_its_time_is_read(monkeypatch):
    monkeypatch.setenv("CDR_WORKERS", "0")
    with simulated("bics", _named("as documented")) as sim:
        table, run = sim.table("recordings"), Run()
        end = sim.start + timedelta(days=3, hours=15)
        late = [row.id for row in table.between(micros(end) - 5 * HOURS, micros(end))]
        assert late
        table.hide(late)
        config = sim.config(end_date=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
        sync("bics", config, run, name="recordings")
        table.show(late)
        sync("bics", sim.config(), run, name="recordings")
        assert set(late) <= {row["vendor_record_id"] for row in run.records}


# A process of its own for each kind of cell.


def _named(title):
    return next(dialect for dialect in DIALECTS if dialect.title == title)


def _catalog(connector, config):
    return catalog(connector.discover(config), only=["call_records"])


@pytest.mark.parametrize(
    ("name", "title"), [("source-acefone", "ISO times with Z"), ("source-bics", "the last day is exclusive")]
)
def test_a_process_reads_a_dialect_in_full(name, title, tmp_path):
    connector = Connector(name, tmp_path)
    with simulated(vendor_of(name), _named(title)) as sim:
        done = connector.read(sim.config(), only=["call_records"])
        assert done.code == 0, done.text[-3000:]
        assert set(done.ids()) >= {row["record_id"] for row in sim.truth()}


def test_a_process_reads_a_dialect_in_parts(tmp_path):
    connector = Connector("source-portsip", tmp_path)
    with simulated("portsip", _named("50 rows whatever top")) as sim:
        late = sim.fault("late_rows", step=5, at="call_records").options["hidden"]
        config = sim.config(lookback_window_minutes=10_080)
        first = connector.read(config, only=["call_records"])
        sim.release_late_rows()
        second = connector.read(config, state=first.state, only=["call_records"])
        assert len(second.ids()) >= len(late) > 0
        assert set(first.ids()) | set(second.ids()) >= {row["record_id"] for row in sim.truth()}


def test_a_process_that_is_killed_goes_on_in_a_dialect(tmp_path):
    connector = Connector("source-voxo", tmp_path)
    with simulated("voxo", _named("the start is exclusive")) as sim:
        config = sim.config(num_workers=2)
        found = _catalog(connector, config)
        command = connector.command("read", config=config, catalog=found)
        messages = read_and_kill(command, random.Random(3).randrange(10, 120), 0)
        seen = {one["record"]["data"]["record_id"] for one in messages if one["type"] == "RECORD"}
        done = connector.run("read", config=config, catalog=found, state=last_states(messages) or None)
        assert done.code == 0, done.text[-3000:]
        assert seen | set(done.ids()) >= {row["record_id"] for row in sim.truth()}


def test_a_process_that_cannot_read_a_dialect_says_why(tmp_path):
    connector = Connector("source-bics", tmp_path)
    with simulated("bics", _named("refuses page")) as sim:
        done = connector.read(sim.config(), only=["call_records"])
        complete = set(done.ids()) >= {row["record_id"] for row in sim.truth()}
        assert (done.code == 0) == complete
        assert complete or "page" in done.failures[0]["message"]


def test_the_page_of_the_documentation_lists_every_cell():
    assert listed(PAGE.read_text(encoding="utf-8")) == titles(), "python -m tools.maintain.dialects --write"
