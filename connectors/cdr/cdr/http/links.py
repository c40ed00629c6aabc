"""Links to files: where they lead, what their files are called, and what is wrong with one that has no file."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 100
_LONGEST_ENDING: Final = 10
_ID_DIGITS: Final = 16


class NoFileError(Exception):
    """There is no file behind a link, and to ask again would not change that. Its text says why, in a few words."""


class LinkRefusedError(NoFileError):
    """The host refuses a link: it may have expired, and a new one may be taken."""


class FileSink(Protocol):
    """Where the bytes of a file go. It begins empty.

    size: how many it holds; total: how many it is to hold, where the host says so
    validator: what the host calls this version of the file, where it says so
    """

    size: int
    total: int | None
    validator: str | None

    def write(self, piece: bytes) -> None: ...

    def restart(self) -> None:
        """Forget all bytes."""


class Downloads(Protocol):
    """What fetches a file."""

    def fetch(self, link: str, sink: FileSink, what: str, token: Any = None) -> None:
        """Write the whole file behind a link. What a broken connection leaves in the sink is gone on from.

        what:  what is fetched, for the line about a wait
        token: how the vendor wants its token, which goes to the vendor's own host and to no other

        Raises NoFileError, LinkRefusedError, TransientError where the host keeps failing.
        """


def origin(link: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a link; None where it is no address of the web."""
    try:
        parts = urlsplit(link)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        (parts.hostname or "").encode("idna")
    except ValueError:  # a port or an address that is none, a name that no network can have
        return None
    return (parts.scheme, parts.hostname, port) if parts.scheme in _PORTS and parts.hostname else None


def path_of(link: str) -> str:
    """A link without what signs it: the same at every read."""
    return re.split(r"[?#]", link, maxsplit=1)[0]


def file_name(identity: str, link: str) -> str:
    """The name of the file of a recording: no two recordings have the same, and no link can make it lead elsewhere.

    It is a digest of the recording's id, and what is harmless of the last part of the link's path.
    """
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS]
    last = unquote(path_of(link).rstrip("/")).rpartition("/")[2]
    safe = _UNSAFE.sub("_", last).strip("._") or "recording"
    if len(safe) > _LONGEST_NAME:
        stem, dot, ending = safe.rpartition(".")
        short = dot and 0 < len(ending) <= _LONGEST_ENDING
        safe = f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}" if short else safe[:_LONGEST_NAME]
    return f"{digest}-{safe}"
