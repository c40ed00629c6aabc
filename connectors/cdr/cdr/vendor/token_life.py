"""How long a token lives: by the word of the login that gave it, else by its own."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any, Final

import orjson

MARGIN_SECONDS: Final = 60
"""A token is renewed this long before it expires, so that none dies on the way."""
_JWT_PARTS: Final = 3


def expiry(life: Any, token: str) -> float:
    """When to renew, in seconds since the epoch: by the answer's word, else by the `exp` of a JWT, else never."""
    seconds: float | None = None
    if (isinstance(life, int | float) and not isinstance(life, bool)) or (
        isinstance(life, str) and life.isascii() and life.isdigit()
    ):
        seconds = float(life)
    if seconds is not None:
        # A life shorter than the margin would mean a login for every request.
        return time.time() + max(seconds - MARGIN_SECONDS, seconds / 2)
    claimed = claimed_end(token)
    # Clocks differ: a new token that looks old is used until the vendor refuses it.
    return claimed - MARGIN_SECONDS if claimed and claimed - MARGIN_SECONDS > time.time() else float("inf")


def claimed_end(token: str) -> float | None:
    """When a token ends by its own word, which only a JWT has."""
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
