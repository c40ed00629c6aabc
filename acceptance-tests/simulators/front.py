"""What stands between a connection and a vendor's answer: routes, tokens, logins, faults, limits, and the log."""

from __future__ import annotations

import re
import secrets as randomness
import ssl
import time
from abc import ABC, abstractmethod
from threading import Lock
from typing import Any, ClassVar, Final

from simulators import faults
from simulators.documents import document
from simulators.exchange import Grant, Logged, Login, Route, json
from simulators.faults import Fault, Faults, Response
from simulators.server import Request, Server

_HIDDEN: Final = "***"


class Front(ABC):
    """Listens, and lets a vendor's methods answer. Everything that is counted is counted here."""

    vendor: ClassVar[str]
    base: ClassVar[str] = ""
    routes: ClassVar[tuple[Route, ...]]

    def __init__(
        self, options: dict[str, Any], *, latency_ms: float, validate: bool, port: int, tls: ssl.SSLContext | None
    ) -> None:
        self.options = options
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
        self.lock = Lock()
        self.late: list[Fault] = []
        self._in_flight = 0
        self._minted = 0
        self._patterns = [
            (route, re.compile(_pattern(self.base + route.template if route.below_base else route.template)))
            for route in self.routes
        ]
        self.password = self.secret("password")
        self.access_token = self.secret("access-token")
        self.grants[self.access_token] = Grant("given", "openid")
        self._server = Server(self._serve, port, tls)
        self._other: Server | None = None

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

    def close(self) -> None:
        self._server.close()
        if self._other:
            self._other.close()

    # --- how a vendor words things ---

    @abstractmethod
    def failure(self, status: int, message: str) -> Response:
        """Return an error as the vendor words it."""

    @abstractmethod
    def refused_login(self, request: Request, *, locked: bool) -> Response:
        """Return what the vendor answers to a wrong login."""

    def unauthorised(self, style: str = "default") -> Response:
        """Return a 401: in the vendor's words, with a title only, or bare."""
        if style == "bare":
            return Response(401)
        if style == "title":
            return json({"title": "Problem with provided token"}, 401)
        return self.failure(401, "Unauthorized")

    def error_in_200(self) -> Response:
        return json({"status": "ERROR", "message": "Something went wrong"})

    def bearer(self, request: Request) -> str:
        """Return the token of a request, in whatever form this vendor wants it."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    def refuse_token(self, grant: Grant) -> Response | None:
        """Refuse a token that lives but does not suffice."""
        return None

    # --- tokens and logins ---

    def secret(self, name: str) -> str:
        """Make a secret that a search over all output cannot mistake."""
        made = f"SECRET-{self.vendor}-{name}-{randomness.token_hex(12)}"
        self.secrets.append(made)
        return made

    def mint(self, scope: str = "", token: str = "") -> str:
        """Make a token that is good for as long as the options say."""
        with self.lock:
            self._minted += 1
            label = f"minted-{self._minted}"
        if token:
            self.secrets.append(token)
        token = token or self.secret(label)
        seconds = self.options["token_seconds"]
        until = time.time() + seconds if seconds is not None else None
        self.grants[token] = Grant(label, scope, until, self.options["token_requests"])
        return token

    def alive(self, token: str) -> Grant | None:
        """Return what a token is good for, as long as it is."""
        grant = self.grants.get(token)
        return None if grant is None or (grant.until is not None and time.time() >= grant.until) else grant

    def expire_tokens(self, *, given: bool = False) -> None:
        """Let every token that was minted so far die; the one of `config` too, where `given` says so."""
        for token, grant in list(self.grants.items()):
            if given or grant.label != "given":
                del self.grants[token]

    def attempt(self, request: Request, kind: str, *, right: bool) -> Response | None:
        """Count an attempt to log in. None means that it is accepted."""
        with self.lock:
            locked = self.failed_logins >= self.options["lock_after"]
            accepted = right and not locked
            self.failed_logins += not accepted and kind == "login"
            self.logins.append(Login(time.time(), kind, accepted))
        return None if accepted else self.refused_login(request, locked=locked)

    # --- the log ---

    def violation(self, request: Request, what: str) -> None:
        """Record what no connector may do."""
        self.violations.append(self.tidy(f"{request.method} {request.path}: {what}"))

    def tidy(self, text: str) -> str:
        """Remove every secret from a text."""
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def _log(self, request: Request, route: Route, answer: Response, at: float, in_flight: int) -> None:
        params = {
            key: _HIDDEN if key == "access_token" else self.tidy(value) if "SECRET" in value else value
            for key, value in request.pairs
        }
        grant = self.grants.get(self.bearer(request))
        label = grant.label if grant else "unknown" if "authorization" in request.headers else ""
        where = (at, request.method, request.path, params, route.name, route.stream)
        self.requests.append(Logged(*where, answer.status, in_flight, label, answer.delivery))

    # --- how a request is answered ---

    def _serve(self, request: Request) -> Response:
        at = time.time()
        with self.lock:
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
            with self.lock:
                self._in_flight -= 1
        self._log(request, route, answer, at, in_flight)
        return answer

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        for route, pattern in self._patterns:
            if route.method == request.method and (match := pattern.fullmatch(request.path)):
                return route, match.groupdict()
        return Route(request.method, "", "unknown"), {}

    def _answer(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        time.sleep(self.latency_ms / 1000)
        if self.late and self.faults.take({faults.LATE: ""}, route.name, route.stream):
            self.release_late_rows(due_only=True)
        for fault in self.faults.take(faults.INSTEAD, route.name, route.stream):
            if (answer := self._instead(fault, request)) is not None:
                return answer
        answer = self._limited() or self._usual(request, route, values)
        if answer.status < 300:
            for fault in self.faults.take(faults.AFTERWARDS, route.name, route.stream):
                faults.afterwards(fault, answer)
        return answer

    @abstractmethod
    def release_late_rows(self, *, due_only: bool = False) -> None:
        """Serve every row that the fault `late_rows` holds back, or those whose time has come."""

    def _instead(self, fault: Fault, request: Request) -> Response | None:
        match fault.kind:
            case "expire_tokens":
                self.expire_tokens(given=bool(fault.options.get("given")))
                return None
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
            brought = "a token" if "authorization" in request.headers else ""
            self.elsewhere.append(
                Logged(time.time(), request.method, request.path, {}, "", "", 200, 1, brought, "whole")
            )
            return Response(200, b"[]")

        with self.lock:
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
            known = any(pattern.fullmatch(request.path) for _, pattern in self._patterns)
            if request.method != "GET":
                self.violation(request, "a source must not send this")
            return self.failure(405, "Method not allowed") if known else self.failure(404, "Not found")
        if self.validate and (what := document(self.vendor).parameters_not_in_it(request, route.template)):
            return self.refuse(request, what)
        if route.stream and (refusal := self._refuse_token(request)) is not None:
            return refusal
        if self.validate and (what := document(self.vendor).breach(request, route.template)):
            return self.refuse(request, what)
        return self.made(request, route, values)

    def made(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        """Let the vendor's method answer."""
        answer: Response = getattr(self, route.name)(request, route, **values)
        return answer

    def refuse(self, request: Request, what: str) -> Response:
        """Record a breach of the document and answer it with 400."""
        self.violation(request, what)
        return self.failure(400, self.tidy(what))

    def _refuse_token(self, request: Request) -> Response | None:
        if (grant := self.alive(self.bearer(request))) is None:
            return self.unauthorised()
        with self.lock:
            if grant.uses is not None:
                if grant.uses <= 0:
                    return self.unauthorised()
                grant.uses -= 1
        return self.refuse_token(grant)


def _pattern(template: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
