"""PortSIP's two logins. Docs: portsip.com/docs/rest-api, "Authentication"."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from cdr.vendor import ConfigError, Login, LoginClient, LoginRefusedError, LoginToken, Token

_OAUTH: Final = "login/oauth/token"
_SIGN_IN: Final = "auth/sign_in"
_REFRESH: Final = "auth/refresh_token"
# Public: the vendor prints it in its documentation, the same for everybody.
_CLIENT_ID: Final = "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"
_UNKNOWN: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


class PortsipToken(LoginToken):
    """OAuth's password grant; `/auth/sign_in` only on a server that does not know OAuth.

    A token is renewed with its refresh token. Where that is refused, the password is sent once more, to the login that
    this server knows.
    """

    def __init__(self, user: Mapping[str, str]) -> None:
        grant = {"grant_type": "password", **user, "scope": "all", "client_id": _CLIENT_ID}
        super().__init__(
            Login(_OAUTH, form=grant),
            otherwise=(_UNKNOWN, Login(_SIGN_IN, json=user)),
            renewal=self._renewed,
        )
        self._refresh_token: str | None = None

    def attach(self, portal: LoginClient) -> None:
        super().attach(_PortsipLogins(portal))

    def _mint(self, previous: Token | None) -> Token:
        if previous is not None and previous.refresh:
            self._refresh_token = previous.refresh
        self._last_resort = self._login
        # Without a refresh token the password is the renewal, and a refusal of it is final.
        return super()._mint(previous if self._refresh_token else None)

    def _renewed(self, _: Token) -> Login:
        token = {"refresh_token": self._refresh_token or ""}
        if self._login.url == _SIGN_IN:
            return Login(_REFRESH, json=token)
        return Login(_OAUTH, form={"grant_type": "refresh_token", **token, "client_id": _CLIENT_ID})


class _PortsipLogins:
    """The way to the vendor's logins, which says what their answers mean."""

    def __init__(self, portal: LoginClient) -> None:
        self._portal = portal

    def login(self, login: Login) -> Mapping[str, Any]:
        renews = login.url == _REFRESH or (login.form or {}).get("grant_type") == "refresh_token"
        try:
            answer = self._portal.login(login)
        except LoginRefusedError as refusal:
            if login.url == _SIGN_IN and refusal.status in _UNKNOWN:
                raise ConfigError(
                    "The server knows neither of PortSIP's logins (/login/oauth/token, /auth/sign_in): "
                    "check `api_url`, which looks like https://pbx.example.com:8887/api."
                ) from None
            raise
        except ConfigError as unreadable:
            raise _refused(unreadable) if renews else unreadable from None
        if answer.get("access_token"):
            return answer
        if answer.get("two_factor_enabled"):
            raise ConfigError(
                "The user of `credentials` logs in with two factors, which nobody is there to answer: "
                "use another user, without two-factor authentication."
            )
        if renews:
            raise _refused(ConfigError("The renewal of the token answered without a token."))
        return answer

    def keep_secret(self, secret: str) -> None:
        self._portal.keep_secret(secret)


def _refused(renewal: ConfigError) -> LoginRefusedError:
    """A renewal that cannot be read is worth no more than a refused one: the password is the way on."""
    return LoginRefusedError(renewal.message, HTTPStatus.OK)
