"""JSON for the values that fast writers refuse: any depth, whole numbers of any size, lone surrogates."""

import json
import math
from typing import Any


class _Written(str):
    """A piece of the result, as opposed to text that is still to be written."""

    __slots__ = ()


def dumps(value: Any, *, sort_keys: bool = False, ensure_ascii: bool = True) -> str:
    """What `json.dumps` writes without spaces, at any depth; NaN and infinity, which JSON has not, as null."""
    pieces: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Written):
            pieces.append(item)
        elif isinstance(item, dict):
            waiting.append(_Written("}"))
            members = sorted(item.items()) if sort_keys else list(item.items())
            for place, (key, member) in reversed(list(enumerate(members))):
                name = json.dumps(key, ensure_ascii=ensure_ascii)
                waiting += (member, _Written(f"{',' if place else ''}{name}:"))
            pieces.append("{")
        elif isinstance(item, list | tuple):
            waiting.append(_Written("]"))
            for place, member in reversed(list(enumerate(item))):
                waiting += (member, _Written("," if place else ""))
            pieces.append("[")
        elif isinstance(item, float) and not math.isfinite(item):
            pieces.append("null")
        else:
            pieces.append(json.dumps(item, ensure_ascii=ensure_ascii))
    return "".join(pieces)
