"""A source, synced in the process of a test against its simulator: for unit tests of a vendor's package."""

import inspect
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.utils import AirbyteTracedException

import simulators
from cdr.airbyte.source import CallRecordSource

DAY = {
    "start": datetime(2026, 9, 14, tzinfo=timezone.utc),
    "end": datetime(2026, 9, 14, 23, 59, 59, tzinfo=timezone.utc),
}


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are counted, not waited for."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda wait: seconds.append(wait) if wait else None)
    return seconds


def simulators_of(vendor: str) -> Iterator[Callable[..., Any]]:
    """What starts simulators of a day; they end with the test. Each request must be one that the document allows."""
    started = []

    def start(**options: Any) -> Any:
        started.append(simulators.start(vendor, **{**DAY, "published_samples": False, **options}))
        return started[-1]

    yield start
    for sim in started:
        sim.close()
        assert sim.violations == []


def sync(
    source: CallRecordSource, config: Mapping[str, Any], state: Any = None, stream: str = "call_records"
) -> SimpleNamespace:
    """A sync of one stream: its records, its last state, its log, and the error that it ended with."""
    folder = Path(inspect.getfile(type(source))).parents[1]
    content = orjson.loads((folder / "integration_tests/configured_catalog.json").read_bytes())
    content["streams"] = [one for one in content["streams"] if one["stream"]["name"] == stream]
    messages, error = [], None
    try:
        states = [AirbyteStateMessageSerializer.load(state)] if state else []
        catalog = ConfiguredAirbyteCatalogSerializer.load(content)
        messages.extend(source.read(logging.getLogger("airbyte"), config, catalog, states))
    except AirbyteTracedException as ended:
        error = ended
    last = [message.state for message in messages if message.type is Type.STATE][-1:]
    return SimpleNamespace(
        records=[message.record.data for message in messages if message.type is Type.RECORD],
        state=AirbyteStateMessageSerializer.dump(last[0]) if last else None,
        log=[message.log.message for message in messages if message.type is Type.LOG],
        error=error,
    )
