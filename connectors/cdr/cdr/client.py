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
from typing import Any

import orjson
import requests
from airbyte_cdk.sources.streams.call_rate import (
    APIBudget,
    MovingWindowCallRatePolicy,
    Rate,
)
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.error_handlers import (
    BackoffStrategy,
    ErrorHandler,
)
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets
from requests.adapters import HTTPAdapter

from cdr.authenticators import Authenticator, Login
from cdr.config import Config
from cdr.errors import ConfigError
from cdr.failures import DataFailures, Failures, LoginFailures, Result, retry_after
from cdr.stream import Request

# Each piece of a body is a wait for Python's lock, while other threads read pages. Pieces of 10 KiB, as they are by
# default, are some eighty waits for a page of a thousand calls.
requests.models.CONTENT_CHUNK_SIZE = 1024 * 1024

CONNECT_SECONDS = 30.0
READ_SECONDS = 90.0
_LONGEST_WAIT_SECONDS = 60.0


class Client:
    """GETs below `api_url`, with at most `num_workers` requests in flight and `requests_per_minute` held for all."""

    def __init__(
        self, config: Config, authenticator: Authenticator, *, attempts: int = 6, read_seconds: float | None = None
    ) -> None:
        self._timeout = (CONNECT_SECONDS, read_seconds or READ_SECONDS)
        self._config = config
        self._slots = threading.BoundedSemaphore(config.integer("num_workers"))
        self._gate = _Gate()
        self._adapter = _adapter(config)
        authenticator.attach(self)
        self._data_errors = DataFailures(attempts)
        self._login_errors = LoginFailures(attempts)
        self._data = self._http("data", self._data_errors, authenticator)
        self._logins = self._http("login", self._login_errors, None)
        self._local = threading.local()

    def metered(self, meter: Meter) -> MeteredClient:
        """The same client for one stream, whose requests and retries `meter` counts."""
        return MeteredClient(self, meter)

    def get(self, request: Request, meter: Meter) -> bytes:
        """The body of a successful answer, complete by its own `Content-Length`."""
        self._local.meter = meter
        meter.add(requests=1)
        with self._slots:
            response = self._send(
                self._data,
                self._data_errors,
                "GET",
                request.path,
                params=dict(request.params),
                headers=dict(request.headers),
            )
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
        session = requests.Session()
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)
        return HttpClient(
            name,
            _SILENT,
            error_handler=errors,
            session=session,
            authenticator=authenticator,
            backoff_strategy=_Backoff(self._gate, self._count_retry),
            request_timeout=self._timeout,
        )

    def _send(self, http: HttpClient, errors: Failures, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith(("https://", "http://")) else f"{self._config.api_url}/{path}"
        self._gate.wait()
        try:
            # No redirect is followed: a token or a password goes to the configured address only.
            return http.send_request(method, url, {"allow_redirects": False}, **options)[1]
        except AirbyteTracedException as given_up:
            raise errors.last() from given_up

    def _count_retry(self) -> None:
        self._local.meter.add(requests=1, retries=1)


class Meter:
    """Counts what a stream asked of the vendor."""

    def __init__(self) -> None:
        self.requests = 0
        self.retries = 0
        self._lock = threading.Lock()

    def add(self, requests: int = 0, retries: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.retries += retries


class MeteredClient:
    """A client that knows for which stream it asks."""

    def __init__(self, client: Client, meter: Meter) -> None:
        self._client = client
        self._meter = meter

    def get(self, request: Request) -> bytes:
        return self._client.get(request, self._meter)


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

    def backoff_time(self, response_or_exception: Result, attempt_count: int) -> float | None:
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


def _budget(per_minute: int | None) -> APIBudget:
    if per_minute is None:
        return APIBudget(policies=[])
    return APIBudget(policies=[MovingWindowCallRatePolicy(rates=[Rate(per_minute, timedelta(minutes=1))], matchers=[])])


def _adapter(config: Config) -> HTTPAdapter:
    budget = _budget(config.optional_integer("requests_per_minute"))
    return _Adapter(budget, _trust(config.text("ca_certificate")), config.integer("num_workers"))


def _trust(pem: str | None) -> ssl.SSLContext | None:
    if pem is None:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            "`ca_certificate` is no certificate in PEM form: it starts with -----BEGIN CERTIFICATE-----."
        ) from None
    return context


class _Adapter(HTTPAdapter):
    """Holds the budget, and trusts one more authority beside the usual ones where there is one.

    The budget is held here and not in the CDK's LimiterSession, which does not see the repetition that an
    authenticator sends after a 401.
    """

    def __init__(self, budget: APIBudget, context: ssl.SSLContext | None, connections: int) -> None:
        self._budget = budget
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        trust = {"ssl_context": self._context} if self._context else {}
        super().init_poolmanager(*args, **{**options, **trust})

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self._budget.acquire_call(request)
        return super().send(request, *args, **options)


# HttpClient logs whole requests, headers and bodies at debug level, and bodies of errors: none of it is for a log.
_SILENT = logging.getLogger("airbyte.cdr.http")
_SILENT.setLevel(logging.CRITICAL + 1)
