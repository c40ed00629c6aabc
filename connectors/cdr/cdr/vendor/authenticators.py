"""How requests are signed. Each authenticator is plain `requests` auth.

A token that a login returns is renewed shortly before it expires, and once where the vendor answers 401 all the same;
the request is then repeated once. A refused login is remembered and never asked again.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

import orjson
import requests
from requests.auth import AuthBase

from cdr.schema.errors import ConfigError, SyncError, quoted
from cdr.schema.words import said_anywhere
from cdr.vendor.outcomes import failure_in
from cdr.vendor.token_life import MARGIN_SECONDS, claimed_end, expiry

# A body that says in words that the token was refused is a short one.
_LONGEST_REFUSAL = 4096


@dataclass(frozen=True)
class Login:
    """One POST that answers with a token.

    url:    an address, or a path below `api_url`
    form, json: the body, one of the two
    basic:  client id and secret where they go as HTTP Basic
    bearer: a token that is sent along, for vendors that renew by showing the old one
    names:  where the answer holds the token, its life in seconds, and a refresh token
    """

    url: str
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, str] | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)
    names: tuple[str, str, str] = ("access_token", "expires_in", "refresh_token")


@dataclass(frozen=True)
class Token:
    """What a login returned. Its text never shows what it holds."""

    value: str = field(repr=False)
    expires_at: float = float("inf")
    refresh: str | None = field(default=None, repr=False)


class LoginRefusedError(ConfigError):
    """The vendor answered a login with a refusal. `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class LoginClient(Protocol):
    """What an authenticator needs from the client: to send a login, and to keep a secret out of every log."""

    def login(self, login: Login) -> Mapping[str, Any]:
        """The parsed answer. Raises LoginRefusedError on 4xx, TransientError where the vendor keeps failing."""

    def keep_secret(self, secret: str) -> None: ...


class Authenticator(AuthBase):
    """Signs a request. `attach` is called once, before the first request, with the way to the vendor's login.

    A request says where its token goes by `{}` in that place: in its header `Authorization` ("{}" is the bare token),
    or as the whole value of a query parameter, and then it has no header. One that does not say has it as a bearer.
    """

    def attach(self, portal: LoginClient) -> None:
        """Nothing to do for an authenticator without secrets."""

    def expires_at(self) -> float | None:
        """When the token in use ends, in seconds since the epoch; None where nothing says so."""
        return None

    @property
    def spends_a_token(self) -> bool:
        """Whether a login replaces what the configuration holds."""
        return False


@dataclass(frozen=True)
class _Place:
    """Where the token of one request goes: a form of the header, or an address with a gap."""

    header: str | None
    address: str | None = None

    @classmethod
    def of(cls, request: requests.PreparedRequest, otherwise: str = "Bearer {}") -> _Place:
        if _GAP.search(request.url or ""):
            return cls(None, request.url)
        given = str(request.headers.get("Authorization", ""))
        return cls(given if "{}" in given else otherwise)

    def fill(self, request: requests.PreparedRequest, token: str) -> None:
        if self.header is not None:
            request.headers["Authorization"] = self.header.replace("{}", token)
        if self.address is not None:
            request.url = _GAP.sub(lambda _: "=" + quote(token, safe=""), self.address)


# A parameter whose value is `{}`, percent-encoded.
_GAP = re.compile(r"=%7B%7D(?=&|#|$)")


class GivenToken(Authenticator):
    """A token from the configuration, behind `scheme` where the request does not say otherwise."""

    def __init__(self, token: str, scheme: str = "Bearer") -> None:
        self._token = token
        self._form = f"{scheme} {{}}".strip()

    def attach(self, portal: LoginClient) -> None:
        portal.keep_secret(self._token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        _Place.of(request, self._form).fill(request, self._token)
        return request

    def expires_at(self) -> float | None:
        return claimed_end(self._token)


class LoginToken(Authenticator):
    """A token that a login returns.

    login:     the login
    otherwise: for servers that do not know the first: statuses, and the login to send instead
    renewal:   how to renew a token, from the one in hand; None renews by logging in again
    last_resort: the login to send once where the vendor refuses a renewal; None takes the refusal as final
    on_refresh_token: told of every refresh token that replaces another, before the new access token is used
    """

    def __init__(
        self,
        login: Login,
        *,
        otherwise: tuple[frozenset[int], Login] | None = None,
        renewal: Callable[[Token], Login] | None = None,
        last_resort: Login | None = None,
        on_refresh_token: Callable[[str], None] | None = None,
    ) -> None:
        self._login = login
        self._otherwise = otherwise
        self._renewal = renewal
        self._last_resort = last_resort
        self._on_refresh_token = on_refresh_token
        self._token: Token | None = None
        self._error: SyncError | None = None
        self._failures = 0
        self._lock = threading.Lock()
        self._portal: LoginClient | None = None

    def attach(self, portal: LoginClient) -> None:
        self._portal = portal

    def expires_at(self) -> float | None:
        token = self._token
        if token is None or token.expires_at == float("inf"):
            return None
        return token.expires_at + MARGIN_SECONDS

    @property
    def spends_a_token(self) -> bool:
        return self._on_refresh_token is not None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._current(None).value
        place = _Place.of(request)
        place.fill(request, token)
        renew = partial(self._renew_on_401, place=place, used=token)
        request.register_hook("response", renew)  # type: ignore[no-untyped-call]
        return request

    def _renew_on_401(
        self, response: requests.Response, *, place: _Place, used: str, **send_options: Any
    ) -> requests.Response:
        """Answer one 401 with one new token and one repetition: the same pattern as requests' own digest auth."""
        if not _refuses_token(response):
            return response
        request = response.request.copy()
        _ = response.content  # read to the end, so that the connection can be used again
        response.close()
        place.fill(request, self._current(used).value)
        repeated: requests.Response = response.connection.send(request, **send_options)
        repeated.history.append(response)
        repeated.request = request
        return repeated

    def _current(self, refused: str | None) -> Token:
        """A token that has not expired and is not the one that was refused. One thread mints, the others wait.

        Where it fails, those that waited for it fail with it: one after the other they would wait for an hour.
        """
        failures = self._failures
        with self._lock:
            if self._error is not None and (isinstance(self._error, ConfigError) or self._failures > failures):
                raise self._error
            token = self._token
            if token is None or time.time() >= token.expires_at or token.value == refused:
                try:
                    token = self._mint(token)
                except SyncError as error:
                    self._failures, self._error = self._failures + 1, error
                    raise
                self._token, self._error = token, None
            return token

    def _mint(self, previous: Token | None) -> Token:
        if previous is not None and self._renewal is not None:
            try:
                return self._ask(self._renewal(previous))
            except LoginRefusedError:
                if self._last_resort is None:
                    raise
                return self._ask(self._last_resort)
        try:
            return self._ask(self._login)
        except LoginRefusedError as refusal:
            if self._otherwise is None or refusal.status not in self._otherwise[0]:
                raise
            self._login = self._otherwise[1]
            self._otherwise = None
            return self._ask(self._login)

    def _ask(self, login: Login) -> Token:
        if self._portal is None:
            raise RuntimeError("attach() comes before the first request")
        answer = self._portal.login(login)
        token_name, life_name, refresh_name = login.names
        value = answer.get(token_name)
        if not isinstance(value, str) or not value:
            words = quoted("; ".join(said_anywhere(answer, is_error=True))) or "no words"
            raise LoginRefusedError(
                f"The login at {login.url} answered without a token ({words}); check the address and `credentials`. "
                "It was not tried again, because repeated failures can lock the user out.",
                HTTPStatus.OK,
            )
        self._portal.keep_secret(value)
        refresh = answer.get(refresh_name)
        if isinstance(refresh, str) and refresh:
            self._portal.keep_secret(refresh)
            if self._on_refresh_token:
                self._on_refresh_token(refresh)
        return Token(value, expiry(answer.get(life_name), value), refresh if isinstance(refresh, str) else None)


def _refuses_token(response: requests.Response) -> bool:
    """Whether an answer refuses its token, by its status or, with a status of success, in words."""
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return True
    if not response.ok or len(response.content) > _LONGEST_REFUSAL:
        return False
    try:
        failure = failure_in(orjson.loads(response.content))
    except orjson.JSONDecodeError:
        return False
    return failure is not None and failure.status == HTTPStatus.UNAUTHORIZED
