"""VOXO: one bare array for a period."""

from datetime import datetime, timedelta
from typing import Any

import requests

from simulators import Simulator
from vendors import Vendor
from vendors.asking import get, moment, text


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    return get(sim, "call-reports", tenantId=1001, start=text(start), end=text(end), timezone="UTC")


def rows(body: Any) -> list[dict[str, Any]]:
    return body


def log_in(sim: Simulator, password: str | None) -> requests.Response:
    given = sim.config(auth="password")["credentials"]
    body = {"strategy": "local", "email": given["email"], "password": password or given["password"]}
    return requests.post(f"{sim.api_url}/authentication", json=body, timeout=5)


VENDOR = Vendor(
    ask,
    rows,
    "call-reports",
    needed={"start": "2026-03-28 00:00:00", "end": "2026-03-29 00:00:00"},
    has_pages=False,
    refusable="timezone",
    wrong=({"start": "2026-03-01 00:00:00"}, {"start": "2026-03-01", "end": "2026-03-02"}),
    samples=(("call_records", moment(2022, 10, 10, 23, 30), 1), ("call_records", moment(2022, 10, 11, 3), 1)),
    log_in=log_in,
    filled=("callOutcome", "Filled in later"),
    plain={"slips": False},
    page_rows=10**6,  # all of a window
    beside=(timedelta(0), timedelta(days=1)),  # it may look at another of a call's times, or read dates in another zone
    several=lambda ids: {"account": {"account_type": "tenants", "tenant_ids": [int(one) for one in ids]}},
    shown=("prints Chicago", "bounds are exclusive", "100 rows at most, newest first"),
    taken=(
        ("/call-reports", {"tenantId": None, "billingCode": "B1"}),
        ("/call-reports", {"tenantId": None}),
    ),
    refused=(
        ("/call-reports", {"start": None}),
        ("/call-reports", {"end": "2024-08-21"}),
        ("/call-reports", {"timezone": "UTC+ 1"}),
    ),
)
