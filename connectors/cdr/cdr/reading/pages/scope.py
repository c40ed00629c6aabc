"""Where a row lies: its clocks, held against what was asked for and against what the sync is for.

Inside a period no row is cut by a clock. Clocks decide only at `start_date` and `end_date`, and only where all of them
agree (contract, promise 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cdr.normaliser.timestamps import instant
from cdr.vendor.windows import Period, utc_text

INSIDE: Final = 0
OUTSIDE: Final = 1
"""All clocks lie outside what the sync is for."""
MARGIN: Final = 2
"""A clock lies in what the request covers beyond that."""
FAR: Final = 4
"""All clocks lie further from what was asked for than two clocks can differ."""

CLOCKS_DIFFER: Final = timedelta(hours=26)
"""The most that two clocks of one call can differ: from one edge of the world's zones to the other."""


@dataclass(frozen=True)
class Scope:
    """What the rows of one request are held against.

    asked:  the stretch that was asked for
    covers: everything that the request reaches, whatever its bounds and its zone mean
    sync:   what the sync is for: `start_date` to `end_date`, or to the settled moment
    start, end: the dates that were given; None where there is none
    is_sure: whether the zone of the printed times is proven; where it is not, a printed time that lies less than 26
             hours outside the sync decides nothing
    """

    asked: Period
    covers: Period
    sync: Period
    start: datetime | None = None
    end: datetime | None = None
    is_sure: bool = True

    def usual(self) -> tuple[str, str]:
        """The times between which a row is inside, as canonical text without its `Z`, which sorts as time does."""
        first = max(self.sync.start, self.asked.start - CLOCKS_DIFFER)
        last = min(self.sync.end, self.asked.end + CLOCKS_DIFFER)
        return _bound(first), _bound(last)

    def place(self, clocks: Sequence[str], *, is_proven: bool = False) -> int:
        """Where a row with these clocks lies: INSIDE, or a sum of OUTSIDE, MARGIN and FAR.

        is_proven: whether the row has more to tell its time than what it prints
        """
        moments = [instant(text) for text in clocks]
        if not moments:
            return INSIDE
        place = INSIDE
        near = Period(self.covers.start - CLOCKS_DIFFER, self.covers.end + CLOCKS_DIFFER)
        if not any(moment in near for moment in moments):
            place |= FAR
        if not any(moment in self.sync for moment in moments):
            place |= OUTSIDE
            doubt = timedelta(0) if self.is_sure or is_proven else CLOCKS_DIFFER
            near = Period(self.sync.start - doubt, self.sync.end + doubt)
            if any(moment in self.covers and moment not in near for moment in moments):
                place |= MARGIN
        return place

    def beyond_dates(self, clocks: Sequence[str]) -> bool:
        """Whether all clocks lie outside the dates that were given."""
        moments = [instant(text) for text in clocks]
        return bool(moments) and all(
            (self.start is not None and moment < self.start) or (self.end is not None and moment >= self.end)
            for moment in moments
        )


def _bound(moment: datetime) -> str:
    # A fraction has no zeros at its end: with one, a text would sort before the same moment with fewer of them.
    text = utc_text(moment)[:-1]
    return text.rstrip("0") if "." in text else text
