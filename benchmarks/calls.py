"""The calls of a benchmark: always the same for the same dataset, so that the checker knows every id beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import accumulate
from random import Random
from typing import NamedTuple

from benchmarks import fiction

FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = 86_400
HOUR = 3_600

_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, so that products of different numbers differ
_NEW = 3  # every third number outside the company is new
_RECENT = 10_000  # the others are among this many that called or were called last
_LINES = 60
_INBOUND = 0.6
# No account has as many calls on every day, or in every hour: how they compare. The first day is a Thursday.
_DAYS = (13, 11, 5, 4, 12, 14, 12)
_HOURS = (3, 3, 2, 2, 2, 3, 4, 6, 8, 9, 9, 8, 7, 8, 9, 9, 8, 7, 6, 5, 4, 4, 3, 3)
LONGEST = 600  # seconds; no call is longer, so that one which ends in the period has begun in it


@dataclass(frozen=True)
class Dataset:
    """So many rows over so many days from `FIRST_DAY`, some days busier than others, as one vendor prints them."""

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
    met = 0
    for index, at in enumerate(_moments(dice, rows, days, LONGEST if by_end else 0)):
        # A run of three holds one new number; the very first calls have none to repeat.
        if index % _NEW == 0:
            # Past the last one kept free for fiction it begins again: by then every cache has forgotten the first.
            party, met = outside[met % len(outside)], met + 1
        else:
            party = outside[dice.randrange(max(0, met - _RECENT), met) % len(outside)]
        person = dice.randrange(_LINES)
        ring, talk = dice.randrange(2, 30), max(0, dice.randrange(-120, 480))
        start = at - ring - talk if by_end else at
        yield Call(index, at, start, ring + talk, ring, talk, dice.random() < _INBOUND, party, ours[person], person)


def _moments(dice: Random, rows: int, days: int, margin: int) -> Iterator[int]:
    """Yield so many seconds since 1970, ascending: none in the first `margin` seconds, all before the last day ends."""
    weights = [_DAYS[day % len(_DAYS)] * weight for day in range(days) for weight in _HOURS]
    reached = [0, *accumulate(weights)]
    part = (days * DAY - margin) / (days * DAY)
    first, hour = int(FIRST_DAY.timestamp()) + margin, 0
    for index in range(rows):
        place = (index + dice.random()) / rows * reached[-1]
        while place >= reached[hour + 1]:
            hour += 1
        yield first + int((hour + (place - reached[hour]) / weights[hour]) * HOUR * part)


def identity(number: int) -> str:
    """Return the call's UUID, version 4 in form."""
    digits = f"{number * _SPREAD + _SPREAD & (1 << 128) - 1:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
