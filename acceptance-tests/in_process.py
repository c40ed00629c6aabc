"""A source, synced in the process of a test: for unit tests of a vendor's package.

Its vendor is a simulator, or a script of the test whose requests are held against the vendor's document here.
"""

import inspect
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.utils import AirbyteTracedException
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

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


def query_of(request: BaseHTTPRequestHandler) -> dict[str, str]:
    """The parameters of a request, the first of each name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


def breaches(document: OpenAPI, request: BaseHTTPRequestHandler, body: bytes) -> list[str]:
    """In what a request to a script of the test breaks the vendor's document."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    checked = MockRequest(
        "http://127.0.0.1:8080",
        request.command,
        urlsplit(request.path).path,
        args=query_of(request),
        headers=headers,
        data=body or None,
        content_type=headers.get("content-type", ""),
    )
    return [f"{request.path}: {error}" for error in document.iter_request_errors(checked)]


def sync(source: CallRecordSource, config: Mapping[str, Any], *streams: str, state: Any = None) -> SimpleNamespace:
    """A sync of the calls, or of the streams named.

    Of it: the records, all and `of` a stream, their ids sorted, the states and the last of them, the log, and the error
    that it ended with.
    """
    folder = Path(inspect.getfile(type(source))).parents[1]
    content = orjson.loads((folder / "integration_tests/configured_catalog.json").read_bytes())
    chosen = streams or ("call_records",)
    content["streams"] = [one for one in content["streams"] if one["stream"]["name"] in chosen]
    assert len(content["streams"]) == len(chosen), "there is no such stream"
    messages, error = [], None
    try:
        given = [AirbyteStateMessageSerializer.load(orjson.loads(orjson.dumps(state)))] if state else []
        catalog = ConfiguredAirbyteCatalogSerializer.load(content)
        messages.extend(source.read(logging.getLogger("airbyte"), config, catalog, given))
    except AirbyteTracedException as ended:
        error = ended
    records = [message.record for message in messages if message.type is Type.RECORD]
    states = [AirbyteStateMessageSerializer.dump(one.state) for one in messages if one.type is Type.STATE]
    return SimpleNamespace(
        records=[record.data for record in records],
        of=lambda stream: [record.data for record in records if record.stream == stream],
        ids=sorted(str(record.data.get("vendor_record_id") or record.data.get("id")) for record in records),
        states=states,
        state=states[-1] if states else None,
        log=[message.log.message for message in messages if message.type is Type.LOG],
        error=error,
    )
