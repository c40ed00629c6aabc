"""Aircall: numbered pages of 50 at most, epoch seconds, ten thousand calls a query."""

from datetime import datetime
from typing import Any

import requests

from dialect import COLUMNS, EITHER, Dialect
from simulators import Simulator
from vendors import Vendor
from vendors.asking import get, moment

_LARGEST_PAGE = 50


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    period = {"from": int(start.timestamp()), "to": int(end.timestamp())}
    asked = {"page": page, "per_page": min(size, _LARGEST_PAGE), "order": "asc", "fetch_contact": "true"}
    return get(sim, VENDOR.path, **period, **asked)


def rows(body: Any) -> list[dict[str, Any]]:
    return body["calls"]


def total(body: Any) -> int:
    return body["meta"]["total"]


def _dialect(title: str, must: str = "complete", calls_per_day: float = 28, **options: Any) -> Dialect:
    return Dialect(title, ("aircall",), options, must, calls_per_day=calls_per_day)


_DIALECTS = (
    _dialect("amounts with a minus", COLUMNS, money="minus"),
    _dialect("times in milliseconds", COLUMNS, unit="milliseconds"),
    _dialect("times as ISO 8601", COLUMNS, iso="Z"),
    Dialect("prints every time ten years ago", ("aircall",), {"shift_days": -3652}, says="time"),
    _dialect("prints the first calls four hours early", early_hours=4),
    Dialect("an empty window has failed", ("aircall",), {"empty": "failed"}, quiet=True),
    Dialect("an empty window is 404", ("aircall",), {"empty": "404"}, quiet=True),
    _dialect("calls still going on are listed", shows_ongoing=True),
    _dialect("calls are created half a minute late", created_after=30),
    _dialect("calls are created half a minute early", created_after=-30),
    _dialect("bounds are exclusive", bounds="exclusive"),
    _dialect("the start is exclusive", bounds="start_exclusive"),
    _dialect("the end is exclusive", bounds="half_open"),
    _dialect("orders the other way", ordering="reversed"),
    _dialect("has no order", ordering="none"),
    _dialect("refuses order", refuses=("order",)),
    _dialect("knows no contacts", refuses=("fetch_contact",)),
    _dialect("knows no page", EITHER, ignores=("page",), page_rows=20),
    _dialect("20 rows whatever per_page", page_rows=20),
    _dialect("20 rows whatever per_page, no total", page_rows=20, total="none"),
    _dialect("no total", total="none"),
    _dialect("the account's total", total="account"),
    _dialect("a total of 100 at most", calls_per_day=150, rows_cap=100),
    _dialect("a total of 500 at most", calls_per_day=400, rows_cap=500),
    _dialect("a hundred rows a query", EITHER, 150, query_rows=100),
    _dialect("a hundred rows a query, more refused", EITHER, 150, query_rows=100, behind_the_cap="refused"),
    _dialect("a hundred rows a query, and a total that agrees", calls_per_day=150, query_rows=100, stated="capped"),
    _dialect("a hundred rows a query, no total", EITHER, 150, query_rows=100, total="none"),
    _dialect("new calls while it is read", growing=40, page_rows=10),
)

VENDOR = Vendor(
    ask,
    rows,
    "v1/calls",
    total,
    refusable="from",
    wrong=({"per_page": "51"}, {"page": "0"}, {"order": "up"}, {"from": "2026-03-01T00:00:00Z"}),
    samples=(("call_records", moment(2020, 3, 23, 21), 1),),
    wrong_token=403,
    lacks=frozenset({"busy", "canceled", "failed"}),
    page_rows=_LARGEST_PAGE,
    busy=0.5,  # with fifty rows a page, half of the rows are requests enough
    filled=("tags", [{"id": 9, "name": "filled in later"}]),
    recordings_of="call_records",
    same_rows={"links": "frozen"},
    dialects=_DIALECTS,
    differs={
        "times as ISO 8601": {"shape"},
        "calls are created half a minute late": {"filter_time"},
        "calls are created half a minute early": {"filter_time"},
        "knows no contacts": {"request"},
        "20 rows whatever per_page": {"page_size"},
        "20 rows whatever per_page, no total": {"page_size", "total"},
        "a hundred rows a query": {"total"},
        "a hundred rows a query, more refused": {"page_size"},
        "a hundred rows a query, and a total that agrees": {"cap"},
        "a hundred rows a query, no total": {"total"},
    },
    shown=("calls still going on are listed", "20 rows whatever per_page", "a total of 100 at most"),
    taken=(("/v1/calls", {"Authorization": "Bearer EXAMPLE", "fetch_contact": None, "order": "desc"}),),
    refused=(
        ("/v1/calls", {"per_page": "51"}),
        ("/v1/calls", {"from": "2026-01-05"}),
        ("/v1/calls", {"fetch_contact": "yes"}),
    ),
)
