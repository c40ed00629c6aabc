"""RingCentral, the call log of an account: 24 hours unless asked, pages by number and link, ten requests a minute."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import orjson

from simulators.calls import MICRO
from simulators.exchange import Route, json, listed
from simulators.faults import Response
from simulators.paging import Page
from simulators.ringcentral_rows import RingcentralRows
from simulators.server import Request

_CLIENT: Final = "simulated-client-id"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_DAY: Final = timedelta(hours=24)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_CODES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("InvalidParameter", "CMN-101"),
    401: ("TokenInvalid", "OAU-128"),
    403: ("InsufficientPermissions", "CMN-408"),
    404: ("CMN-102", "CMN-102"),
    429: ("CMN-301", "CMN-301"),
}


def _refused(word: str, code: str, said: str, status: int) -> Response:
    """A login that is refused, in the words of OAuth 2 and in the vendor's own."""
    return json({"error": word, "error_description": said, "errors": [{"errorCode": code, "message": said}]}, status)


def _simple(row: bytes) -> bytes:
    """The simple view leaves out what the detailed one adds."""
    left_out = {"legs", "billing", "lastModifiedTime"}
    return orjson.dumps({key: value for key, value in orjson.loads(row).items() if key not in left_out})


class Ringcentral(RingcentralRows):
    """Options: `max_page_size` is granted at most, `filters_by` says which time `dateFrom` and `dateTo` are held to."""

    routes = (
        Route("POST", "/restapi/oauth/token", "token"),
        Route("GET", "/restapi/v1.0/account/{account_id}/call-log", "call_log", "call_records"),
    )
    auths = ("access_token", "jwt")
    defaults: ClassVar[Mapping[str, Any]] = {
        "total": "none",  # as in the vendor's sample; filter, account: totals in `paging`
        "max_page_size": 250,  # of the detailed view; the reference says 1,000
        "page_links": "here",  # elsewhere: on another host; none: no links; bare: without the filter
        "bounds": "inclusive",  # half_open, exclusive, start_exclusive
        "filters_by": "start",  # end: calls are found by when they ended
        "cuts_seconds": False,  # fractions of a second in a request are not looked at
        "shows_ongoing": False,  # calls are served from their start on, with the result In Progress
        "refuses_sizes_above": None,  # 400 for a larger page
        "heavy": 10,  # requests a minute, as the headers say
        "role": "administrator",  # anybody else is refused the account's log
        "token_seconds": 3600,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_secret = self.secret("client-secret")
        self.jwt = self.secret("jwt")

    def credentials(self, auth: str) -> dict[str, str]:
        if auth == "access_token":
            return {"access_token": self.access_token}
        return {"client_id": _CLIENT, "client_secret": self.client_secret, "jwt": self.jwt}

    def particulars(self) -> dict[str, Any]:
        # Ten requests a minute, the connector's default, are too few to try things with.
        return {"requests_per_minute": 60_000}

    # --- logging in ---

    def token(self, request: Request, _: Route) -> Response:
        scheme, _space, coded = request.headers.get("authorization", "").partition(" ")
        try:
            client = base64.b64decode(coded, validate=True).decode() if scheme == "Basic" else ""
        except ValueError:
            client = ""
        form, known = request.form, f"{_CLIENT}:{self.client_secret}"
        right = client == known and form.get("assertion") == self.jwt and form.get("grant_type") == _GRANT
        if refusal := self.attempt(request, "login", right=right):
            return (
                refusal if client == known else _refused("invalid_client", "OAU-146", "Invalid client credentials", 401)
            )
        life = {"expires_in": self.options["token_seconds"], "refresh_token_expires_in": 604_799}
        reply = {"access_token": self.mint(), "token_type": "bearer", "refresh_token": self.secret("refresh-token")}
        answer = json({**reply, **life, "scope": "ReadCallLog", "owner_id": "256440016"})
        answer.headers |= {"X-Rate-Limit-Group": "auth", "X-Rate-Limit-Limit": "5", "X-Rate-Limit-Window": "60"}
        return answer

    def refuse_token(self, grant: Any) -> Response | None:
        if self.options["role"] == "administrator":
            return None
        return self.failure(
            403, "In order to call this API endpoint, user needs to have [FullCompanyCallLog] permission"
        )

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        if locked:
            words = "The account is locked out due to multiple unsuccessful logon attempts."
            return _refused("invalid_grant", "OAU-147", words, 400)
        return _refused("invalid_grant", "OAU-140", "Invalid resource owner credentials.", 400)

    def failure(self, status: int, message: str) -> Response:
        word, code = _CODES.get(status, ("CMN-201", "CMN-201"))
        return json(
            {"errorCode": word, "message": message, "errors": [{"errorCode": code, "message": message}]}, status
        )

    def error_in_200(self) -> Response:
        return Response(200, self.failure(500, "Service Temporary Unavailable").body)

    # --- the call log ---

    def call_log(self, request: Request, route: Route, account_id: str) -> Response:
        if account_id != "~":
            return self.failure(404, "Resource for parameter [accountId] is not found")
        query = request.query
        try:
            end = self._moment(query["dateTo"]) if "dateTo" in query else self.now()
            start = self._moment(query["dateFrom"]) if "dateFrom" in query else end - _DAY.total_seconds()
            number, size = int(query.get("page", 1)), self._size(query)
        except ValueError as error:
            return self.failure(400, f"Parameter value is invalid: {error}")
        bounds = self._bounds(start, end)
        found = self.ordered(self.selected(route.stream, *bounds), descending=True)
        page = self.numbered(route, found, number, size)
        if query.get("view") != "Detailed":
            page = page._replace(rows=[_simple(row) for row in page.rows])
        answer = json(self._body(request, page, self.options["page_rows"] or size))
        left = max(0, int(self.options["heavy"]) - 1 - len(self.requests) % int(self.options["heavy"]))
        limit = {"Limit": self.options["heavy"], "Remaining": left, "Window": 60}
        answer.headers |= {"X-Rate-Limit-Group": "heavy"} | {f"X-Rate-Limit-{key}": str(limit[key]) for key in limit}
        return answer

    def _moment(self, text: str) -> float:
        if not _MOMENT.fullmatch(text):
            raise ValueError(text)
        at = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
        rest = re.search(r"\.\d+", text)
        exact = at.astimezone(timezone.utc).timestamp()
        return exact if rest is None or self.options["cuts_seconds"] else exact + float(rest[0])

    def _size(self, query: Mapping[str, str]) -> int:
        most = int(self.options["max_page_size"]) if query.get("view") == "Detailed" else 1000
        asked, largest = query.get("perPage", "100"), self.options["refuses_sizes_above"]
        if largest is not None and (asked == "max" or int(asked) > largest):
            raise ValueError(f"perPage={asked}")
        return most if asked == "max" else min(int(asked), most)

    def _bounds(self, start: float, end: float) -> tuple[int, int]:
        """The microseconds from the first up to the last; what is inclusive counts to the millisecond."""
        kind = self.options["bounds"]
        low, high = round(start * MICRO), round(end * MICRO)
        low += 1 if kind in {"exclusive", "start_exclusive"} else 0
        return low, high if kind in {"exclusive", "half_open"} else high + 1

    def _body(self, request: Request, page: Page, size: int) -> dict[str, Any]:
        first, here = self.options["pages_from"], page.number
        paging: dict[str, Any] = {"page": here, "perPage": size}
        if page.rows:
            paging |= {"pageStart": page.first, "pageEnd": page.first + len(page.rows) - 1}
        if self.options["total"] != "none":
            paging |= {"totalPages": max(1, page.pages), "totalElements": page.total}
        pages = {"firstPage": first, "previousPage": here - 1 if here > first else None}
        pages |= {"nextPage": here + 1 if here - first + 1 < page.pages else None}
        pages |= {"lastPage": first + max(1, page.pages) - 1} if self.options["total"] != "none" else {}
        links = {name: {"uri": self._link(request, target)} for name, target in pages.items() if target is not None}
        navigation = {} if self.options["page_links"] == "none" else links
        body = {"uri": self._link(request, here), "records": listed(page.rows), "paging": paging}
        return {**body, "navigation": navigation}

    def _link(self, request: Request, number: int) -> str:
        host = self._other_host() if self.options["page_links"] == "elsewhere" else self.url
        asked = {} if self.options["page_links"] == "bare" else request.query
        return f"{host}{request.path}?{urlencode({**asked, 'page': number})}"


VENDOR = Ringcentral
