"""Acefone UK, call_report: local times without a zone, counters as text, rows as a list or keyed by index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import orjson

from simulators import zones
from simulators.acefone_rows import AcefoneRows
from simulators.exchange import Route, json, keyed, listed
from simulators.faults import Response
from simulators.server import Request

_LOGIN: Final = "reports"
_DAY: Final = len("2026-06-30")


class Acefone(AcefoneRows):
    """Options: `header` says in which form the token has to come, `data` how rows are put, `zone` the account's."""

    base = "/v1"
    routes = (
        Route("POST", "/auth/login", "login"),
        Route("POST", "/auth/refresh", "refresh"),
        Route("GET", "/call_report", "call_report", "call_records"),
    )
    defaults: ClassVar[Mapping[str, Any]] = {
        "header": "bare",  # bearer, both
        "data": "list",  # index: an object keyed by index
        "counters": "text",  # number; total_only: filtered_records is missing
        "zone": "Europe/London",  # the account's, which `date` is printed in
        "configured_zone": None,  # what the config says of it, where that is another one
        "printed_zone": None,  # a server that prints, and filters, in another one than it says
        "slips": True,  # whether a few calls print another time than their id says
        "epochs": True,  # whether ids tell the time of the call
        "bounds": "inclusive",  # half_open, exclusive, start_exclusive
        "days_only": False,  # looks at the dates of from_date and to_date alone
        "last_day": "inclusive",  # exclusive: the day of to_date is not in the answer
        "dates": "any",  # day: a date with a time of day finds nothing
        "order": "desc",
        "refused_status": 401,
        "token_seconds": 3600,
    }

    def credentials(self, auth: str) -> dict[str, str]:
        given = {"access_token": self.access_token}
        return given if auth == "access_token" else {"login_id": _LOGIN, "password": self.password}

    def particulars(self) -> dict[str, Any]:
        zone = self.options["configured_zone"] or self.options["zone"]
        return {"timezone": zone} if zone != "Europe/London" else {}

    # --- logging in ---

    def bearer(self, request: Request) -> str:
        given, form = request.headers.get("authorization", ""), self.options["header"]
        if given.startswith("Bearer "):
            return "" if form == "bare" else given.removeprefix("Bearer ")
        return "" if form == "bearer" else given

    def login(self, request: Request, _: Route) -> Response:
        given = orjson.loads(request.body)
        right = (given.get("login_id"), given.get("password")) == (_LOGIN, self.password)
        return self.attempt(request, "login", right=right) or self._token()

    def refresh(self, request: Request, _: Route) -> Response:
        right = self.alive(self.bearer(request)) is not None
        return self.attempt(request, "refresh", right=right) or self._token()

    def _token(self) -> Response:
        reply = {"success": True, "access_token": self.mint(), "token_type": "bearer"}
        return json({**reply, "expires_in": self.options["token_seconds"]})

    def failure(self, status: int, message: str) -> Response:
        return json({"success": False, "message": message}, status)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        words = "Account locked" if locked else "Invalid credentials"
        body = {"success": False, "message": words, "login_failed_count": self.failed_logins}
        return json(body, self.options["refused_status"])

    def error_in_200(self) -> Response:
        return self.failure(200, "Something went wrong")

    # --- the call report ---

    def call_report(self, request: Request, route: Route) -> Response:
        query = request.query
        try:
            asked = ZoneInfo(query.get("time_zone", self.options["zone"]))
            low = self._bound(query.get("from_date"), asked, last=False)
            high = self._bound(query.get("to_date"), asked, last=True)
            number, size = int(query.get("page", 1)), int(query.get("limit", 10))
        except (ValueError, OSError) as error:
            return self.failure(422, f"Invalid parameter: {error}")
        if number < 1 or not 1 <= size <= 100:
            return self.failure(422, "Invalid page or limit")
        bounds = self.within(0 if low is None else low, 1 << 40 if high is None else high)
        table = self.table(route.stream)
        found = self.ordered(self.selected(route.stream, *bounds), descending=self.options["order"] == "desc")
        if self.options["dates"] == "day" and any(len(query.get(name, "")) > _DAY for name in ("from_date", "to_date")):
            found = []
        page = self.numbered(route, found, number, size)
        count = int if self.options["counters"] == "number" else str
        body = {}
        if self.options["total"] != "none":
            only = self.options["counters"] == "total_only"
            body["total_records"] = count(page.total if only else len(table.rows))
            body |= {} if only else {"filtered_records": count(page.total)}
        rows = keyed(page.rows) if self.options["data"] == "index" else listed(page.rows)
        return json({**body, "page_records": count(len(page.rows)), "page": count(page.number), "data": rows})

    def _bound(self, text: str | None, asked: ZoneInfo, *, last: bool) -> int | None:
        """The clock on the account's wall at a moment that was given as local time of the zone asked for."""
        if text is None:
            return None
        if self.options["days_only"] or len(text) == _DAY:
            text = text[:_DAY] + (" 23:59:59" if last and self.options["last_day"] == "inclusive" else " 00:00:00")
            if last and self.options["last_day"] != "inclusive":
                return self._on_the_wall(text, asked) - 1
        return self._on_the_wall(text, asked)

    def _on_the_wall(self, text: str, asked: ZoneInfo) -> int:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the clock on a wall
        if asked.key != self.zone.key:
            instant = moment.replace(tzinfo=asked).astimezone(timezone.utc)
            moment = zones.local(int(instant.timestamp()), self.zone)
        return zones.wall(moment)


VENDOR = Acefone
