"""What the readers of a stream work with, and what one sync of it is for."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cdr.reading.accounting.lookback import Lookback
from cdr.reading.files.file_fetcher import FileFetcher
from cdr.reading.pages.page import ReadPage, read_page
from cdr.reading.pages.rows import BARE, RecordFrame
from cdr.vendor.windows import Period


@dataclass(frozen=True)
class ReadContext:
    """What the readers of a session work with.

    pages:     the threads that read pages of a window in parallel
    ahead:     how many pages may be under way, over all windows that are being read
    read_page: what makes rows of the bytes of a page, here or in another process
    frame:     what to put around each row of that stream, where it is known already
    files:     what fetches the files of rows, where they are asked for
    """

    pages: Executor
    ahead: int
    logger: logging.Logger
    read_page: ReadPage = read_page
    frame: Callable[[str], RecordFrame] = lambda _: BARE
    files: FileFetcher | None = None


@dataclass(frozen=True)
class FoundClock:
    """What was found out about a vendor's clock before the first row; see `scout.py`."""

    zone: str | None = None
    shift: timedelta = timedelta(0)
    is_proven: bool = False


@dataclass(frozen=True)
class Sync:
    """What one sync of a stream is for.

    period:   from `start_date` to `end_date`, or to the settled moment
    windows:  what it reads, in order; neighbours share an edge, or leave out what was read before
    lookback: what the last sync remembered
    start, end: the dates that were given
    since:    up to when the last sync read; None where there was none
    now:      when it began
    dialect:  what earlier syncs found out about the vendor
    found_clock: what was found out for this one, by a reader that shares no memory with those that read the windows;
              None where they have to find it out
    """

    period: Period
    windows: Sequence[Period]
    lookback: Lookback
    start: datetime | None = None
    end: datetime | None = None
    since: datetime | None = None
    now: datetime | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    found_clock: FoundClock | None = None

    @property
    def reads(self) -> Period:
        """From the first moment that it reads to the last one."""
        return Period(self.windows[0].start, self.windows[-1].end)


@dataclass
class WindowCount:
    """What a window came to, once it has been read to its end.

    rows: given out; total: as the vendor stated it; unchanged: left out because the last sync sent them as they are
    late: given out, and from before the end of the last sync; latest: the earliest time of those
    """

    rows: int = 0
    total: int | None = None
    unchanged: int = 0
    late: int = 0
    latest: str = "~"
    highest: datetime | None = None
    issues: Counter[str] = field(default_factory=Counter)
