"""The call flow of Acefone: sentences about a call, and the two facts that only they hold."""

from __future__ import annotations

import re
from typing import Any

from cdr.normaliser import Unreadable, later

_RECEIVED_ON = re.compile(r"received on\s+(\+?[0-9(].*?)(?:\s+at\s|\s*$)", re.IGNORECASE)
_HUNG_UP = ("hanged up", "hung up")
_SIDES = {"caller": "caller", **dict.fromkeys(("callee", "agent", "extension", "client", "user"), "callee")}


def lines(call_flow: Any) -> list[str]:
    """The lines of a call flow: a list, or an object with an index for each line, as the reference prints it."""
    if isinstance(call_flow, dict):
        call_flow = [call_flow[index] for index in sorted(call_flow, key=lambda index: (len(index), index))]
    elif isinstance(call_flow, str):
        call_flow = call_flow.splitlines()
    if not isinstance(call_flow, list | None):
        raise Unreadable
    return [line.strip() for line in call_flow or () if isinstance(line, str)]


def hangup_party(call_flow: Any) -> str | None:
    """Who hung up, by the last line that tells."""
    for line in reversed(lines(call_flow)):
        if any(words in line.lower() for words in _HUNG_UP):
            return next((side for word, side in _SIDES.items() if line.lower().startswith(word)), "unknown")
    return None


def did_number(call_flow: Any) -> str | None:
    """The number that the call was received on."""
    return next((found[1] for line in lines(call_flow) if (found := _RECEIVED_ON.search(line))), None)


def ring_and_talk(ring: int | None, talk: int | None) -> int | None:
    """The length of a call whose row does not say it."""
    return None if ring is None or talk is None else ring + talk


def answered_at(start: str | None, duration: int | None, talk: int, ring: int | None) -> str | None:
    """When the talk began: so long before the end, for a menu may come before the ringing."""
    if duration is not None and duration < talk:
        raise Unreadable("end_before_start")
    before = ring if duration is None else duration - talk
    if start is None or before is None:
        return None
    moment = later(start, before)
    if moment is None:
        raise Unreadable
    return moment
