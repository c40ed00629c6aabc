"""VOXO, call reports: one bare array, printed in the zone that was asked for, 31 days at most."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import orjson

from simulators.exchange import Route, json, listed
from simulators.faults import Response
from simulators.server import Request
from simulators.tables import Row
from simulators.voxo_rows import VoxoRows

_TENANT: Final = 1001
_BILLING_CODE: Final = "B-7001"
_EMAIL: Final = "reports@example.com"
_DAY: Final = len("2026-06-30")


def _bound(text: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone).astimezone(timezone.utc)


class Voxo(VoxoRows):
    """Options: `bounds` says which bounds of a range are inclusive, `partner` what a wide partner request gets."""

    routes = (
        Route("POST", "/authentication", "login"),
        Route("POST", "/v2/authentication", "login_v2"),
        Route("GET", "/call-reports", "call_reports", "call_records"),
    )
    defaults: ClassVar[Mapping[str, Any]] = {
        "bounds": "inclusive",  # half_open, exclusive, start_exclusive
        "days_only": False,  # looks at the dates of start and end alone
        "day_first": False,  # prints the day before the month
        "day_limit": None,  # first, last, newest: of what was asked for it gives 24 hours; refuse: 400 for more
        "refused_zones": (),  # names of zones that it answers with 400
        "slips": True,  # whether a few calls print another time than their id says
        "epochs": True,  # whether ids tell the time of the call
        "partner": "cut",  # more than 24 hours partner-wide: cut off without a word, or refuse
        "versions": "both",  # 2: only the second way to log in exists
        "rows_limit": None,  # an answer never holds more rows
        "rows_limit_answer": "cut",  # or fail: what happens to an answer that would
        "token_seconds": 86_400,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sip_password = self.secret("sip-password")

    def credentials(self, auth: str) -> dict[str, str]:
        given = {"access_token": self.access_token}
        return given if auth == "access_token" else {"email": _EMAIL, "password": self.password}

    def particulars(self) -> dict[str, Any]:
        return {"account": {"account_type": "tenant", "tenant_id": _TENANT}}

    def account(self) -> str:
        return str(_TENANT)

    # --- logging in ---

    def login(self, request: Request, _: Route) -> Response:
        if self.options["versions"] == 2:
            return self.failure(404, "Page not found")
        return self._login(request, {"authentication": {"strategy": "local"}})

    def login_v2(self, request: Request, _: Route) -> Response:
        return self._login(request, {})

    def _login(self, request: Request, reply: dict[str, Any]) -> Response:
        try:
            posted = orjson.loads(request.body)
            right = (posted["email"], posted["password"]) == (_EMAIL, self.password)
        except (ValueError, TypeError, KeyError):
            return self.failure(400, "email and password are required")
        if refusal := self.attempt(request, "login", right=right):
            return refusal
        user = {"id": 1, "email": _EMAIL, "myExtension": {"peerSecret": self.sip_password}}
        return json({"accessToken": self.mint(token=self._json_web_token()), **reply, "user": user}, 201)

    def _json_web_token(self) -> str:
        def coded(part: Mapping[str, Any]) -> str:
            return base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()

        now = int(time.time())
        claims = {"iat": now, "exp": now + int(self.options["token_seconds"]), "sub": "1"}
        return f"{coded({'alg': 'HS256', 'typ': 'access'})}.{coded(claims)}.{self.secret('signature')}"

    def failure(self, status: int, message: str) -> Response:
        name = {400: "BadRequest", 401: "NotAuthenticated", 403: "Forbidden", 404: "NotFound", 429: "TooManyRequests"}
        body = {"name": name.get(status, "GeneralError"), "message": message, "code": status, "className": "error"}
        return json({**body, "data": {}, "errors": {}}, status)

    def unauthorised(self, style: str = "default") -> Response:
        return self.failure(401, "jwt expired") if style == "default" else super().unauthorised(style)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        return self.failure(401, "Account locked" if locked else "Invalid login")

    def error_in_200(self) -> Response:
        return Response(200, self.failure(500, "Report could not be made").body)

    # --- call reports ---

    def call_reports(self, request: Request, route: Route) -> Response:
        query = request.query
        if (refusal := self._refused(query)) is not None:
            return refusal
        if query.get("timezone") in self.options["refused_zones"]:
            return self.failure(400, f"Invalid timezone: {query['timezone']}")
        try:
            zone = ZoneInfo(query.get("timezone", "America/Chicago"))
            start = _bound(query["start"][:_DAY] + " 00:00:00" if self.options["days_only"] else query["start"], zone)
            end = _bound(query["end"][:_DAY] + " 23:59:59" if self.options["days_only"] else query["end"], zone)
        except (ValueError, OSError, KeyError) as error:
            return self.failure(400, f"Invalid range: {error}")
        wide = end - start > timedelta(hours=24) and not {"tenantId", "billingCode"} & query.keys()
        if end - start > timedelta(days=31) or (wide and self.options["partner"] == "refuse"):
            return self.refuse(request, "the range is wider than 31 days, or than 24 hours partner-wide")
        if wide:
            self.violation(request, "partner-wide and wider than 24 hours: cut off")
            start = end - timedelta(hours=24)
        if self.options["day_limit"] == "refuse" and end - start > timedelta(hours=24):
            return self.failure(400, "The range must not be longer than 24 hours")
        match self.options["day_limit"]:
            case "first":
                end = min(end, start + timedelta(hours=24))
            case "last":
                start = max(start, end - timedelta(hours=24))
            case "newest":
                start = max(start, datetime.fromtimestamp(self.now(), timezone.utc) - timedelta(hours=24))
        found = self.selected(route.stream, *self.within(int(start.timestamp()), int(end.timestamp())))
        return self._report(route, self.of_account(query.get("tenantId"), found), zone)

    def _refused(self, query: Mapping[str, str]) -> Response | None:
        if query.get("billingCode", _BILLING_CODE) != _BILLING_CODE:
            return self.failure(404, "No such account")
        return self.refused_account(query["tenantId"]) if "tenantId" in query else None

    def _report(self, route: Route, rows: Sequence[Row], zone: ZoneInfo) -> Response:
        found = self.ordered(rows, descending=True)
        limit = self.options["rows_limit"]
        if limit is not None and len(found) > limit and self.options["rows_limit_answer"] == "fail":
            return self.failure(500, "The report is too large")
        return json(listed(self.page(route, found, 0, limit or max(len(found), 1), zone).rows))


VENDOR = Voxo
