"""What can go wrong between a connector and a vendor, switched on by name.

Each fault says where it strikes (`at`), how many requests it lets pass first (`after`) and how often it strikes
(`times`, None for always).
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Lock
from typing import Any, Final

HTML: Final = b"<!DOCTYPE html><html><head><title>Proxy</title></head><body><h1>Please sign in</h1></body></html>"

INSTEAD: Final[Mapping[str, str]] = {
    "rate_limit": "429 with Retry-After: retry_after (seconds, or None), form (seconds or date)",
    "unavailable": "503, with Retry-After where retry_after is given",
    "server_error": "500 (status: another one)",
    "bad_gateway": "502 with a page of a proxy",
    "status": "any status, body and headers",
    "forbidden": "403 in the vendor's words",
    "not_found": "404 in the vendor's words",
    "expired_token": "401: style default, title or bare",
    "expire_tokens": "every token minted so far dies; the request goes on",
    "login_refused": "the login or renewal is refused in the vendor's way (at is login or refresh)",
    "error_in_200": "200 with a failure inside, in the vendor's way",
    "html": "200 (or status) with a page of a proxy",
    "unexpected_shape": "200 with JSON of another shape (body: which)",
    "empty_body": "200 with nothing in it",
    "redirect": "302 to another host (to: a URL; status: another one)",
    "reset": "the connection is reset before a byte of the answer",
    "hang": "no answer ever",
}
AFTERWARDS: Final[Mapping[str, str]] = {
    "truncated": "half of the body, with its full Content-Length (honest=True: with that of the half)",
    "cut_character": "the body ends inside a UTF-8 character, with an honest Content-Length",
    "stall": "half of the body, and then nothing more",
    "gzip": "the body is compressed",
}
OF_PAGES: Final[Mapping[str, str]] = {
    "wrong_total": "the stated total is off by delta (1)",
    "same_page": "every page is the first one",
    "growing_pages": "each page says that there is one page more",
    "insert_row": "after a first page of several a row appears in front of it",
    "remove_row": "after a first page of several its first row is gone for good",
    "duplicate_row": "a page repeats its first row",
    "change_rows": "rows pass through change(row), from Python only",
}
LATE: Final = "late_rows"

# Failures in the vendor's own words: the status, a message, and how long Retry-After says to wait by default.
_WORDED: Final[Mapping[str, tuple[int, str, float | None]]] = {
    "rate_limit": (429, "Too many requests", 1),
    "unavailable": (503, "Service unavailable", None),
    "server_error": (500, "Internal server error", None),
    "forbidden": (403, "Forbidden", None),
    "not_found": (404, "Not found", None),
}
KINDS: Final[Mapping[str, str]] = {
    **INSTEAD,
    **AFTERWARDS,
    **OF_PAGES,
    LATE: "every step-th row (10), or those in ids, is served only after as many requests, or when released",
}


@dataclass
class Response:
    """An answer. `delivery` says how it goes out: whole, reset, hang, short (cut in half) or stall."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delivery: str = "whole"
    content_type: str = "application/json"


@dataclass
class Fault:
    """One fault that is switched on. `matched` counts the requests it could strike, `fired` those it did."""

    kind: str
    at: str
    after: int
    times: int | None
    options: dict[str, Any]
    matched: int = 0
    fired: int = 0

    def concerns(self, route: str, stream: str) -> bool:
        if self.at == "data":
            return stream != ""
        if self.at == "login":  # and every renewal
            return stream == "" and route != "unknown"
        return self.at in {"any", route, stream}


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> Fault:
        if fault.kind not in KINDS:
            raise ValueError(f"there is no fault {fault.kind!r}: {', '.join(sorted(KINDS))}")
        with self._lock:
            self._active.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def take(self, kinds: Mapping[str, str], route: str, stream: str) -> list[Fault]:
        """Count this request for each fault of these kinds, and return those that strike."""
        if not self._active:
            return []
        struck = []
        with self._lock:
            for fault in self._active:
                if fault.kind not in kinds or not fault.concerns(route, stream):
                    continue
                fault.matched += 1
                if fault.matched > fault.after and (fault.times is None or fault.fired < fault.times):
                    fault.fired += 1
                    struck.append(fault)
        return struck


def retry_after(options: Mapping[str, Any], default: float | None) -> dict[str, str]:
    """Return the Retry-After header that a fault asks for, in seconds or as an HTTP date."""
    seconds = options.get("retry_after", default)
    if seconds is None:
        return {}
    if options.get("form") == "date":
        return {"Retry-After": formatdate(time.time() + seconds, usegmt=True)}
    return {"Retry-After": str(seconds)}


def instead(fault: Fault, failure: Callable[[int, str], Response]) -> Response | None:
    """Return the answer that a fault gives instead of the vendor's, where that needs nothing of the vendor's."""
    options, kind = fault.options, fault.kind
    if kind in _WORDED:
        status, message, wait = _WORDED[kind]
        answer = failure(int(options.get("status", status)), str(options.get("message", message)))
        answer.headers |= retry_after(options, wait)
        return answer
    if kind in {"html", "bad_gateway"}:
        return Response(int(options.get("status", 200 if kind == "html" else 502)), HTML, content_type="text/html")
    if kind in {"reset", "hang"}:
        return Response(delivery=kind)
    if kind in {"status", "unexpected_shape", "empty_body"}:
        body = options.get("body", {"hello": "world"} if kind == "unexpected_shape" else b"")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Response(int(options.get("status", 200)), content, dict(options.get("headers", {})))
    return None


def afterwards(fault: Fault, answer: Response) -> None:
    """Spoil an answer that is ready to go out."""
    body = answer.body
    match fault.kind:
        case "gzip":
            answer.body = gzip.compress(body)
            answer.headers["Content-Encoding"] = "gzip"
        case "truncated" if fault.options.get("honest"):
            answer.body = body[: len(body) // 2]
        case "truncated":
            answer.delivery = "short"
        case "stall":
            answer.delivery = "stall"
        case "cut_character":
            # The first byte of the last character that takes several; a body without one gets half an "é".
            last = max((at for at, byte in enumerate(body) if byte >= 0xC0), default=-1)
            answer.body = body[: last + 1] if last >= 0 else body[: len(body) // 2] + b"\xc3"
