"""What is remembered of rows and calls instead of the rows: keys of ids, fingerprints of calls, digests of lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from cdr.normaliser.calls import Call

_BETWEEN: Final = "\x1f"
_BETWEEN_CALLS: Final = "\x1e"
_NOTHING_BETWEEN: Final = (2 * _BETWEEN, _BETWEEN_CALLS + _BETWEEN, _BETWEEN + _BETWEEN_CALLS)
_BITS_TO_SPARE: Final = 4
"""A hash without them takes 32 bytes of memory instead of 48."""

Fingerprint = int | str
"""What is remembered of a call: a hash of its text, or the text where it does not say everything."""


def call_text(call: Call) -> str:
    """Start, from, to and direction of a call as one text: what tells two calls of one id apart."""
    start, caller, callee, direction = call
    return (
        f"{'' if start is None else start}\x1f{'' if caller is None else caller}\x1f"
        f"{'' if callee is None else callee}\x1f{'' if direction is None else direction}"
    )


def as_key(identity: str) -> int:
    """An id as a number, which takes a third of its memory. Of this process only: Python's hashes differ."""
    return hash(identity) >> _BITS_TO_SPARE


def keys_of(ids: Sequence[str]) -> list[int]:
    """Each id as a number, as `as_key` gives it."""
    return [hash(identity) >> _BITS_TO_SPARE for identity in ids]


def fingerprint_of(call: str) -> Fingerprint:
    """What is remembered of a call, of its `call_text`. Of this process only."""
    return call if "" in call.split(_BETWEEN) else hash(call) >> _BITS_TO_SPARE


def fingerprints_of(calls: Sequence[str]) -> list[Fingerprint]:
    """What is remembered of each call."""
    texts = _BETWEEN_CALLS.join(["", *calls, ""])
    if any(nothing in texts for nothing in _NOTHING_BETWEEN):
        return [fingerprint_of(call) for call in calls]
    return [hash(call) >> _BITS_TO_SPARE for call in calls]  # nearly always, and then each is spared a call


def is_another_call(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two calls with one id differ in something that both say.

    Where only one of them says everything, that cannot be told any more. They count as two then: a call under two
    keys is better than none.
    """
    if one == other:
        return False
    if isinstance(one, int) or isinstance(other, int):
        return True
    pairs = zip(one.split(_BETWEEN), other.split(_BETWEEN), strict=False)
    return any(here and there and here != there for here, there in pairs)


_LINK = re.compile(rb'(https?://[^"?\s]+)\?[^"\s]*')
_EXPIRY = re.compile(rb'"recording_expires_at":"[^"]*"')
DIGEST_BYTES: Final = 7


def digest(line: bytes) -> int:
    """A digest of 56 bits of a canonical row, the same for as long as the row is.

    Links are signed anew at every read: they count without their query, in `raw` as in the columns.
    """
    if b"?" in line:
        line = _EXPIRY.sub(b"", _LINK.sub(rb"\1", line))
    return int.from_bytes(blake2b(line, digest_size=DIGEST_BYTES).digest(), "big")
