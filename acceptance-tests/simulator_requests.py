"""Asking the simulators with plain requests: what is particular to a vendor stands in `vendors/`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
import requests

import simulators
from simulators import Simulator
from vendors import known
from vendors.asking import get, moment, text

__all__ = ["get", "moment", "text"]

VENDORS = known()
STREAMS = [(vendor, stream) for vendor in simulators.VENDORS for stream in simulators.simulator_class(vendor).cursors]
PAGED = [name for name, vendor in VENDORS.items() if vendor.has_pages and vendor.total]
LOGINS = [name for name, vendor in VENDORS.items() if vendor.log_in]
DATA = {name: vendor.path for name, vendor in VENDORS.items()}
NEEDED = {name: vendor.needed for name, vendor in VENDORS.items()}

every_vendor = pytest.mark.parametrize("vendor", simulators.VENDORS)
every_stream = pytest.mark.parametrize(("vendor", "stream"), STREAMS)

SPRING = {"start": moment(2026, 3, 27), "end": moment(2026, 3, 31)}
AUTUMN = {"start": moment(2026, 10, 23), "end": moment(2026, 11, 3)}


def bearer(sim: Simulator) -> dict[str, str]:
    """What carries the token of a request."""
    return VENDORS[sim.vendor].headers(sim)


def rows_of(vendor: str, body: Any) -> list[dict[str, Any]]:
    return VENDORS[vendor].rows(body)


def total_of(vendor: str, body: Any) -> int:
    total = VENDORS[vendor].total
    return total(body) if total else len(rows_of(vendor, body))


def ask(sim: Simulator, stream: str = "call_records", page: int = 1, size: int = 100, **period: Any) -> Any:
    period = {"start": sim.start, "end": sim.end or datetime.now(timezone.utc), **period}
    return VENDORS[sim.vendor].ask(sim, stream, period["start"], period["end"], page, size)


def read(sim: Simulator, stream: str = "call_records", size: int = 100, **period: Any) -> list[dict[str, Any]]:
    """Every row of a period, page by page until one brings nothing new."""
    vendor = VENDORS[sim.vendor]
    found: list[dict[str, Any]] = []
    for page in range(1, 1000):
        answer = ask(sim, stream, page, size, **period)
        assert answer.status_code == 200, answer.text
        rows = vendor.rows(answer.json())
        found += rows
        told = vendor.total(answer.json()) if vendor.total else None
        if not rows or not vendor.has_pages or (told is not None and len(found) >= told):
            break
    return found


def id_of(row: dict[str, Any]) -> str:
    """The vendor's id of a row, under whichever of the usual names."""
    return str(row.get("id", row.get("sid", getattr(row, "id", None))))


def log_in(sim: Simulator, *, password: str | None = None) -> requests.Response:
    made = VENDORS[sim.vendor].log_in
    assert made is not None
    return made(sim, password)


def token_of(answer: requests.Response) -> str:
    return answer.json().get("access_token") or answer.json()["accessToken"]
