"""A simulated vendor on a clock that a test moves: rows come late, are filled in, vanish and come back."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from random import Random
from threading import Lock

import orjson

from simulators import simulator_class
from simulators.calls import MICRO, Call, generate
from simulators.engine import Simulator
from simulators.tables import Row, Table, packed
from vendors import known

NEVER = float("inf")
# A call that began before the period can end in it.
_BEFORE = timedelta(hours=2)
# No call is longer than eight hours, with its ringing.
_LONGEST = 9 * 3600
# Nothing happens to a row so close to the end of the lookback that a second more or less could decide.
_SURELY = 120


class Clock:
    """The time of a simulation, in seconds since 1970: it stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.seconds = moment.timestamp()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, timezone.utc)

    def time(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Shares:
    """How many of a hundred rows come late, are filled in later, vanish for a while, vanish for good."""

    late: float = 5
    filled: float = 3
    away: float = 1
    gone: float = 0.5


@dataclass(frozen=True)
class Life:
    """What happens to one row: when it is shown, filled in, taken away, and given back. `later` is the filled row."""

    shown: float
    filled: float
    later: Row
    away: float
    back: float

    def at(self, row: Row, now: float) -> Row | None:
        if now < self.shown or self.away <= now < self.back:
            return None
        return self.later if now >= self.filled else row


class MovingTable(Table):
    """Rows that change with the clock. Few do; `lives` has those."""

    def __init__(self, rows: Iterable[Row], live: Callable[[Row], Life | None]) -> None:
        super().__init__(rows)
        self._moving_keys = [row.key for row in self.rows]
        self.lives = {row.id: life for row in self.rows if (life := live(row))}
        self._moment = -1.0
        self._found: dict[tuple[int, int], list[Row]] = {}
        self._moving_lock = Lock()

    def served(self, row: Row, now: float) -> Row | None:
        """The row as it is now, or None where it is not there."""
        life = self.lives.get(row.id)
        if life is not None:
            return life.at(row, now)
        return row if row.visible <= now else None

    def select(self, low: int, high: int, now: float) -> list[Row]:
        with self._moving_lock:
            if now != self._moment:
                self._found.clear()
                self._moment = now
            if (low, high) not in self._found:
                rows = self.rows[bisect_left(self._moving_keys, low) : bisect_left(self._moving_keys, high)]
                self._found[low, high] = [found for row in rows if (found := self.served(row, now))]
            return self._found[low, high]


class MovingVendor(Simulator):
    """What is mixed into a vendor's simulator; `start_moving` does it."""

    shares: Shares
    lookback: float

    def __enter__(self) -> MovingVendor:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def calls(self) -> Iterator[Call]:
        last = self.end or self.start
        return generate(self.vendor, self.seed, self.start - _BEFORE, last, self.calls_per_day)

    def table(self, stream: str) -> Table:
        return self.moving(stream)

    def moving(self, stream: str = "call_records") -> MovingTable:
        with self.lock:
            table = self._tables.get(stream)
            if not isinstance(table, MovingTable):
                table = self._tables[stream] = MovingTable(self.rows(stream), self._life_of)
            return table

    def at(self, row: Row) -> float:
        """The cursor of a row in seconds since 1970: the start, for BICS the end."""
        return float(row.item.start) if self.vendor == "vonage_business" else row.cut / MICRO

    def between(self, low: float, high: float, now: float) -> int:
        """How many rows are there now whose cursor lies in `low` up to `high`."""
        # The keys of a table are times as well, at most half a day away from the cursor.
        table, around = self.moving(), 12 * 3600
        found = table.select(int(low - around) * MICRO, int(high + around) * MICRO, now)
        return sum(low <= self.at(row) < high for row in found)

    def _life_of(self, row: Row) -> Life | None:
        dice, shares = Random(f"{self.seed}/{row.id}"), self.shares
        # The lookback reaches a row until then: what happens later, nobody promises to find.
        last = self.at(row) + self.lookback - _SURELY
        late, filled, absent = (dice.random() * 100 for _ in range(3))
        shown = row.visible
        if late < shares.late and shown < last:
            shown = dice.uniform(shown, last)
        changed = dice.uniform(shown, last) if filled < shares.filled and shown < last else NEVER
        away = back = NEVER
        if absent < shares.away + shares.gone and shown < last:
            away = dice.uniform(shown, last)
            back = NEVER if absent < shares.gone else dice.uniform(away, last)
        if (shown, changed, away) == (row.visible, NEVER, NEVER):
            return None
        return Life(shown, changed, self.filled(row), away, back)

    def filled(self, row: Row) -> Row:
        """The row after somebody has filled in one of its columns."""
        name, value = known()[self.vendor].filled
        return replace(row, body=packed({**orjson.loads(row.body), name: value}))


_NO_LIMIT = 1_000_000
"""Requests in a minute, of a clock on which a minute does not pass."""


def start_moving(
    vendor: str,
    clock: Clock,
    *,
    start: datetime,
    end: datetime,
    calls_per_day: float,
    lookback: timedelta,
    shares: Shares | None = None,
    seed: int = 7,
) -> MovingVendor:
    """Start a vendor's simulator on that clock, over real HTTP. The lookback says until when rows may change."""
    body = {
        "now": staticmethod(clock.time),
        "shares": shares or Shares(),
        "lookback": lookback.total_seconds(),
    }
    moving = type("Moving", (MovingVendor, simulator_class(vendor)), body)
    options = {"validate": False, "published_samples": False, "rate_limit": _NO_LIMIT}
    made: MovingVendor = moving(start=start, end=end, calls_per_day=calls_per_day, seed=seed, **options)
    return made
