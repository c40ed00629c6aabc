"""What every simulated vendor does: routes, tokens, faults, the log, and the truth about its rows."""

from __future__ import annotations

import re
import secrets as randomness
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from threading import Lock
from types import TracebackType
from typing import Any, ClassVar, Final, NamedTuple

import orjson

from simulators import faults
from simulators.authority import private_authority
from simulators.calls import BLANK, MICRO, Call, generate, stamp
from simulators.documents import document
from simulators.faults import Fault, Faults, Response
from simulators.server import Request, Server
from simulators.tables import Row, Table

# Calls that began before the period can end in it, and filters ask for a little more than the period.
_BEFORE: Final = timedelta(hours=36)
_AFTER: Final = timedelta(hours=48)
_HIDDEN: Final = "***"

COMMON_OPTIONS: Final[Mapping[str, Any]] = {
    "ms_per_row": 0.0,  # a big answer takes longer
    "token_seconds": None,  # how long a minted token says that it lives, and does
    "token_requests": None,  # how many requests for data a minted token is good for
    "lock_after": 5,  # refused logins until the user is locked
    "rate_limit": None,  # requests in any minute
    "publish_delay_seconds": 0.0,  # from a call's end until its row is served
    "published_samples": True,  # whether the vendor's own sample rows are served at their own dates
}


class Route(NamedTuple):
    """A path of the vendor's document and what answers it. `stream` is empty for logins, the name is then theirs."""

    method: str
    template: str
    name: str
    stream: str = ""


class Logged(NamedTuple):
    """A request that came. Secrets are removed from `params`; `token` is the label of the token it brought."""

    at: float
    method: str
    path: str
    params: dict[str, str]
    route: str
    stream: str
    status: int
    in_flight: int
    token: str
    delivery: str


class Login(NamedTuple):
    """An attempt to log in or to renew a token."""

    at: float
    kind: str
    accepted: bool


@dataclass
class Grant:
    """A token. It dies at `until`, or after `uses` requests."""

    label: str
    scope: str = ""
    until: float | None = None
    uses: int | None = None


class Page(NamedTuple):
    """One page of a selection: rows as JSON, its number, and what the vendor says about all of them."""

    rows: list[bytes]
    number: int
    pages: int
    total: int
    first: int = 0
    """How many rows stand before it."""


@dataclass
class _Routed:
    route: Route
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.route.template))


class Simulator(ABC):
    """A vendor on a loopback port. A context manager; `start` in the package makes one."""

    vendor: ClassVar[str]
    base: ClassVar[str] = ""
    routes: ClassVar[tuple[Route, ...]]
    cursors: ClassVar[Mapping[str, str | None]] = {"call_records": "started_at"}
    default_region: ClassVar[str | None] = None
    auths: ClassVar[tuple[str, ...]] = ("access_token", "password")
    as_documented: ClassVar[Mapping[str, Any]] = {}
    """Options that make it as awkward as the vendor says it is, where a test would rather not have that."""
    link_marker: ClassVar[str | None] = None
    """What signed links contain and nothing else does."""
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        *,
        seed: int = 7,
        start: datetime | None = None,
        end: datetime | None = None,
        calls_per_day: float = 120,
        latency_ms: float = 0,
        validate: bool = True,
        tls: bool = False,
        port: int = 0,
        **options: Any,
    ) -> None:
        known = {**COMMON_OPTIONS, **self.defaults}
        if unknown := options.keys() - known.keys():
            raise TypeError(f"{self.vendor} has no option {', '.join(unknown)}: {', '.join(sorted(known))}")
        self.options: dict[str, Any] = {**known, **options}
        self.seed = seed
        now = datetime.now(timezone.utc)
        self.start = start or (end or now).replace(minute=0, second=0, microsecond=0) - timedelta(days=3)
        self.end = end
        self.calls_per_day = calls_per_day
        self.latency_ms = latency_ms
        self.validate = validate
        self.faults = Faults()
        self.requests: list[Logged] = []
        self.logins: list[Login] = []
        self.violations: list[str] = []
        self.elsewhere: list[Logged] = []
        """Requests that arrived at the other host which the fault `redirect` leads to."""
        self.max_in_flight = 0
        self.secrets: list[str] = []
        self.refresh_tokens: list[str] = []
        """Secrets too; the one kind that may be handed to the platform in a CONTROL message."""
        self.grants: dict[str, Grant] = {}
        self.failed_logins = 0
        self._late: list[Fault] = []
        self._in_flight = 0
        self._minted = 0
        self._lock = Lock()
        self._routes = [_Routed(route) for route in self.routes]
        authority = private_authority() if tls else None
        self.ca_certificate = authority.certificate if authority else None
        self.password = self.secret("password")
        self.access_token = self.secret("access-token")
        self.grants[self.access_token] = Grant("given", "openid")
        self._server = Server(self._serve, port, authority.context if authority else None)
        self._other: Server | None = None

    # --- what a test asks for ---

    @property
    def url(self) -> str:
        """Scheme, host and port; `api_url` adds the vendor's base path."""
        return self._server.url

    @property
    def api_url(self) -> str:
        return self.url + self.base

    @property
    def login_count(self) -> int:
        return len(self.logins)

    def config(self, *, auth: str = "access_token", **over: Any) -> dict[str, Any]:
        """Return a complete connector config for this vendor. A key of `over` that is None is left out."""
        made = {
            "start_date": stamp(int(self.start.timestamp())),
            "end_date": stamp(int(self.end.timestamp())) if self.end else None,
            "api_url": self.api_url,
            "ca_certificate": self.ca_certificate,
            "credentials": {"auth_type": auth, **self.credentials(auth)},
            **self.particulars(),
            **over,
        }
        return {key: value for key, value in made.items() if value is not None}

    def truth(
        self,
        stream: str = "call_records",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        account_id: str | None = None,
        region: str | None = "",
        **context: Any,
    ) -> list[dict[str, Any]]:
        """Return the canonical rows whose cursor lies in `start` to `end`, both inclusive, late rows among them.

        The defaults are the simulator's period, the account of `config` and the vendor's default region. A stream
        without cursor is returned whole.
        """
        low, high = -(1 << 62), 1 << 62
        if self.cursors[stream] is not None:
            low = int((start or self.start).timestamp() * MICRO)
            high = int((end or self.end or datetime.now(timezone.utc)).timestamp() * MICRO)
        account = self.account() if account_id is None else account_id
        seen_from = self.default_region if region == "" else region
        return [
            self.canonical(stream, row, self.expected(stream, row.item, seen_from, **context), account)
            for row in self.table(stream).between(low, high)
            if row.visible <= time.time()
        ]

    def fault(self, kind: str, *, at: str = "data", after: int = 0, times: int | None = 1, **options: Any) -> Fault:
        """Switch a fault on: see `simulators.faults.KINDS`. `at` is data, any, a stream, or the name of a route."""
        made = self.faults.add(Fault(kind, at, after, times, options))
        if kind == faults.LATE:
            for stream in [at] if at in self.cursors else [name for name, cursor in self.cursors.items() if cursor]:
                table, low = self.table(stream), int(self.start.timestamp() * MICRO)
                rows = [row.id for row in table.rows if row.cut >= low and row.visible <= time.time()]
                options["hidden"] = options.get("hidden", []) + [
                    (stream, name) for name in options.get("ids") or rows[:: options.get("step", 10)]
                ]
                table.hide(name for owner, name in options["hidden"] if owner == stream)
            self._late.append(made)
        return made

    def release_late_rows(self) -> None:
        """Serve every row that `late_rows` holds back."""
        while self._late:
            for stream, name in self._late.pop().options["hidden"]:
                self.table(stream).show([name])

    @property
    def removed(self) -> set[str]:
        """Vendor ids that the fault `remove_row` took away: a reader may have seen them."""
        return {name for stream in self.cursors for name in self.table(stream).removed}

    def expire_tokens(self) -> None:
        """Let every token that was minted so far die."""
        for token, grant in list(self.grants.items()):
            if grant.label != "given" or self.options.get("given_token_dies"):
                del self.grants[token]

    def close(self) -> None:
        self._server.close()
        if self._other:
            self._other.close()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what a vendor says of itself ---

    @abstractmethod
    def credentials(self, auth: str) -> dict[str, str]:
        """Return the keys of `credentials` beside `auth_type`."""

    def particulars(self) -> dict[str, Any]:
        """Return the config keys that only this vendor has."""
        return {}

    def account(self) -> str:
        """Return the account id of the rows, for the config of `config`."""
        return "127.0.0.1"

    @abstractmethod
    def rows(self, stream: str) -> Iterator[Row]:
        """Print every row of a stream."""

    @abstractmethod
    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        """Return the canonical columns that follow from the item, those that are null or default left out."""

    @abstractmethod
    def failure(self, status: int, message: str) -> Response:
        """Return an error as the vendor words it."""

    def unauthorised(self, style: str = "default") -> Response:
        """Return a 401: in the vendor's words, with a title only, or bare."""
        if style == "bare":
            return Response(401)
        return json({"title": "Problem with provided token"}, 401) if style == "title" else self.failure(401, "Expired")

    @abstractmethod
    def refused_login(self, request: Request, *, locked: bool) -> Response:
        """Return what the vendor answers to a wrong login."""

    def error_in_200(self) -> Response:
        return json({"status": "ERROR", "message": "Something went wrong"})

    # --- what a vendor builds on ---

    def calls(self) -> Iterator[Call]:
        """Generate the calls of the period, with a margin on both sides."""
        last = (self.end or datetime.now(timezone.utc)) + _AFTER
        return generate(self.vendor, self.seed, self.start - _BEFORE, last, self.calls_per_day)

    @staticmethod
    def now() -> float:
        return time.time()

    def visible(self, end: int) -> float:
        return end + float(self.options["publish_delay_seconds"])

    def table(self, stream: str) -> Table:
        """Return the rows of a stream, printed when they are first asked for."""
        with self._lock:
            if stream not in self._tables:
                self._tables[stream] = Table(self.rows(stream))
            return self._tables[stream]

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {}

    def secret(self, name: str) -> str:
        """Make a secret that a search over all output cannot mistake."""
        made = f"SECRET-{self.vendor}-{name}-{randomness.token_hex(12)}"
        self.secrets.append(made)
        return made

    def mint(self, scope: str = "", token: str = "") -> str:
        """Make a token that is good for as long as the options say."""
        with self._lock:
            self._minted += 1
            label = f"minted-{self._minted}"
        if token:
            self.secrets.append(token)
        token = token or self.secret(label)
        seconds = self.options["token_seconds"]
        until = time.time() + seconds if seconds is not None else None
        self.grants[token] = Grant(label, scope, until, self.options["token_requests"])
        return token

    def attempt(self, request: Request, kind: str, *, right: bool) -> Response | None:
        """Count an attempt to log in. None means that it is accepted."""
        with self._lock:
            locked = self.failed_logins >= self.options["lock_after"]
            accepted = right and not locked
            self.failed_logins += not accepted and kind == "login"
            self.logins.append(Login(time.time(), kind, accepted))
        return None if accepted else self.refused_login(request, locked=locked)

    def bearer(self, request: Request) -> str:
        """Return the token of a request, in whatever form this vendor wants it."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    def refuse_token(self, grant: Grant) -> Response | None:
        """Refuse a token that lives but does not suffice."""
        return None

    def violation(self, request: Request, what: str) -> None:
        self.violations.append(self.tidy(f"{request.method} {request.path}: {what}"))

    def tidy(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def page(self, route: Route, found: Sequence[Row], first: int, size: int) -> Page:
        """Cut a page out of rows in the order they are served, after `first` of them. Faults may make it another one."""
        table = self.table(route.stream)
        struck = {fault.kind: fault for fault in self.faults.take(_NOT_SHIFTS, route.name, route.stream)}
        number, pages, total = first // size + 1, -(-len(found) // size), len(found)
        if pages > 1 and first == 0:
            for fault in self.faults.take(_SHIFTS, route.name, route.stream):
                if fault.kind == "insert_row":
                    found, total = found[1:], total - 1
                else:
                    table.remove([found[0].id])
        first = 0 if "same_page" in struck else first
        rows = [row.body for row in found[first : first + size]]
        if "growing_pages" in struck:
            pages, total = max(pages, number) + 1, max(total, number * size) + size
            rows = rows or [row.body for row in found[:size]]
        if "wrong_total" in struck:
            total = max(0, total + int(struck["wrong_total"].options.get("delta", 1)))
        if "duplicate_row" in struck:
            rows = rows[:1] + rows
        if "change_rows" in struck:
            rows = [orjson.dumps(struck["change_rows"].options["change"](orjson.loads(row))) for row in rows]
        time.sleep(len(rows) * self.options["ms_per_row"] / 1000)
        return Page(rows, number, pages, total, first)

    # --- how a request is answered ---

    def _serve(self, request: Request) -> Response:
        at = time.time()
        with self._lock:
            self._in_flight += 1
            in_flight = self._in_flight
            self.max_in_flight = max(self.max_in_flight, in_flight)
        route, values = self._route(request)
        try:
            answer = self._answer(request, route, values)
        except Exception as error:
            self.violation(request, f"the simulator failed: {error!r}")
            raise
        finally:
            with self._lock:
                self._in_flight -= 1
        grant = self.grants.get(self.bearer(request))
        params = {
            key: _HIDDEN if key == "access_token" else self.tidy(value) if "SECRET" in value else value
            for key, value in request.pairs
        }
        label = grant.label if grant else "unknown" if "authorization" in request.headers else ""
        logged = (at, request.method, request.path, params, route.name, route.stream, answer.status, in_flight, label)
        self.requests.append(Logged(*logged, answer.delivery))
        return answer

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        for routed in self._routes:
            template = routed.route.template
            path = request.path.removeprefix(self.base) if not template.startswith(self.base) else request.path
            if routed.route.method == request.method and (match := routed.pattern.fullmatch(path)):
                return routed.route, match.groupdict()
        return Route(request.method, "", "unknown"), {}

    def _answer(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        time.sleep(self.latency_ms / 1000)
        for late in [late for late in self._late if late.times is not None and late.after]:
            if late in self.faults.take({faults.LATE: ""}, route.name, route.stream):
                self._late.remove(late)
                for stream, name in late.options["hidden"]:
                    self.table(stream).show([name])
        for fault in self.faults.take(faults.INSTEAD, route.name, route.stream):
            if (answer := self._instead(fault, request)) is not None:
                return answer
        answer = self._limited() or self._usual(request, route, values)
        if answer.status < 300:
            for fault in self.faults.take(faults.AFTERWARDS, route.name, route.stream):
                faults.afterwards(fault, answer)
        return answer

    def _instead(self, fault: Fault, request: Request) -> Response | None:
        match fault.kind:
            case "expire_tokens":
                self.expire_tokens()
            case "expired_token":
                return self.unauthorised(fault.options.get("style", "default"))
            case "login_refused":
                self.logins.append(Login(time.time(), "login", accepted=False))
                return self.refused_login(request, locked=bool(fault.options.get("locked")))
            case "error_in_200":
                return self.error_in_200()
            case "redirect":
                target = fault.options.get("to") or self._other_host() + request.target
                return Response(int(fault.options.get("status", 302)), headers={"Location": target})
        return faults.instead(fault, self.failure)

    def _other_host(self) -> str:
        def answer(request: Request) -> Response:
            brought = "authorised" if "authorization" in request.headers else ""
            logged = (time.time(), request.method, request.path, {}, "", "", 200, 1, brought, "whole")
            self.elsewhere.append(Logged(*logged))
            return Response(200, b"[]")

        with self._lock:
            self._other = self._other or Server(answer)
        return f"http://localhost:{self._other.port}"

    def _limited(self) -> Response | None:
        limit = self.options["rate_limit"]
        if limit is None or len(self.requests) < limit:
            return None
        recent = [entry for entry in self.requests[-2 * limit :] if entry.status != 429]
        wait = 60 - (time.time() - recent[-limit].at) if len(recent) >= limit else 0
        if wait <= 0:
            return None
        answer = self.failure(429, "Too many requests")
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer

    def _usual(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        if not route.template:
            known = any(routed.pattern.fullmatch(request.path.removeprefix(self.base)) for routed in self._routes)
            if request.method != "GET":
                self.violation(request, "a source must not send this")
            return self.failure(405, "Method not allowed") if known else self.failure(404, "Not found")
        if self.validate and (what := document(self.vendor).parameters_not_in_it(request, route.template)):
            return self.refuse(request, what)
        if route.stream and (refusal := self._refuse_token(request)) is not None:
            return refusal
        if self.validate and (what := document(self.vendor).breach(request, route.template)):
            return self.refuse(request, what)
        answer: Response = getattr(self, route.name)(request, route, **values)
        return answer

    def refuse(self, request: Request, what: str) -> Response:
        """Record a breach of the document and answer it with 400."""
        self.violation(request, what)
        return self.failure(400, self.tidy(what))

    def alive(self, token: str) -> Grant | None:
        """Return what a token is good for, as long as it is."""
        grant = self.grants.get(token)
        return None if grant is None or (grant.until is not None and time.time() >= grant.until) else grant

    def _refuse_token(self, request: Request) -> Response | None:
        if (grant := self.alive(self.bearer(request))) is None:
            return self.unauthorised()
        with self._lock:
            if grant.uses is not None:
                if grant.uses <= 0:
                    return self.unauthorised()
                grant.uses -= 1
        return self.refuse_token(grant)

    def canonical(self, stream: str, row: Row, columns: dict[str, Any], account_id: str) -> dict[str, Any]:
        """Complete the columns to a row of the contract."""
        own = {"vendor": self.vendor, "account_id": account_id, "vendor_record_id": row.id}
        found = columns.pop("issues", ())
        issues = [issue for issue in ISSUES if issue in found]
        record_id = f"{self.vendor}:{account_id}:{row.id}"
        return {**BLANK, **own, **columns, "record_id": record_id, "raw": orjson.loads(row.body), "issues": issues}


ISSUES: Final = ("number_unparsed", "time_unreadable", "time_ambiguous", "time_mismatch", "end_before_start")

_SHIFTS: Final = {kind: text for kind, text in faults.OF_PAGES.items() if kind in {"insert_row", "remove_row"}}
_NOT_SHIFTS: Final = {kind: text for kind, text in faults.OF_PAGES.items() if kind not in _SHIFTS}


def json(content: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(status, orjson.dumps(content))


def listed(rows: Iterable[bytes]) -> orjson.Fragment:
    """Put rows that are JSON already into an array."""
    return orjson.Fragment(b"[" + b",".join(rows) + b"]")
