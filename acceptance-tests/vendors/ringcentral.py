"""RingCentral: numbered pages that a link names too, no totals, legs inside the records, a JWT for a login."""

from datetime import datetime, timedelta
from typing import Any

import requests

from dialect import COLUMNS, EITHER, Dialect
from simulators import Simulator
from vendors import Vendor
from vendors.asking import get, moment

_PATH = "restapi/v1.0/account/~/call-log"
_CALL_LOG = f"/{_PATH}"
_TOKEN = "/restapi/oauth/token"
_OURS = ("ringcentral",)


class _Leg(dict[str, Any]):
    """A leg as it was served: its id is not a key of it."""

    id = ""


def ask(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> requests.Response:
    bounds = {name: at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in (("dateFrom", start), ("dateTo", end))}
    answer = get(sim, _PATH, view="Detailed", **bounds, page=page, perPage=size)
    if stream == "call_logs" and answer.ok:
        legs = [leg for record in answer.json()["records"] for leg in _legs(record)]
        answer.json = lambda **_: {"records": legs}  # type: ignore[method-assign]
    return answer


def _legs(record: dict[str, Any]) -> list[_Leg]:
    legs = [_Leg(leg) for leg in record.get("legs") or ()]
    for place, leg in enumerate(legs):
        leg.id = f"{record['id']}/{place}"
    return legs


def rows(body: Any) -> list[dict[str, Any]]:
    return body["records"]


def log_in(sim: Simulator, jwt: str | None) -> requests.Response:
    given = sim.config(auth="jwt")["credentials"]
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt or given["jwt"]}
    client = given["client_id"], given["client_secret"]
    return requests.post(f"{sim.url}{_TOKEN}", data=form, auth=client, timeout=5)


def _ours(title: str, options: dict[str, Any], *more: Any, **other: Any) -> Dialect:
    return Dialect(title, _OURS, options, *more, **other)


VENDOR = Vendor(
    ask,
    rows,
    _PATH,
    refusable="perPage",
    wrong=({"page": "0"}, {"view": "Full"}, {"dateFrom": "2026-03-01"}, {"dateTo": "2026-03-01 00:00:00"}),
    bare_country_codes=True,
    samples=(
        ("call_records", moment(2023, 4, 10, 23), 1),
        ("call_records", moment(2023, 4, 11, 7), 1),
        ("call_logs", moment(2023, 4, 10, 23), 2),
    ),
    log_in=log_in,
    login="jwt",
    login_secret="jwt",
    login_refused=400,
    page_rows=250,
    shifts=(),
    filled=("reason", "Filled in later"),
    beside=(timedelta(0), timedelta(days=1)),  # calls may be found by their end
    dialects=(
        _ours("amounts purchased with a minus", {"money": "minus"}, COLUMNS),
        _ours("amounts purchased in hundredths", {"money": "minor"}, COLUMNS),
        _ours("no calls is a failure", {"empty": "failed"}, quiet=True),
        _ours("no calls is a 404", {"empty": "404"}, quiet=True),
        _ours("dates are exclusive", {"bounds": "exclusive"}),
        _ours("dateFrom is exclusive", {"bounds": "start_exclusive"}),
        _ours("dateTo is exclusive", {"bounds": "half_open"}),
        _ours("cuts fractions of a second off", {"cuts_seconds": True}),
        _ours("cuts fractions off, exclusive", {"cuts_seconds": True, "bounds": "exclusive"}),
        _ours("finds calls by their end", {"filters_by": "end"}),
        _ours("lists calls under way", {"shows_ongoing": True}),
        _ours("oldest records first", {"ordering": "reversed"}),
        _ours("prints New York, with its offset", {"printed_zone": "America/New_York"}, COLUMNS),
        _ours("prints startTime ten years ago", {"shift_days": -3652}, says="time"),
        _ours("prints the first records four hours early", {"early_hours": 4}),
        _ours("states totals", {"total": "filter"}, COLUMNS),
        _ours("states totals, 20 records a page", {"total": "filter", "page_rows": 20}),
        _ours("states the total of the account", {"total": "account", "page_rows": 20}),
        _ours("20 records a page", {"page_rows": 20}),
        _ours("refuses 250 records a page", {"refuses_sizes_above": 100}, calls_per_day=150),
        _ours("links pages on another host", {"page_links": "elsewhere", "page_rows": 20}),
        _ours("links leave the filter out", {"page_links": "bare", "page_rows": 20}),
        _ours("links no pages", {"page_links": "none", "page_rows": 20}),
        _ours("links no pages, states totals", {"page_links": "none", "page_rows": 20, "total": "filter"}),
        _ours("100 records at most", {"rows_cap": 100}, calls_per_day=150),
        _ours("250 records at most, oldest first", {"rows_cap": 250, "cap_keeps": "oldest"}, calls_per_day=400),
        _ours("ignores page", {"ignores": ("page",), "page_rows": 20}, EITHER),
    ),
    differs={
        "amounts purchased with a minus": {"shape"},
        "no calls is a failure": {"shape"},
        "no calls is a 404": {"shape"},
        "dates are exclusive": {"bounds"},
        "dateFrom is exclusive": {"bounds"},
        "dateTo is exclusive": {"bounds"},
        "cuts fractions of a second off": {"bounds"},
        "cuts fractions off, exclusive": {"bounds"},
        "finds calls by their end": {"filter_time", "order"},
        "oldest records first": {"order"},
        "prints startTime ten years ago": {"clock"},
        "states totals, 20 records a page": {"page_size"},
        "states the total of the account": {"page_size", "total"},
        "20 records a page": {"page_size"},
        "refuses 250 records a page": {"page_size"},
        "links pages on another host": {"page_size"},
        "links leave the filter out": {"page_size"},
        "links no pages": {"page_size"},
        "links no pages, states totals": {"page_size"},
        "100 records at most": {"cap"},
        "250 records at most, oldest first": {"cap"},
        "ignores page": {"page_size"},
    },
    shown=("finds calls by their end", "refuses 250 records a page", "100 records at most"),
    taken=(
        (_CALL_LOG, {"perPage": "max", "page": "12"}),
        (_CALL_LOG, {"dateFrom": "2026-06-16T00:00:00.250+02:00", "dateTo": None}),
        (_CALL_LOG, {"view": "Simple", "perPage": "1000"}),
    ),
    refused=(
        (_CALL_LOG, {"dateFrom": "2026-06-16T00:00:00"}),
        (_CALL_LOG, {"dateTo": "2026-06-16"}),
        (_CALL_LOG, {"page": "0"}),
        (_CALL_LOG, {"view": "Full"}),
        (_TOKEN, {"grant_type": "password"}),
        (_TOKEN, {"assertion": ""}),
    ),
)
