"""An account that cannot be reached, logged in to, or read: the one finding about it, and what a person can do."""

from __future__ import annotations

from typing import Final

from cdr.reading.findings import ACTION, Finding
from cdr.schema.errors import ConfigError, SyncError
from cdr.vendor.authenticators import LoginRefusedError
from cdr.vendor.config import Config
from cdr.vendor.stream import Stream

_ACCOUNT_KEYS: Final = ("account", "account_id", "account_name")


class SpendsTokenError(ConfigError):
    """A login would use up a token that the configuration holds, and nothing could keep the new one."""


def failure_finding(error: SyncError, stream: type[Stream], config: Config | None) -> Finding:
    """The one finding about an account that cannot be reached, logged in to, or asked."""
    # The vendor's own words stand in parentheses, and may hold what else parts a sentence.
    separator = "); " if "); " in error.message else "; "
    found, _, rest = error.message.partition(separator)
    found += ")" if separator == "); " else ""
    point, expected, advice = _meaning(error, stream, config)
    return Finding(
        point, expected, found.rstrip("."), effect="nothing can be read", advice=advice or rest or None, severity=ACTION
    )


def _meaning(error: SyncError, stream: type[Stream], config: Config | None) -> tuple[str, str, str | None]:
    """The point that an error is about, what was expected there, and what a person can do."""
    if config is None:
        return "request", "a configuration that can be used", None
    if isinstance(error, LoginRefusedError):
        return "token", "a login that is accepted", _LOGIN
    if isinstance(error, SpendsTokenError):
        return "token", "a login that can be tried", None
    if any(words in error.message for words in _OF_A_PORTAL):
        return "request", "the API's own answer", _PORTAL
    status = 429 if "asks to come back" in error.message else error.status
    by_status = {
        401: ("token", "a token that is taken", stream.advice.get(401) or _TOKEN),
        403: ("role", "a user who may read calls", stream.advice.get(403) or _ROLE),
        404: ("request", "an address that the API has", _not_found(stream, config)),
        429: ("rate", "all requests answered", _LATER),
    }
    return by_status.get(status or 0, ("request", "an answer", _reached(error.message)))


def _not_found(stream: type[Stream], config: Config) -> str:
    account = next((key for key in _ACCOUNT_KEYS if config.text(key)), None)
    mine = f" and `{account}`" if account else ""
    more = f" {stream.advice[404]}" if 404 in stream.advice else ""  # noqa: PLR2004
    return f"check `api_url`{mine}: the server answers, but does not know this address or this account.{more}"


def _reached(text: str) -> str | None:
    if "certificate" in text:
        return "put the certificate of the server's authority into `ca_certificate`"
    if "No server answers" in text:
        return "check host and port of `api_url`, whether the server runs, and any firewall on the way"
    if "resolved" in text:
        return "check the host name in `api_url`: no such host is known here"
    return None


_LOGIN: Final = (
    "check user and password of `credentials` in the vendor's portal, once: refused logins can lock the user out"
)
_TOKEN: Final = "make a new token and put it into `credentials`; if a new one is refused as well, check the user's role"  # noqa: S105
_ROLE: Final = "give the user of `credentials` a role that may read the calls of all users"
_PORTAL: Final = "put the address of the API into `api_url`, not that of the portal: the connector's page has it"
_LATER: Final = "wait until then, and set `requests_per_minute` lower"
_OF_A_PORTAL: Final = ("web page", "HTML", "redirects", "starts with: <", "did not answer in JSON")
