"""Vonage Business Communications: numbered pages, a password grant in the form body."""

from datetime import datetime
from typing import Any

import requests

from simulators import Simulator
from vendors import Vendor
from vendors.asking import get, moment, text

_PATH = "reports/accounts/913874/call-logs"
_CALL_LOGS = f"/{_PATH}"


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    bounds = {"start:gte": text(start), "start:lte": text(end)}
    return get(sim, _PATH, **bounds, page=page, page_size=size, order="asc")


def rows(body: Any) -> list[dict[str, Any]]:
    return body.get("_embedded", {}).get("call_logs", [])


def total(body: Any) -> int:
    return body["total_items"]


def log_in(sim: Simulator, password: str | None) -> requests.Response:
    given = sim.config(auth="password")["credentials"]
    user = {"username": f"{given['username']}@vbc.prod", "password": password or given["password"]}
    client = {key: given[key] for key in ("client_id", "client_secret")}
    form = {"grant_type": "password", **user, **client, "scope": "openid"}
    return requests.post(sim.config()["token_url"], data=form, timeout=5)


VENDOR = Vendor(
    ask,
    rows,
    _PATH,
    total,
    refusable="start:gte",
    wrong=({"end:gte": "2026-03-01T00:00:00Z"}, {"page": "0"}, {"order": "up"}),
    bare_country_codes=True,
    samples=(("call_records", moment(2019, 1, 1), 1),),
    log_in=log_in,
    login_refused=400,
    page_rows=1000,
    filled=("charge", 9.75),
    several=lambda ids: {"account_id": ids[0], "further_account_ids": [*ids[1:]]},
    shown=("prints New York, filters in UTC", "refuses order", "a total of 100 at most"),
    taken=(
        (_CALL_LOGS, {"start:gte": "2024-02-29 23:59:59", "page": "12", "page_size": "1000"}),
        (_CALL_LOGS, {"order": None, "end:gte": None, "end:lte": None}),
        ("/token", {"scope": None}),
    ),
    refused=(
        (_CALL_LOGS, {"end:gte": "2024-08-20T00:00:00Z"}),
        (_CALL_LOGS, {"end:lte": "2024-08-20"}),
        (_CALL_LOGS, {"page": "0"}),
        (_CALL_LOGS, {"Authorization": "EXAMPLE"}),
        ("/token", {"username": "reports@example.com"}),
        ("/token", {"grant_type": "client_credentials"}),
        ("/oauth2/token", {"client_id": "EXAMPLE"}),
    ),
)
