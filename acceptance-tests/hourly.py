"""Weeks of incremental syncs in process, against a vendor whose rows move, with the truth kept beside them.

    report = Simulation("voxo", calls_per_day=300).run()
    assert not report.missing

A sync may be killed (nobody takes its messages any more) or meet a vendor that is down. What a warehouse keeps is what
came before; the state that goes into the next sync is the last one that came.
"""

from __future__ import annotations

import importlib
import logging
import math
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from random import Random
from typing import Any
from unittest import mock

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.utils import AirbyteTracedException

from hourly_report import LOOKBACK, PAGE, Ledger, Report, Sync
from moving_vendor import Clock, MovingVendor, Shares, start_moving
from tools.naming import package_of
from vendors import known

# The two weeks hold the night in which Europe sets its clocks back.
BEGIN = datetime(2026, 10, 13, 5, 17, 43, tzinfo=timezone.utc)
# Before the first sync lies a day and a half of calls.
HISTORY = timedelta(hours=36)
SETTLING = timedelta(seconds=60)
_DAY = timedelta(days=1)
# After how many rows and states a sync is killed at most; one that has fewer is complete.
_A_FEW, _ALL = 40, 1 << 60


@dataclass(frozen=True)
class Troubles:
    """How many of a hundred syncs are killed in the middle, and how many meet a vendor that is down."""

    killed: float = 0
    down: float = 0


class Simulation:
    """A vendor, its clock, and one sync after the other."""

    def __init__(
        self,
        vendor: str,
        *,
        calls_per_day: float = 300,
        length: timedelta = timedelta(days=14),
        every: timedelta = timedelta(hours=2),
        history: timedelta = HISTORY,
        troubles: Troubles | None = None,
        shares: Shares | None = None,
        seed: int = 7,
        **config: Any,
    ) -> None:
        self.report = Report(vendor, calls_per_day)
        self._troubles = troubles or Troubles()
        self._dice = Random(seed)
        self._moments = [BEGIN + index * every for index in range(int(length / every))]
        self._clock = Clock(BEGIN)
        self._ledger = Ledger()
        self._state: list[AirbyteStateMessage] = []
        self._begin = self._until = BEGIN - history
        self._start = partial(
            start_moving,
            vendor,
            self._clock,
            start=self._begin,
            end=self._moments[-1] + timedelta(hours=1),
            calls_per_day=calls_per_day,
            lookback=LOOKBACK[vendor],
            shares=shares,
            seed=seed,
        )
        self._config = config
        self._taken_away: list[float] = []
        package = importlib.import_module(package_of(vendor))
        self._source = getattr(package, package.__all__[0])
        self._logger = logging.getLogger("airbyte")

    def run(self) -> Report:
        with self._start() as sim, self._moved_clock():
            self._taken_away = sorted(life.away for life in sim.moving().lives.values())
            for moment in self._moments:
                self._sync(sim, moment, self._trouble(moment))
            self._judge(sim)
        return self.report

    def _trouble(self, moment: datetime) -> str:
        """What befalls this sync. The first and the last are spared: one has no state yet, one is judged."""
        dice = self._dice.random() * 100
        if moment in (self._moments[0], self._moments[-1]):
            return "complete"
        if dice < self._troubles.killed:
            return "killed"
        return "down" if dice < self._troubles.killed + self._troubles.down else "complete"

    @contextmanager
    def _moved_clock(self) -> Iterator[None]:
        """Let the connector take the time from the clock, wherever `cdr` has `_now`."""
        modules = [
            module for name, module in sys.modules.items() if name.startswith("cdr.") and hasattr(module, "_now")
        ]
        assert modules, "cdr takes the time from somewhere else"
        level = self._logger.level
        self._logger.setLevel(logging.CRITICAL)  # thousands of syncs say that they start and end
        with ExitStack() as stack:
            stack.callback(self._logger.setLevel, level)
            stack.enter_context(mock.patch.dict("os.environ", CDR_WORKERS="0"))
            for module in modules:
                stack.enter_context(mock.patch.object(module, "_now", self._clock.now))
            yield

    def _sync(self, sim: MovingVendor, moment: datetime, trouble: str) -> None:
        self._clock.seconds = moment.timestamp()
        number, asked = len(self.report.syncs), len(sim.requests)
        sync = Sync(moment, pages=self._pages(sim, self._until, moment), vanished=self._vanished(number, moment))
        self.report.syncs.append(sync)
        if trouble == "down":
            # Some windows close before the vendor goes down.
            sim.fault(self._dice.choice(("server_error", "reset")), after=self._dice.randrange(3), times=None)
        began = time.perf_counter()
        with _no_waiting() if trouble == "down" else nullcontext():
            sync.outcome = self._read(sim, sync, number, trouble)
        sync.seconds = time.perf_counter() - began
        sim.faults.clear()
        sync.requests = sum(one.status < 300 and bool(one.stream) for one in sim.requests[asked:])
        # A sync behind one that was cut off reads what is missing; the next one looks back from where none was yet.
        resumes = number > 0 and self.report.syncs[-2].outcome != "complete"
        if sync.outcome == "complete" and not resumes:
            self._until = moment - SETTLING
        sync.covered = self._rows(sim, self._until - LOOKBACK[sim.vendor], moment)
        sync.state_bytes = max((len(orjson.dumps(_stream_state(one))) for one in self._state), default=0)

    def _read(self, sim: MovingVendor, sync: Sync, number: int, trouble: str) -> str:
        """Read until the end, or until some rows and states have come, or until it fails."""
        limit = self._dice.randrange(1, _A_FEW) if trouble == "killed" else _ALL
        source = self._source()
        config = sim.config(end_date=None, num_workers=4, **self._config)
        stream = next(one for one in source.discover(self._logger, config).streams if one.name == "call_records")
        chosen = ConfiguredAirbyteStream(stream, SyncMode.incremental, DestinationSyncMode.append)
        messages = source.read(self._logger, config, ConfiguredAirbyteCatalog(streams=[chosen]), self._state)
        try:
            for message in messages:
                limit -= self._take(sim, message, sync, number)
                if limit <= 0:
                    messages.close()
                    return "killed"
        except AirbyteTracedException as error:
            if trouble != "down":
                self.report.failed.append(f"{sync.at:%m-%d %H:%M} {error.message}")
            return "down"
        return "complete"

    def _take(self, sim: MovingVendor, message: AirbyteMessage, sync: Sync, number: int) -> bool:
        """Note a message. True for those that count towards the end of a killed sync."""
        if message.state is not None:
            state = AirbyteMessageSerializer.dump(message)["state"]
            self._state = [AirbyteStateMessageSerializer.load(orjson.loads(orjson.dumps(state)))]
            return True
        if message.record is None:
            return False
        record = dict(message.record.data)
        name = record["vendor_record_id"]
        what, before = self._ledger.take(record, number)
        sync.rows += 1
        self.report.changes += what == "changed"
        if before == number:
            self.report.doubled.append(name)
        elif what == "unchanged":
            self._count_again(sim, name, before, sync)
        return True

    def _count_again(self, sim: MovingVendor, name: str, before: int, sync: Sync) -> None:
        life = sim.moving().lives.get(name)
        between = (one.at.timestamp() for one in self.report.syncs[before + 1 :])
        if life is not None and any(life.away <= moment < life.back for moment in between):
            sync.returned += 1
        elif self.report.syncs[before].outcome != "complete":
            sync.repeated += 1
        else:
            sync.again += 1

    # --- what is asked for ---

    def _pages(self, sim: MovingVendor, since: datetime, moment: datetime) -> int:
        return math.ceil(self._rows(sim, since - LOOKBACK[sim.vendor], moment) / PAGE[sim.vendor])

    def _vanished(self, number: int, moment: datetime) -> int:
        """How many rows the vendor took away since the sync before."""
        before = self.report.syncs[number - 1].at.timestamp() if number else 0
        return bisect_right(self._taken_away, moment.timestamp()) - bisect_right(self._taken_away, before)

    @staticmethod
    def _rows(sim: MovingVendor, first: datetime, moment: datetime) -> int:
        """The rows from there up to now; where the filter knows days only, whole ones, and one more in front."""
        if known()[sim.vendor].whole_days:
            first = first.replace(hour=0, minute=0, second=0) - _DAY
        return sim.between(first.timestamp(), moment.timestamp() + 1, moment.timestamp())

    # --- the truth ---

    def _judge(self, sim: MovingVendor) -> None:
        """Compare what arrived with what the vendor has when the last sync reads it."""
        table, now = sim.moving(), self._clock.seconds
        low, high = self._begin.timestamp(), (self._moments[-1] - SETTLING).timestamp()
        there = {row.id: served for row in table.rows if (served := table.served(row, now))}
        for name, row in there.items():
            if not low <= sim.at(row) < high:
                continue
            self.report.truth += 1
            if not self._ledger.has(name):
                self.report.missing.append(name)
            elif not self._ledger.is_last(name, row.body):
                self.report.outdated.append(name)
        self.report.unknown += sorted(self._ledger.names() - {row.id for row in table.rows})


def _stream_state(message: AirbyteStateMessage) -> Any:
    return AirbyteStateMessageSerializer.dump(message)["stream"]["stream_state"]


@contextmanager
def _no_waiting() -> Iterator[None]:
    """Repetitions wait for nothing: a vendor that is down for a sync would hold it up for most of a minute."""
    sleep = time.sleep
    with mock.patch.object(time, "sleep", lambda seconds: sleep(min(seconds, 0.001))):
        yield
