"""The call flow of Acefone: sentences about a call, and the two facts that only they hold."""

from __future__ import annotations

import re
from typing import Any

from cdr.values import Unreadable

_RECEIVED_ON = re.compile(r"received on\s+(\+?[0-9(].*?)(?:\s+at\s|\s*$)", re.IGNORECASE)
_HUNG_UP = ("hanged up", "hung up")


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
            return "caller" if line.lower().startswith("caller") else "callee"
    return None


def did_number(call_flow: Any) -> str | None:
    """The number that the call was received on."""
    return next((told[1] for line in lines(call_flow) if (told := _RECEIVED_ON.search(line))), None)
