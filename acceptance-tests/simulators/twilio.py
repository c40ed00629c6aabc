"""Twilio, API version 2010-04-01: HTTP Basic, days in UTC, newest first, pages that want their token."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from simulators.calls import MICRO
from simulators.exchange import Grant, Route, json, listed
from simulators.faults import Response
from simulators.server import Request
from simulators.tables import Row
from simulators.twilio_rows import ACCOUNT, TwilioRows

_KEY: Final = "SK" + "b2" * 16
_STATUSES: Final = {401: 20003, 403: 20008, 404: 20404, 429: 20429}
_FROM, _UNTIL = "StartTime>", "StartTime<"
_DAY: Final = len("2026-06-30")
_ALL: Final = (0, 1 << 40)


class Twilio(TwilioRows):
    """Options: what the filter makes of hours, of its last day and of its zone; how pages are turned."""

    routes = (
        Route("GET", "/2010-04-01/Accounts/{AccountSid}/Calls.json", "calls_of_account", "call_records"),
        Route("GET", "/2010-04-01/Accounts.json", "listed_accounts"),
    )
    auths = ("auth_token", "api_key")
    defaults: ClassVar[Mapping[str, Any]] = {
        "filter_zone": "UTC",  # whose days the filter knows
        "last_day": "exclusive",  # inclusive: the day of StartTime< is in the answer
        "hours": "obeyed",  # ignored: of a time in the filter only its date counts
        "max_page_size": 1000,  # granted at most
        "repeats_token": False,  # every page names the token of the first one
        "link_host": "",  # where next_page_uri leads: "" is relative, as documented
        "closed_accounts": (),  # ids that the list of accounts still has
        "key": "main",  # standard: may not list the accounts
        "shows_ongoing": False,  # calls are served, without an end, from their start on
        "price_delay_seconds": None,  # from a call's end until its price is known
        "undialled": True,  # whether some calls were never dialled and have no start
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.key_secret = self.secret("api-key-secret")
        self.grants[self.key_secret] = Grant("given", "key")
        self._filter_zone = ZoneInfo(self.options["filter_zone"])

    def config(self, *, auth: str = "auth_token", **over: Any) -> dict[str, Any]:
        return super().config(auth=auth if auth in self.auths else "auth_token", **over)

    def credentials(self, auth: str) -> dict[str, str]:
        if auth == "api_key":
            return {"api_key_sid": _KEY, "api_key_secret": self.key_secret}
        return {"auth_token": self.access_token}

    def particulars(self) -> dict[str, Any]:
        return {"account_sid": ACCOUNT}

    def account(self) -> str:
        return ACCOUNT

    # --- access ---

    def bearer(self, request: Request) -> str:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
        except ValueError:
            return ""
        is_right = scheme == "Basic" and user == (_KEY if secret == self.key_secret else ACCOUNT)
        return secret if is_right else ""

    def failure(self, status: int, message: str) -> Response:
        code = _STATUSES.get(status, 20000 + status)
        page = f"https://www.twilio.com/docs/errors/{code}"
        return json({"code": code, "message": message, "more_info": page, "status": status}, status)

    def unauthorised(self, style: str = "default") -> Response:
        return self.failure(401, "Authenticate") if style == "default" else super().unauthorised(style)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        return self.unauthorised()

    def error_in_200(self) -> Response:
        return Response(200, self.failure(500, "An internal server error has occurred").body)

    # --- accounts ---

    def listed_accounts(self, request: Request, _: Route) -> Response:
        grant = self.alive(self.bearer(request))
        if grant is None or (grant.scope == "key" and self.options["key"] == "standard"):
            return self.unauthorised()
        known = [*dict.fromkeys((*self.accounts(), *self.options["closed_accounts"]))]
        size, first = int(request.query.get("PageSize", 50)), int(request.query.get("PageToken", "PA0")[2:])
        rows = [self._account(account) for account in known[first : first + size]]
        path = f"/2010-04-01/Accounts.json?PageSize={size}&Page="
        number, more = first // size, first + size < len(known)
        places = {"uri": f"{path}{number}", "first_page_uri": f"{path}0", "previous_page_uri": None}
        following = f"{path}{number + 1}&PageToken=PA{first + size}" if more else None
        place = {"page": number, "page_size": size, "start": first, "end": first + len(rows) - 1}
        return json({"accounts": rows, **places, "next_page_uri": following, **place})

    def _account(self, account: str) -> dict[str, str]:
        status = "closed" if account in self.options["closed_accounts"] else "active"
        return {"sid": account, "owner_account_sid": ACCOUNT, "status": status, "auth_token": self.secret("a-token")}

    # --- calls ---

    def calls_of_account(self, request: Request, route: Route, **account: str) -> Response:
        if (refusal := self.refused_account(account["AccountSid"])) is not None:
            return refusal
        query = request.query
        try:
            low = self._bound(query.get(_FROM), _ALL[0])
            high = self._bound(query.get(_UNTIL), _ALL[1], last=True)
            size = min(int(query.get("PageSize", 50)), self.options["max_page_size"])
            number = int(query.get("Page", 0))
        except ValueError as error:
            return self.failure(400, f"Invalid parameter: {error}")
        token = query.get("PageToken", "")
        if bool(number) != bool(token):
            return self.failure(400, "Page and PageToken go together")
        selected = self.of_account(account["AccountSid"], self.selected(route.stream, low * MICRO, high * MICRO))
        found = self.ordered(selected, descending=True)
        size = self.options["page_rows"] or size
        page = self.page(route, found, self._behind(route, found, token), size)
        rows_behind = found[page.first + len(page.rows) :]
        more = bool(page.rows and rows_behind) or page.number < page.pages
        at = found[page.first : page.first + len(page.rows)]
        following = self._token(at[-1] if at and not self.options["repeats_token"] else found[0]) if found else ""
        return json(
            {
                "calls": listed(page.rows),
                "page": number,
                "page_size": size,
                "start": page.first,
                "end": max(0, page.first + len(page.rows) - 1),
                "uri": self._link(request, query),
                "first_page_uri": self._link(request, {**query, "Page": "0", "PageToken": ""}),
                "previous_page_uri": self._link(request, {**query, "Page": str(number - 1)}) if number else None,
                "next_page_uri": self._next(request, size, number, following) if more else None,
            }
        )

    def _next(self, request: Request, size: int, number: int, token: str) -> str:
        turned = {"PageSize": str(size), "Page": str(number + 1), "PageToken": token}
        return f"{self.options['link_host']}{self._link(request, {**request.query, **turned})}"

    @staticmethod
    def _link(request: Request, query: Mapping[str, str]) -> str:
        return f"{request.path}?{urlencode({name: value for name, value in query.items() if value})}"

    @staticmethod
    def _token(row: Row) -> str:
        return f"PA{row.id}_{zlib.crc32(row.body):08x}"

    def _behind(self, route: Route, found: Sequence[Row], token: str) -> int:
        """Return how many rows stand before the page that a token leads to: all up to the row that it names."""
        if not token:
            return 0
        if (at := next((place for place, row in enumerate(found) if self._token(row) == token), None)) is not None:
            return at + 1
        gone = next((row for row in self.table(route.stream).rows if self._token(row) == token), None)
        return sum((row.key, row.id) > (gone.key, gone.id) for row in found) if gone else len(found)

    def _bound(self, text: str | None, otherwise: int, *, last: bool = False) -> int:
        """Return the second from which, or before which, a call has to begin."""
        if text is None:
            return otherwise
        if len(text) > _DAY and self.options["hours"] == "obeyed":
            return int(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp())
        day = datetime.strptime(text[:_DAY], "%Y-%m-%d").replace(tzinfo=self._filter_zone)
        if last and self.options["last_day"] == "inclusive":
            day += timedelta(days=1)
        return int(day.timestamp())


VENDOR = Twilio
