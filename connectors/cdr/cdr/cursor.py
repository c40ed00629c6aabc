"""The state of a stream: which windows are on standard output, and up to when late calls were looked for.

The CDK's `ConcurrentCursor` keeps the slices, merges them and emits the state as each window closes. What it does not
do, and what a call stream needs, is added here: windows on a grid, half-open slices, and a lookback that a killed sync
can resume.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterable, Mapping, MutableMapping
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

from cdr.lookback import Tallies, bucket_periods, buckets_from, step_of
from cdr.stream import Stream
from cdr.windows import Period, split, step_for, timestamp

_SYNCED_UNTIL = "synced_until"
_LOOKBACK = "lookback"
_A_DAY = timedelta(days=1)


class _Microseconds(IsoMillisConcurrentStreamStateConverter):
    """States as the CDK writes them, but with all digits of a moment."""

    def __init__(self) -> None:
        super().__init__(is_sequential_state=False, cursor_granularity=timedelta(microseconds=1))

    def output_format(self, moment: datetime) -> str:
        return timestamp(moment)


class WindowCursor(ConcurrentCursor):
    """Generates the windows of one sync and keeps its state.

    Slices are half-open, so neighbours share an edge and merge. `synced_until` in the state is the end that a sync set
    out for. A sync that finds it reached opens what lies nearer to it than the lookback again, window by window: late
    calls may have come. A sync that finds gaps before it resumes one that was killed: it reads the gaps, opens nothing
    again, and leaves `synced_until` as it is, so that the sync after it looks back far enough. Killed again and again,
    syncs still get on. `lookback` holds what was found in the stretch that will be read again (`lookback.py`).
    A state from the future is handed back as it came and nothing is read.
    """

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
        logger: logging.Logger,
    ) -> None:
        self._logger = logger
        self._handed_back: Mapping[str, Any] | None = None
        self._sync = period
        self._stream = stream
        self._workers = workers
        self._end = self._synced_until = period.end if period else now
        given = copy.deepcopy(dict(state))  # the CDK turns its texts into moments in place
        until = given.pop(_SYNCED_UNTIL, None)
        self._buckets = {bucket.period: bucket for bucket in buckets_from(given.pop(_LOOKBACK, ()))}
        self._buckets_lock = threading.Lock()
        self._horizon = (period.end if period else now) - stream.lookback
        start = period.start if period else now
        try:
            self._setup(given, start, repository, manager)
            last = self._parsed(until) or self._last_end()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            logger.warning(
                f"{stream.name}: the state cannot be read ({error}); everything since start_date is read again."
            )
            self._setup({}, start, repository, manager)
            last = self._last_end()
        if state and self._last_end() > now:
            logger.warning(
                f"{stream.name}: the state ends at {timestamp(self._last_end())}, in the future; "
                "nothing is read and the state is handed back."
            )
            self._handed_back = dict(state)
            return
        if period and last > period.start and any(Period(period.start, last).without(self._covered())):
            self._synced_until = last
        else:
            self._open_again_from(last - stream.lookback)

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
        with self._buckets_lock:
            kept = [bucket.as_json() for bucket in sorted(self._buckets.values()) if bucket.period.end > self._horizon]
        return {**super().state, _SYNCED_UNTIL: timestamp(self._synced_until), _LOOKBACK: kept}

    def windows(self) -> list[tuple[Period, Tallies]]:
        """The windows of this sync, each with the buckets in it that the state keeps count of.

        Windows are what the state does not cover, cut on the grid, and cut into buckets where late calls can come.
        Where a narrow window costs as much as a wide one, the buckets lie inside the windows instead.
        """
        if self._sync is None or self._handed_back is not None:
            return []
        window, zone, known = self._stream.window, self._stream.zone, sorted(self._buckets.values())
        step = step_for(self._sync, window, self._workers)
        bucket_step = step_of(self._stream.lookback)
        windows: list[tuple[Period, Tallies]] = []
        for gap in self._sync.without(self._covered()):
            buckets = bucket_periods(gap, known, self._horizon, bucket_step, zone)
            if window.narrowest < _A_DAY:
                parts = [*buckets, *(part for rest in gap.without(buckets) for part in split(rest, step, zone))]
            else:
                parts = list(split(gap, step, zone))
            windows += [(part, Tallies(_inside(part, buckets), known)) for part in sorted(parts)]
        return windows

    def periods(self) -> list[Period]:
        """The windows of this sync."""
        return [period for period, _ in self.windows()]

    def stream_slices(self) -> Iterable[StreamSlice]:
        for period in self.periods():
            yield as_slice(period)

    def observe(self, record: Any) -> None:
        """Rows are not looked at one by one: a window's highest cursor is noted when it closes."""

    def close_partition(self, partition: Partition) -> None:
        """Add the window to the state, unless its reading was given up."""
        if getattr(partition, "given_up", False):
            return
        with self._buckets_lock:
            for bucket in getattr(partition, "found", ()):
                self._buckets[bucket.period] = bucket
        super().close_partition(partition)

    def note_highest(self, partition: Partition, highest: datetime | None) -> None:
        if highest is not None:
            self._most_recent_cursor_value_per_partition[partition.to_slice()] = highest

    def _parsed(self, text: Any) -> datetime | None:
        return None if text is None else self._connector_state_converter.parse_value(text)

    def _slices(self) -> list[MutableMapping[str, Any]]:
        slices: list[MutableMapping[str, Any]] = self._concurrent_state["slices"]
        return slices

    def _last_end(self) -> datetime:
        return max((one["end"] for one in self._slices()), default=datetime.min.replace(tzinfo=timezone.utc))

    def _covered(self) -> list[Period]:
        return [Period(one["start"], one["end"]) for one in self._slices() if one["start"] < one["end"]]

    def _open_again_from(self, horizon: datetime) -> None:
        # A bucket is opened whole or not at all: a part of it could not be compared.
        horizon = min([horizon, *(one.start for one in self._buckets if one.start < horizon < one.end)])
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


def _inside(window: Period, buckets: list[Period]) -> list[Period]:
    return [bucket for bucket in buckets if window.start <= bucket.start and bucket.end <= window.end]


def as_slice(period: Period) -> StreamSlice:
    """The window in the CDK's words."""
    return StreamSlice(partition={}, cursor_slice={"start": timestamp(period.start), "end": timestamp(period.end)})
