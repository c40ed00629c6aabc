"""BICS CPaaS v2: whole days, fifteen rows a page, three shapes of an answer, links that are signed at every read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from simulators import zones
from simulators.bics_rows import SIGNED, BicsRows
from simulators.calls import MICRO
from simulators.exchange import Route, json, listed
from simulators.faults import Response
from simulators.paging import Page
from simulators.server import Request

_DAY: Final = re.compile(r"(\w{3}) (\d\d), (\d{4})")


def _day(text: str) -> datetime:
    if not (found := _DAY.fullmatch(text)):
        raise ValueError(text)
    month, day, year = found.groups()
    return datetime(int(year), zones.MONTHS.index(month) + 1, int(day))  # noqa: DTZ001 - a day has no zone yet


class Bics(BicsRows):
    """Options: `shape` 1 to 3, `zone` of the rows, `filter_zone` of the days, `links` fresh at every read or frozen."""

    base = "/api/v2"
    routes = (
        Route("GET", "/auth/me", "me", "me"),
        Route("GET", "/voice/calls", "calls_of_days", "call_records"),
        Route("GET", "/voice/recordings", "calls_of_days", "recordings"),
    )
    auths = ("access_token",)
    as_documented: ClassVar[Mapping[str, Any]] = {"rate_limit": 1000, "retention_days": 60}
    defaults: ClassVar[Mapping[str, Any]] = {
        "shape": 2,
        "per_page": 15,
        "zone": "UTC",
        "configured_zone": None,  # what the config says of it, where that is another one
        "filter_zone": "UTC",
        "last_day": "inclusive",  # exclusive: the last day asked for is not in the answer
        "refuses_future": False,  # 422 for a range that ends after today
        "token": "header",  # parameter: only as access_token in the address
        "epochs": True,  # whether ids are UUIDs of version 1, which tell a time
        "success": "OK",  # 200, "200"
        "retention_days": None,
        "links": "fresh",  # frozen: the same at every read, so that every column can be compared
        "order": "desc",
    }

    def credentials(self, auth: str) -> dict[str, str]:
        return {"access_token": self.access_token}

    def particulars(self) -> dict[str, Any]:
        zone = self.options["configured_zone"] or self.options["zone"]
        return {"timezone": zone} if zone != "UTC" else {}

    # --- answers ---

    def bearer(self, request: Request) -> str:
        if self.options["token"] == "parameter":
            return request.query.get("access_token", "")
        return super().bearer(request)

    def no_rows(self, how: str) -> Response:
        if how == "failed":
            return json({"status": "ERROR", "message": "No data found"})
        return super().no_rows(how)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        return self.unauthorised()

    def unauthorised(self, style: str = "default") -> Response:
        return self.failure(401, "Unauthenticated") if style == "default" else super().unauthorised(style)

    def failure(self, status: int, message: str) -> Response:
        return json({"status": "ERROR", "code": status, "message": message}, status)

    def me(self, request: Request, _: Route) -> Response:
        return json({"status": self.options["success"]})

    def calls_of_days(self, request: Request, route: Route) -> Response:
        name = "datetime[end_at]" if route.stream == "call_records" else "datetime[r.created_at]"
        low, high = 0, 1 << 40
        try:
            if name in request.query:
                first, last = (_day(text) for text in request.query[name].split(" - "))
                if self.options["refuses_future"] and last.date() > self._today():
                    return self.failure(422, "The date range must not end after today")
                if self.options["last_day"] == "exclusive":
                    last -= timedelta(days=1)
                low, high = zones.day_bounds(first, last, self._filter_zone)
            number = int(request.query.get("page", 1))
        except (ValueError, IndexError) as error:
            return self.failure(422, f"Invalid parameter: {error}")
        if self.options["retention_days"] is not None:
            low = max(low, int(self.now()) - 86_400 * self.options["retention_days"])
        selected = self.selected(route.stream, low * MICRO, high * MICRO)
        found = self.ordered(selected, descending=self.options["order"] == "desc")
        size = self.options["per_page"] if self.options["shape"] != 1 else max(len(found), 1)
        page = self.numbered(route, found, number, size)
        size = self.options["page_rows"] or size
        answer = json(self._shaped(page, size, f"{self.url}{request.path}"))
        signed, _ = self._signature(frozen=self.options["links"] == "frozen")
        answer.body = answer.body.replace(SIGNED, signed.encode())
        return answer

    def _today(self) -> date:
        return datetime.fromtimestamp(self.now(), self._filter_zone).date()

    def _shaped(self, page: Page, size: int, path: str) -> dict[str, Any]:
        body: dict[str, Any] = {"status": self.options["success"], "data": listed(page.rows)}
        if self.options["shape"] == 1:
            return body
        # Page URLs carry neither filter nor token: a trap for whoever follows them.
        last = max(page.pages, 1)
        before = f"{path}?page={page.number - 1}" if page.number > 1 else None
        after = f"{path}?page={page.number + 1}" if page.number < last else None
        ends = {"first": f"{path}?page=1", "last": f"{path}?page={last}"}
        shown = {
            "from": page.first + 1 if page.rows else None,
            "to": page.first + len(page.rows) if page.rows else None,
        }
        meta = {
            "current_page": page.number,
            "last_page": last,
            "path": path,
            "per_page": size,
            "total": page.total,
            **shown,
        }
        if self.options["total"] == "none":
            meta = {key: value for key, value in meta.items() if key not in {"total", "last_page", "to"}}
        if self.options["shape"] == 3:
            links = [{"url": before, "label": "&laquo; Previous", "active": False}]
            more = {"links": {**ends, "prev": before, "next": after}, "meta": {**meta, "links": links}}
            return {"status": body["status"], "code": 200, "message": "OK", "data": body["data"], **more}
        urls = {"first_page_url": ends["first"], "last_page_url": ends["last"]}
        return {**body, "data": {**meta, **urls, "next_page_url": after, "prev_page_url": before, "data": body["data"]}}


VENDOR = Bics
