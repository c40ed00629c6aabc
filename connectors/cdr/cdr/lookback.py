"""What a sync remembers of the stretch of time that late calls can still reach: a count and a digest per bucket.

A bucket is a period inside the lookback. The next sync reads it again; where count and digest are the same as before,
its rows are not given out again. The state holds a few dozen buckets, never a hash for each row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from cdr.moments import instant
from cdr.pages import Rows
from cdr.windows import Period, split, timestamp

_MOST_BUCKETS = 48
_DIGEST_BITS = 64


@dataclass(frozen=True, order=True)
class Bucket:
    """A period, and what a sync found in it: rows and the sum of their digests."""

    period: Period
    rows: int
    digest: str

    def as_json(self) -> list[Any]:
        return [timestamp(self.period.start), timestamp(self.period.end), self.rows, self.digest]


def buckets_from(state: Any) -> list[Bucket]:
    """The buckets of a state, in order; none where they cannot be read: their rows then come once more."""
    try:
        return sorted(
            Bucket(Period(_moment(start), _moment(end)), int(rows), str(digest)) for start, end, rows, digest in state
        )
    except (TypeError, ValueError, AttributeError):
        return []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def step_of(lookback: timedelta) -> timedelta:
    """How long a bucket is: an hour, or more where the lookback would need too many."""
    hours = max(1, -(-lookback // timedelta(hours=_MOST_BUCKETS)))
    step = next((hours_ for hours_ in (1, 2, 3, 4, 6, 8, 12) if hours_ >= hours), -(-hours // 24) * 24)
    return timedelta(hours=step)


def bucket_periods(gap: Period, known: Iterable[Bucket], horizon: datetime, step: timedelta, zone: str) -> list[Period]:
    """The parts of `gap` to keep count of: the known buckets in it, and whatever else lies behind `horizon`."""
    whole = [bucket.period for bucket in known if gap.start <= bucket.period.start and bucket.period.end <= gap.end]
    fresh = Period(max(gap.start, horizon), gap.end) if horizon < gap.end else None
    if fresh:
        whole += [part for rest in list(fresh.without(whole)) for part in split(rest, step, zone)]
    return sorted(whole)


@dataclass
class _Tally:
    """One bucket while its window is read."""

    period: Period
    known: Bucket | None
    rows: int = 0
    digest: int = 0
    held: list[bytes] = field(default_factory=list)

    @property
    def found(self) -> Bucket:
        return Bucket(self.period, self.rows, f"{self.digest % 2**_DIGEST_BITS:016x}")


class Tallies:
    """The buckets of one window. Rows of a bucket that was read before are held back until it is known to differ."""

    def __init__(self, periods: Sequence[Period], known: Iterable[Bucket]) -> None:
        by_period = {bucket.period: bucket for bucket in known}
        self._tallies = [_Tally(period, by_period.get(period)) for period in periods]
        self._starts = [tally.period.start for tally in self._tallies]

    def __bool__(self) -> bool:
        return bool(self._tallies)

    def holds(self, printed: str | None, digest: int, line: bytes) -> bool:
        """Count a row of that time, a canonical text; True where it is held back for now."""
        if printed is None:
            return False
        moment = instant(printed)
        index = bisect_right(self._starts, moment) - 1
        if index < 0 or moment not in self._tallies[index].period:
            return False
        tally = self._tallies[index]
        tally.rows += 1
        tally.digest += digest
        if tally.known is None:
            return False
        tally.held.append(line)
        return True

    def changed(self) -> Iterator[Rows]:
        """The rows that were held back, of the buckets that are not what they were."""
        for tally in self._tallies:
            if tally.held and tally.found != tally.known:
                yield Rows.of(tally.held)
            tally.held = []

    def found(self) -> list[Bucket]:
        return [tally.found for tally in self._tallies]
