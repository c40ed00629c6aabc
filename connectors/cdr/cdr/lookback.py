"""What a sync remembers of the rows that the next one will receive again: their digests, and how many each hour had.

A row whose digest is known has not changed since it was sent, and is not sent again. The state holds the digests as
one text; in base64 a row takes 9.33 bytes.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from cdr.moments import instant
from cdr.pages import DIGEST_BYTES
from cdr.windows import Period, timestamp

_HOUR: Final = 3600
_MOST_BYTES: Final = 250 * 1024
MOST_ROWS: Final = _MOST_BYTES * 3 // 4 // DIGEST_BYTES
"""How many digests the state has room for."""
_MOST_REPEATED: Final = 200
_EMPTY_IS_NO_ANSWER: Final = 20


class Lookback:
    """The memory of one stream from sync to sync. Threads share it.

    known:    digests of the rows that earlier syncs sent and this one may receive again
    repeated: ids that were seen with two calls
    keeps_from: rows from this moment on will be received again by the next sync

    A sync that was cut off leaves what it found beside what was known before; the sync that resumes it needs both, and
    leaves what the two of them found.
    """

    def __init__(self, state: Mapping[str, Any], keeps_from: datetime) -> None:
        self._before = _digests(state.get("known"))
        self._found = _digests(state.get("found"))
        self.known = self._before | self._found
        self.repeated = _texts(state.get("repeated"))
        self._hours = _hours(state.get("hours"))
        self.keeps_from = keeps_from
        self._kept: set[int] = set()
        self._counts: Counter[int] = Counter()
        self._repeated: set[str] = set()
        self._lock = threading.Lock()

    def is_known(self, digest: int) -> bool:
        """Whether this very row was sent before."""
        return digest in self.known

    def keep(self, digests: Iterable[int]) -> None:
        """Remember rows that this sync sent, or found as they were."""
        with self._lock:
            self._kept.update(digests)

    def keep_repeated(self, identity: str) -> None:
        with self._lock:
            self._repeated.add(identity)
            self.repeated.add(identity)

    def count(self, window: Period, times: Iterable[str | None]) -> None:
        """Count rows by the hour of their time, within the window that brought them."""
        first, last = _hour(window.start), _hour(window.end - timedelta(microseconds=1))
        with self._lock:
            for text in times:
                hour = first if text is None else min(max(_hour(instant(text)), first), last)
                self._counts[hour] += 1

    def remembered(self, period: Period) -> int:
        """How many rows the last sync found in the whole hours of a period."""
        first = -(-int(period.start.timestamp()) // _HOUR)
        last = int(period.end.timestamp()) // _HOUR
        return sum(self._hours.get(hour, 0) for hour in range(first, last))

    def hours(self) -> Mapping[datetime, int]:
        """The hours that the last sync counted rows in."""
        return {datetime.fromtimestamp(hour * _HOUR, timezone.utc): rows for hour, rows in self._hours.items()}

    def as_state(self, *, is_complete: bool, resumes: bool) -> dict[str, Any]:
        """What goes into the state, of a sync that is complete or not, and resumes one that was cut off or not."""
        with self._lock:
            found = self._kept | (self._found if resumes else set())
            repeated = self._repeated if is_complete and not resumes else self.repeated
            counts = {hour: rows for hour, rows in self._counts.items() if hour >= _hour(self.keeps_from)}
            if resumes or not is_complete:
                counts = {**self._hours, **counts}
            counts = {hour: rows for hour, rows in counts.items() if hour >= _hour(self.keeps_from) or not is_complete}
            state: dict[str, Any] = {"known": _encoded(found if is_complete else self._before)}
            if not is_complete and found:
                state["found"] = _encoded(found)
            if counts:
                first = min(counts)
                row = [counts.get(hour, 0) for hour in range(first, max(counts) + 1)]
                state["hours"] = [timestamp(datetime.fromtimestamp(first * _HOUR, timezone.utc)), *row]
            if repeated:
                state["repeated"] = sorted(repeated)[:_MOST_REPEATED]
            return state


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // _HOUR


def _encoded(digests: Iterable[int]) -> str:
    return base64.b64encode(b"".join(one.to_bytes(DIGEST_BYTES, "big") for one in sorted(digests)[:MOST_ROWS])).decode()


def _digests(state: Any) -> set[int]:
    """The digests of a state; none where they cannot be read: the rows then come once more."""
    try:
        packed = base64.b64decode(state, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return set()
    if len(packed) % DIGEST_BYTES:
        return set()
    return {int.from_bytes(packed[at : at + DIGEST_BYTES], "big") for at in range(0, len(packed), DIGEST_BYTES)}


def _texts(state: Any) -> set[str]:
    return {one for one in state if isinstance(one, str)} if isinstance(state, list) else set()


def _hours(state: Any) -> dict[int, int]:
    try:
        first, *counts = state
        hour = _hour(datetime.fromisoformat(first.replace("Z", "+00:00")).astimezone(timezone.utc))
        return {hour + number: int(rows) for number, rows in enumerate(counts) if int(rows)}
    except (TypeError, ValueError, AttributeError):
        return {}
