"""Aircall on loopback: the simulator, which is as strict as the vendor's document."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.utils import AirbyteTracedException

import simulators
from source_aircall_calls import SourceAircallCalls

CATALOG = Path(__file__).parents[1] / "integration_tests/configured_catalog.json"
DAY = {
    "start": datetime(2026, 9, 14, tzinfo=timezone.utc),
    "end": datetime(2026, 9, 14, 23, 59, 59, tzinfo=timezone.utc),
}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Waits are counted, not waited for."""
    seconds = []
    monkeypatch.setattr(time, "sleep", lambda wait: seconds.append(wait) if wait else None)
    return seconds


@pytest.fixture
def aircall():
    """Starts simulators of a day; they end with the test. Each request must be one that the document allows."""
    started = []

    def start(**options):
        started.append(simulators.start("aircall", **{**DAY, "published_samples": False, **options}))
        return started[-1]

    yield start
    for sim in started:
        sim.close()
        assert sim.violations == []


@pytest.fixture
def read() -> Callable[..., SimpleNamespace]:
    """A sync: its records, its last state, its log, and the error that it ended with."""

    def sync(config, state=None):
        catalog = ConfiguredAirbyteCatalogSerializer.load(orjson.loads(CATALOG.read_bytes()))
        catalog.streams = catalog.streams[:1]  # the calls
        messages, error = [], None
        try:
            states = [AirbyteStateMessageSerializer.load(state)] if state else []
            messages.extend(SourceAircallCalls().read(logging.getLogger("airbyte"), config, catalog, states))
        except AirbyteTracedException as ended:
            error = ended
        last = [message.state for message in messages if message.type is Type.STATE][-1:]
        return SimpleNamespace(
            records=[message.record.data for message in messages if message.type is Type.RECORD],
            state=AirbyteStateMessageSerializer.dump(last[0]) if last else None,
            log=[message.log.message for message in messages if message.type is Type.LOG],
            error=error,
        )

    return sync
