"""What is below a request: the budget, the trust in the server's certificate, and the reading of its answer."""

from __future__ import annotations

import ssl
import threading
import time
from datetime import timedelta
from email.message import Message
from typing import Any, Protocol

import requests
from airbyte_cdk.sources.streams.call_rate import APIBudget, CallRateLimitHit, MovingWindowCallRatePolicy, Rate
from requests.adapters import HTTPAdapter

from cdr.http.failures import TooLargeBody
from cdr.http.waits import Waits
from cdr.schema.errors import ConfigError
from cdr.vendor.config import Config

LARGEST_BODY = 32 * 1024 * 1024
# Each piece of a body is a wait for Python's lock, while other threads read pages. Pieces of 10 KiB, as they are by
# default, are some eighty waits for a page of a thousand calls.
_PIECE = 1024 * 1024


class Watch(Protocol):
    """Is told of every request, logins and repetitions among them."""

    def sending(self, request: requests.PreparedRequest) -> None:
        """Before a request goes out. Raises a SyncError where it must not."""

    def answered(self, response: requests.Response, seconds: float) -> None:
        """The answer to a request, and how long it took."""


def adapter(config: Config, waits: Waits, watch: Watch | None = None, *, in_parts: bool = False) -> Adapter:
    """The way to the vendor: `requests_per_minute` held for all, and `ca_certificate` trusted where there is one.

    in_parts: whether the reader of an answer reads its body, part by part
    """
    budget = _budget(config.optional_integer("requests_per_minute"))
    kind = _AdapterInParts if in_parts else Adapter
    return kind(budget, _trust(config.text("ca_certificate")), config.integer("num_workers"), waits, watch)


def _budget(per_minute: int | None) -> APIBudget:
    if per_minute is None:
        return APIBudget(policies=[])
    return APIBudget(policies=[MovingWindowCallRatePolicy(rates=[Rate(per_minute, timedelta(minutes=1))], matchers=[])])


def _trust(pem: str | None) -> ssl.SSLContext | None:
    if pem is None:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, TypeError, ValueError):
        raise ConfigError(
            "`ca_certificate` is no certificate in PEM form: it starts with -----BEGIN CERTIFICATE-----."
        ) from None
    return context


class Adapter(HTTPAdapter):
    """Holds the budget, and trusts one more authority beside the usual ones where there is one.

    most_bytes: its `now` is how much of an answer this thread reads at most; without it, `LARGEST_BODY`

    The budget is held here and not in the CDK's LimiterSession, which does not see the repetition that an
    authenticator sends after a 401.
    """

    def __init__(
        self,
        budget: APIBudget,
        context: ssl.SSLContext | None,
        connections: int,
        waits: Waits,
        watch: Watch | None,
    ) -> None:
        self.most_bytes = threading.local()
        self._watch = watch
        self._budget = budget
        self._waits = waits
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        trust = {"ssl_context": self._context} if self._context else {}
        super().init_poolmanager(*args, **{**options, **trust})

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self._within_budget()
        if self._watch:
            self._watch.sending(request)
        began = time.monotonic()
        response = super().send(request, *args, **options)
        self._read(response)
        if self._watch:
            self._watch.answered(response, time.monotonic() - began)
        return response

    def _read(self, response: requests.Response) -> None:
        _read(response, getattr(self.most_bytes, "now", None) or LARGEST_BODY)

    def _within_budget(self) -> None:
        while True:
            try:
                # Not the request: the CDK logs its address at debug level.
                self._budget.acquire_call(None, block=False)
            except CallRateLimitHit as full:
                self._waits.for_budget(full.time_to_wait.total_seconds())
            else:
                return


class _AdapterInParts(Adapter):
    """Leaves the body of an answer to whoever asked."""

    def _read(self, response: requests.Response) -> None:
        pass


def _read(response: requests.Response, most: int) -> None:
    """Read the body of an answer, decoded, up to the size that is read at once."""
    announced = response.headers.get("Content-Length", "")
    if response.ok and announced.isascii() and announced.isdigit() and int(announced) > most:
        response.close()
        raise TooLargeBody(f"it announces {announced} bytes, and {most} are read at once")
    pieces, size = [], 0
    for piece in response.iter_content(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            response.close()
            if response.ok:
                raise TooLargeBody(f"it has more than the {most} bytes that are read at once")
            break  # of an error the beginning says enough
    # What requests itself does where it reads a body without a limit.
    response._content = b"".join(pieces)  # noqa: SLF001
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001


def utf_8(response: requests.Response) -> bytes:
    """The body of an answer in UTF-8: as it is where it is that already, else from the charset that its header says."""
    body = response.content or b""
    content_type = response.headers.get("Content-Type", "")
    if "charset" not in content_type.lower():
        return body
    header = Message()
    header["Content-Type"] = content_type
    charset = header.get_content_charset("utf-8")
    if charset in ("utf-8", "utf8") or _is_utf_8(body):
        return body
    try:
        return body.decode(charset).encode()
    except (LookupError, UnicodeError):
        return body


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
