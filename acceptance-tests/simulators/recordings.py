"""The host of the recordings: files of bytes that follow from their names, behind links that expire.

It is another host than the vendor's, or the vendor's own, which then wants its token. Faults strike at `recording`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from simulators import faults
from simulators.faults import Faults, Response
from simulators.server import Request, Server

PLACE: Final = "/recordings/"
OPTIONS: Final = {
    "recordings": None,  # elsewhere: links lead to a host of this simulator; own: to the vendor's; None: to nowhere
    "recording_bytes": 4000,  # a third more or less
    "link_seconds": 3600,  # how long a link holds
    "recording_ranges": True,  # False: every answer is of the whole file
    "no_recording": (),  # (part of a path, status): what is not there any more
}
_RANGE: Final = re.compile(r"bytes=(\d+)-")


class Asked(NamedTuple):
    """A request for a recording: from which byte on, and whether it brought a token."""

    path: str
    first: int
    status: int
    token: bool


def content(path: str, size: int) -> bytes:
    """The bytes of the recording of that path."""
    spread = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") % (size // 3 + 1)
    return hashlib.shake_256(path.encode()).digest(size - spread)


class RecordingHost:
    """Serves recordings. `allows` says whether a request to the vendor's own host brings a token that lives."""

    def __init__(
        self, options: dict[str, Any], own_url: str, active: Faults, allows: Callable[[Request], bool]
    ) -> None:
        self.asked: list[Asked] = []
        self.revoked: set[str] = set()
        """Queries of links that hold no longer, whatever they say."""
        self._options = options
        self._faults = active
        self._allows = allows
        self._server = Server(self.answer) if options["recordings"] == "elsewhere" else None
        self.url = self._server.url if self._server else own_url

    def close(self) -> None:
        if self._server:
            self._server.close()

    def link(self, name: str, otherwise: str) -> str:
        """Where a recording is, without what signs the link."""
        return f"{self.url}{PLACE}{name}" if self._options["recordings"] else f"{otherwise}/{name}"

    def bytes_of(self, link: str) -> bytes:
        """What a link leads to."""
        return content(urlsplit(link).path, self._options["recording_bytes"])

    def answer(self, request: Request) -> Response:
        found = _RANGE.fullmatch(request.headers.get("range", ""))
        first = int(found[1]) if found and self._options["recording_ranges"] else 0
        struck = self._struck(request)
        made = struck or self._made(request, first, is_part=found is not None)
        if struck is None and made.status < 300:
            for fault in self._faults.take(faults.AFTERWARDS, "recording", "recording_files"):
                faults.afterwards(fault, made)
        self.asked.append(Asked(request.path, first, made.status, "authorization" in request.headers))
        return made

    def _struck(self, request: Request) -> Response | None:
        for fault in self._faults.take(faults.INSTEAD, "recording", "recording_files"):
            if fault.kind == "redirect":
                target = fault.options.get("to", f"http://localhost:1{request.target}")
                return Response(302, headers={"Location": target})
            return faults.instead(fault, _failure)
        return None

    def _made(self, request: Request, first: int, *, is_part: bool) -> Response:
        if self._options["recordings"] == "own" and not self._allows(request):
            return _failure(401, "Unauthorized")
        if _expired(request) or urlsplit(request.target).query in self.revoked:
            return _failure(403, "Request has expired")
        for part, status in self._options["no_recording"]:
            if part in request.path:
                return _failure(status, "NoSuchKey")
        whole = content(request.path, self._options["recording_bytes"])
        headers = {"ETag": f'"{hashlib.sha256(whole).hexdigest()[:16]}"'}
        if not is_part or not self._options["recording_ranges"]:
            return Response(200, whole, headers, content_type="audio/mpeg")
        if first >= len(whole):
            return _failure(416, "InvalidRange")
        headers["Content-Range"] = f"bytes {first}-{len(whole) - 1}/{len(whole)}"
        return Response(206, whole[first:], headers, content_type="audio/mpeg")


def _failure(status: int, message: str) -> Response:
    return Response(status, f"<Error>{message}</Error>".encode(), content_type="application/xml")


def _expired(request: Request) -> bool:
    signed, holds = request.query.get("X-Amz-Date"), request.query.get("X-Amz-Expires")
    if signed is None or holds is None:
        return False
    at = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    return datetime.now(timezone.utc).timestamp() > at.timestamp() + int(holds)
