"""PortSIP on loopback: as strict as its document, and as undecided as its reference."""

import json
import logging
import re
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from openapi_core import OpenAPI

from cdr.vendor.config import Config
from in_process import breaches, query_of, sync, waits
from scripted import Handler, serving
from source_portsip import SourcePortsip

ROOT = Path(__file__).resolve().parents[3]
SPEC = json.loads(files("source_portsip").joinpath("spec.json").read_text(encoding="utf-8"))["connectionSpecification"]
DOCUMENT = OpenAPI.from_file_path(str(ROOT / "specs/portsip.openapi.yaml"))
GIVEN = {"auth_type": "access_token", "access_token": "given-token"}
CLIENT = "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"
PAGE = {"skip", "top", "count"}
LISTS = {
    "/cdrs": ("started_at", PAGE | {"orderby"}),
    "/calllogs": ("started_at", PAGE | {"orderby"}),
    "/completed_call_reports": ("completed_at", PAGE | {"orderby"}),
    "/call_reports": (None, PAGE),
}


# Head and body of an answer are two writes; without this the second waits 40 ms for the client's acknowledgement.
Handler.disable_nagle_algorithm = True

__all__ = ["waits"]


class Vendor:
    """Answers from `rows`, a list of rows for each path; a test changes what the vendor is undecided about.

    filters: whether lists obey `filter`
    orders:  whether lists obey `orderby`
    counts:  what `count` is, from the rows that were asked for, those of the page, and all of the list; None for none
    details: what to answer for a path like /cdrs/17; whatever is not in it is 404
    script:  called first with each request; what it gives, unless None, is the answer
    """

    def __init__(self):
        self.rows = {path: [] for path in LISTS}
        self.filters = self.orders = True
        self.counts = lambda asked, page, every: len(asked)
        self.details = {}
        self.tokens = {"given-token"}
        self.minted = 0
        self.life = 1800
        self.script = lambda request, path: None
        self.faults = []

    def answer(self, request):
        path = unquote(urlsplit(request.path).path)[len("/api") :]
        scripted = self.script(request, path)
        self.faults += self.violations(request, path)
        if scripted is not None:
            return scripted
        if request.command == "POST":
            return self.login(request, path)
        if request.headers.get("Authorization") not in {f"Bearer {token}" for token in self.tokens}:
            return failure(401, "UNAUTHORIZED", "Token expired")
        if path in self.details:
            return 200, {}, self.details[path]
        if path not in LISTS or self.rows[path] is None:
            return failure(404, "UNKNOWN", "Not found")
        return 200, {}, self.page(path, query_of(request))

    def violations(self, request, path):
        query = query_of(request)
        faults = breaches(DOCUMENT, request, request.body)
        wanted = LISTS.get(path, (None, set()))[1]
        if set(query) - ({"filter"} if path != "/call_reports" else set()) != wanted:
            faults.append(f"{path}: parameters {sorted(query)}")
        return faults

    def login(self, request, path):
        if path != "/login/oauth/token":
            return failure(404, "UNKNOWN", "Not found")
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form["grant_type"] == "password" and form["password"] != "open-sesame":
            return failure(400, "UNAUTHORIZED", "Login failed, authentication error")
        return 200, {}, self.token()

    def token(self):
        self.minted += 1
        self.tokens = {f"minted-{self.minted}"}
        names = {"access_token": f"minted-{self.minted}", "refresh_token": f"renewal-{self.minted}"}
        return {**names, "expires_in": self.life, "token_type": "Bearer"}

    def page(self, path, query):
        asked = every = self.rows[path]
        column = LISTS[path][0]
        if self.filters and "filter" in query:
            start, end = re.fullmatch(rf"{column} ge '(.+)' and {column} lt '(.+)'", query["filter"]).groups()
            asked = [row for row in every if instant(start) <= instant(row[column]) < instant(end)]
        if self.orders and column is not None:
            assert query["orderby"] == f"{column} asc"
            asked = sorted(
                asked, key=lambda row: instant(row[column]) if row[column] else instant("0001-01-01T00:00:00Z")
            )
        skip, top = int(query["skip"]), int(query["top"])
        page = asked[skip : skip + top]
        count = self.counts(asked, page, every)
        return {**({} if count is None else {"count": count}), "items": page}


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def failure(status, code, message):
    return status, {}, {"errors": [{"code": code, "message": message}]}


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
                "api_url": f"{server.url}/api/",
                "start_date": "2026-03-28",
                "end_date": "2026-03-28",
                "lookback_window_minutes": 0,
                "num_workers": 1,
                "credentials": GIVEN,
                "account_name": "head-office",
                **over,
            }
            yield SimpleNamespace(
                url=server.url,
                check=lambda: SourcePortsip().check(logging.getLogger("airbyte"), raw),
                read=lambda *streams, state=None: sync(SourcePortsip(), raw, *streams, state=state),
                config=Config(raw, SPEC),
                received=server.requests,
                asked=lambda path="/cdrs": [
                    query_of(request) for request in server.requests if urlsplit(request.path).path == f"/api{path}"
                ],
                posted=lambda: [
                    (urlsplit(request.path).path.removeprefix("/api"), request.body.decode())
                    for request in server.requests
                    if request.command == "POST"
                ],
                paths=lambda: [
                    unquote(urlsplit(request.path).path).removeprefix("/api") for request in server.requests
                ],
            )

    return connect


@pytest.fixture
def calls():
    """So many calls, so many seconds apart, from a moment on."""

    def make(count, start="2026-03-28T00:00:00Z", apart=60, name="c"):
        return [
            {
                "id": f"{name}{number:04}",
                "started_at": (instant(start) + timedelta(seconds=apart * number))
                .astimezone(timezone.utc)
                .isoformat()
                .replace("+00:00", "Z"),
            }
            for number in range(count)
        ]

    return make
