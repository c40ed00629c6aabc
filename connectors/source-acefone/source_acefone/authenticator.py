"""The header `Authorization` of Acefone, which comes in two forms, and the login that gives a token for an hour.

The vendor's reference shows the bare token, live clients send it behind `Bearer`. The first answer decides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
import requests

from cdr.authenticators import Authenticator, Login, LoginRefusedError, LoginToken, Portal
from source_acefone.answers import failure

_FORMS = ("{}", "Bearer {}")
_LONGEST_FAILURE = 4096
_PATIENCE_SECONDS = 10.0


class EitherForm(Authenticator):
    """Signs with a given token, in the form that the vendor takes.

    The first request sends the bare token. A 401 is repeated once in the other form; the form of the first success is
    kept for as long as this object lives. Until there is an answer, one request is under way and the others wait.
    """

    def __init__(self, token: str) -> None:
        # People paste the whole header.
        self._given = token.strip().removeprefix("Bearer ").strip()
        self._form: str | None = None
        self._exhausted = False
        self._prober: int | None = None
        self._answered = threading.Event()
        self._lock = threading.Lock()

    def attach(self, portal: Portal) -> None:
        portal.keep_secret(self._given)

    def header(self, token: str) -> str:
        """The header for a token, bare as long as nothing else is known."""
        return (self._form or _FORMS[0]).format(token)

    def token(self, refused: str | None = None) -> str | None:
        """The token in use, and not `refused`; None where there is no other. Raises ConfigError."""
        return None if refused == self._given else self._given

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.token() or ""
        with self._lock:
            if self._prober is None:
                self._prober = threading.get_ident()
        if self._prober != threading.get_ident():
            # Patience ends, because a request whose connection breaks has no answer to wait for.
            self._answered.wait(_PATIENCE_SECONDS)
        request.headers["Authorization"] = self.header(token)
        request.headers["Accept"] = "application/json"
        if self._settle not in request.hooks["response"]:
            request.register_hook("response", self._settle)  # type: ignore[no-untyped-call]
        return request

    def _settle(self, response: requests.Response, **send_options: Any) -> requests.Response:
        """Answer a refusal with the other form and then with another token; remember the form that is taken."""
        try:
            if _refuses(response) and not self._exhausted:
                for header in self._others(response.request.headers["Authorization"]):
                    response = _repeated(response, header, send_options)
                    if not _refuses(response):
                        break
                else:
                    self._exhausted = True
            if response.ok and self._form is None and not _refuses(response):
                self._form = _FORMS[response.request.headers["Authorization"].startswith("Bearer ")]
            return response
        finally:
            self._answered.set()

    def _others(self, refused: str) -> Iterator[str]:
        """The headers to try after `refused`, the likeliest first. A new token is fetched only where one is due."""
        token = self.token()
        for may_renew in (True, False):
            for form in (self._form,) if self._form else _FORMS:
                if token is not None and (header := form.format(token)) != refused:
                    yield header
            if may_renew and token is not None:
                token = self.token(refused=token)


class LoginInEitherForm(EitherForm):
    """The same with the token of a login, which is renewed before its hour is over and once where it is refused.

    A refused renewal is answered by a login; a refused login is final, also where it comes with status 200.
    """

    def __init__(self, login_id: str, password: str) -> None:
        super().__init__("")
        login = Login("auth/login", json={"login_id": login_id, "password": password})
        self._logged_in = _LoginToken(
            login,
            renewal=lambda token: Login("auth/refresh", bearer=self.header(token.value)),
            last_resort=login,
        )

    def attach(self, portal: Portal) -> None:
        self._logged_in.attach(_Worded(portal))

    def token(self, refused: str | None = None) -> str:
        return self._logged_in.token(refused)


class _LoginToken(LoginToken):
    """Gives its token out, for others to write into a header."""

    def token(self, refused: str | None) -> str:
        return self._current(refused).value


class _Worded:
    """Takes a login that answers 200 without a token for what it is: refused, in the vendor's words."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def login(self, login: Login) -> Mapping[str, Any]:
        answer = self._portal.login(login)
        failed = failure(answer)
        if failed or not answer.get("access_token"):
            said = failed.message if failed else "it holds no token"
            raise LoginRefusedError(
                f"The vendor refused the login: {login.url} answered 200, but {said}; check `credentials`. "
                "It was not tried again, because repeated failures can lock the user out.",
                HTTPStatus.OK,
            )
        return answer

    def keep_secret(self, secret: str) -> None:
        self._portal.keep_secret(secret)


def _refuses(response: requests.Response) -> bool:
    """Whether an answer refuses the token, by its status or, with status 200, in words."""
    if response.status_code != HTTPStatus.OK:
        return response.status_code == HTTPStatus.UNAUTHORIZED
    if len(response.content) > _LONGEST_FAILURE or b'"success"' not in response.content:
        return False
    try:
        failed = failure(orjson.loads(response.content))
    except orjson.JSONDecodeError:
        return False
    return failed is not None and failed.status == HTTPStatus.UNAUTHORIZED


def _repeated(response: requests.Response, header: str, send_options: Mapping[str, Any]) -> requests.Response:
    """The answer to the same request with another header, as requests' own digest auth gets it."""
    _ = response.content  # read to the end, so that the connection can be used again
    response.close()
    request = response.request.copy()
    request.headers["Authorization"] = header
    repeated: requests.Response = response.connection.send(request, **send_options)
    repeated.history.append(response)
    repeated.request = request
    return repeated
