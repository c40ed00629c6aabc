"""Vonage Business Communications, Reports API: pages by number, both bounds inclusive, tokens that die early."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar, Final

from simulators.calls import MICRO
from simulators.exchange import Grant, Route, json, listed
from simulators.faults import Response
from simulators.server import Request
from simulators.vonage_business_rows import VonageBusinessRows

_ACCOUNT: Final = "913874"
_CLIENT: Final = "simulated-client-id"
_USER: Final = "reports@example.com"


class VonageBusiness(VonageBusinessRows):
    """Options: `paths` says which of the two paths exist, `max_page_size` is granted at most."""

    base = "/t/vbc.prod"
    routes = (
        Route("POST", "/token", "token_a", below_base=False),
        Route("POST", "/t/vbc.prod/oauth2/token", "token_b", below_base=False),
        Route("GET", "/reports/accounts/{account_id}/call-logs", "call_logs", "call_records"),
        Route("GET", "/reports/v1/accounts/{account_id}/call-logs", "call_logs_v1", "call_records"),
    )
    auths = ("access_token", "password", "refresh_token")
    defaults: ClassVar[Mapping[str, Any]] = {
        "paths": "both",  # both, plain or v1
        "max_page_size": 1000,
        "requires_start": False,  # 400 unless start:gte and start:lte are sent, as an older document wants
        "default_span_days": None,  # how far back it looks where start:gte is missing
        "ends": "given",  # none_unanswered: calls that nobody answered have none; start: the end printed is the start
        "shows_ongoing": False,  # calls are served, without an end, from their start on
        "bounds": "inclusive",  # half_open, exclusive, start_exclusive
        "refuses_order": False,
        "total_key": "total_pages",  # or total_page, as older pages spell it
        "without_rows": "missing",  # or a list: what `_embedded` is on an empty page
        "unauthorised": "title",  # or bare: how a dead token is refused
        "role": "administrator",  # anybody else gets a bare 401 on Reports
        "endpoint": "A",  # or B: which token endpoint `config` names
        "token_seconds": 86_399,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_secret = self.secret("client-secret")
        self.refresh_token = self._next_refresh_token()

    def credentials(self, auth: str) -> dict[str, str]:
        client = {"client_id": _CLIENT, "client_secret": self.client_secret}
        return {
            "access_token": {"access_token": self.access_token},
            "password": {**client, "username": _USER, "password": self.password},
            "refresh_token": {**client, "refresh_token": self.refresh_token},
        }[auth]

    def particulars(self) -> dict[str, Any]:
        path = "/token" if self.options["endpoint"] == "A" else f"{self.base}/oauth2/token"
        return {"account_id": self.account(), "token_url": self.url + path}

    def account(self) -> str:
        return _ACCOUNT

    # --- tokens ---

    def token_a(self, request: Request, route: Route) -> Response:
        form = request.form
        return self._token(request, form.get("client_id"), form.get("client_secret"))

    def token_b(self, request: Request, route: Route) -> Response:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            client, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
        except ValueError:
            client = secret = ""
        return self._token(request, client if scheme == "Basic" else None, secret)

    def _token(self, request: Request, client: str | None, secret: str | None) -> Response:
        form, renewal = request.form, request.form.get("grant_type") == "refresh_token"
        right = client == _CLIENT and secret == self.client_secret
        if renewal:
            right = right and form.get("refresh_token") == self.refresh_token
        else:
            right = right and (form.get("username"), form.get("password")) == (f"{_USER}@vbc.prod", self.password)
        if refusal := self.attempt(request, "refresh" if renewal else "login", right=right):
            return refusal
        scope = "openid" if form.get("scope") == "openid" else "default"
        self.refresh_token = self._next_refresh_token()  # the one before was good for a single use
        reply = {"access_token": self.mint(scope), "refresh_token": self.refresh_token, "scope": scope}
        return json({**reply, "token_type": "Bearer", "expires_in": self.options["token_seconds"]})

    def _next_refresh_token(self) -> str:
        self.refresh_tokens.append(self.secret("refresh-token"))
        return self.refresh_tokens[-1]

    def refuse_token(self, grant: Grant) -> Response | None:
        wrong = grant.scope != "openid" or self.options["role"] != "administrator"
        return Response(401) if wrong else None

    def unauthorised(self, style: str = "default") -> Response:
        return super().unauthorised(self.options["unauthorised"] if style == "default" else style)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        words = "17003 - user account is locked" if locked else "17002 - Provided authorization grant is invalid"
        return json({"error": "invalid_grant", "error_description": words}, 400)

    def failure(self, status: int, message: str) -> Response:
        if status == 429:
            return json({"fault": {"code": 900_800, "message": message}}, status)
        return json({"msg": message, "status": status}, status)

    # --- call logs ---

    def call_logs_v1(self, request: Request, route: Route, account_id: str) -> Response:
        return self.call_logs(request, route, account_id, path="v1")

    def call_logs(self, request: Request, route: Route, account_id: str, path: str = "plain") -> Response:
        known_path = self.options["paths"] in {"both", path}
        if (refusal := self.refused_account(account_id if known_path else "")) is not None:
            return refusal
        query = request.query
        bounds: dict[str, int] = {}
        missing = [name for name in ("start:gte", "start:lte") if name not in query]
        if missing and self.options["requires_start"]:
            return self._invalid(request, dict.fromkeys(missing, "missing"))
        if "order" in query and self.options["refuses_order"]:
            return self._invalid(request, {"order": "unknown parameter"})
        try:
            for name in ("start:gte", "start:lte", "end:gte", "end:lte"):
                if name in query:
                    moment = datetime.strptime(query[name], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
                    bounds[name] = int(moment.timestamp())
            size = min(int(query.get("page_size", 10)), self.options["max_page_size"])
            number = int(query.get("page", 1))
        except ValueError as error:
            return self._invalid(request, {"parameters": str(error)})
        selected = self.selected(route.stream, *self._span(bounds))
        if bounds.keys() & {"end:gte", "end:lte"}:
            low, high = bounds.get("end:gte", 0), bounds.get("end:lte", 1 << 62)
            selected = [row for row in selected if (end := self.end_of(row)) is not None and low <= end <= high]
        selected = [*self.of_account(account_id, selected)]
        found = self.ordered(selected, descending=query.get("order") != "asc")
        page = self.numbered(route, found, number, size)
        size = self.options["page_rows"] or size
        href = f"{self.url}{request.path}?page="  # without the filter: a trap for whoever follows it
        first, here = self.options["pages_from"], page.number
        links = {"first": first, "prev": here - 1, "self": here, "next": here + 1}
        body = {
            "page_size": size,
            "page": page.number,
            self.options["total_key"]: page.pages,
            "total_items": page.total,
            "_links": {name: {"href": f"{href}{target}"} for name, target in links.items() if target >= first},
        }
        if self.options["total"] == "none":
            del body["total_items"], body[self.options["total_key"]]
        if page.rows or self.options["without_rows"] != "missing":
            body["_embedded"] = {"call_logs": listed(page.rows)}
        return json(body)

    def _span(self, bounds: Mapping[str, int]) -> tuple[int, int]:
        days = self.options["default_span_days"]
        earliest = int(self.now()) - 86_400 * days if days is not None else 0
        low, high = self.within(bounds.get("start:gte", earliest), bounds.get("start:lte", 1 << 40))
        return (low if "start:gte" in bounds else earliest * MICRO), high

    def _invalid(self, request: Request, reasons: Mapping[str, str]) -> Response:
        listed_reasons = [{"name": name, "reason": reason} for name, reason in reasons.items()]
        problem = {"status": 400, "title": "Bad Request", "instance": request.path}
        return json({**problem, "invalid_parameters": listed_reasons}, 400)


VENDOR = VonageBusiness
