"""One way in which a vendor may differ, and what a sync must come to under it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

COMPLETE = "complete"
COLUMNS = "complete, columns right"
EITHER = "complete, or an error with a reason"
WAITS = "an error that says until when"

JUNE = datetime(2026, 6, 16, tzinfo=timezone.utc)
EARLY_IN_A_MONTH = datetime(2026, 6, 2, tzinfo=timezone.utc)  # 02/06/26 is a date either way
# The nights in which clocks change, in the middle of four days.
LONDON_SPRING = datetime(2026, 3, 28, tzinfo=timezone.utc)
LONDON_AUTUMN = datetime(2026, 10, 24, tzinfo=timezone.utc)
CHICAGO_SPRING = datetime(2026, 3, 7, tzinfo=timezone.utc)
CHICAGO_AUTUMN = datetime(2026, 10, 31, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Dialect:
    """A way in which vendors may differ.

    options: of the simulator; config: of the connector; says: a word that the one warning holds, "" where none is due
    start: the first of four days, whose calls are uneven
    calls_per_day: what makes about 160 rows, more where a limit has to be reached
    """

    title: str
    vendors: tuple[str, ...]
    options: dict[str, Any]
    must: str = COMPLETE
    says: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    start: datetime = JUNE
    calls_per_day: float = 28
    quiet: bool = False
    """Whether the second and the third day have no calls."""
    exactly: int = 0
    """How many calls every day has, where that is a round number."""

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
