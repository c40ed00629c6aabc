"""What can go wrong, ordered by who can mend it. CDK-free: `source.py` turns these into protocol errors."""

from __future__ import annotations

from cdr.schema.words import without_queries

# A query that reaches past the limit is cut with it; what lies far behind is not looked at.
_LOOKED_AT = 10


class SyncError(Exception):
    """A failure with one sentence for the person who reads it: what happened, what to do, the vendor's own words.

    The text never holds a secret, nor what signs a link; whoever raises it quotes vendor bodies through `quoted`.
    """

    status: int | None = None
    """The HTTP status that the vendor answered with, where it did and where it matters."""

    def __init__(self, message: str) -> None:
        self.message = without_queries(message)
        super().__init__(self.message)


class ConfigError(SyncError):
    """The person who set the connection up can mend it: a setting, a credential, a right. Never tried again."""


class TransientError(SyncError):
    """The vendor or the network can mend it: the same sync, started later, may succeed."""


class TooSlowError(TransientError):
    """The vendor did not finish its answer in time. A window without pages is asked for again in two halves."""


class TooLargeError(TransientError):
    """The vendor's answer is larger than what is read at once. A narrower window has a smaller answer."""


class UnavailableError(SyncError):
    """This account or server does not have the stream at all, which is no fault of the others."""


class BodyError(SyncError):
    """An answer with a success status whose body is not what the endpoint promises.

    `status` is the status that the body itself states, where it states one: a body that says 401 is a refusal,
    whatever the HTTP status was. `is_html` says that a web page came instead: something else than the API answers.
    """

    def __init__(self, message: str, status: int | None = None, *, is_html: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_html = is_html


def quoted(text: str, limit: int = 300) -> str:
    """The vendor's words on one line, without the queries of links, cut to `limit` characters."""
    line = without_queries(" ".join(text[: limit * _LOOKED_AT].split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
