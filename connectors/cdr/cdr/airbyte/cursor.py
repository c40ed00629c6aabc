"""The state of a stream: which windows are on standard output, and up to when late calls were looked for.

The CDK's `ConcurrentCursor` keeps the slices, merges them and emits the state as each window closes. What it does not
do, and what a call stream needs, is added here: windows on a grid, half-open slices, and a lookback that a killed sync
can resume.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import ConcurrentCursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.state_converters.datetime_stream_state_converter import (
    IsoMillisConcurrentStreamStateConverter,
)
from airbyte_cdk.sources.types import StreamSlice

from cdr.reading.accounting.lookback import Lookback
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period, no_longer_than, occurs_once, split, step_for, utc_text

_LOGGER = logging.getLogger("airbyte")
_SYNCED_UNTIL = "synced_until"
_DIALECT = "dialect"
COMPLETE = "complete"
_VERSION = "version"
_VERSION_NOW = 2
_HOUR = timedelta(hours=1)
# Pages of one window are read in parallel, so a window may have many; the fewer windows, the fewer last pages.
_PAGES_A_WINDOW = 50


class _Microseconds(IsoMillisConcurrentStreamStateConverter):
    """States as the CDK writes them, but with all digits of a moment."""

    def __init__(self) -> None:
        super().__init__(is_sequential_state=False, cursor_granularity=timedelta(microseconds=1))

    def output_format(self, moment: datetime) -> str:
        return utc_text(moment)


class WindowCursor(ConcurrentCursor):
    """Generates the windows of one sync and keeps its state.

    Slices are half-open, so neighbours share an edge and merge. `synced_until` in the state is the end that a sync set
    out for. A sync that finds it reached opens what lies nearer to it than the lookback again: late calls may have
    come. A sync that finds gaps before it resumes one that was killed: it reads the gaps, opens nothing again, and
    leaves `synced_until` as it is, so that the sync after it looks back far enough. Killed again and again, syncs
    still get on. What was found in the stretch that will be read again is in `lookback.py`, what was found out about
    the vendor in `dialect`. A state from the future is handed back as it came and nothing is read. `complete` is False
    while nothing but this sync, in however many attempts, vouches for what the state covers.
    """

    _memory: type[Lookback] = Lookback

    def __init__(
        self,
        *,
        stream: Stream,
        state: MutableMapping[str, Any],
        period: Period | None,
        now: datetime,
        workers: int,
        repository: MessageRepository,
        manager: ConnectorStateManager,
    ) -> None:
        self._handed_back: Mapping[str, Any] | None = None
        self._sync = period
        self._stream = stream
        self._workers = workers
        self._end = self._synced_until = period.end if period else now
        self._open_windows: set[Period] = set()
        self._windows_lock = threading.Lock()
        self.dialect: dict[str, Any] = {}
        self.since: datetime | None = None
        start = period.start if period else now
        until = self._take_over(state, start, repository, manager)
        if state and self._last_end() > now:
            _LOGGER.warning(
                f"{stream.name}: the state ends at {utc_text(self._last_end())}, in the future; "
                "nothing is read and the state is handed back."
            )
            self._handed_back = dict(state)
            return
        self._look_back(until, has_state=bool(state))
        self._windows = [*self._cut()]
        self._open_windows = set(self._windows)

    def _take_over(
        self,
        state: Mapping[str, Any],
        start: datetime,
        repository: MessageRepository,
        manager: ConnectorStateManager,
    ) -> datetime:
        """Take over a state of any version; one that cannot be read is none. Returns up to when the last sync read."""
        self._from_nothing = not state or state.get(COMPLETE) is False
        given = copy.deepcopy(dict(state))  # the CDK turns its texts into moments in place
        if given and given.pop(_VERSION, None) is None:
            # What cannot be upgraded cannot be read either: said below.
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                given = self._stream.upgraded(given)
        keeps_from = self._read_again_from(self._end)
        self.lookback = self._memory(given, keeps_from)
        dialect = given.pop(_DIALECT, None)
        until = given.pop(_SYNCED_UNTIL, None)
        for name in ("known", "found", "hours", "repeated", COMPLETE):
            given.pop(name, None)
        try:
            self._setup(given, start, repository, manager)
            last = self._parsed(until) or self._last_end()
            self.dialect = dict(dialect) if isinstance(dialect, Mapping) else {}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _LOGGER.warning(
                f"{self._stream.name}: the state cannot be read ({error}); everything since start_date is read again."
            )
            self._from_nothing = True
            self._setup({}, start, repository, manager)
            self.lookback = self._memory({}, keeps_from)
            last = self._last_end()
        return last

    def _look_back(self, last: datetime, *, has_state: bool) -> None:
        """Open again what the last sync read less than the lookback before its end, or resume one that was cut off."""
        period = self._sync
        self.since = self.lookback.since = last if has_state and period and last > period.start else None
        self._resumes = bool(
            period and last > period.start and any(Period(period.start, last).without(self._covered()))
        )
        if self._resumes:
            self._synced_until = last
            self.lookback.keeps_from = min(self.lookback.keeps_from, self._read_again_from(last))
        else:
            self._open_again_from(self._horizon(last))

    def _horizon(self, end: datetime) -> datetime:
        """The lookback before an end; where cells are compared, which are of whole hours, the hour that it lies in."""
        horizon = end - self._stream.lookback
        return horizon if self.lookback.cells is None else _hour_of(horizon)

    def _read_again_from(self, end: datetime) -> datetime:
        """From where on the sync after one that ended then will receive rows again, its margins included."""
        horizon = end - self._stream.lookback
        window = self._stream.window
        return window.covers(Period(horizon, horizon + _HOUR), self._stream.zone).start

    def _setup(
        self,
        state: MutableMapping[str, Any],
        start: datetime,
        repository: MessageRepository,
        manager: ConnectorStateManager,
    ) -> None:
        super().__init__(
            stream_name=self._stream.name,
            stream_namespace=None,
            stream_state=state,
            message_repository=repository,
            connector_state_manager=manager,
            connector_state_converter=_Microseconds(),
            cursor_field=CursorField(self._stream.cursor or ""),
            slice_boundary_fields=("start", "end"),
            start=start,  # type: ignore[arg-type]  # the CDK's own protocol type does not admit datetime
            end_provider=lambda: self._end,  # type: ignore[arg-type, return-value]
        )

    @property
    def state(self) -> MutableMapping[str, Any]:
        if self._handed_back is not None:
            return dict(self._handed_back)
        is_complete = self._is_complete()
        state = {
            **super().state,
            _VERSION: _VERSION_NOW,
            _SYNCED_UNTIL: utc_text(self._synced_until),
            **self.lookback.as_state(is_complete=is_complete, resumes=self._resumes),
        }
        if self._from_nothing and not is_complete:
            state[COMPLETE] = False
        return {**state, _DIALECT: self.dialect} if self.dialect else state

    def _is_complete(self) -> bool:
        with self._windows_lock:
            return not self._open_windows

    def periods(self) -> list[Period]:
        """The windows of this sync, in order: what the state does not cover."""
        return [] if self._handed_back is not None else self._windows

    def _cut(self) -> Iterator[Period]:
        """Cut what is not covered into windows: by time, and by rows where the last sync counted them."""
        if self._sync is None:
            return
        window, zone = self._stream.window, self._stream.zone
        step = step_for(self._sync, window, self._workers)
        for gap in self._sync.without(self._covered()):
            if window.knows_days_only:
                yield from split(gap, step, zone)
                continue
            # What the next sync will read again is cut off: nothing else has to be remembered.
            horizon = min(max(self._horizon(self._end), gap.start), gap.end)
            for part in (gap.start, horizon), (horizon, gap.end):
                if part[0] < part[1]:
                    yield from self._cut_part(Period(*part), step)

    def _cut_part(self, part: Period, step: timedelta) -> Iterator[Period]:
        hours = self.lookback.hours()
        if not hours or part.start < min(hours) or part.end > max(hours) + 24 * _HOUR:
            yield from split(part, step, self._stream.zone)
            return
        most = (
            _PAGES_A_WINDOW * self._stream.paginator.size
            if self._stream.paginator.has_pages
            else self._stream.paginator.size
        )
        step = self._stream.window.step
        if self.lookback.cells is not None:
            step = max(step // _HOUR, 1) * _HOUR  # an hour's cells have to be in one window
        start, rows = part.start, 0
        for hour in sorted(hours):
            if not part.start <= hour < part.end:
                continue
            full = rows + hours[hour] > most and rows
            if (full or hour + _HOUR - start > step) and start < hour and occurs_once(hour, self._stream.zone):
                yield Period(start, hour)
                start, rows = hour, 0
            rows += hours[hour]
        yield from no_longer_than(Period(start, part.end), step, self._stream.zone)

    def stream_slices(self) -> Iterable[StreamSlice]:
        for period in self.periods():
            yield as_slice(period)

    def observe(self, record: Any) -> None:
        """Rows are not looked at one by one: a window's highest cursor is noted when it closes."""

    def close_partition(self, partition: Partition) -> None:
        """Add the window to the state, unless its reading was given up."""
        if getattr(partition, "given_up", False):
            return
        with self._windows_lock:
            self._open_windows.discard(getattr(partition, "period", None))
        super().close_partition(partition)

    def checkpoint(self) -> None:
        """Emit the state while windows are still being read."""
        with self._lock:
            self._emit_state_message()

    def note_highest(self, partition: Partition, highest: datetime | None) -> None:
        if highest is not None:
            self._most_recent_cursor_value_per_partition[partition.to_slice()] = highest

    def _parsed(self, text: Any) -> datetime | None:
        return None if text is None else self._connector_state_converter.parse_value(text)

    def _slices(self) -> list[MutableMapping[str, Any]]:
        slices: list[MutableMapping[str, Any]] = self._concurrent_state["slices"]
        return slices

    def _last_end(self) -> datetime:
        return max((one["end"] for one in self._slices()), default=datetime.fromtimestamp(0, timezone.utc))

    def _covered(self) -> list[Period]:
        return [Period(one["start"], one["end"]) for one in self._slices() if one["start"] < one["end"]]

    def _open_again_from(self, horizon: datetime) -> None:
        kept = [one for one in self._slices() if one["start"] < horizon]
        for one in kept:
            if one["end"] > horizon:
                one["end"] = horizon
                one.pop("most_recent_cursor_value", None)
        if not kept:
            # The CDK wants one slice to begin with: an empty one where the sync starts.
            start = self._sync.start if self._sync else horizon
            kept = [{"start": start, "end": start}]
        self._concurrent_state["slices"] = kept


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def as_slice(period: Period) -> StreamSlice:
    """The window in the CDK's words."""
    return StreamSlice(partition={}, cursor_slice={"start": utc_text(period.start), "end": utc_text(period.end)})
