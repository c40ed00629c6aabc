"""Hourly syncs of busy accounts: what comes again, and what a change of one row costs, up to a million rows.

The state has room for 27,648 digests; where the lookback holds more rows, it has sums of a few of them each. The suite
has less room and fewer rows, as many a sum; `--every-hour`, as in `make soak`, has what the contract names.
"""

from datetime import datetime, timedelta, timezone
from unittest import mock

import pytest

from cdr.reading.accounting import lookback
from harness import connectors, vendor
from hourly import Simulation
from hourly_report import Report
from moving_vendor import NEVER, Life, Shares
from vendors import known

HOUR = timedelta(hours=1)
A_DAY = timedelta(hours=25)
VENDORS = [vendor(name) for name in connectors()]
# The day before the first sync has more than half as many calls again as an average one.
BUSIER = 1.55
# What the contract's figures are of.
LATE_AND_FILLED_IN = Shares(late=5, filled=3, away=0, gone=0)
NOTHING_HAPPENS = Shares(late=0, filled=0, away=0, gone=0)
SYNCS_THAT_COVER_A_ROW = 24
MOST_ROWS_FOR_A_CHANGE = 100
NO_LIMIT = 1_000_000
"""Requests in a minute: the simulated clock stands while a sync reads."""


def busy(rows: int, kind: type[Simulation], shares: Shares, syncs: int) -> Report:
    """Hourly syncs of an account with so many rows in its lookback."""
    calls = rows / BUSIER
    return kind("voxo", calls_per_day=calls, length=syncs * HOUR, every=HOUR, history=A_DAY, shares=shares).run()


def in_proportion(rows: int, request: pytest.FixtureRequest) -> tuple[int, int]:
    """How many rows, and room for how many digests: what is asked for, or less of both."""
    if request.config.getoption("--every-hour"):
        return rows, lookback.MOST_ENTRIES
    fewer = 5_000
    return fewer, lookback.MOST_ENTRIES * fewer // rows


def times_again(report: Report) -> float:
    """How often a row comes again without a change while the lookback reaches it, on average."""
    covered = sum(sync.covered for sync in report.later) / len(report.later)
    return SYNCS_THAT_COVER_A_ROW * report.mean("again") / covered


def test_hourly_syncs_of_a_busy_account_send_only_what_changed() -> None:
    report = busy(23_000, Simulation, Shares(), 4)
    # The contract lets nothing come again while the lookback holds up to 25,000 rows.
    assert 18_000 < max(sync.covered for sync in report.syncs) < 25_000
    assert report.lost() == {}
    assert report.wasted() == {}


@pytest.mark.parametrize(("rows", "times"), [(100_000, 0.5), (1_000_000, 5)])
def test_hourly_syncs_of_a_very_busy_account_send_each_row_again_a_few_times_at_most(
    rows: int, times: float, request: pytest.FixtureRequest
) -> None:
    fewer, room = in_proportion(rows, request)
    with mock.patch.object(lookback, "MOST_ENTRIES", room):
        report = busy(fewer, Simulation, LATE_AND_FILLED_IN, 5)
    assert 0.85 * fewer < min(sync.covered for sync in report.syncs)
    assert report.lost() == {}
    assert 0 < times_again(report) <= times
    assert report.too_large() == []


@pytest.mark.parametrize("name", VENDORS)
def test_hourly_syncs_of_a_very_busy_account_are_as_frugal_with_every_vendor(name: str) -> None:
    few = {"calls_per_day": 1_500, "length": 4 * HOUR, "every": HOUR, "history": A_DAY, "shares": LATE_AND_FILLED_IN}
    with mock.patch.object(lookback, "MOST_ENTRIES", 500):
        report = Simulation(name, requests_per_minute=NO_LIMIT, **few).run()
    assert min(sync.covered for sync in report.syncs) > 500
    assert report.lost() == {}
    assert times_again(report) <= 0.5


class OneChange(Simulation):
    """One row of the busiest hours of the lookback changes before the last sync."""

    sent_for_it = 0
    """How many rows of its hour the last sync sent."""
    _hour = "none yet"

    def _sync(self, sim, moment, trouble):
        if moment == self._moments[-1]:
            table, noon = sim.moving(), (moment - 20 * HOUR).timestamp()
            row = max((row for row in table.rows if row.visible < noon), key=sim.at)
            table.lives[row.id] = Life(row.visible, moment.timestamp(), sim.filled(row), NEVER, NEVER)
            self._hour = f"{datetime.fromtimestamp(sim.at(row), timezone.utc):%Y-%m-%dT%H}"
        super()._sync(sim, moment, trouble)

    def _take(self, sim, message, sync, number):
        row = message.record.data if message.record is not None else {}
        if str(row.get("started_at")).startswith(self._hour):
            self.sent_for_it += 1
        return super()._take(sim, message, sync, number)


@pytest.mark.parametrize("name", [name for name in VENDORS if not known()[name].whole_days])
def test_hourly_syncs_find_one_column_of_one_row_and_send_that_row_alone(name: str) -> None:
    still = NOTHING_HAPPENS
    report = OneChange(name, calls_per_day=1_000, length=3 * HOUR, every=HOUR, history=A_DAY, shares=still).run()
    assert (report.lost(), report.changes, report.total("again")) == ({}, 1, 0)


def test_hourly_syncs_find_one_column_of_one_row_among_a_million_and_send_a_hundred_rows_at_most(
    request: pytest.FixtureRequest,
) -> None:
    fewer, room = in_proportion(1_000_000, request)
    simulation = OneChange(
        "voxo", calls_per_day=fewer / BUSIER, length=3 * HOUR, every=HOUR, history=A_DAY, shares=NOTHING_HAPPENS
    )
    with mock.patch.object(lookback, "MOST_ENTRIES", room):
        report = simulation.run()
    assert 0.85 * fewer < min(sync.covered for sync in report.syncs)
    assert (report.lost(), report.changes) == ({}, 1)
    assert 1 <= simulation.sent_for_it <= MOST_ROWS_FOR_A_CHANGE
    assert report.too_large() == []
