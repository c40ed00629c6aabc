"""The calls of a benchmark: always the same for the same dataset, so that the checker knows every id beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from random import Random
from typing import NamedTuple

from benchmarks import fiction

FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = 86_400

_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, so that products of different numbers differ
_NEW = 3  # every third number outside the company is new
_RECENT = 10_000  # the others are among this many that called or were called last
_LINES = 60
_INBOUND = 0.6


@dataclass(frozen=True)
class Dataset:
    """So many rows, evenly over so many days from `FIRST_DAY`, as one vendor prints them."""

    vendor: str
    rows: int
    days: int

    @property
    def path(self) -> str:
        """Where the mock server has it."""
        return f"{self.vendor}/{self.rows}/{self.days}"


class Call(NamedTuple):
    """One call; times in seconds since 1970. `at` is what the vendor's filter compares: the start, or the end."""

    number: int
    at: int
    start: int
    duration: int
    ring: int
    talk: int
    inbound: bool
    outside: str
    inside: str
    person: int

    @property
    def answered(self) -> bool:
        return self.talk > 0

    @property
    def caller(self) -> str:
        return self.outside if self.inbound else self.inside

    @property
    def callee(self) -> str:
        return self.inside if self.inbound else self.outside


def calls(rows: int, days: int, *, by_end: bool = False) -> Iterator[Call]:
    """Yield calls in the order of their `at`."""
    dice = Random(rows * 1000 + days)
    pool = fiction.numbers(seed=1)
    ours, outside = pool[:_LINES], pool[_LINES:]
    if rows // _NEW >= len(outside):
        raise ValueError(f"{rows} rows need more numbers than are kept free for fiction: at most {len(outside) * _NEW}")
    first, met = int(FIRST_DAY.timestamp()), 0
    for index in range(rows):
        # A run of three holds one new number; the very first calls have none to repeat.
        if index % _NEW == 0:
            party, met = outside[met], met + 1
        else:
            party = outside[dice.randrange(max(0, met - _RECENT), met)]
        person = dice.randrange(_LINES)
        ring, talk = dice.randrange(2, 30), max(0, dice.randrange(-120, 480))
        at = first + int((index + dice.random()) * days * DAY / rows)
        start = at - ring - talk if by_end else at
        yield Call(index, at, start, ring + talk, ring, talk, dice.random() < _INBOUND, party, ours[person], person)


def identity(number: int) -> str:
    """Return the call's UUID, version 4 in form."""
    digits = f"{number * _SPREAD + _SPREAD & (1 << 128) - 1:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
