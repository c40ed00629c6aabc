"""What passes between a vendor and its callers, and what is noted about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from simulators.faults import Response


class Route(NamedTuple):
    """A path of the vendor's document, and the method (`name`) that answers it. Logins belong to no stream."""

    method: str
    template: str
    name: str
    stream: str = ""
    below_base: bool = True


class Logged(NamedTuple):
    """A request that came. Secrets are removed from `params`; `token` is the label of the token it brought."""

    at: float
    method: str
    path: str
    params: dict[str, str]
    route: str
    stream: str
    status: int
    in_flight: int
    token: str
    delivery: str


class Login(NamedTuple):
    """An attempt to log in (kind login) or to renew a token (kind refresh)."""

    at: float
    kind: str
    accepted: bool


@dataclass
class Grant:
    """A token. It dies at `until`, or after `uses` requests for data."""

    label: str
    scope: str = ""
    until: float | None = None
    uses: int | None = None


def json(content: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(status, orjson.dumps(content))


def listed(rows: Iterable[bytes]) -> orjson.Fragment:
    """Put rows that are JSON already into an array."""
    return orjson.Fragment(b"[" + b",".join(rows) + b"]")


def keyed(rows: Iterable[bytes]) -> Mapping[str, orjson.Fragment]:
    """Put rows that are JSON already into an object, keyed by index."""
    return {str(index): orjson.Fragment(row) for index, row in enumerate(rows)}
