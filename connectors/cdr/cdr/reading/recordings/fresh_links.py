"""Links that have expired, asked for anew: the pages around a row are read once more for the link alone."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Final

from cdr.http.bodies import parse
from cdr.http.links import NoFileError, path_of
from cdr.normaliser.fields import Row
from cdr.normaliser.timestamps import instant
from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.asking.pager import Pager
from cdr.vendor.windows import Period

_SOON: Final = timedelta(seconds=30)
_FRESH_SECONDS: Final = 120.0
_AROUND: Final = timedelta(seconds=1)


def has_expired(row: Row) -> bool:
    """Whether the link of a row says that it does not work any more, or not for long."""
    return _ends_before(row.get("recording_expires_at"), datetime.now(timezone.utc) + _SOON)


def _ends_before(until: str | None, moment: datetime) -> bool:
    return until is not None and instant(until) < moment


class FreshLinks:
    """New links of rows whose own have expired. Threads share it: one asks, and the others find what it brought."""

    def __init__(self, pager: Pager, cursor: str) -> None:
        self._pager = pager
        self._cursor = cursor
        self._links: dict[str, tuple[str, str | None]] = {}
        self._asked_at = float("-inf")
        self._one_asks = threading.Lock()

    def link(self, row: Row, window: Period | None) -> str:
        """A new link of a row. Raises NoFileError where the vendor has the recording no longer."""
        with self._one_asks:
            if time.monotonic() - self._asked_at > _FRESH_SECONDS:
                self._links = {}
            found = self._found(row)
            if found is not None and not _ends_before(found[1], datetime.now(timezone.utc)):
                return found[0]
            for period in self._periods(row, window):
                self._ask(period, row)
                if (found := self._found(row)) is not None:
                    return found[0]
        raise NoFileError("is no longer in the vendor's list")

    def _periods(self, row: Row, window: Period | None) -> list[Period | None]:
        """Where to look: at the row's own time, then in all that its window asked for."""
        time_of_row = row.get(self._cursor)
        if time_of_row is None or window is None:
            return [window]
        moment = instant(time_of_row)
        return [Period(moment, moment + max(_AROUND, self._pager.window.smallest)), window]

    def _ask(self, period: Period | None, row: Row) -> None:
        self._links = {}
        self._asked_at = time.monotonic()
        for _, page in self._pager.pages(period, Reconciliation()):
            for line in page.lines():
                fresh = parse(line)[0]
                if link := fresh.get("recording_url"):
                    # A second call under an id has another key than its page says, and the same link.
                    entry = link, fresh.get("recording_expires_at")
                    self._links |= {fresh["recording_file_id"]: entry, path_of(link): entry}
            if self._found(row) is not None:
                return

    def _found(self, row: Row) -> tuple[str, str | None] | None:
        by_path = self._links.get(path_of(row["recording_url"]))
        return by_path or self._links.get(row["recording_file_id"])
