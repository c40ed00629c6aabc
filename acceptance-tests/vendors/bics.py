"""BICS: numbered pages of a size that it fixes, a filter of whole days."""

from datetime import datetime, timedelta
from typing import Any

import requests

from simulators import Simulator
from vendors import Vendor
from vendors.asking import get, moment

_STREAMS = {
    "call_records": ("voice/calls", "datetime[end_at]"),
    "recordings": ("voice/recordings", "datetime[r.created_at]"),
}


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    path, name = _STREAMS[stream]
    days = (start - timedelta(days=1), end + timedelta(days=1))
    return get(sim, path, **{name: " - ".join(day.strftime("%b %d, %Y") for day in days), "page": page})


def rows(body: Any) -> list[dict[str, Any]]:
    return body["data"]["data"]


def total(body: Any) -> int:
    return body["data"]["total"]


VENDOR = Vendor(
    ask,
    rows,
    "voice/calls",
    total,
    wrong=(
        {"datetime[end_at]": "2026-03-01 - 2026-03-02"},
        {"datetime[end_at]": "Mär 01, 2026 - Mär 02, 2026"},
    ),
    bare_country_codes=True,
    samples=(("call_records", moment(2019, 6, 11, 5), 1), ("recordings", moment(2019, 6, 11, 5, 30), 2)),
    lookback=timedelta(minutes=60),
    whole_days=True,
    recordings_of="recordings",
    same_rows={"links": "frozen"},
    page_rows=15,
    beside=(timedelta(days=2), timedelta(days=2)),  # days in a zone that nobody knows, the last one perhaps left out
    busy=0.2,  # with fifteen rows a page, a fifth of the rows are requests enough
    differs={
        "numbers as text": set(),  # documents text for all of its numbers
        "prints London as clocks go back": set(),  # London is on UTC again by the newest day
    },
    shown=("the token as a parameter", "counts days in Singapore", "the last day is exclusive"),
    taken=(("/voice/calls", {"Authorization": None, "access_token": "EXAMPLE"}),),
    refused=(
        ("/voice/calls", {"datetime[end_at]": "Août 12, 2019 - Août 13, 2019"}),
        ("/voice/calls", {"datetime[end_at]": "Aug 12, 2019"}),
        ("/voice/recordings", {"datetime[r.created_at]": "2019-08-12 - 2019-08-13"}),
    ),
)
