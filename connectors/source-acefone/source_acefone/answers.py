"""What an answer of Acefone says: its rows, or that it has failed, whatever its HTTP status is."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from cdr.vendor import BodyError, quoted

_FALSE = ("false", "0", "no")
_STATUS_KEYS = ("status", "status_code", "code")
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_KEY_WORDS = re.compile(r"\b(token|credentials?|api[ _-]?key|authori[sz]ation|session)\b", re.IGNORECASE)
_FAULT_WORDS = re.compile(
    r"\b(invalid|not valid|incorrect|wrong|malformed|expired?|missing|not (found|provided|given)|required|revoked"
    r"|refused|rejected|denied|blacklisted)\b",
    re.IGNORECASE,
)
_UNAUTHORISED = re.compile(r"\b(un-?authori[sz]ed|un-?authenticated|not authenticated|authentication)\b", re.IGNORECASE)
_FORBIDDEN = re.compile(r"\b(forbidden|access denied|permissions?|not (allowed|permitted|entitled))\b", re.IGNORECASE)


def rows(document: Any) -> Any:
    """The list of rows, from a list or from an object keyed by index; anything else as it is, for others to refuse."""
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, dict) and all(index.isascii() and index.isdigit() for index in data):
        return [data[index] for index in sorted(data, key=int)]
    return data


def failure(document: Any) -> BodyError | None:
    """The failure that a body speaks of in spite of its status 200: `{"success": false, "message": "…"}`.

    Its status is 401 where the words refuse the token, 403 where they refuse the right, else unknown.
    """
    if not isinstance(document, dict) or str(document.get("success")).strip().lower() not in _FALSE:
        return None
    text = quoted(str(document.get("message") or document.get("error") or "")) or "no words"
    return BodyError(f"it says that it has failed ({text})", _status(document, text))


def _status(document: dict[str, Any], text: str) -> int | None:
    stated = {str(document.get(key)) for key in _STATUS_KEYS}
    for status in _REFUSALS:
        if str(status.value) in stated:
            return status
    if _UNAUTHORISED.search(text) or (_KEY_WORDS.search(text) and _FAULT_WORDS.search(text)):
        return HTTPStatus.UNAUTHORIZED
    return HTTPStatus.FORBIDDEN if _FORBIDDEN.search(text) else None
