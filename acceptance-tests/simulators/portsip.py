"""PortSIP PBX v22: OData-like lists by skip and top, details in two shapes, logins refused with 400, reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson

from simulators.calls import micros
from simulators.dialects import AnsweredError
from simulators.exchange import Route, json, listed
from simulators.faults import Response
from simulators.portsip_rows import DOMAIN, PortsipRows
from simulators.server import Request
from simulators.tables import Row

_USER: Final = "reports"
_CONDITION: Final = re.compile(r"(\w+) (eq|ne|gt|ge|lt|le) '([^']*)'")


def _fits(row: Mapping[str, Any], conditions: Sequence[tuple[str, str, str]]) -> bool:
    compare = {
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b,
    }
    return all(compare[operator](str(row.get(name) or ""), value) for name, operator, value in conditions)


class Portsip(PortsipRows):
    """Options: `ignores_filter` names streams whose lists do not obey `filter`, `count` what the total is."""

    base = "/api"
    routes = (
        Route("POST", "/login/oauth/token", "oauth"),
        Route("POST", "/auth/sign_in", "sign_in"),
        Route("POST", "/auth/refresh_token", "refresh"),
        Route("GET", "/cdrs", "cdrs", "call_records"),
        Route("GET", "/calllogs", "call_logs", "call_logs"),
        Route("GET", "/call_reports", "reports", "call_reports"),
        Route("GET", "/completed_call_reports", "reports", "completed_call_reports"),
        Route("GET", "/cdrs/{id}", "cdr", "call_record_details"),
        Route("GET", "/calllogs/{id}", "call_log", "call_log_details"),
        Route("GET", "/call_reports/{id}", "report", "call_report_details"),
        Route("GET", "/completed_call_reports/{id}", "report", "completed_call_report_details"),
    )
    defaults: ClassVar[Mapping[str, Any]] = {
        "login": "oauth",  # sign_in: only the other one exists; two_factor: and it asks for a second factor
        "ignores_filter": (),
        "count": "total",  # page: it only repeats the number of items; missing
        "call_logs": True,  # False: 404, as on 22.0
        "detail_items": "one",  # agreeing, disagreeing: /cdrs/{id} returns two
        "detail": "given",  # refused: 403; missing: 404
        "largest_skip": None,  # no page begins behind so many rows
        "largest_skip_answer": "refused",  # 400; or empty: a page without rows
        "token_seconds": 1800,
        "refuses_renewal": False,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._renewals: set[str] = set()

    def credentials(self, auth: str) -> dict[str, str]:
        if auth == "access_token":
            return {"access_token": self.access_token}
        return {"username": _USER, "password": self.password, "domain": DOMAIN}

    # --- logging in ---

    def oauth(self, request: Request, _: Route) -> Response:
        if self.options["login"] != "oauth":
            return self.failure(404, "Not found")
        form = request.form
        if form.get("grant_type") == "refresh_token":
            return self._renewed(request, form.get("refresh_token"))
        return self._logged_in(request, form)

    def sign_in(self, request: Request, _: Route) -> Response:
        if self.options["login"] == "oauth":
            return self.failure(404, "Not found")
        return self._logged_in(request, orjson.loads(request.body))

    def refresh(self, request: Request, _: Route) -> Response:
        return self._renewed(request, orjson.loads(request.body).get("refresh_token"))

    def _logged_in(self, request: Request, given: Mapping[str, Any]) -> Response:
        right = [given.get(key) for key in ("username", "password", "domain")] == [_USER, self.password, DOMAIN]
        if refusal := self.attempt(request, "login", right=right):
            return refusal
        if self.options["login"] == "two_factor":
            return json({"two_factor_enabled": True, "session_token": self.secret("session")})
        return self._token()

    def _renewed(self, request: Request, token: str | None) -> Response:
        right = token in self._renewals and not self.options["refuses_renewal"]
        return self.attempt(request, "refresh", right=right) or self._token()

    def _token(self) -> Response:
        renewal = self.secret("refresh-token")
        self._renewals.add(renewal)
        reply = {"access_token": self.mint(), "expires_in": self.options["token_seconds"], "refresh_token": renewal}
        return json({**reply, "token_type": "Bearer"})

    def failure(self, status: int, message: str) -> Response:
        code = {400: "VALIDATE_FAILED", 401: "UNAUTHORIZED"}.get(status, "UNKNOWN")
        return json({"errors": [{"code": code, "message": message}]}, status)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        code = "UNKNOWN" if b"refresh_token" in request.body else "UNAUTHORIZED"
        words = "Address blocked, too many failed logins" if locked else "Login failed, authentication error"
        return json({"errors": [{"code": code, "message": words}]}, 400)

    def error_in_200(self) -> Response:
        return Response(200, self.failure(500, "Something went wrong").body)

    # --- lists and details ---

    def call_logs(self, request: Request, route: Route) -> Response:
        return self.cdrs(request, route) if self.options["call_logs"] else self.failure(404, "Not found")

    def reports(self, request: Request, route: Route) -> Response:
        return self.cdrs(request, route)

    def cdrs(self, request: Request, route: Route) -> Response:
        query = request.query
        low, high, rest = 0, 1 << 60, []
        own, ignored = self.cursors[route.stream], self.options["ignores_filter"]
        if "filter" in query and ignored is not True and route.stream not in ignored:
            for part in query["filter"].split(" and "):
                if not (condition := _CONDITION.fullmatch(part)):
                    return self.failure(400, f"Unsupported filter: {part}")
                name, operator, value = condition.groups()
                if name == own and operator != "ne":
                    try:
                        at = micros(value)
                    except ValueError:
                        return self.failure(400, f"Invalid time: {value}")
                    low = max(low, at + (operator == "gt")) if operator in {"gt", "ge", "eq"} else low
                    high = min(high, at + (operator in {"le", "eq"})) if operator in {"lt", "le", "eq"} else high
                else:
                    rest.append((name, operator, value))
        found: Sequence[Row] = self.selected(route.stream, low, high)
        if rest:
            found = [row for row in found if _fits(orjson.loads(row.body), rest)]
        name, _, direction = query.get("orderby", f"{own or 'id'} desc").split(",")[0].partition(" ")
        if name != own:
            found = sorted(found, key=lambda row: str(orjson.loads(row.body).get(name)))
        found = self.ordered(found, descending=direction == "desc")
        skip = int(query.get("skip", 0))
        page = self.page(route, self._skippable(found, skip), skip, int(query.get("top", 100)))
        body: dict[str, Any] = {"items": listed(page.rows)}
        stated = self.options["count"] != "missing" and self.options["total"] != "none"
        if stated and query.get("count") != "false":
            body = {"count": page.total if self.options["count"] == "total" else len(page.rows), **body}
        return json(body)

    def _skippable(self, found: Sequence[Row], skip: int) -> Sequence[Row]:
        """Return the rows that a page can begin in, where there is a largest `skip`."""
        largest = self.options["largest_skip"]
        if largest is None or skip <= largest:
            return found
        if self.options["largest_skip_answer"] == "refused":
            raise AnsweredError(self.failure(400, f"skip must not be larger than {largest}"))
        return ()

    def _no_detail(self) -> Response | None:
        words = {"refused": (403, "Forbidden"), "missing": (404, "Not found")}
        return self.failure(*words[self.options["detail"]]) if self.options["detail"] in words else None

    def cdr(self, request: Request, route: Route, **values: str) -> Response:
        if refusal := self._no_detail():
            return refusal
        row = self.table("call_records").get(values["id"], self.now())
        if row is None:
            return self.failure(404, "Not found")
        detail = orjson.loads(self.spoken(row, more=self._cost(row.item)))
        del detail["id"]
        others = {"one": [], "agreeing": [detail], "disagreeing": [{**detail, "cost": 99.5, "billed_account": "X"}]}
        return json({"items": [detail, *others[self.options["detail_items"]]]})

    def call_log(self, request: Request, route: Route, **values: str) -> Response:
        if refusal := self._no_detail():
            return refusal
        row = self.table("call_logs").get(values["id"], self.now()) if self.options["call_logs"] else None
        return (
            self.failure(404, "Not found")
            if row is None
            else Response(200, self.spoken(row, more=self._cost(row.item)))
        )

    def report(self, request: Request, route: Route, **values: str) -> Response:
        row = self.table(route.stream.removesuffix("_details").removesuffix("s") + "s").get(values["id"], self.now())
        return self.failure(404, "Not found") if row is None else json(row.item.detail)


VENDOR = Portsip
