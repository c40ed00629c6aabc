"""Twilio: HTTP Basic, a filter of whole days, pages that lead from one to the next."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

import requests

from dialect import COLUMNS, EITHER, Dialect
from simulators import Simulator
from simulators.twilio_rows import ACCOUNT
from vendors import Vendor
from vendors.asking import get, moment

_OWN = ("twilio",)
_NEW_YORK = "America/New_York"
_CALLS = f"2010-04-01/Accounts/{ACCOUNT}/Calls.json"
_NO_PAGE = {"Page": "9999", "PageToken": "PAnone"}
_FOLLOWING: WeakKeyDictionary[Simulator, dict[str, str]] = WeakKeyDictionary()
"""What leads to the page behind the one that was asked for last."""


def headers(sim: Simulator) -> dict[str, str]:
    signed = requests.Request("GET", sim.api_url, auth=(ACCOUNT, sim.access_token)).prepare()
    return {"Authorization": signed.headers["Authorization"]}


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    """Ask for the first page, or for the one behind the page that was asked for last."""
    days = {"StartTime>": f"{start:%Y-%m-%d}", "StartTime<": f"{end + timedelta(days=1):%Y-%m-%d}"}
    answer = get(sim, _CALLS, **days, PageSize=size, **(_FOLLOWING.get(sim, _NO_PAGE) if page > 1 else {}))
    _FOLLOWING[sim] = _following(answer) or _NO_PAGE
    return answer


def _following(answer: requests.Response) -> dict[str, str]:
    try:
        link = dict(parse_qsl(urlsplit(answer.json()["next_page_uri"] or "").query))
    except (ValueError, KeyError, TypeError):
        return {}
    return {name: link[name] for name in ("Page", "PageToken") if name in link}


def rows(body: Any) -> list[dict[str, Any]]:
    return body["calls"]


VENDOR = Vendor(
    ask,
    rows,
    _CALLS,
    headers=headers,
    refusable="StartTime>",
    wrong=({"StartTime>": "01/03/2026"}, {"PageSize": "1001"}, {"PageSize": "0"}, {"PageToken": "~"}),
    samples=(("call_records", moment(2019, 10, 18, 16, 2), 2),),
    page_rows=1000,
    whole_days=True,
    beside=(timedelta(days=1), timedelta(days=1)),  # days in UTC, the last one perhaps left out
    filled=("price", "-9.75"),
    dialects=(
        Dialect("ISO times with T", _OWN, {"iso": "T"}, COLUMNS),
        Dialect("ISO times with Z", _OWN, {"iso": "Z"}, COLUMNS),
        Dialect("ISO times with milliseconds", _OWN, {"iso": "millis"}, COLUMNS),
        Dialect("a Z, an offset and neither, one after the other", _OWN, {"iso": "mixed"}, COLUMNS),
        Dialect("prints New York with its offset", _OWN, {"printed_zone": _NEW_YORK}, COLUMNS),
        Dialect("prints every time ten years ago", _OWN, {"shift_days": -3652}, says="time"),
        Dialect("an empty window has failed", _OWN, {"empty": "failed"}, quiet=True),
        Dialect("the last day is in the answer", _OWN, {"last_day": "inclusive"}, COLUMNS),
        Dialect("of a time in the filter only its date counts", _OWN, {"hours": "ignored"}, COLUMNS),
        Dialect("counts days in Singapore", _OWN, {"filter_zone": "Asia/Singapore"}),
        Dialect("counts days in New York", _OWN, {"filter_zone": _NEW_YORK}),
        Dialect(
            "days of New York, the last one in the answer", _OWN, {"filter_zone": _NEW_YORK, "last_day": "inclusive"}
        ),
        Dialect("orders the other way", _OWN, {"ordering": "reversed"}),
        Dialect("has no order", _OWN, {"ordering": "none"}),
        Dialect("calls still going on have no end", _OWN, {"shows_ongoing": True}),
        Dialect("prices come two hours later", _OWN, {"price_delay_seconds": 7200}),
        Dialect("every call has a start", _OWN, {"undialled": False}, COLUMNS),
        Dialect("50 rows a page", _OWN, {"max_page_size": 50}),
        Dialect("50 rows whatever PageSize", _OWN, {"ignores": ("PageSize",)}),
        Dialect("20 rows, the last day in the answer", _OWN, {"page_rows": 20, "last_day": "inclusive"}),
        Dialect("links to another host", _OWN, {"link_host": "https://api.example.com", "page_rows": 20}, COLUMNS),
        Dialect("every page names the token of the first", _OWN, {"repeats_token": True, "page_rows": 20}, EITHER),
        Dialect("ignores page and token", _OWN, {"ignores": ("Page", "PageToken"), "page_rows": 20}, EITHER),
        Dialect("refuses PageSize", _OWN, {"refuses": ("PageSize",)}, EITHER),
        Dialect("100 rows at most, newest first", _OWN, {"rows_cap": 100}, EITHER, calls_per_day=150),
        Dialect(
            "250 rows at most, oldest first", _OWN, {"rows_cap": 250, "cap_keeps": "oldest"}, EITHER, calls_per_day=60
        ),
        Dialect("new calls while it is read", _OWN, {"growing": 40, "page_rows": 10}),
    ),
    differs={
        "numbers as text": set(),  # documents text for all of its numbers
        "days of New York, the last one in the answer": {"zone"},
        "100 rows at most, newest first": set(),  # of a filter that knows days only forty requests do not tell
        "every page names the token of the first": {"page_size"},
        "ignores page and token": {"page_size"},
        "50 rows whatever PageSize": {"page_size"},
        "links to another host": {"page_size"},
        "20 rows, the last day in the answer": {"page_size"},
        "refuses PageSize": {"request"},
    },
    shown=("the last day is in the answer", "counts days in New York", "ignores page and token"),
    taken=(("/Calls.json", {"StartTime<": None}), ("/Calls.json", {"Page": None, "PageToken": None})),
    refused=(
        ("/Calls.json", {"StartTime>": "2026-03-01T00:00:00Z"}),
        ("/Calls.json", {"PageSize": "1001"}),
        ("/Calls.json", {"Page": "-1"}),
        ("/Calls.json", {"Authorization": "Bearer EXAMPLE"}),
    ),
)
