"""Rows that several tasks receive come out of one of them, and are those of a sync, whatever the vendor does."""

import json
import re
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from accounts_of_voxo import written
from cdr_spark import planning
from cdr_spark.accounts import accounts
from cdr_spark.planning import Cut, tasks
from cdr_spark.reading import Sessions, read, survey_all
from dialect_syncs import Run, impatient, simulated, sync
from dialects import cells
from tools.naming import connector_of

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)
DAY = timedelta(days=1)
NO_LIMIT = 1_000_000
SIGNED = re.compile(r'(https?://[^"?\s]+)\?[^"\s]*')
DIALECTS = {
    "as documented",
    "a date with a time of day finds nothing",
    "bounds are exclusive",
    "counts days in Singapore",
    "days of Singapore, the last one exclusive",
    "ids tell no time",
    "ignores filter",
    "ignores the date filter",
    "looks at dates alone",
    "prints Chicago",
    "prints Chicago, no epochs",
    "prints New York, filters in UTC",
    "prints every time ten years ago",
    "refuses UTC and Etc/UTC",
    "time_zone unknown, New York",
    "zone parameter unknown, Chicago",
}
CELLS = [(vendor, dialect) for vendor, dialect in cells() if dialect.title in DIALECTS]


@pytest.mark.parametrize(("vendor", "dialect"), CELLS, ids=[f"{vendor}: {one.title}" for vendor, one in CELLS])
def test_tasks_give_the_rows_of_a_sync_each_once(vendor, dialect, tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "step_for", lambda *_: DAY)  # BICS' whole days overlap at every edge then
    with simulated(vendor, dialect) as simulator, impatient():
        config = simulator.config(num_workers=2, requests_per_minute=NO_LIMIT, **dialect.config)
        synced = Run()
        sync(vendor, config, synced)
        found = [*of_tasks(vendor, written(tmp_path / "accounts", config))]
    # Before a filter is seen to be ignored, a row of a day that nobody asked for can pass as one with an odd clock.
    odd = "time_outside_window" if dialect.title.startswith("ignores") else None
    expected = [row for row in synced.records if odd not in row["issues"]]
    assert Counter(map(text_of, found)) == Counter(map(text_of, expected))
    assert len({row["record_id"] for row in found}) == len(found) > 0


def of_tasks(vendor, path):
    (one,) = accounts({"connector": connector_of(vendor), "configs": path})
    period = one.config.period(NOW, one.stream("call_records").window.granularity)
    (told,) = survey_all([(one, [*tasks(one, "call_records", period, Cut())])], NOW, asks=True)
    sessions = Sessions()
    for task in reversed(told):
        for page in read(task, sessions=sessions):
            yield from map(json.loads, page)


def text_of(row):
    """A row as text, without what signs its links, which is new at every read."""
    return SIGNED.sub(r"\1", json.dumps({**row, "recording_expires_at": None}, sort_keys=True))
