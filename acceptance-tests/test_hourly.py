"""Two weeks of incremental syncs: nothing is lost, only what changed is sent, in few requests, with a small state.

`--every-hour` reads every hour instead of every second one, and adds a year for a vendor with pages and one without.
"""

from datetime import timedelta

import pytest

from harness import connectors, vendor
from hourly import BEGIN, Simulation, Troubles
from hourly_report import LOOKBACK, Report
from moving_vendor import NEVER, Clock, start_moving
from vendors import known

VENDORS = [vendor(name) for name in connectors()]
CALLS_A_DAY, FEWER_CALLS_A_DAY = 300, 120
TWO_WEEKS = timedelta(days=14)
A_YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)


@pytest.fixture
def every(request: pytest.FixtureRequest) -> timedelta:
    return HOUR if request.config.getoption("--every-hour") else 2 * HOUR


@pytest.fixture
def calls(name: str, every: timedelta) -> int:
    """How many calls a day the vendor has."""
    return int((CALLS_A_DAY if every == HOUR else FEWER_CALLS_A_DAY) * known()[name].busy)


@pytest.mark.parametrize("name", VENDORS)
def test_hourly_syncs_lose_nothing_and_send_only_what_changed(name: str, every: timedelta, calls: int) -> None:
    report = Simulation(name, calls_per_day=calls, length=TWO_WEEKS, every=every).run()
    assert report.truth > 10 * calls
    assert report.changes > 0
    assert report.lost() == {}
    assert report.wasted() == {}


@pytest.mark.parametrize("name", VENDORS)
def test_hourly_syncs_that_are_killed_or_meet_a_vendor_that_is_down_lose_nothing(
    name: str, every: timedelta, calls: int
) -> None:
    troubles = Troubles(killed=8, down=3)
    report = Simulation(name, calls_per_day=calls, length=TWO_WEEKS, every=every, troubles=troubles).run()
    assert {sync.outcome for sync in report.syncs} == {"complete", "killed", "down"}
    assert report.lost() == {}
    assert report.too_large() == []
    # What a sync that was cut off had sent may come again; what a complete one had sent is known at most times.
    again, a_lookback = report.total("again"), max(sync.covered for sync in report.syncs)
    assert again <= len(report.cut_off) * a_lookback


@pytest.mark.parametrize("name", ["portsip", "voxo"])
def test_hourly_syncs_of_a_year_lose_nothing(name: str, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--every-hour"):
        pytest.skip("a year takes its time: --every-hour, as in make soak")
    report = Simulation(name, calls_per_day=60, length=A_YEAR, every=HOUR).run()
    assert report.lost() == {}
    assert report.wasted() == {}


# The simulation itself


class Forgetful(Simulation):
    """A sync that loses one record of sixteen on its way."""

    def _take(self, sim, message, sync, number):
        if message.record is not None and message.record.data["vendor_record_id"].startswith("0"):
            return False
        return super()._take(sim, message, sync, number)


class Amnesic(Simulation):
    """A sync that starts from the beginning every time."""

    def _read(self, sim, sync, number, trouble):
        self._state = []
        return super()._read(sim, sync, number, trouble)


def of_a_day(kind: type[Simulation]) -> Report:
    return kind("voxo", calls_per_day=100, length=timedelta(days=1), every=4 * HOUR).run()


def test_simulation_notices_rows_that_are_lost() -> None:
    assert "never arrived" in of_a_day(Forgetful).lost()


def test_simulation_notices_rows_that_come_again_and_versions_that_do_not_come() -> None:
    report = of_a_day(Amnesic)
    assert report.lost() == {}
    assert report.wasted()["again"] > report.truth
    # Without a lookback, whatever comes late or changes late stays away.
    report = Simulation(
        "voxo", calls_per_day=300, length=timedelta(days=1), every=4 * HOUR, lookback_window_minutes=0
    ).run()
    assert report.lost().keys() == {"never arrived", "arrived in an older version only"}


@pytest.mark.parametrize("name", VENDORS)
def test_moving_vendor_shows_rows_late_fills_them_in_and_takes_some_away_within_the_lookback(name: str) -> None:
    clock = Clock(BEGIN)
    a_day = {"start": BEGIN - timedelta(days=1), "end": BEGIN}
    with start_moving(name, clock, **a_day, calls_per_day=1_500, lookback=LOOKBACK[name]) as sim:
        table = sim.moving()
        lives = [(row, table.lives[row.id]) for row in table.rows if row.id in table.lives]
        counts = (
            sum(life.shown > row.visible for row, life in lives),
            sum(life.filled < NEVER for _, life in lives),
            sum(life.back < NEVER for _, life in lives),
        )
        late, filled, away = (100 * count / len(table.rows) for count in counts)
        assert 3 < late < 7
        assert 1.5 < filled < 5
        assert 0.3 < away < 2
        for row, life in lives:
            last = sim.at(row) + LOOKBACK[name].total_seconds()
            assert all(moment < last for moment in (life.shown, life.filled, life.away, life.back) if moment < NEVER)
            assert table.served(row, life.shown - 1) is None
            if life.filled < NEVER and not life.away <= life.filled < life.back:
                assert table.served(row, life.filled).body != row.body
            if life.away < NEVER:
                assert table.served(row, life.away) is None
