"""Plain requests to a simulator."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from simulators import Simulator


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def bearer(sim: Simulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {sim.access_token}", "Content-Type": "application/json"}


def get(sim: Simulator, path: str, **params: Any) -> requests.Response:
    from vendors import known

    url, headers = f"{sim.api_url}/{path}", known()[sim.vendor].headers(sim)
    return requests.get(url, headers=headers, params=params, timeout=10, allow_redirects=False)
