"""RingCentral on loopback: the simulator, which is as strict as the vendor's document."""

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
from source_ringcentral_calls import SourceRingcentralCalls

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
def ringcentral():
    """Starts simulators of a day; they end with the test. Each request must be one that the document allows."""
    started = []

    def start(**options):
        started.append(simulators.start("ringcentral", **{**DAY, "published_samples": False, **options}))
        return started[-1]

    yield start
    for sim in started:
        sim.close()
        assert sim.violations == []


@pytest.fixture
def read() -> Callable[..., SimpleNamespace]:
    """A sync of one stream: its records, its last state, its log, and the error that it ended with."""

    def sync(config, stream="call_records", state=None):
        content = orjson.loads(CATALOG.read_bytes())
        content["streams"] = [one for one in content["streams"] if one["stream"]["name"] == stream]
        messages, error = [], None
        try:
            states = [AirbyteStateMessageSerializer.load(state)] if state else []
            catalog = ConfiguredAirbyteCatalogSerializer.load(content)
            messages.extend(SourceRingcentralCalls().read(logging.getLogger("airbyte"), config, catalog, states))
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
