"""Syncs of a vendor that speaks a dialect, in this process, over real HTTP: full, incremental, killed and resumed."""

from __future__ import annotations

import importlib
import logging
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Queue
from typing import Any

from airbyte_cdk.models import (
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

import simulators
from dialects import Dialect
from simulators import Simulator
from tools.naming import package_of
from vendors import known

DAYS = timedelta(days=4)
_LOOKBACK = timedelta(days=1)
_LONGEST = 90  # seconds that a sync may take before it counts as one that never ends
_LONGEST_WAIT = 900  # what a vendor may ask for at most, by promise 6
# What BICS' connector says of every period in the past, and what is left of a warning that says nothing else.
_RETENTION = re.compile(r" ?it keeps \d+ days [^.]*\.")
_NOTHING_ELSE = "documents:"
_WHATEVER = re.compile(r"127\.0\.0\.1:\d+")


class SilentWaitError(Exception):
    """Somebody goes to sleep for longer than a vendor may ask for."""


@dataclass
class Run:
    """What syncs of a cell gave out and said. `error` is the reason of the last one that failed."""

    records: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, AirbyteStateMessage] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    error: str = ""
    kind: str = ""

    @property
    def said(self) -> str:
        """The reason of a failure, else the warnings, without what differs from run to run."""
        text = self.error or " ".join(dict.fromkeys(self.warnings))
        return _WHATEVER.sub("127.0.0.1", text)


@contextmanager
def impatient() -> Iterator[None]:
    """Let nobody sleep for long: waits between repetitions end at once, and a wait of a day is an error."""
    asleep = time.sleep

    def nap(seconds: float) -> None:
        if seconds > _LONGEST_WAIT:
            raise SilentWaitError(f"sleeps for {seconds:.0f} seconds")
        asleep(min(seconds, 0.02))

    time.sleep = nap
    try:
        yield
    finally:
        time.sleep = asleep


class _Listener(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        _hear(record.getMessage(), self._heard)


def sync(
    vendor: str, config: dict[str, Any], run: Run, stop_after: int | None = None, name: str = "call_records"
) -> None:
    """Read a stream from where the states of a run stand, and add what comes; stop like a kill where asked."""
    package = importlib.import_module(package_of(vendor))
    source = getattr(package, package.__all__[0])()
    logger = logging.getLogger("airbyte")
    listener = _Listener(run.warnings)
    logger.addHandler(listener)
    run.error = run.kind = ""
    try:
        stream = next(one for one in source.discover(logger, config).streams if one.name == name)
        catalog = ConfiguredAirbyteCatalog(
            streams=[ConfiguredAirbyteStream(stream, SyncMode.incremental, DestinationSyncMode.append)]
        )
        messages = source.read(logger, config, catalog, list(run.states.values()))
        for number, message in enumerate(messages, 1):
            _note(message, run)
            if number == stop_after:
                messages.close()
                return
    except AirbyteTracedException as error:
        run.error, run.kind = error.message or "", error.failure_type.value
    except Exception as error:  # noqa: BLE001 - a test has to say which cell it was
        run.error, run.kind = repr(error), "system_error"
    finally:
        logger.removeHandler(listener)


def _note(message: Any, run: Run) -> None:
    if message.record:
        run.records.append(message.record.data)
    elif message.state:
        run.states[message.state.stream.stream_descriptor.name] = message.state
    elif message.log:
        run.log.append(message.log.message)
        if message.log.level.value == "WARN":
            _hear(message.log.message, run.warnings)


def _hear(warning: str, heard: list[str]) -> None:
    said = _RETENTION.sub("", warning).strip()
    if not said.endswith(_NOTHING_ELSE):
        heard.append(said)


def in_time(work: Callable[[], None], run: Run) -> None:
    """Do some work, but give it up where it does not end."""
    done: Queue[BaseException | None] = Queue()

    def working() -> None:
        try:
            work()
            done.put(None)
        except BaseException as error:  # noqa: BLE001 - whatever it was, it is raised where it is waited for
            done.put(error)

    thread = threading.Thread(target=working, daemon=True)
    thread.start()
    thread.join(_LONGEST)
    if thread.is_alive():
        run.error, run.kind = f"did not end within {_LONGEST} seconds", "system_error"
    elif (error := done.get()) is not None:
        raise error


def simulated(vendor: str, dialect: Dialect) -> Simulator:
    """Start a vendor that speaks a dialect, with four days of calls."""
    plain = {"published_samples": False, **known()[vendor].plain}
    sim = simulators.start(
        vendor,
        start=dialect.start,
        end=dialect.start + DAYS - timedelta(seconds=1),
        calls_per_day=dialect.calls_per_day,
        validate=False,
        **{**plain, **dialect.options},
    )
    if dialect.quiet:
        low, high = (int((sim.start + timedelta(days=day)).timestamp()) * 10**6 for day in (1, 3))
        table = sim.table("call_records")
        table.remove([row.id for row in table.between(low, high - 1)])
    if dialect.exactly:
        for day in range(4):
            _thin_out(sim, sim.start + timedelta(days=day), dialect.exactly)
    return sim


def _thin_out(sim: Simulator, day: datetime, count: int) -> None:
    """Leave so many calls to a day."""
    low, high = (int((day + timedelta(days=more)).timestamp()) * 10**6 for more in (0, 1))
    table = sim.table("call_records")
    table.remove([row.id for row in table.between(low, high - 1)[count:]])


@dataclass(frozen=True)
class Outcome:
    """A cell: how many calls the vendor has, how many came, which columns were wrong, and what the sync said."""

    expected: int
    got: int
    wrong: tuple[str, ...]
    invented: int
    """How many ids came that the vendor does not have."""
    extra: int
    """How many calls came that are not of the period."""
    run: Run
    leaked: bool
    """Whether a secret of the vendor's stands in what was said."""

    @property
    def complete(self) -> bool:
        return self.got == self.expected and not self.invented


def outcome(vendor: str, dialect: Dialect, mode: str) -> Outcome:
    """Run a cell of the matrix."""
    run = Run()
    with simulated(vendor, dialect) as sim, impatient():
        if dialect.options.get("day_limit") == "newest" or "refuses_future" in dialect.options:
            sim.moment = sim.end.timestamp() if sim.end else None
        sim.table("call_records")
        in_time(lambda: _syncs(sim, dialect, mode, run), run)
        return judged(sim, run, dialect)


def _syncs(sim: Simulator, dialect: Dialect, mode: str, run: Run) -> None:
    config = sim.config(num_workers=2, **dialect.config)
    config["lookback_window_minutes"] = 10_080 if sim.held_back else int(_LOOKBACK.total_seconds() // 60)
    if mode == "incremental":
        _half(sim, config, run)
    elif mode == "killed":
        stop = random.Random(f"{sim.vendor}/{dialect.title}").randrange(4, 120)
        sync(sim.vendor, config, run, stop)
        if "growing" in dialect.options:
            # What appeared in windows that were closed is late: the sync after the resumed one looks back for it.
            sync(sim.vendor, config, run)
    # Calls that appear while the last sync reads are left to the next one.
    run.unseen = set(sim.held_back if mode == "killed" else sim.table("call_records").hidden)
    if not run.error:
        sync(sim.vendor, config, run)


def _half(sim: Simulator, config: dict[str, Any], run: Run) -> None:
    """Read a part at a time when calls are still going on, while some that ended are not served yet."""
    then = sim.start + timedelta(days=2, hours=12, minutes=7)
    table = sim.table("call_records")
    named = Counter(row.id for row in table.rows)
    recent = table.between(*(int(at.timestamp()) * 10**6 for at in (then - timedelta(hours=20), then)))
    # An id that an older call has too would hide that one as well.
    late = [row.id for row in recent if named[row.id] == 1][::4]
    table.hide(late)
    later, sim.moment = sim.moment, then.timestamp()
    sync(sim.vendor, {**config, "end_date": _text(then)}, run)
    sim.moment = later
    table.show(late)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def call_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """What makes a call, whatever it is named: two calls can have one id."""
    name = row["vendor_record_id"].partition("#")[0]
    return name, row["from_number"], row["to_number"], row["duration_seconds"], row["direction"]


_NOT_COMPARED = {"raw", "issues", "recording_url", "recording_expires_at", "record_id", "vendor_record_id"}


def judged(sim: Simulator, run: Run, dialect: Dialect) -> Outcome:
    """Hold what came against the truth."""
    since = {"start": sim.end - timedelta(days=1)} if sim.end and dialect.options.get("day_limit") == "newest" else {}
    truth = [row for row in sim.truth(**since, **_context(dialect)) if row["vendor_record_id"] not in run.unseen]
    there = Counter(row.id for row in sim.table("call_records").rows)
    last = {call_of(row): row for row in run.records}
    distinct = Counter(key[0] for key in last)
    expected = Counter(row["vendor_record_id"] for row in truth)
    got = sum(min(count, distinct[name]) for name, count in expected.items())
    wrong: set[str] = set()
    for row in truth:
        came = last.get(call_of(row))
        if came is None:
            wrong.add("(no such row)")
            continue
        wrong |= {key for key, value in row.items() if key not in _NOT_COMPARED and came[key] != value}
    invented = sum(1 for name in distinct if name not in there)
    said = "\n".join([run.error, *run.warnings, *run.log])
    leaked = any(secret in said for secret in sim.secrets)
    extra = len(distinct.keys() - expected.keys() - run.unseen)
    return Outcome(sum(expected.values()), got, tuple(sorted(wrong)), invented, extra, run, leaked)


def _context(dialect: Dialect) -> dict[str, Any]:
    return {"include_call_costs": True} if dialect.config.get("include_call_costs") else {}
