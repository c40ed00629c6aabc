"""What a body says of its request: that it failed, or that there is nothing to list. Imports no CDK."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from cdr.normaliser.values import integer_at
from cdr.schema.errors import BodyError, quoted
from cdr.schema.words import said_anywhere

_FAILED = ("error", "failed", "failure", "fail")
_FAILURES = ("error", "errors", "fault", "exception")
_STATUSES = ("status", "status_code", "statusCode", "http_status", "code")
_LAST_STATUS = 599
_FAULTS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600))
# Where a body that lists nothing may say so instead.
_INSTEAD = ("data", "result", "results", "response")
_DEEPEST = 4
_CREDENTIAL = r"\b(token|credentials?|api[ _-]?key|authori[sz]ation|session)\b"
_REFUSED = (
    r"\b(invalid|not valid|incorrect|wrong|malformed|expired?|missing|not (found|provided|given)|required|revoked"
    r"|refused|rejected|denied|blacklisted)\b"
)
_UNAUTHORISED = re.compile(
    r"\b(un-?authori[sz]ed|un-?authenticated|not authenticated)\b"
    rf"|{_CREDENTIAL}.*{_REFUSED}|{_REFUSED}.*{_CREDENTIAL}",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(r"\b(forbidden|access denied|permissions?|not (allowed|permitted|entitled))\b", re.IGNORECASE)

# "No call records were found": what stands between are words of kind, none that speaks of another thing.
_OTHER_THINGS = (
    r"(for|to|with|of|in|on|from|and|or|such|users?|accounts?|tenants?|customers?|tokens?|keys?|access|ids?)\b"
)
_NOTHING_FOUND = re.compile(
    rf"\bno ((?!{_OTHER_THINGS})\w+ ){{0,3}}?(records?|rows?|data|results?|calls?|logs?|cdrs?)\b"
    r"[^.;]{0,60}?\b(found|available|exists?)\b",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"authori[sz]|authenti|token|credential|permission|denied|forbidden|invalid|expired|subscri|licen[cs]e|quota"
    r"|limit|time(d )?out|try again|retry|temporar|internal|endpoint|route|api.?key|feature|upgrade|enabled|support"
    r"|\bids?\b|\d{5}",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?Z?)?")
_ID = re.compile(r"(^|_)(id|ids|uuid|guid|sid|ID|UUID)$|[a-z](Id|ID|Ids|Sid|Uuid)$")
_TRACE = re.compile(r"request|trace|correlation|span|session|log|instance", re.IGNORECASE)


def failure_in(document: Any, *, has_rows: bool = False) -> BodyError | None:
    """The failure that a body speaks of in one of the common ways, whatever its HTTP status.

    has_rows: whether it brought rows all the same; then only a plain word that it failed counts
    """
    if not isinstance(document, dict):
        return None
    failed = any(_says_no(document[key]) for key in ("success", "ok") if key in document)
    failed = failed or _word(document.get("status")) in _FAILED
    if not failed and not has_rows:
        failed = _status(document, []) is not None or any(
            document.get(key) and not _says_no(document[key]) for key in _FAILURES
        )
    if not failed:
        return None
    # Where it brought rows, not every text is about the failure.
    words = said_anywhere(document, is_error=not has_rows)
    return BodyError(f"it says that it has failed ({quoted('; '.join(words)) or 'no words'})", _status(document, words))


def _says_no(value: Any) -> bool:
    return _word(value) in ("false", "0", "no")


def _word(value: Any) -> str:
    return str(value).strip().lower() if isinstance(value, str | int) else ""


def _status(document: dict[str, Any], words: list[str]) -> int | None:
    """The HTTP status that a failure states or, where it states none, speaks of."""
    for given in (document, *(document[key] for key in _FAILURES if isinstance(document.get(key), dict))):
        for key in _STATUSES:
            status = integer_at(given, key)
            if status is not None and HTTPStatus.BAD_REQUEST <= status <= _LAST_STATUS:
                return status
    text = " ".join(words)
    if _UNAUTHORISED.search(text):
        return HTTPStatus.UNAUTHORIZED
    return HTTPStatus.FORBIDDEN if _FORBIDDEN.search(text) else None


def says_nothing_found(document: Any) -> bool:
    """Whether a body says in words that there is nothing to list: "No records found".

    Never where it names an id or speaks of a fault: that is then about one thing, or about the caller.
    """
    if not isinstance(document, dict | str):
        return False
    if isinstance(document, dict) and (_status(document, []) in _FAULTS or _names_an_id(document)):
        return False
    words = said_anywhere(document, is_error=True)
    if isinstance(document, dict):
        words += [document[key] for key in _INSTEAD if isinstance(document.get(key), str)]
    text = _MOMENT.sub(" ", " ; ".join(words))
    return bool(_NOTHING_FOUND.search(text)) and not _FAULT.search(text)


def _names_an_id(document: Any, depth: int = 0) -> bool:
    if not isinstance(document, dict | list) or depth > _DEEPEST:
        return False
    if isinstance(document, list):
        return any(_names_an_id(item, depth + 1) for item in document[:5])
    return any(
        (_ID.search(key) and not _TRACE.search(key) and member not in (None, "")) or _names_an_id(member, depth + 1)
        for key, member in document.items()
    )
