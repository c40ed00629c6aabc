"""What a failed request means: whether it is tried again, and the one sentence for the person who reads of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers import ErrorHandler, ErrorResolution, ResponseAction
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.http.bodies import parse
from cdr.http.waits import LONGEST_ASKED_SECONDS
from cdr.schema.errors import BodyError, ConfigError, SyncError, TooLargeError, TooSlowError, TransientError, quoted
from cdr.schema.words import said_anywhere, without_queries
from cdr.vendor.authenticators import LoginRefusedError

Result = requests.Response | Exception | None

_PROXY_WANTS = (
    "The proxy on the way wants a name and a password (407): the variable HTTPS_PROXY takes them in front of its host, "
    "as NAME:PASSWORD@."
)
_PASSING = (requests.codes.request_timeout, requests.codes.too_many_requests)
_MILLISECONDS = 13  # digits of a moment since 1970
_LONGEST_TOLD = timedelta(days=3650)


def retry_after(text: str | None) -> float | None:
    """The seconds that a `Retry-After` header asks for, given as seconds or as an HTTP date; None where unreadable."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def until(text: str | None, date: str | None) -> float | None:
    """The seconds until a moment since 1970, in seconds or milliseconds; None where it is unreadable, or over.

    date: the server's own clock, as its header `Date` tells it
    """
    if not text or not (text.isascii() and text.isdigit()) or len(text) > _MILLISECONDS:
        return None
    try:
        now = parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        now = time.time()
    seconds = int(text) / (1000 if len(text) == _MILLISECONDS else 1) - now
    return seconds if seconds > 0 else None


class TooLargeBody(requests.RequestException):
    """A body that was not read to its end, because it is too large."""


@dataclass(frozen=True)
class Failure:
    """What a request came to.

    error:   what to raise where it is not sent again
    again:   whether it may pass by itself
    asked:   the seconds that the vendor asks to wait
    crowded: the vendor has had too many requests
    why:     the failure in a few words, without secrets
    """

    error: SyncError
    again: bool
    asked: float | None = None
    crowded: bool = False
    why: str = "the connection failed"


class Failures(ErrorHandler):
    """Decides what is tried again, and keeps the sentence for the person who reads of it.

    resets: the header that says when the vendor's minute ends, where it sends that instead of `Retry-After`
    """

    def __init__(self, resets: str | None = None) -> None:
        self._resets = resets
        # HttpClient ends in an error of its own wording; the one that is raised instead waits here, a thread each.
        self._local = threading.local()

    @property
    def max_retries(self) -> int:
        """None: the client itself sends again, and says so."""
        return 0

    @property
    def max_time(self) -> int:
        return 3600

    def last(self) -> Failure:
        """The last failure of this thread."""
        failure: Failure = self._local.failure
        return failure

    def interpret_response(self, response: Result) -> ErrorResolution:
        if isinstance(response, requests.Response):
            if response.ok and not response.is_redirect:
                return ErrorResolution(ResponseAction.SUCCESS)
            failure = self._failure(response)
        elif isinstance(response, TooLargeBody):
            failure = Failure(TooLargeError(f"The vendor's answer is too large: {response}."), again=False)
        else:
            failure = Failure(*_network(response))
        self._local.failure = failure
        kind = FailureType.config_error if isinstance(failure.error, ConfigError) else FailureType.transient_error
        return ErrorResolution(ResponseAction.FAIL, kind, failure.error.message)

    def _failure(self, response: requests.Response) -> Failure:
        error, again = self._answered(response)
        asked = self._asked(response) if again else None
        if asked is not None and asked > LONGEST_ASKED_SECONDS:
            error, again = TransientError(_come_back(response, asked)), False
        crowded = response.status_code == requests.codes.too_many_requests
        return Failure(error, again, asked, crowded, f"the vendor answered {response.status_code}")

    def _asked(self, response: requests.Response) -> float | None:
        headers = response.headers
        asked = retry_after(headers.get("Retry-After"))
        if asked is None and self._resets and response.status_code == requests.codes.too_many_requests:
            return until(headers.get(self._resets), headers.get("Date"))
        return asked

    def _answered(self, response: requests.Response) -> tuple[SyncError, bool]:
        if response.is_redirect:
            return ConfigError(_redirect(response)), False
        if response.status_code == requests.codes.proxy_authentication_required:
            return ConfigError(_PROXY_WANTS), False
        if response.status_code in _PASSING or response.status_code >= requests.codes.server_error:
            message = f"The vendor answered {status_line(response)} again and again; run the sync again later."
            failure = TransientError(message)
            failure.status = response.status_code
            return failure, True
        return self.refusal(response), False

    def refusal(self, response: requests.Response) -> SyncError:
        raise NotImplementedError


def _come_back(response: requests.Response, seconds: float) -> str:
    at = datetime.now(timezone.utc) + min(timedelta(seconds=min(seconds, 1e9)), _LONGEST_TOLD)
    return (
        f"The vendor answered {status_line(response)} and asks to come back at {at:%Y-%m-%d %H:%M:%S} UTC, "
        "which is too long to wait for: run the sync again then. Its state is kept."
    )


class RefusedError(ConfigError):
    """A data request was refused.

    status:  the HTTP status
    text:    the body's text in lower case, for quirks to recognise
    content: the parsed body, None where it is no JSON
    """

    def __init__(self, message: str, response: requests.Response) -> None:
        super().__init__(message)
        self.status = response.status_code
        self.text = response.text.lower()
        try:
            self.content: Any = parse(response.content)[0]
        except BodyError:
            self.content = None


class DataFailures(Failures):
    """Failures of data requests: a refusal is a setting, a credential or a right to mend."""

    _ADVICE: ClassVar[Mapping[int, str]] = {
        401: "the access token was refused: check `credentials`",
        403: "the account is not allowed to read this: give its user the right, or use another in `credentials`",
        404: "the address was not found: check `api_url` and the account",
    }

    def refusal(self, response: requests.Response) -> SyncError:
        advice = self._ADVICE.get(response.status_code, "the request was refused: check the settings of the connection")
        return RefusedError(f"The vendor answered {status_line(response)}; {advice}.", response)


class LoginFailures(Failures):
    """Failures of logins: a refusal is final, for some vendors lock users out."""

    def refusal(self, response: requests.Response) -> SyncError:
        return LoginRefusedError(
            f"The vendor refused the login with {status_line(response)}; check `credentials`. "
            "It was not tried again, because repeated failures can lock the user out.",
            response.status_code,
        )


def _network(error: Exception | None) -> tuple[SyncError, bool]:
    """What a failure below HTTP means, and whether it can pass by itself."""
    text = str(error)
    later = "run the sync again later"
    setting = _setting(error, text)
    if setting is not None:
        return setting, False
    refused = isinstance(error, requests.exceptions.ConnectionError) and "Connection refused" in text
    # Before the other timeouts, of which it is one: a server that takes no connection is not slow in its answer.
    if (refused or isinstance(error, requests.exceptions.ConnectTimeout)) and not _is_proxys(error):
        advice = "check `api_url`, and whether the server runs"
        return TransientError(f"No server answers at the host and port of `api_url`; {advice}."), True
    # requests says Timeout while it waits for the head of an answer, and ConnectionError while it waits for the rest.
    if isinstance(error, requests.exceptions.Timeout) or "Read timed out" in text:
        # Whoever asked decides: a narrower window may answer sooner, the same one hardly will.
        return TooSlowError(f"The vendor did not answer in time; check `api_url`, or {later}."), False
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return ConfigError("The host name of `api_url` cannot be resolved; check `api_url` and the network."), True
    reason = quoted(reason_of(error), 160)
    if _is_proxys(error):
        return TransientError(f"The proxy of HTTPS_PROXY let nothing through ({reason}); check it, or {later}."), True
    return TransientError(f"The connection broke ({reason}); {later}."), True


def _is_proxys(error: Exception | None) -> bool:
    return isinstance(error, requests.exceptions.ProxyError)


def _setting(error: Exception | None, text: str) -> ConfigError | None:
    """What a failure below HTTP says of the settings or the machine; None where it says nothing of them."""
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in text:
        reason = quoted(reason_of(error), 160)
        advice = "if the server has an authority of its own, put its certificate into `ca_certificate`"
        return ConfigError(f"The server's certificate was not accepted ({reason}): {advice}.")
    if _is_proxys(error) and "407" in text:
        return ConfigError(_PROXY_WANTS)
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in text:
        return ConfigError("HTTPS_PROXY names a SOCKS proxy, which is not supported: name an HTTP proxy.")
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return ConfigError("HTTPS_PROXY holds no address of a proxy: write it like http://proxy.example.com:3128.")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return ConfigError(f"`api_url` is not an address that can be called: {quoted(without_queries(text), 160)}")
    return None


def reason_of(error: BaseException | None) -> str:
    """The innermost reason of an error: the outer ones repeat the whole address."""
    while error is not None and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__
    return filter_secrets(without_queries(f"{type(error).__name__}: {error}"))


def status_line(response: requests.Response) -> str:
    """The status and the vendor's own words, on one line and without secrets: `401 (Problem with provided token)`."""
    words = vendor_words(response)
    return filter_secrets(f"{response.status_code} ({words})" if words else f"{response.status_code} with no words")


def vendor_words(response: requests.Response) -> str:
    """What a vendor says in the body of an error, whichever of the common shapes it uses."""
    try:
        document = orjson.loads(response.content)
    except (orjson.JSONDecodeError, requests.RequestException):
        text = response.text
        if "<html" in text.lower():
            return "an HTML page, as a proxy or a web server sends it, not the vendor's API"
        return quoted(text)
    return quoted("; ".join(said_anywhere(document, is_error=True)))


def _redirect(response: requests.Response) -> str:
    target = urlsplit(response.headers.get("Location", ""))
    where = f"{target.scheme}://{target.netloc}" if target.netloc else "another path"
    return f"The server redirects to {where}, which is not followed; put the right address into `api_url`."
