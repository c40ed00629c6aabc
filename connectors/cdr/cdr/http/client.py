"""HTTP through the CDK's client: retries, waits, the request budget, and errors in one sentence.

A request that comes back is a success; whatever else happens raises ConfigError or TransientError (`errors.py`).
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
import requests
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets

from cdr.http.connections import Watch, adapter, utf_8
from cdr.http.downloads import FileDownloads
from cdr.http.failures import DataFailures, Failures, LoginFailures
from cdr.http.waits import ATTEMPTS, Retries, Waits
from cdr.schema.errors import ConfigError
from cdr.schema.words import without_queries
from cdr.vendor.authenticators import Authenticator, Login
from cdr.vendor.config import Config
from cdr.vendor.request import Request

CONNECT_SECONDS = 30.0
READ_SECONDS = 90.0
_NO_CONTENT = (requests.codes.no_content, requests.codes.reset_content)


class Client:
    """GETs below `api_url`, with at most `num_workers` requests in flight and `requests_per_minute` held for all."""

    def __init__(
        self,
        config: Config,
        authenticator: Authenticator,
        logger: logging.Logger | None = None,
        *,
        attempts: int = ATTEMPTS,
        read_seconds: float | None = None,
        watch: Watch | None = None,
        resets: str | None = None,
    ) -> None:
        self._timeout = (CONNECT_SECONDS, read_seconds or READ_SECONDS)
        self._config = config
        self._attempts = attempts
        self._slots = threading.BoundedSemaphore(config.integer("num_workers"))
        self._logger = logger or logging.getLogger("airbyte")
        self._waits = Waits(self._logger)
        self._authenticator = authenticator
        self._downloads: FileDownloads | None = None
        self._adapter = adapter(config, self._waits, watch)
        authenticator.attach(self)
        self._data_errors = DataFailures(resets)
        self._login_errors = LoginFailures()
        self._data = self._http("data", self._data_errors, authenticator)
        self._logins = self._http("login", self._login_errors, None)
        self._local = threading.local()

    def stop(self) -> None:
        """End the waits of all workers soon: whoever waits, or would have to, gets StoppedError."""
        self._waits.stop()
        if self._downloads:
            self._downloads.stop()

    def downloads(self) -> FileDownloads:
        """What fetches files, with a budget of its own. To be asked for before the threads start."""
        waits = Waits(self._logger)
        self._downloads = self._downloads or FileDownloads(self._config, self._authenticator, waits, self._timeout)
        return self._downloads

    def metered(self, meter: Meter) -> MeteredClient:
        """The same client for one stream, whose requests and retries `meter` counts."""
        return MeteredClient(self, meter)

    def get(self, request: Request, meter: Meter, *, attempts: int | None = None, what: str | None = None) -> bytes:
        """The body of a successful answer, complete by its own `Content-Length`, in UTF-8 as far as it can be told.

        An answer with no content is `null`.

        attempts: how often to send it at most; 1 where another form of the request may be the right one
        what:     what is asked for, for the line about a wait: "call_records: window A to B, page 3"

        Raises TooLargeError past 32 MiB, or what the request says, TooSlowError where the answer does not come in time.
        """
        self._local.meter = meter
        meter.add(requests=1)
        with self._slots:
            self._adapter.most_bytes.now = request.most_bytes
            response = self._send(
                self._data,
                self._data_errors,
                "GET",
                request.path,
                what or _described(request),
                attempts,
                params=dict(request.params),
                headers=dict(request.headers),
            )
        return b"null" if response.status_code in _NO_CONTENT else utf_8(response)

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
            self._logins,
            self._login_errors,
            "POST",
            login.url,
            f"The login at {without_queries(login.url)}",
            headers=headers,
            data=login.form,
            json=login.json,
        )
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise ConfigError(f"The login at {login.url} did not answer in JSON: check the address.")
        return answer

    def keep_secret(self, secret: str) -> None:
        # As it is, and as an address holds it.
        for text in dict.fromkeys((secret, quote(secret, safe=""), quote(secret))):
            add_to_secrets(text)

    def _http(self, name: str, errors: Failures, authenticator: Authenticator | None) -> HttpClient:
        session = requests.Session()
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)
        return HttpClient(
            name,
            _SILENT,
            error_handler=errors,
            session=session,
            authenticator=authenticator,
            request_timeout=self._timeout,
        )

    def _send(
        self,
        http: HttpClient,
        errors: Failures,
        method: str,
        path: str,
        what: str,
        attempts: int | None = None,
        **options: Any,
    ) -> requests.Response:
        """The answer to a request, which is sent again where that may help."""
        url = path if path.startswith(("https://", "http://")) else f"{self._config.api_url}/{path}"
        retries = Retries(attempts or self._attempts)
        while True:
            self._waits.at_gate()
            response = _answer(http, method, url, **options)
            if response is not None:
                return response
            failure = errors.last()
            unasked = failure.crowded and not failure.asked
            seconds = retries.wait(failure.asked, crowded=unasked) if failure.again else None
            if seconds is None:
                raise failure.error
            why = f"{filter_secrets(what)}: {failure.why}"
            if failure.asked or failure.crowded:
                self._waits.shut(seconds, why)
            else:
                self._waits.pause(seconds, why)
            self._count_retry()

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

    def get(self, request: Request, *, attempts: int | None = None, what: str | None = None) -> bytes:
        """See `Client.get`."""
        return self._client.get(request, self._meter, attempts=attempts, what=what)


def _answer(http: HttpClient, method: str, url: str, **options: Any) -> requests.Response | None:
    """The answer to a request that is sent once, None where it failed.

    HttpClient's own error, whose text holds the whole address, ends here: nothing refers to it.
    """
    try:
        # No redirect is followed: a token or a password goes to the configured address only.
        return http.send_request(method, url, {"allow_redirects": False}, **options)[1]
    except AirbyteTracedException:
        return None


def _described(request: Request) -> str:
    """A request in words, without the place of the token."""
    params = ", ".join(f"{name} {value}" for name, value in request.params.items() if value != "{}")
    return f"{request.path} ({params})" if params else request.path


def _hide_queries(record: logging.LogRecord) -> bool:
    """Take the queries of addresses out of a line of urllib3: some vendors take their token there."""
    text = record.getMessage()
    if "?" in text:
        record.msg, record.args = without_queries(text), None
    return True


for _name in ("connectionpool", "connection", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_hide_queries)

# HttpClient logs whole requests, headers and bodies at debug level, and bodies of errors: none of it is for a log.
_SILENT = logging.getLogger("airbyte.cdr.http")
_SILENT.setLevel(logging.CRITICAL + 1)
