"""Finished rows: canonical rows as JSON in one piece of memory, framed as they are written."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class RecordFrame(NamedTuple):
    """What stands before and behind every row where it is written."""

    head: bytes = b""
    tail: bytes = b""


BARE = RecordFrame()


@dataclass(frozen=True)
class Rows:
    """Canonical rows as JSON, each on a line of its own that ends in a newline. One piece of memory for all of them.

    frame: what already stands around each row
    """

    json: bytes = b""
    count: int = 0
    frame: RecordFrame = BARE

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> Rows:
        """The rows of these lines, which have no newline and no frame."""
        return cls(b"\n".join([*lines, b""]), len(lines)) if lines else cls()

    def lines(self) -> list[bytes]:
        """The JSON of each row, without its frame."""
        lines = self.json.splitlines()
        if not any(self.frame):
            return lines
        start, end = len(self.frame.head), -len(self.frame.tail) or None
        return [line[start:end] for line in lines]

    @cached_property
    def _ends(self) -> array[int]:
        """Where each line ends, behind its newline."""
        ends, at = array("Q"), 0
        for _ in range(self.count):
            at = self.json.index(b"\n", at) + 1
            ends.append(at)
        return ends

    def line(self, index: int) -> bytes:
        """The JSON of one row, without its frame."""
        start = self._ends[index - 1] if index else 0
        return self.json[start + len(self.frame.head) : self._ends[index] - 1 - len(self.frame.tail)]

    def only(self, indexes: Sequence[int]) -> Rows:
        """The rows at these places, which ascend, as they are framed. Neighbours are copied together."""
        pieces, json, ends = list[memoryview](), memoryview(self.json), self._ends
        first = 0
        for number, index in enumerate(indexes):
            if number + 1 == len(indexes) or indexes[number + 1] != index + 1:
                start = indexes[first]
                pieces.append(json[ends[start - 1] if start else 0 : ends[index]])
                first = number + 1
        return Rows(b"".join(pieces), len(indexes), self.frame)

    def framed(self, frame: RecordFrame) -> bytes:
        """All rows, each within a frame: the one that it has, where it has one."""
        if any(self.frame) or not self.count:
            return self.json
        # JSON holds no bare newline: the only ones are those that end the rows.
        between = b"".join((frame.tail, b"\n", frame.head))
        inner = memoryview(self.json.replace(b"\n", between, self.count - 1))
        return b"".join((frame.head, inner[:-1], frame.tail, b"\n"))
