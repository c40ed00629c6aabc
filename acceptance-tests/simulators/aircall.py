"""Aircall, calls: pages of 50 at most, ten thousand calls a query however many there are, a minute that ends."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from simulators.aircall_rows import SIGNED, AircallRows
from simulators.exchange import Route, json, listed
from simulators.faults import Response
from simulators.server import Request

_API_ID: Final = "simulated-api-id"
_LARGEST_PAGE: Final = 50


class Aircall(AircallRows):
    """Options: `query_rows` calls a query at most, `unit` of its times, `created_after` the start of a call."""

    routes = (Route("GET", "/v1/calls", "list_calls", "call_records"),)
    auths = ("access_token", "api_key")
    as_documented: ClassVar[Mapping[str, Any]] = {"rate_limit": 120}
    defaults: ClassVar[Mapping[str, Any]] = {
        "query_rows": 10_000,
        "behind_the_cap": "empty",  # or refused: 400 for a page behind the last that can be reached
        "stated": "true",  # capped: the total is never more than what can be reached
        "bounds": "inclusive",  # half_open, exclusive, start_exclusive
        "created_after": 0,  # seconds from the start of a call to its creation, which is filtered on
        "shows_ongoing": False,  # calls are served, without an end, from their start on
        "unit": "seconds",  # or milliseconds: of the times in a row
        "reset_unit": "seconds",  # or milliseconds: of the header that says when the minute ends
        "links": "fresh",  # frozen: the same at every read, so that every column can be compared
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.api_token = self.secret("api-token")

    def credentials(self, auth: str) -> dict[str, str]:
        given = {"access_token": self.access_token}
        return given if auth == "access_token" else {"api_id": _API_ID, "api_token": self.api_token}

    # --- credentials ---

    def bearer(self, request: Request) -> str:
        """Return the access token, also where the key of the company came instead."""
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return super().bearer(request)
        try:
            pair = base64.b64decode(coded, validate=True).decode()
        except ValueError:
            return ""
        return self.access_token if pair == f"{_API_ID}:{self.api_token}" else ""

    def _refuse_token(self, request: Request) -> Response | None:
        refusal = super()._refuse_token(request)
        if refusal is not None and "authorization" in request.headers:
            return json({"message": "Forbidden"}, 403)
        return refusal

    def unauthorised(self, style: str = "default") -> Response:
        return json({"message": "Unauthorized"}, 401) if style == "default" else super().unauthorised(style)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        return self.unauthorised()

    def failure(self, status: int, message: str) -> Response:
        return json({"error": message, "troubleshoot": "See the API reference"}, status)

    def error_in_200(self) -> Response:
        return self.failure(200, "Something went wrong")

    def _limited(self) -> Response | None:
        """A minute's requests are spent: no Retry-After, but a header that says when the minute ends."""
        answer = super()._limited()
        if answer is not None:
            seconds = int(answer.headers.pop("Retry-After"))
            ends = int(time.time()) + seconds
            thousand = 1000 if self.options["reset_unit"] == "milliseconds" else 1
            answer.headers |= {
                "X-AircallApi-Limit": str(self.options["rate_limit"]),
                "X-AircallApi-Remaining": "0",
                "X-AircallApi-Reset": str(ends * thousand),
            }
        return answer

    # --- calls ---

    def list_calls(self, request: Request, route: Route) -> Response:
        query = request.query
        try:
            low, high = int(query.get("from", 0)), int(query.get("to", 1 << 40))
            number, size = int(query.get("page", 1)), int(query.get("per_page", 20))
        except ValueError as error:
            return self.failure(400, f"Bad parameter: {error}")
        if number < self.options["pages_from"] or not 1 <= size <= _LARGEST_PAGE:
            return self.failure(400, "Bad page or per_page")
        size = self.options["page_rows"] or size
        found = self.ordered(
            self.selected(route.stream, *self.within(low, high)), descending=query.get("order") == "desc"
        )
        within_reach = found[: self.options["query_rows"]]
        behind = (number - self.options["pages_from"]) * size >= self.options["query_rows"]
        if behind and self.options["behind_the_cap"] == "refused":
            return self.failure(400, "Only the first results of a query can be reached")
        page = self.numbered(route, within_reach, number, size)
        total = page.total + (len(found) - len(within_reach) if self.options["stated"] == "true" else 0)
        rows = page.rows if query.get("fetch_contact") == "true" else self.without_contacts(page.rows)
        # Without the period: a trap for whoever follows it.
        link = f"{self.url}{request.path}?page={{}}&per_page={size}"
        meta = {
            "count": len(rows),
            "total": total,
            "current_page": page.number,
            "per_page": size,
            "next_page_link": link.format(page.number + 1) if page.first + len(rows) < len(within_reach) else None,
            "previous_page_link": link.format(page.number - 1) if page.number > self.options["pages_from"] else None,
        }
        if self.options["total"] == "none":
            del meta["total"]
        answer = json({"meta": meta, "calls": listed(rows)})
        signed, _ = self._signature(frozen=self.options["links"] == "frozen")
        answer.body = answer.body.replace(SIGNED, signed.encode())
        return answer


VENDOR = Aircall
