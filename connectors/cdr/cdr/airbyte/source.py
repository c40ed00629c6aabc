"""The four commands of a source: spec, check, discover, read. A connector is this class and a tuple of streams."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from queue import Queue
from typing import Any

from airbyte_cdk.config_observation import create_connector_config_control_message
from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    Status,
    SyncMode,
)
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.thread_pool_manager import ThreadPoolManager
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.utils.files_directory import get_files_directory
from airbyte_cdk.utils import AirbyteTracedException
from typing_extensions import Self

from cdr.airbyte.cursor import WindowCursor
from cdr.airbyte.inputs import GivenSource, protocol_errors, warn
from cdr.airbyte.refresh import RefreshCursor
from cdr.airbyte.states import plain_states
from cdr.airbyte.sync import (
    OrderedRepository,
    PageMessage,
    StreamRun,
    WindowPartition,
    Windows,
    quiet_logger,
    record_frame,
)
from cdr.airbyte.traces import together, traced, without_secrets
from cdr.http.client import Client, Meter
from cdr.reading import first_look
from cdr.reading.context import ReadContext, Sync
from cdr.reading.file_fetcher import FileFetcher
from cdr.reading.page_workers import PageWorkers
from cdr.reading.requester import Transport
from cdr.reading.stored_files import FileStore
from cdr.reading.window_reader import WindowReader, reader_of
from cdr.schema.errors import SyncError
from cdr.vendor.config import Config
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

# Somebody waits for the answer of a check.
_CHECK = {"attempts": 3, "read_seconds": 30}
_MINUTE = timedelta(minutes=1)
_GOES_ON = "goes on where the last attempt stopped"
_ANEW = "everything is read anew: the given state is complete, or of syncs that read what was new"
_FINISHED = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)


class CallRecordSource(GivenSource):
    """A source whose streams are windows of call records.

    streams:  the stream classes, `call_records` first
    in_pages: whether `read` gives out whole pages (`PageMessage`) instead of a message a row. Only the entry point
              that writes standard output sets it.
    """

    # The CDK's own check quotes values and does not name the property; Config says it better.
    check_config_against_spec = False

    def __init__(self) -> None:
        self.in_pages = False
        self.message_repository: MessageRepository | None = None

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Ask for the calls of the last settled hour: it proves the address, the credentials and the right to read."""
        try:
            valid = self.config(config)
            warnings = warn(valid, logger)
            settled = _now() - timedelta(seconds=valid.integer("settling_delay_seconds"))
            with Session(self, valid, logger, **_CHECK) as session:
                stream, hour = self.streams[0](valid), Period(settled - timedelta(hours=1), settled)
                odd = first_look.sentence(*first_look.times_beyond(stream, session.transport(), hour))
        except (SyncError, AirbyteTracedException) as error:
            return AirbyteConnectionStatus(status=Status.FAILED, message=str(traced(error)))
        said = " ".join([*warnings, *([odd] if odd else [])])
        return AirbyteConnectionStatus(status=Status.SUCCEEDED, message=said or None)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams and their schemas. Asks the vendor nothing; raises where the configuration is wrong."""
        with protocol_errors():
            valid = self.config(config)
        with Session(self, valid, logger) as session:
            return AirbyteCatalog(streams=[session.described(cls).as_airbyte_stream() for cls in self.streams])

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Every message of a sync, in order. Raises after the last one where a stream has failed."""
        with protocol_errors():
            valid = self.config(config)
            chosen = self.chosen(catalog, logger)
            given = plain_states(state, self.names())
        warn(valid, logger)
        if given.warning:
            logger.warning(given.warning)
        if not chosen:
            logger.info("The catalogue has no streams, so there is nothing to read.")
            return
        with Session(self, valid, logger) as session:
            session.fetch_files_of(catalog)
            for message in session.messages(chosen, ConnectorStateManager(given.messages)):
                if isinstance(message, PageMessage) and not self.in_pages:
                    yield from message.records()
                else:
                    yield without_secrets(message)


class Session:
    """What the streams of one command share: the client with its tokens, the workers, the clock."""

    def __init__(self, source: CallRecordSource, config: Config, logger: logging.Logger, **patience: Any) -> None:
        self._config = config
        self._logger = logger
        self._now = _now()
        self._workers = config.integer("num_workers")
        # Room for every worker to be one page ahead: more would only hold memory when the output is slow.
        self._queue: Queue[Any] = Queue(maxsize=self._workers)
        self._repository = OrderedRepository(self._queue)
        source.message_repository = self._repository
        config.on_change = lambda raw: self._repository.emit_message(create_connector_config_control_message(dict(raw)))
        try:
            first = source.streams[0]
            self._client = Client(config, first.authenticator(config), logger, resets=first.resets, **patience)
        except SyncError as error:
            raise traced(error) from None
        self._pages = ThreadPoolExecutor(self._workers, thread_name_prefix="pages")
        self._windows = ThreadPoolExecutor(self._workers, thread_name_prefix="windows")
        self._files: ThreadPoolExecutor | None = None
        self._with_files: set[str] = set()
        self._runs: dict[str, StreamRun] = {}
        self._readers_of: dict[str, WindowReader] = {}
        # Only a process of our own starts others: in somebody's notebook that would run their module again.
        self._readers = PageWorkers.for_threads(self._workers, logger) if source.in_pages else PageWorkers(0, logger)
        context = ReadContext(self._pages, self._workers, logger, self._readers.read_page)
        self._context = replace(context, frame=record_frame) if source.in_pages else context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for run in self._runs.values():
            run.stopped.set()
        self._client.stop()
        self._readers.close()
        for executor in (self._windows, self._pages, self._files):
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)
        with self._queue.mutex:
            # Nobody takes pages from the queue any longer; workers that wait for room must end all the same.
            self._queue.maxsize = sys.maxsize
            self._queue.not_full.notify_all()

    def fetch_files_of(self, catalog: ConfiguredAirbyteCatalog) -> None:
        """Fetch the files of those streams for which the catalogue asks for them."""
        self._with_files = {chosen.stream.name for chosen in catalog.streams if chosen.include_files}

    def transport(self, meter: Meter | None = None) -> Transport:
        """What sends requests, counted by `meter`."""
        return self._client.metered(meter or Meter())

    def reader(self, stream: Stream, meter: Meter | None = None, sync: Sync | None = None) -> WindowReader:
        context = self._context
        if stream.has_files and stream.name in self._with_files:
            context = replace(context, files=self._fetcher())
        return reader_of(stream)(stream, self.transport(meter), context, sync)

    def _fetcher(self) -> FileFetcher:
        self._files = self._files or ThreadPoolExecutor(self._workers, thread_name_prefix="files")
        return FileFetcher(self._client.downloads(), FileStore(Path(get_files_directory())), self._files, self._workers)

    def messages(
        self, chosen: list[tuple[type[Stream], SyncMode]], states: ConnectorStateManager
    ) -> Iterator[AirbyteMessage]:
        core = ConcurrentSource(
            threadpool=ThreadPoolManager(self._windows, quiet_logger()),
            logger=quiet_logger(),
            queue=self._queue,
            message_repository=self._repository,
            # One worker stays free to read while the others still generate windows.
            initial_number_partitions_to_generate=max(1, self._workers // 2),
        )
        streams: list[AbstractStream] = [self.described(cls, mode, states) for cls, mode in chosen]
        try:
            for message in core.read(streams):
                status = message.trace.stream_status if message.trace else None
                if status is not None and status.status in _FINISHED:
                    name = status.stream_descriptor.name
                    self._readers_of[name].conclude()
                    yield from self._runs[name].summary()
                yield message
        except AirbyteTracedException:
            # The core ends a failed sync as a config error whatever failed; the streams know better.
            failures = {name: run.error for name, run in self._runs.items() if run.error is not None}
            if not failures:
                raise
            raise together(failures) from None

    def described(
        self, cls: type[Stream], mode: SyncMode = SyncMode.full_refresh, states: ConnectorStateManager | None = None
    ) -> DefaultStream:
        """The CDK's stream for one of ours: its windows as partitions, its state in a `WindowCursor`."""
        stream = cls(self._config)
        states = states or ConnectorStateManager()
        cursor = self._cursor(stream, mode, states) if cls.cursor else None
        windows: Sequence[Period | None] = cursor.periods() if cursor else [None]
        run = self._runs[cls.name] = StreamRun(cls.name, len(windows), self._repository)
        reader = self.reader(stream, run.meter, self._sync(cursor, stream) if cursor else None)
        run.findings = reader.findings
        run.since = cursor.since if cursor else None
        self._readers_of[cls.name] = reader
        return DefaultStream(
            partition_generator=Windows([WindowPartition(run, reader, cursor, window) for window in windows]),
            name=cls.name,
            json_schema=cls.json_schema(),
            primary_key=[cls.primary_key],
            cursor_field=CursorField(cls.cursor) if cls.cursor else None,
            logger=self._logger,
            supports_file_transfer=cls.has_files,
            cursor=cursor or FinalStateCursor(cls.name, None, self._repository),
        )

    def _sync(self, cursor: WindowCursor, stream: Stream) -> Sync | None:
        period = self._config.period(self._now, stream.window.granularity)
        if period is None:
            return None
        start, end = self._config.dates(stream.window.granularity)
        return Sync(period, cursor.periods(), cursor.lookback, start, end, cursor.since, self._now, cursor.dialect)

    def _cursor(self, stream: Stream, mode: SyncMode, states: ConnectorStateManager) -> WindowCursor:
        state: MutableMapping[str, Any] = states.get_stream_state(stream.name, None)
        refreshes = mode is SyncMode.full_refresh
        if refreshes and state:
            goes_on = RefreshCursor.may_go_on_from(state)
            state = state if goes_on else {}
            self._logger.info(f"{stream.name}: full refresh, {_GOES_ON if goes_on else _ANEW}")
        if mode is SyncMode.incremental and stream.lookback < stream.safe_lookback:
            self._logger.warning(
                f"{stream.name}: `lookback_window_minutes` is {stream.lookback // _MINUTE}: calls show up when they "
                f"have ended, so those that last longer are missed. {stream.safe_lookback // _MINUTE} is safe."
            )
        kind = RefreshCursor if refreshes else WindowCursor
        return kind(
            stream=stream,
            state=state,
            period=self._config.period(self._now, stream.window.granularity),
            now=self._now,
            workers=self._workers,
            repository=self._repository,
            manager=states,
        )


def _now() -> datetime:
    return datetime.now(timezone.utc)
