"""Clocks: what tells the time of a row beside its printed time, and the zone that many rows show together.

Some vendors put an epoch into a row's id. Held against the printed time it shows the zone that the vendor prints in,
which need not be the one that was asked for.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple
from uuid import UUID

from cdr.normaliser.timestamps import Printed, Zone, canonical, later, readings, resolve_time, zone_or_offset

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TOLERANCE: Final = 60
_QUARTER: Final = 900
_WIDEST: Final = 26 * 4  # quarter hours: further apart than that no two clocks are
_FEWEST: Final = 3  # rows without a previous leg
_UUID_EPOCH: Final = 0x01B21DD213814000  # from 1582-10-15 to 1970, in the units of 100 ns that a UUID counts in
_UUID_SECOND: Final = 10_000_000


class Evidence(NamedTuple):
    """What one row proves about the zone that its vendor prints in.

    wall:    the printed time, without a zone
    epoch:   the UTC epoch in its id
    chained: whether a leg came before it: then the epoch can be that leg's
    """

    wall: datetime
    epoch: int
    chained: bool


def zone_shown(evidence: Sequence[Evidence], asked: str, candidates: Sequence[str]) -> str | None:
    """The zone or constant offset that the rows were printed in, by nine in ten of those without a previous leg.

    `asked` where they agree with it, else the first of the `candidates` that they agree with, else an offset of whole
    quarter hours such as `+05:30`, by which the printed times are ahead of UTC. None where nothing tells.
    """
    rows = [row for row in evidence if not row.chained]
    if len(rows) < _FEWEST:
        return None
    for name in (asked, *candidates):
        zone = zone_or_offset(name)
        if _most(sum(_agrees(row, zone) for row in rows), rows):
            return name
    quarters, count = Counter(_quarters_ahead(row) for row in rows).most_common(1)[0]
    return _offset_name(quarters) if quarters is not None and _most(count, rows) else None


def _most(count: int, rows: Sequence[Evidence]) -> bool:
    return 10 * count >= 9 * len(rows)


def _agrees(row: Evidence, zone: Zone) -> bool:
    meant = readings(row.wall, zone)
    return meant is not None and any(abs((one - _EPOCH).total_seconds() - row.epoch) <= _TOLERANCE for one in meant)


def _quarters_ahead(row: Evidence) -> int | None:
    """The quarter hours by which the printed time is ahead of UTC; None where these are no whole number."""
    ahead = int((row.wall.replace(tzinfo=timezone.utc) - _EPOCH).total_seconds()) - row.epoch
    quarters, rest = divmod(ahead + _TOLERANCE, _QUARTER)
    return quarters if rest <= 2 * _TOLERANCE and abs(quarters) <= _WIDEST else None


def _offset_name(quarters: int) -> str:
    hours, rest = divmod(abs(quarters), 4)
    return f"{'-' if quarters < 0 else '+'}{hours:02}:{rest * 15:02}"


def epoch_of_uuid(text: Any) -> int | None:
    """The UTC epoch, in whole seconds, that a UUID of version 1 carries; None where it is something else."""
    try:
        uuid = UUID(text)
    except (AttributeError, TypeError, ValueError):
        return None
    return (uuid.time - _UUID_EPOCH) // _UUID_SECOND if uuid.version == 1 else None


@dataclass(frozen=True)
class Clock:
    """What tells one time of a row: the time that it prints, and the epoch in its id.

    read_printed: reads the printed time; None where there is none, or it cannot be read
    epoch:        reads the epoch in the id; None where there is none
    chained:      whether the row has a previous leg
    asked:        the zone that was asked for
    found:        the zone that the rows show, where it is another one
    settles:      whether the epoch tells which of two times a doubled one is
    """

    read_printed: Callable[[Any], Printed | None]
    epoch: Callable[[Any], int | None]
    chained: Callable[[Any], bool]
    asked: Zone
    found: Zone | None = None
    settles: bool = True

    def evidence(self, source: Any) -> Evidence | None:
        """What the row proves about the zone; nothing where its time has an offset of its own."""
        printed, epoch = self.read_printed(source), self.epoch(source)
        if printed is None or printed.offset is not None or epoch is None:
            return None
        return Evidence(printed.wall, epoch, self.chained(source))

    def printed(self, source: Any) -> str | None:
        """The printed time in UTC, before any correction."""
        printed = self.read_printed(source)
        if printed is None:
            return None
        return self._read(source, printed, self.asked if printed.offset is None else printed.offset)

    def texts(self, source: Any) -> list[str]:
        """Everything that tells the time, in UTC: printed, by the zone that was found, in the id."""
        printed = self.read_printed(source)
        found = [self.printed(source)]
        if printed is not None and printed.offset is None and self.found is not None:
            found.append(self._read(source, printed, self.found))
        return [*(text for text in found if text is not None), *self.in_id(source, 0)]

    def in_id(self, source: Any, after: int | None) -> list[str]:
        """The time in the id, later by so many seconds; nothing where one of the two is not known."""
        epoch = self.epoch(source)
        text = None if epoch is None or after is None else later(canonical(_EPOCH + timedelta(seconds=epoch)), after)
        return [] if text is None else [text]

    def _read(self, source: Any, printed: Printed, zone: Zone) -> str | None:
        resolved = resolve_time(printed.wall, zone, self.epoch(source) if self.settles else None)
        return canonical(resolved.printed, printed.fraction) if resolved else None
