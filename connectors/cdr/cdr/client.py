"""HTTP through the CDK's client: retries, waits, the request budget, and errors in one sentence.

A request that comes back is a success; whatever else happens raises ConfigError or TransientError (`errors.py`).
"""

from __future__ import annotations

import base64
import logging
import random
import ssl
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.call_rate import (
    APIBudget,
    LimiterSession,
    MovingWindowCallRatePolicy,
    Rate,
)
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.error_handlers import (
    BackoffStrategy,
    ErrorHandler,
    ErrorResolution,
    ResponseAction,
)
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets
from requests.adapters import HTTPAdapter

from cdr.authenticators import Authenticator, Login, LoginRefusedError
from cdr.config import Config
from cdr.errors import ConfigError, SyncError, TooSlowError, TransientError, quoted
from cdr.stream import Request

CONNECT_SECONDS = 30.0
READ_SECONDS = 120.0
_LONGEST_WAIT_SECONDS = 60.0
_PASSING = (requests.codes.request_timeout, requests.codes.too_many_requests)
_DEEPEST_WORDS = 3

_Outcome = requests.Response | Exception | None


class Client:
    """GETs below `api_url`, with at most `num_workers` requests in flight and `requests_per_minute` held for all."""

    def __init__(self, config: Config, authenticator: Authenticator, *, attempts: int = 6) -> None:
        self._config = config
        self._slots = threading.BoundedSemaphore(config.integer("num_workers"))
        self._gate = _Gate()
        self._adapter = _adapter(config)
        self._budget = _budget(config.optional_integer("requests_per_minute"))
        authenticator.attach(self)
        self._data_errors = _DataErrors(attempts)
        self._login_errors = _LoginErrors(attempts)
        self._data = self._http("data", self._data_errors, authenticator)
        self._logins = self._http("login", self._login_errors, None)
        self.requests = 0
        self.retries = 0
        self._count = threading.Lock()

    def get(self, request: Request) -> bytes:
        """The body of a successful answer, complete by its own `Content-Length`."""
        with self._slots:
            response = self._send(self._data, self._data_errors, "GET", request.path, params=dict(request.params))
        return response.content or b""

    def login(self, login: Login) -> Mapping[str, Any]:
        """The parsed answer of a login. Raises LoginRefusedError on 4xx: a refused login is never sent twice."""
        # HttpClient signs nothing for logins, so what a login needs travels in its own headers.
        headers = {}
        if login.basic:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(login.basic).encode()).decode()
        if login.bearer:
            headers["Authorization"] = login.bearer
        # No slot is taken: the data request that needs the token holds one, and waits.
        response = self._send(
            self._logins, self._login_errors, "POST", login.url, headers=headers, data=login.form, json=login.json
        )
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise ConfigError(f"The login at {login.url} did not answer in JSON: check the address.")
        return answer

    def keep_secret(self, secret: str) -> None:
        add_to_secrets(secret)

    def _http(self, name: str, errors: ErrorHandler, authenticator: Authenticator | None) -> HttpClient:
        session = LimiterSession(api_budget=self._budget)
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)
        return HttpClient(
            name,
            _SILENT,
            error_handler=errors,
            session=session,
            authenticator=authenticator,
            backoff_strategy=_Backoff(self._gate, self._count_retry),
            request_timeout=(CONNECT_SECONDS, READ_SECONDS),
        )

    def _send(self, http: HttpClient, errors: _Errors, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith(("https://", "http://")) else f"{self._config.api_url}/{path}"
        self._gate.wait()
        with self._count:
            self.requests += 1
        try:
            # No redirect is followed: a token or a password goes to the configured address only.
            return http.send_request(method, url, {"allow_redirects": False}, **options)[1]
        except AirbyteTracedException as given_up:
            raise errors.last() from given_up

    def _count_retry(self) -> None:
        with self._count:
            self.retries += 1


class _Gate:
    """One worker that is told to wait makes all of them wait."""

    def __init__(self) -> None:
        self._open_at = 0.0
        self._lock = threading.Lock()

    def shut(self, seconds: float) -> None:
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self) -> None:
        while (seconds := self._open_at - time.monotonic()) > 0:
            time.sleep(seconds)


class _Backoff(BackoffStrategy):
    """`Retry-After` where the vendor sends it, else growing waits with jitter. HttpClient adds one second to each."""

    def __init__(self, gate: _Gate, count: Any) -> None:
        self._gate = gate
        self._count = count

    def backoff_time(self, response_or_exception: _Outcome, attempt_count: int) -> float | None:
        self._count()
        if isinstance(response_or_exception, requests.Response):
            told = retry_after(response_or_exception.headers.get("Retry-After"))
            if told is not None:
                self._gate.shut(told)
                return max(told, 0.001)
            if response_or_exception.status_code == requests.codes.too_many_requests:
                self._gate.shut(2.0 ** (attempt_count - 1))
        longest = min(_LONGEST_WAIT_SECONDS, 2.0 ** (attempt_count - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


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
    except (TypeError, ValueError):
        return None


class _Errors(ErrorHandler):
    """Decides what is tried again, and keeps the sentence for the person who reads of it."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        # HttpClient ends in an error of its own wording; the one that is raised instead waits here, a thread each.
        self._local = threading.local()

    @property
    def max_retries(self) -> int:
        return self._attempts - 1

    @property
    def max_time(self) -> int:
        return 3600

    def last(self) -> SyncError:
        """The last failure of this thread."""
        error: SyncError = self._local.error
        return error

    def interpret_response(self, response: _Outcome) -> ErrorResolution:
        if isinstance(response, requests.Response):
            if response.ok and not response.is_redirect:
                return ErrorResolution(ResponseAction.SUCCESS)
            error, again = self._answered(response)
        else:
            error, again = _network(response)
        self._local.error = error
        kind = FailureType.config_error if isinstance(error, ConfigError) else FailureType.transient_error
        return ErrorResolution(ResponseAction.RETRY if again else ResponseAction.FAIL, kind, error.message)

    def _answered(self, response: requests.Response) -> tuple[SyncError, bool]:
        if response.is_redirect:
            return ConfigError(_redirect(response)), False
        if response.status_code in _PASSING or response.status_code >= requests.codes.server_error:
            message = f"The vendor answered {status_line(response)} again and again; run the sync again later."
            return TransientError(message), True
        return self.refusal(response), False

    def refusal(self, response: requests.Response) -> SyncError:
        raise NotImplementedError


class RefusedError(ConfigError):
    """A data request was refused: `status`, and the body's text in lower case, for quirks to recognise."""

    def __init__(self, message: str, response: requests.Response) -> None:
        super().__init__(message)
        self.status = response.status_code
        self.text = response.text.lower()


class _DataErrors(_Errors):
    _ADVICE: ClassVar[Mapping[int, str]] = {
        401: "the access token was refused: check `credentials`",
        403: "the account is not allowed to read this: give its user the right, or use another in `credentials`",
        404: "the address was not found: check `api_url` and the account",
    }

    def refusal(self, response: requests.Response) -> SyncError:
        advice = self._ADVICE.get(response.status_code, "the request was refused: check the settings of the connection")
        return RefusedError(f"The vendor answered {status_line(response)}; {advice}.", response)


class _LoginErrors(_Errors):
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
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in text:
        reason = quoted(_reason(error), 160)
        advice = "if the server has an authority of its own, put its certificate into `ca_certificate`"
        return ConfigError(f"The server's certificate was not accepted ({reason}): {advice}."), False
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return ConfigError(f"`api_url` is not an address that can be called: {quoted(text, 160)}"), False
    # requests says Timeout while it waits for the head of an answer, and ConnectionError while it waits for the rest.
    if isinstance(error, requests.exceptions.Timeout) or "Read timed out" in text:
        return TooSlowError(f"The vendor did not answer in time; check `api_url`, or {later}."), True
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return ConfigError("The host name of `api_url` cannot be resolved; check `api_url` and the network."), True
    if isinstance(error, requests.exceptions.ConnectionError) and "Connection refused" in text:
        advice = "check `api_url`, and whether the server runs"
        return TransientError(f"No server answers at the host and port of `api_url`; {advice}."), True
    return TransientError(f"The connection broke ({quoted(_reason(error), 160)}); {later}."), True


def _reason(error: BaseException | None) -> str:
    """The innermost reason of an error: the outer ones repeat the whole address."""
    while error is not None and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__
    return filter_secrets(f"{type(error).__name__}: {error}")


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
    return quoted("; ".join(_words_in(document)))


_WORD_KEYS = ("title", "message", "msg", "error_description", "detail", "reason", "error", "code", "name")


def _words_in(document: Any, depth: int = 0) -> list[str]:
    if isinstance(document, str):
        return [document] if document.strip() else []
    if isinstance(document, list):
        return [word for item in document[:5] for word in _words_in(item, depth + 1)]
    if not isinstance(document, dict) or depth > _DEEPEST_WORDS:
        return []
    said = [str(document[key]) for key in _WORD_KEYS if isinstance(document.get(key), str | int) and document[key]]
    for key in ("errors", "invalid_parameters", "fault", "error"):
        if isinstance(document.get(key), dict | list):
            said += _words_in(document[key], depth + 1)
    return list(dict.fromkeys(said))


def _redirect(response: requests.Response) -> str:
    target = urlsplit(response.headers.get("Location", ""))
    where = f"{target.scheme}://{target.netloc}" if target.netloc else "another path"
    return f"The server redirects to {where}, which is not followed; put the right address into `api_url`."


def _budget(per_minute: int | None) -> APIBudget:
    if per_minute is None:
        return APIBudget(policies=[])
    return APIBudget(policies=[MovingWindowCallRatePolicy(rates=[Rate(per_minute, timedelta(minutes=1))], matchers=[])])


def _adapter(config: Config) -> HTTPAdapter:
    workers = config.integer("num_workers")
    pem = config.text("ca_certificate")
    if pem is None:
        return HTTPAdapter(pool_connections=2, pool_maxsize=workers)
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            "`ca_certificate` is no certificate in PEM form: it starts with -----BEGIN CERTIFICATE-----."
        ) from None
    return _TrustingAdapter(context, pool_connections=2, pool_maxsize=workers)


class _TrustingAdapter(HTTPAdapter):
    """Trusts one more authority beside the usual ones."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:
        self._context = context
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **{**options, "ssl_context": self._context})


# HttpClient logs whole requests, headers and bodies at debug level, and bodies of errors: none of it is for a log.
_SILENT = logging.getLogger("airbyte.cdr.http")
_SILENT.setLevel(logging.CRITICAL + 1)
