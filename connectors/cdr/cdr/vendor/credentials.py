"""Ways to sign a request that several vendors share: HTTP Basic, a key in a header of its own, OAuth's JWT grant."""

from __future__ import annotations

import base64
from typing import Final

import requests

from cdr.vendor.authenticators import Authenticator, GivenToken, Login, LoginClient, LoginToken

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Basic(GivenToken):
    """HTTP Basic: `Authorization: Basic base64(user:password)`, as with a key and its secret from the configuration."""

    def __init__(self, user: str, password: str) -> None:
        super().__init__(_pair(user, password), "Basic")
        self._password = password

    def attach(self, portal: LoginClient) -> None:
        super().attach(portal)
        portal.keep_secret(self._password)


class HeaderKey(Authenticator):
    """A key in a header of its own: `X-Api-Key: the-key`."""

    def __init__(self, header: str, key: str) -> None:
        self._header = header
        self._key = key

    def attach(self, portal: LoginClient) -> None:
        portal.keep_secret(self._key)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._key
        return request


class JwtGrant(LoginToken):
    """OAuth with a JWT as the grant (RFC 7523); the client's id and secret go as HTTP Basic.

    `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=eyJ…` is answered with
    `{"access_token": "…", "token_type": "bearer", "expires_in": 3600}`. A token is renewed by sending the JWT again.

    url: where the login goes, an address or a path below `api_url`
    """

    def __init__(self, url: str, *, client_id: str, client_secret: str, jwt: str) -> None:
        form = {"grant_type": _JWT_GRANT, "assertion": jwt}
        super().__init__(Login(url, form=form, basic=(client_id, client_secret)))
        self._secrets = (jwt, client_secret, _pair(client_id, client_secret))

    def attach(self, portal: LoginClient) -> None:
        super().attach(portal)
        for secret in self._secrets:
            portal.keep_secret(secret)


def _pair(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()
