"""Acefone: numbered pages, dates in the configured zone, a bare token where it is set so."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from simulators import Simulator
from vendors import Vendor
from vendors.asking import bearer, get, moment, text


def headers(sim: Simulator) -> dict[str, str]:
    bare = {"Authorization": sim.access_token} if sim.options["header"] == "bare" else {}
    return {**bearer(sim), **bare}


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    # An hour more on both sides is enough for a clock that is changed.
    zone = ZoneInfo(sim.options["zone"])
    low, high = (text(at.astimezone(zone)) for at in (start - timedelta(hours=2), end + timedelta(hours=2)))
    return get(sim, "call_report", from_date=low, to_date=high, time_zone=zone.key, page=page, limit=size)


def rows(body: Any) -> list[dict[str, Any]]:
    return body["data"]


def total(body: Any) -> int:
    return int(body["filtered_records"])


def log_in(sim: Simulator, password: str | None) -> requests.Response:
    given = sim.config(auth="password")["credentials"]
    body = {"login_id": given["login_id"], "password": password or given["password"]}
    return requests.post(f"{sim.api_url}/auth/login", json=body, timeout=5)


VENDOR = Vendor(
    ask,
    rows,
    "call_report",
    total,
    headers=headers,
    refusable="from_date",
    wrong=({"limit": "101"}, {"from_date": "01-03-2026 00:00:00"}),
    bare_country_codes=True,
    samples=(("call_records", moment(2020, 3, 27, 6), 1),),
    log_in=log_in,
    recordings_of="call_records",
    filled=("hangup_cause", "Filled in later"),
    plain={"slips": False},
    beside=(timedelta(0), timedelta(hours=26)),  # it may look at another of a call's times
    shown=("prints Kolkata, asked for London", "a date with a time of day finds nothing", "the account's total"),
    taken=(("/call_report", {"authorization": "Bearer EXAMPLE", "time_zone": "America/Argentina/Buenos_Aires"}),),
    refused=(
        ("/call_report", {"limit": "101"}),
        ("/call_report", {"page": "0"}),
        ("/call_report", {"from_date": "20-08-2024 00:00:00"}),
    ),
)
