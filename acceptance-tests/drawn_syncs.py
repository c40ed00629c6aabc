"""Syncs of a vendor in memory: the windows, the reader and the state of a real sync, in one thread, without HTTP."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from unittest.mock import patch

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils import AirbyteTracedException

from cdr.airbyte.cursor import WindowCursor
from cdr.airbyte.partitions import WindowPartition
from cdr.airbyte.sync import PageMessage, StreamRun
from cdr.reading.context import ReadContext, Sync
from cdr.reading.window_reader import reader_of
from cdr.vendor.config import Config
from drawn_vendor import DrawnVendor
from tools.naming import package_of

_STREAM: Final = "call_records"
_LOGGER: Final = logging.getLogger("drawn")
_TOKEN: Final = {"auth_type": "access_token", "access_token": "invented"}
_OWN: Final[dict[str, dict[str, Any]]] = {
    "voxo": {"account": {"account_type": "tenant", "tenant_id": 1001}},
    "vonage_business": {"account_id": "A-1"},
    "portsip": {"api_url": "https://pbx.example.com:8887/api"},
}


class _AtOnce(Executor):
    """Does its work where it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            done.set_exception(error)
        return done


@dataclass
class Ran:
    """What one sync put on standard output: records, the last state, and the reason why it failed."""

    records: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    kind: str = ""
    warnings: str = ""
    messages: int = 0
    is_cut_off: bool = False
    cause: BaseException | None = None


class _Output:
    """Takes the messages of the core as the platform would, and remembers the last state."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []

    def emit_message(self, message: AirbyteMessage) -> None:
        if message.type is Type.STATE:
            self.states.append(json.loads(json.dumps(message.state.stream.stream_state.__dict__)))

    def log_message(self, *_: Any) -> None:
        pass


@cache
def _source(vendor: str) -> tuple[Any, Any]:
    package = importlib.import_module(package_of(vendor))
    source = getattr(package, package.__all__[0])()
    return source.streams[0], source.spec(_LOGGER).connectionSpecification


def run(
    vendor: DrawnVendor, settings: dict[str, Any], state: dict[str, Any], now: datetime, stop_after: int | None = None
) -> Ran:
    """One sync from `state`. It dies in front of message `stop_after`, pages and states counted together."""
    vendor.now = int(now.timestamp())
    cls, specification = _source(vendor.name)
    raw = {"credentials": _TOKEN, "include_raw": False, **_OWN.get(vendor.name, {}), **settings}
    stream, output, ran = cls(Config(raw, specification)), _Output(), Ran(state=state)
    period = stream.config.period(now, stream.window.granularity)
    blob = AirbyteStreamState(StreamDescriptor(name=_STREAM), AirbyteStateBlob(state))
    given = [AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=blob)] if state else []
    manager = ConnectorStateManager(given)
    cursor = WindowCursor(
        stream=stream,
        state=manager.get_stream_state(_STREAM, None),
        period=period,
        now=now,
        workers=stream.config.integer("num_workers"),
        repository=output,  # type: ignore[arg-type]
        manager=manager,
    )
    start, end = stream.config.dates(stream.window.granularity)
    sync = Sync(period, cursor.periods(), cursor.lookback, start, end, cursor.since, dialect=cursor.dialect)
    with _AtOnce() as pages:
        reader = reader_of(stream)(stream, vendor, ReadContext(pages, 4, _LOGGER), sync)
        steps = StreamRun(_STREAM, len(cursor.periods()), output)  # type: ignore[arg-type]
        partitions = [WindowPartition(steps, reader, cursor, window) for window in cursor.periods()]
        with patch("time.sleep"), contextlib.suppress(_KilledError):
            _read(partitions, cursor, ran, output, stop_after)
            reader.conclude()
    ran.warnings = reader.findings.warning() or ""
    return ran


class _KilledError(Exception):
    """The process dies."""


def _read(
    partitions: list[WindowPartition], cursor: WindowCursor, ran: Ran, output: _Output, stop_after: int | None
) -> None:
    def step() -> None:
        if stop_after is not None and ran.messages >= stop_after:
            ran.is_cut_off = True
            raise _KilledError
        ran.messages += 1

    for partition in partitions:
        try:
            for message in partition.read():
                if isinstance(message, PageMessage):
                    step()
                    ran.records += [orjson.loads(line) for line in message.rows.lines()]
        except AirbyteTracedException as error:
            ran.error, ran.kind = error.message or "", error.failure_type.value if error.failure_type else ""
            ran.cause = error.__cause__
            return
        step()
        cursor.close_partition(partition)
        ran.state = output.states[-1]
