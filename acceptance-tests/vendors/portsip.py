"""PortSIP: skip and top, a filter in OData's manner."""

from datetime import datetime
from typing import Any

import requests

from simulators import Simulator
from vendors import Vendor
from vendors.asking import get, moment

_ODATA = "started_at ge '2024-08-20T00:00:00.5Z' and contains(caller, '10') or duration gt 5"


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    path = {"call_records": "cdrs", "call_logs": "calllogs"}.get(stream, stream)
    params = {"skip": (page - 1) * size, "top": size, "count": "true"}
    if name := sim.cursors[stream]:
        low, high = (at.strftime("'%Y-%m-%dT%H:%M:%SZ'") for at in (start, end))
        params |= {"filter": f"{name} ge {low} and {name} le {high}", "orderby": f"{name} asc"}
    return get(sim, path, **params)


def rows(body: Any) -> list[dict[str, Any]]:
    return body["items"]


def total(body: Any) -> int:
    return body["count"]


def log_in(sim: Simulator, password: str | None) -> requests.Response:
    given = sim.config(auth="password")["credentials"]
    form = {"grant_type": "password", "scope": "all", "client_id": "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"}
    form |= {"username": given["username"], "password": password or given["password"], "domain": given["domain"]}
    return requests.post(f"{sim.api_url}/login/oauth/token", data=form, timeout=5)


VENDOR = Vendor(
    ask,
    rows,
    "cdrs",
    total,
    refusable="filter",
    wrong=({"top": "101"}, {"skip": "-1"}, {"filter": "started_at ge 2026-03-01"}),
    samples=(
        ("call_records", moment(2017, 7, 21, 17), 1),
        ("call_records", moment(2024, 8, 20, 6), 1),
        ("call_logs", moment(2017, 7, 21, 17), 1),
        ("completed_call_reports", moment(2017, 7, 21, 17), 1),
    ),
    log_in=log_in,
    login_refused=400,
    filled=("user_data", "filled in later"),
    shown=("ignores filter", "50 rows whatever top", "no count"),
    taken=(
        ("/cdrs", {"filter": _ODATA, "orderby": "caller asc, started_at desc", "top": "1", "skip": "100"}),
        ("/login/oauth/token", {"domain": None, "grant_type": "password"}),
    ),
    refused=(
        ("/cdrs", {"filter": "started_at ge 2024-08-20T00:00:00Z"}),
        ("/cdrs", {"filter": "started_at ge '2024-08-20 00:00:00'"}),
        ("/cdrs", {"top": "101"}),
        ("/cdrs", {"top": "0"}),
        ("/cdrs", {"skip": "-1"}),
        ("/login/oauth/token", {"client_id": "EXAMPLE"}),
    ),
)
