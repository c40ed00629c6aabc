"""Acefone on loopback: as strict as its document, and as undecided as its reference."""

import json
import logging
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from openapi_core import OpenAPI

from cdr.vendor.config import Config
from in_process import breaches, query_of, sync, waits
from scripted import Handler, serving
from source_acefone import SourceAcefone

ROOT = Path(__file__).resolve().parents[3]
SPEC = json.loads(files("source_acefone").joinpath("spec.json").read_text(encoding="utf-8"))["connectionSpecification"]
DOCUMENT = OpenAPI.from_file_path(str(ROOT / "specs/acefone.openapi.yaml"))
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FORMAT = "%Y-%m-%d %H:%M:%S"
GIVEN = {"auth_type": "access_token", "access_token": "given-token"}
LOGIN = {"auth_type": "password", "login_id": "reports", "password": "open-sesame"}


# Head and body of an answer are two writes; without this the second waits 40 ms for the client's acknowledgement.
Handler.disable_nagle_algorithm = True


__all__ = ["waits"]


class Vendor:
    """Answers GET call_report from `calls`, pairs of an id and the UTC start; tests change what it is undecided about.

    zone:      of the printed times and of the filter; None for the one that the request names
    reads:     how the filter compares: "instants", or the printed "text"
    includes:  whether the filter includes its bounds
    form:      the header form it takes: "{}", "Bearer {}", or None for both
    shape:     of `data`: list or dict
    counters:  the counters of a page, from the window's rows, the page's rows and the page's number
    epochs:    whether `call_id` carries the epoch
    script:    called first with each request; what it gives, unless None, is the answer
    """

    def __init__(self, calls=()):
        self.calls = list(calls)
        self.zone = None
        self.reads, self.includes = "instants", False
        self.form, self.shape, self.epochs = "{}", list, True
        self.counters = lambda window, page, number: {
            "total_records": str(len(self.calls)),
            "filtered_records": str(len(window)),
            "page_records": str(len(page)),
            "page": str(number),
        }
        self.tokens = {"given-token"}
        self.minted = 0
        self.life = 3600
        self.script = lambda request: None
        self.faults = []

    def answer(self, request):
        scripted = self.script(request)
        if scripted is not None:
            return scripted
        path = urlsplit(request.path).path
        if query_of(request).get("page") == "0":
            return 400, {}, {"success": False, "message": "Invalid page"}  # asked where a figure does not add up
        self.faults += self.violations(request)
        if path.startswith("/v1/auth/"):
            return self.authenticate(request, path)
        if not self.signed(request):
            return 401, {}, {"success": False, "message": "Unauthorized"}
        return 200, {}, self.page(query_of(request))

    def violations(self, request):
        url, query = urlsplit(request.path), query_of(request)
        faults = breaches(DOCUMENT, request, request.body)
        if url.path == "/v1/call_report":
            if set(query) != {"from_date", "to_date", "time_zone", "page", "limit"} or query["limit"] != "100":
                faults.append(f"parameters: {sorted(query)}")
            if request.headers.get("Accept") != "application/json":
                faults.append("accept")
        return faults

    def authenticate(self, request, path):
        if path.endswith("login"):
            right = json.loads(request.body) == {"login_id": "reports", "password": "open-sesame"}
        else:
            right = self.signed(request)
        if not right:
            return 401, {}, {"success": False, "message": "Invalid credentials", "login_failed_count": 1}
        self.minted += 1
        self.tokens = {f"minted-{self.minted}"}
        token = f"minted-{self.minted}"
        return 200, {}, {"success": True, "access_token": token, "token_type": "bearer", "expires_in": self.life}

    def signed(self, request):
        forms = [self.form] if self.form else ["{}", "Bearer {}"]
        return request.headers.get("Authorization") in {form.format(token) for form in forms for token in self.tokens}

    def page(self, query):
        zone = ZoneInfo(self.zone or query["time_zone"])
        window = sorted((call for call in self.calls if self.covers(query, call[1], zone)), key=lambda call: call[1])
        number = int(query["page"])
        page = window[::-1][(number - 1) * 100 : number * 100]  # newest first
        rows = [self.row(name, at, zone) for name, at in page]
        data = rows if self.shape is list else {str(index): rows[index] for index in reversed(range(len(rows)))}
        return {**self.counters(window, page, number), "data": data}

    def covers(self, query, at, zone):
        start, end = (datetime.strptime(query[name], FORMAT) for name in ("from_date", "to_date"))  # noqa: DTZ007
        if self.reads == "text":
            at = at.astimezone(zone).replace(tzinfo=None)
        else:
            start, end = (bound.replace(tzinfo=zone).astimezone(timezone.utc) for bound in (start, end))
        return start <= at <= end if self.includes else start < at < end

    def row(self, name, at, zone):
        local = at.astimezone(zone)
        return {
            "id": name,
            "date": local.strftime(f"%d-{MONTHS[local.month - 1]}-%Y %H:%M:%S"),
            "call_stats": {"call_id": f"{int(at.timestamp())}.{name}" if self.epochs else "masked"},
        }


@pytest.fixture
def vendor():
    """A vendor without calls. Every request that reached it must be one that its document allows."""
    subject = Vendor()
    yield subject
    assert subject.faults == []


@pytest.fixture
def connected():
    """A context: the vendor on loopback, and what a connector set up for it does with the commands of Airbyte."""

    @contextmanager
    def connect(vendor, **over):
        with serving(vendor.answer) as server:
            raw = {
                "api_url": f"{server.url}/v1/",
                "start_date": "2026-03-28",
                "end_date": "2026-03-28",
                "credentials": GIVEN,
                "include_raw": False,
                "account_name": "head-office",
                # Windows as wide as they come; where late calls are looked for, they are hours.
                "lookback_window_minutes": 0,
                **over,
            }
            yield SimpleNamespace(
                check=lambda: SourceAcefone().check(logging.getLogger("airbyte"), raw),
                read=lambda state=None: sync(SourceAcefone(), raw, state=state),
                config=Config(raw, SPEC),
                received=server.requests,
                asked=lambda: [query_of(request) for request in server.requests if request.command == "GET"],
                signed=lambda: [request.headers.get("Authorization") for request in server.requests],
            )

    return connect


@pytest.fixture
def at():
    return lambda text: datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.fixture
def calls(at):
    """So many calls, a minute apart, from a moment on."""
    return lambda count, start="2026-03-28T00:00:00": [
        (f"c{number:04}", at(start) + timedelta(minutes=number)) for number in range(count)
    ]
