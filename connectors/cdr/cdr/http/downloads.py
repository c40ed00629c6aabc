"""Files from the hosts that a vendor's rows name: in parts, gone on with where a connection breaks.

They have a budget of their own, `requests_per_minute` once more: a day of recordings must not starve the rows. A token
goes to the vendor's own host only, and no redirect leads to another host than the link's.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from cdr.http.connections import adapter
from cdr.http.failures import reason_of, retry_after
from cdr.http.links import FileSink, LinkRefusedError, NoFileError, origin
from cdr.http.waits import ATTEMPTS, LONGEST_ASKED_SECONDS, Retries, StoppedError, Waits
from cdr.schema.errors import ConfigError, SyncError, TransientError, quoted
from cdr.vendor.config import Config
from cdr.vendor.request import Request

LARGEST_FILE: Final = 1_500_000_000
"""What Airbyte's own file sources take at most."""
_PIECE: Final = 64 * 1024
_MOST_REDIRECTS: Final = 5
_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.TOO_EARLY)
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_BROKEN: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass
class _PassingError(Exception):
    """A failure that may pass by itself.

    asked:   the seconds that the host asks to wait; crowded: it has had too many requests
    """

    why: str
    asked: float | None = None
    crowded: bool = False


class FileDownloads:
    """Fetches files, `num_workers` at a time. Threads share it.

    sign: what signs a request to the vendor's own host
    """

    def __init__(
        self, config: Config, sign: AuthBase, waits: Waits, timeout: tuple[float, float], attempts: int = ATTEMPTS
    ) -> None:
        self._own = origin(config.api_url)
        self._sign = sign
        self._waits = waits
        self._timeout = timeout
        self._attempts = attempts
        self._slots = threading.BoundedSemaphore(config.integer("num_workers"))
        self._session = requests.Session()
        way = adapter(config, waits, in_parts=True)
        self._session.mount("https://", way)
        self._session.mount("http://", way)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def stop(self) -> None:
        """End all downloads soon."""
        self._waits.stop()

    def fetch(self, link: str, sink: FileSink, what: str, token: Request | None = None) -> None:
        """See `links.Downloads`. A download that gets further has all its attempts again."""
        retries, reached = Retries(self._attempts), 0
        while True:
            self._waits.at_gate()
            try:
                with self._slots:
                    self._try(link, sink, token)
            except _PassingError as failure:
                if sink.size > reached:
                    retries, reached = Retries(self._attempts), sink.size
                self._wait(retries, failure, link, what)
            else:
                return

    def _wait(self, retries: Retries, failure: _PassingError, link: str, what: str) -> None:
        host = quoted(urlsplit(link).netloc.rpartition("@")[2], 100)
        unasked = failure.crowded and not failure.asked
        too_long = failure.asked is not None and failure.asked > LONGEST_ASKED_SECONDS
        seconds = None if too_long else retries.wait(failure.asked, crowded=unasked)
        if seconds is None:
            raise TransientError(
                f"The host of the recordings, {host}, failed again and again ({failure.why}); "
                "run the sync again later. Its state is kept."
            )
        why = f"{what}: {failure.why}"
        if failure.asked or failure.crowded:
            self._waits.shut(seconds, why)
        else:
            self._waits.pause(seconds, why)

    def _try(self, link: str, sink: FileSink, token: Request | None) -> None:
        """One request, and what its redirects within the host lead to. What it brought stays in the sink."""
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                with self._answer(link, sink, token) as response:
                    if not response.is_redirect:
                        _judge(response, sink)
                        self._take(response, sink)
                        return
                    link = _redirected(link, response)
        except SyncError:
            raise
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError):
            raise NoFileError("is no link") from None
        except _BROKEN as error:
            if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
                reason = quoted(reason_of(error), 160)
                raise ConfigError(
                    f"The certificate of the host of the recordings was not accepted ({reason}): if it has an "
                    "authority of its own, put its certificate into `ca_certificate`."
                ) from None
            raise _PassingError(f"the connection broke: {quoted(reason_of(error), 160)}") from None
        raise NoFileError("redirects without end")

    def _answer(self, link: str, sink: FileSink, token: Request | None) -> requests.Response:
        goes_to = origin(link)
        if goes_to is None:
            raise NoFileError("is no link")
        headers: dict[str, str] = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if sink.size:
            headers["Range"] = f"bytes={sink.size}-"
            if sink.validator:
                headers["If-Range"] = sink.validator
        signs: AuthBase = _Unsigned()
        params: Mapping[str, str] = {}
        if token is not None and goes_to == self._own:
            signs = _Signed(self._sign)
            headers |= {name: text for name, text in token.headers.items() if name.lower() == "authorization"}
            params = {name: text for name, text in token.params.items() if text == "{}"}
        # No redirect is followed by requests itself: it would go to any host.
        return self._session.get(
            link,
            params=params or None,
            headers=headers,
            auth=signs,
            stream=True,
            allow_redirects=False,
            timeout=self._timeout,
        )

    def _take(self, response: requests.Response, sink: FileSink) -> None:
        _place(response, sink)
        for piece in response.iter_content(_PIECE):
            if self._waits.is_stopped:
                raise StoppedError("The sync was stopped while it fetched a file.")
            sink.write(piece)
            if sink.size > LARGEST_FILE:
                raise NoFileError(f"is larger than {LARGEST_FILE} bytes")
        if sink.total is not None and sink.size != sink.total:
            broken = f"{sink.size} of {sink.total} bytes came"
            if sink.size > sink.total:
                sink.restart()
            raise _PassingError(broken)


class _Unsigned(AuthBase):
    """Signs nothing: without it, requests would look for a password in a .netrc file."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Signed(AuthBase):
    """The vendor's own signature, without its answer to a 401, which would read a whole file into memory.

    A link that is refused is asked for anew, and the request for that renews the token.
    """

    def __init__(self, sign: AuthBase) -> None:
        self._sign = sign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self._sign(request)
        signed.hooks["response"] = []
        return signed


def _redirected(link: str, response: requests.Response) -> str:
    target = urljoin(link, response.headers.get("Location", ""))
    if origin(target) != origin(link):
        raise NoFileError("redirects to a host that the row does not name")
    return target


def _judge(response: requests.Response, sink: FileSink) -> None:
    """Raise what an answer means that is no file."""
    status = response.status_code
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        asked = retry_after(response.headers.get("Retry-After"))
        crowded = status == HTTPStatus.TOO_MANY_REQUESTS
        raise _PassingError(f"it answered {status}", asked, crowded)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and sink.size:
        sink.restart()
        raise _PassingError("it could not go on where the connection broke")
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise ConfigError("The proxy on the way to the recordings wants a name and a password (407).")
    if status in _REFUSED:
        raise LinkRefusedError(f"answered {status}")
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise NoFileError(f"answered {status}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise LinkRefusedError("answered with a web page")


def _place(response: requests.Response, sink: FileSink) -> None:
    """Make the sink ready for the bytes of an answer: behind those that it holds, or from the beginning."""
    headers = response.headers
    is_encoded = headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
    length = headers.get("Content-Length", "")
    announced = int(length) if length.isascii() and length.isdigit() and not is_encoded else None
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        is_same = found is not None and (sink.total is None or found[2] in ("*", str(sink.total)))
        if found is None or not is_same or int(found[1]) != sink.size or is_encoded:
            sink.restart()
            raise _PassingError("it sent another part than was asked for")
        if found[2] != "*":
            sink.total = int(found[2])
        return
    sink.restart()
    sink.total = announced
    tag = headers.get("ETag", "")
    sink.validator = tag if tag.startswith('"') else headers.get("Last-Modified")
