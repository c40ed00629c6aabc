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
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
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

from moving_vendor import Clock, MovingVendor, Shares, start_moving

# The two weeks hold the night in which Europe sets its clocks back.
BEGIN = datetime(2026, 10, 17, 5, 17, 43, tzinfo=timezone.utc)
# Before the first sync lies a day and a half of calls.
HISTORY = timedelta(hours=36)
SETTLING = timedelta(seconds=60)
_DAY = timedelta(days=1)

# The contract: how far an incremental sync looks back, and how much a request brings. VOXO has no pages; what limits
# an answer there is the memory of a window.
LOOKBACK = {
    "acefone": timedelta(minutes=1440),
    "bics": timedelta(minutes=60),
    "portsip": timedelta(minutes=1440),
    "vonage_business": timedelta(minutes=1440),
    "voxo": timedelta(minutes=1440),
}
PAGE = {"acefone": 100, "bics": 15, "portsip": 100, "vonage_business": 1000, "voxo": 10_000}
# What the contract allows.
FEW_REQUESTS = 4
PAGES_TWICE = 2
STATE_BYTES, STATE_BYTES_A_ROW, MOST_STATE_BYTES = 2048, 10, 256 * 1024

_QUERY_OF_A_LINK = re.compile(rb'(https?://[^"?]*)\?[^"]*')


@dataclass
class Sync:
    """One sync: what it was, what came of it.

    outcome:  complete, killed or down
    rows:     records that came
    again:    of these, unchanged since a complete sync sent them
    repeated: of these, unchanged since a sync sent them that was cut off
    returned: of these, unchanged, but they had vanished in between
    pages:    what the stretch needs, as the vendor's filter can express it
    covered:  rows behind the cursor that the next sync will ask for
    """

    at: datetime
    outcome: str = "complete"
    rows: int = 0
    again: int = 0
    repeated: int = 0
    returned: int = 0
    requests: int = 0
    pages: int = 0
    covered: int = 0
    state_bytes: int = 0
    seconds: float = 0.0

    @property
    def requests_allowed(self) -> int:
        return max(FEW_REQUESTS, PAGES_TWICE * self.pages)

    @property
    def state_allowed(self) -> int:
        return min(STATE_BYTES + STATE_BYTES_A_ROW * self.covered, MOST_STATE_BYTES)


@dataclass
class Report:
    """All syncs; the first one reads the history and is no measure for the others."""

    vendor: str
    calls_per_day: float
    syncs: list[Sync] = field(default_factory=list)
    truth: int = 0
    missing: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changes: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def later(self) -> list[Sync]:
        return self.syncs[1:]

    def total(self, what: str) -> int:
        return sum(getattr(sync, what) for sync in self.syncs)

    def mean(self, what: str) -> float:
        return sum(getattr(sync, what) for sync in self.later) / max(1, len(self.later))


@dataclass(frozen=True)
class Troubles:
    """How many of a hundred syncs are killed in the middle, and how many meet a vendor that is down."""

    killed: float = 0
    down: float = 0


class Ledger:
    """What has arrived: the last content of every row, and which sync brought it."""

    def __init__(self) -> None:
        self._contents: dict[str, int] = {}
        self._raws: dict[str, int] = {}
        self._brought: dict[str, int] = {}
        self.complete: list[float] = []
        """The times of the complete syncs, by number; NaN where a sync was cut off."""

    def take(self, record: dict[str, Any], sync: Sync, number: int, report: Report) -> str:
        """Note a record. Returns what it was: new, changed or unchanged."""
        name, content = record["vendor_record_id"], _digest(record)
        known, before = self._contents.get(name), self._brought.get(name)
        self._contents[name], self._brought[name] = content, number
        self._raws[name] = _digest(record["raw"])
        sync.rows += 1
        if before == number:
            report.doubled.append(name)
        if known is None:
            return "new"
        return "changed" if known != content else "unchanged"

    def brought_by(self, name: str) -> int | None:
        return self._brought.get(name)

    def has(self, name: str) -> bool:
        return name in self._raws

    def is_last(self, name: str, body: bytes) -> bool:
        return self._raws.get(name) == _digest(orjson.loads(body))

    def names(self) -> set[str]:
        return set(self._raws)


def _digest(content: Any) -> int:
    """A link is compared without its query: a new signature is no change."""
    return hash(_QUERY_OF_A_LINK.sub(rb"\1", orjson.dumps(content, option=orjson.OPT_SORT_KEYS)))


class Simulation:
    """A vendor, its clock, and one sync after the other."""

    def __init__(
        self,
        vendor: str,
        *,
        calls_per_day: float = 300,
        length: timedelta = timedelta(days=14),
        every: timedelta = timedelta(hours=2),
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
        self._until = BEGIN - HISTORY
        self._start = dict(
            start=BEGIN - HISTORY,
            end=self._moments[-1] + timedelta(hours=1),
            calls_per_day=calls_per_day,
            lookback=LOOKBACK[vendor],
            shares=shares,
            seed=seed,
        )
        self._config = config
        package = importlib.import_module(f"source_{vendor}")
        self._source = getattr(package, package.__all__[0])
        self._logger = logging.getLogger("airbyte")

    def run(self) -> Report:
        with start_moving(self.report.vendor, self._clock, **self._start) as sim, self._moved_clock():  # type: ignore[arg-type]
            assert isinstance(sim, MovingVendor)
            sim.moving()  # printing the rows is no part of a sync
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
        """Let the connector take the time from the clock, wherever its class has `_now`."""
        modules = {sys.modules[cls.__module__] for cls in self._source.__mro__ if cls.__module__ != "builtins"}
        (module,) = [module for module in modules if hasattr(module, "_now")]
        level = self._logger.level
        self._logger.setLevel(logging.CRITICAL)  # thousands of syncs say that they start and end
        try:
            with mock.patch.object(module, "_now", self._clock.now), mock.patch.dict("os.environ", CDR_WORKERS="0"):
                yield
        finally:
            self._logger.setLevel(level)

    def _sync(self, sim: MovingVendor, moment: datetime, trouble: str) -> None:
        self._clock.seconds = moment.timestamp()
        number, asked = len(self.report.syncs), len(sim.requests)
        sync = Sync(moment, pages=self._pages(sim, self._until, moment))
        self.report.syncs.append(sync)
        self._ledger.complete.append(math.nan)
        if trouble == "down":
            # Some windows close before the vendor goes down.
            sim.fault(self._dice.choice(("server_error", "reset")), after=self._dice.randrange(3), times=None)
        limit = self._dice.randrange(1, 40) if trouble == "killed" else 1 << 60
        began = time.perf_counter()
        with _no_waiting() if trouble == "down" else _nothing():
            sync.outcome = self._read(sim, sync, number, limit)
        sync.seconds = time.perf_counter() - began
        sim.faults.clear()
        sync.requests = sum(one.status < 300 and bool(one.stream) for one in sim.requests[asked:])
        if sync.outcome == "complete":
            self._until = moment - SETTLING
            self._ledger.complete[number] = moment.timestamp()
        sync.covered = self._rows(sim, moment - SETTLING - LOOKBACK[sim.vendor], moment)
        sync.state_bytes = max((len(orjson.dumps(_stream_state(one))) for one in self._state), default=0)

    def _read(self, sim: MovingVendor, sync: Sync, number: int, limit: int) -> str:
        """Read until the end, or until so many rows and states have come, or until it fails."""
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
            self.report.log.append(f"{sync.at:%m-%d %H:%M} {error.message}")
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
        before = self._ledger.brought_by(record["vendor_record_id"])
        found = self._ledger.take(record, sync, number, self.report)
        if found == "changed":
            self.report.changes += 1
        elif found == "unchanged" and before is not None and before != number:
            self._count_again(sim, record["vendor_record_id"], before, sync)
        return True

    def _count_again(self, sim: MovingVendor, name: str, before: int, sync: Sync) -> None:
        life = sim.moving().lives.get(name)
        sent = self.report.syncs[before].at.timestamp()
        if life is not None and sent < life.away <= sync.at.timestamp():
            sync.returned += 1
        elif math.isnan(self._ledger.complete[before]):
            sync.repeated += 1
        else:
            sync.again += 1

    # --- what is asked for ---

    def _pages(self, sim: MovingVendor, since: datetime, moment: datetime) -> int:
        return math.ceil(self._rows(sim, since - LOOKBACK[sim.vendor], moment) / PAGE[sim.vendor])

    @staticmethod
    def _rows(sim: MovingVendor, first: datetime, moment: datetime) -> int:
        """The rows from there up to now. BICS knows days only, and nobody knows the zone: a day more on each side."""
        if sim.vendor == "bics":
            first = first.replace(hour=0, minute=0, second=0) - _DAY
        return sim.between(first.timestamp(), moment.timestamp() + 1, moment.timestamp())

    # --- the truth ---

    def _judge(self, sim: MovingVendor) -> None:
        """Compare what arrived with what the vendor has when the last sync reads it."""
        table, now = sim.moving(), self._clock.seconds
        low, high = (BEGIN - HISTORY).timestamp(), (self._moments[-1] - SETTLING).timestamp()
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
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _no_waiting() -> Iterator[None]:
    """Repetitions wait for nothing: a vendor that is down for a sync would hold it up for most of a minute."""
    sleep = time.sleep
    with mock.patch.object(time, "sleep", lambda seconds: sleep(min(seconds, 0.001))):
        yield
