"""Signed links: until when they work, as they say themselves."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from cdr.normaliser.timestamps import later, rfc3339
from cdr.normaliser.values import Unreadable

_LONGEST_HOLD: Final = 9  # digits of X-Amz-Expires; real ones have four


def expiry(url: str | None) -> str | None:
    """When a signed link stops working: the moment it was signed, later by the seconds that it holds.

    `https://…/c-1.mp3?X-Amz-Date=20190813T124618Z&X-Amz-Expires=3600&…`; None where a link is not signed so.
    """
    try:
        query = parse_qs(urlsplit(url or "").query)
    except ValueError:  # no URL at all
        return None
    if "X-Amz-Date" not in query or "X-Amz-Expires" not in query:
        return None
    date, holds = query["X-Amz-Date"][0], query["X-Amz-Expires"][0]
    signed = rfc3339(f"{date[:4]}-{date[4:6]}-{date[6:11]}:{date[11:13]}:{date[13:]}")  # 20190813T124618Z
    if signed is None or not (holds.isascii() and holds.isdigit() and len(holds) <= _LONGEST_HOLD):
        raise Unreadable("time_unreadable")
    return later(signed, int(holds))
