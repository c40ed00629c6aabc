"""One request as a vendor's endpoint wants it, before it is signed and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Request:
    """One GET: a path below `api_url`, its query parameters, and headers beside those of the authenticator.

    `{}` stands for the token, in the header `Authorization` or in a parameter; without it the header is
    `Bearer {}`.

    most_bytes: an answer with more is not read: less can be asked for
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    most_bytes: int | None = None

    def plus(self, params: Mapping[str, str]) -> Request:
        return replace(self, params={**self.params, **params})

    def without(self, *names: str) -> Request:
        return replace(self, params={name: value for name, value in self.params.items() if name not in names})

    def with_header(self, name: str, value: str) -> Request:
        return replace(self, headers={**self.headers, name: value})
