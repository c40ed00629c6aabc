"""Numbers of a few bytes each as one text of the state: base64, in which three bytes take four characters."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any


def packed(numbers: Iterable[int], size: int) -> str:
    """Numbers of so many bytes each as text."""
    return base64.b64encode(b"".join(number.to_bytes(size, "big") for number in numbers)).decode()


def unpacked(text: Any, size: int) -> list[int]:
    """The numbers of a text that `packed` wrote; none where it is something else."""
    try:
        content = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return []
    if len(content) % size:
        return []
    return [int.from_bytes(content[at : at + size], "big") for at in range(0, len(content), size)]
