"""Asking the simulators with plain requests: readers that know a vendor, and nothing of the connectors."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

import simulators
from simulators import Simulator

STREAMS = [(vendor, stream) for vendor in simulators.VENDORS for stream in simulators.simulator_class(vendor).cursors]
PAGED = [vendor for vendor in simulators.VENDORS if vendor != "voxo"]

every_vendor = pytest.mark.parametrize("vendor", simulators.VENDORS)
every_stream = pytest.mark.parametrize(("vendor", "stream"), STREAMS)


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


SPRING = {"start": moment(2026, 3, 27), "end": moment(2026, 3, 31)}
AUTUMN = {"start": moment(2026, 10, 23), "end": moment(2026, 11, 3)}


def bearer(sim: Simulator) -> dict[str, str]:
    form = "" if sim.vendor == "acefone" and sim.options["header"] == "bare" else "Bearer "
    return {"Authorization": f"{form}{sim.access_token}", "Content-Type": "application/json"}


def get(sim: Simulator, path: str, **params: Any) -> requests.Response:
    url = f"{sim.api_url}/{path}"
    return requests.get(url, headers=bearer(sim), params=params, timeout=10, allow_redirects=False)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def vonage_business(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    bounds = {"start:gte": text(start), "start:lte": text(end)}
    path = "reports/accounts/913874/call-logs"
    return get(sim, path, **bounds, page=page, page_size=size, order="asc")


def portsip(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    path = {"call_records": "cdrs", "call_logs": "calllogs"}.get(stream, stream)
    params = {"skip": (page - 1) * size, "top": size, "count": "true"}
    if name := sim.cursors[stream]:
        low, high = (at.strftime("'%Y-%m-%dT%H:%M:%SZ'") for at in (start, end))
        params |= {"filter": f"{name} ge {low} and {name} le {high}", "orderby": f"{name} asc"}
    return get(sim, path, **params)


def acefone(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    # An hour more on both sides is enough for a clock that is changed.
    zone = ZoneInfo(sim.options["zone"])
    low, high = (text(at.astimezone(zone)) for at in (start - timedelta(hours=2), end + timedelta(hours=2)))
    return get(sim, "call_report", from_date=low, to_date=high, time_zone=zone.key, page=page, limit=size)


def bics(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    path, name = {
        "call_records": ("voice/calls", "datetime[end_at]"),
        "recordings": ("voice/recordings", "datetime[r.created_at]"),
    }[stream]
    days = (start - timedelta(days=1), end + timedelta(days=1))
    return get(sim, path, **{name: " - ".join(day.strftime("%b %d, %Y") for day in days), "page": page})


def voxo(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    return get(sim, "call-reports", tenantId=1001, start=text(start), end=text(end), timezone="UTC")


ASK: dict[str, Callable[..., requests.Response]] = {
    "vonage_business": vonage_business,
    "portsip": portsip,
    "acefone": acefone,
    "bics": bics,
    "voxo": voxo,
}


def rows_of(vendor: str, body: Any) -> list[dict[str, Any]]:
    match vendor:
        case "vonage_business":
            return body.get("_embedded", {}).get("call_logs", [])
        case "portsip":
            return body["items"]
        case "acefone":
            return body["data"]
        case "bics":
            return body["data"]["data"]
    return body


def total_of(vendor: str, body: Any) -> int:
    match vendor:
        case "vonage_business":
            return body["total_items"]
        case "portsip":
            return body["count"]
        case "acefone":
            return int(body["filtered_records"])
        case "bics":
            return body["data"]["total"]
    return len(body)


def ask(sim: Simulator, stream: str = "call_records", page: int = 1, size: int = 100, **period: Any) -> Any:
    period = {"start": sim.start, "end": sim.end or datetime.now(timezone.utc), **period}
    return ASK[sim.vendor](sim, stream, **period, page=page, size=size)


def read(sim: Simulator, stream: str = "call_records", size: int = 100, **period: Any) -> list[dict[str, Any]]:
    """Every row of a period, page by page until one brings nothing new."""
    found: list[dict[str, Any]] = []
    for page in range(1, 1000):
        answer = ask(sim, stream, page, size, **period)
        assert answer.status_code == 200, answer.text
        rows = rows_of(sim.vendor, answer.json())
        found += rows
        if not rows or sim.vendor == "voxo" or len(found) >= total_of(sim.vendor, answer.json()):
            break
    return found


def id_of(row: dict[str, Any]) -> str:
    return str(row["id"])


DATA = {
    "vonage_business": "reports/accounts/913874/call-logs",
    "portsip": "cdrs",
    "acefone": "call_report",
    "bics": "voice/calls",
    "voxo": "call-reports",
}
NEEDED = {"voxo": {"start": "2026-03-28 00:00:00", "end": "2026-03-29 00:00:00"}}


def log_in(sim: Simulator, *, password: str | None = None) -> requests.Response:
    given = sim.config(auth="password")["credentials"]
    secret = password or given["password"]
    match sim.vendor:
        case "vonage_business":
            user = f"{given['username']}@vbc.prod"
            form = {"grant_type": "password", "username": user, "password": secret, "scope": "openid"}
            client = {key: given[key] for key in ("client_id", "client_secret")}
            return requests.post(sim.config()["token_url"], data={**form, **client}, timeout=5)
        case "portsip":
            form = {"grant_type": "password", "scope": "all", "client_id": "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"}
            form |= {"username": given["username"], "password": secret, "domain": given["domain"]}
            return requests.post(f"{sim.api_url}/login/oauth/token", data=form, timeout=5)
        case "acefone":
            body = {"login_id": given["login_id"], "password": secret}
            return requests.post(f"{sim.api_url}/auth/login", json=body, timeout=5)
    body = {"strategy": "local", "email": given["email"], "password": secret}
    return requests.post(f"{sim.api_url}/authentication", json=body, timeout=5)


def token_of(answer: requests.Response) -> str:
    return answer.json().get("access_token") or answer.json()["accessToken"]


LOGINS = ["acefone", "portsip", "voxo", "vonage_business"]
