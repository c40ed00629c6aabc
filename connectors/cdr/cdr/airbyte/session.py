"""One command at work: what its streams share, and how each becomes one of the CDK's, with all its accounts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import zip_longest
from pathlib import Path
from queue import Queue
from typing import Any

from airbyte_cdk.config_observation import create_connector_config_control_message
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusTraceMessage,
    ConfiguredAirbyteCatalog,
    SyncMode,
)
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.thread_pool_manager import ThreadPoolManager
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.utils.files_directory import get_files_directory
from airbyte_cdk.utils import AirbyteTracedException
from typing_extensions import Self

from cdr.airbyte import traces
from cdr.airbyte.accounts import AccountsCursor, AccountStates
from cdr.airbyte.cursor import WindowCursor
from cdr.airbyte.inputs import GivenSource
from cdr.airbyte.partitions import WindowPartition, Windows
from cdr.airbyte.refresh import RefreshCursor
from cdr.airbyte.sync import OrderedRepository, StreamRun, quiet_logger, record_frame
from cdr.airbyte.traces import traced
from cdr.airbyte.unread import error_of, named
from cdr.http.bodies import parse
from cdr.http.client import Client, Meter
from cdr.reading import first_look
from cdr.reading.asking.requester import Transport
from cdr.reading.context import ReadContext, Sync
from cdr.reading.files.file_fetcher import FileFetcher
from cdr.reading.files.stored_files import FileStore
from cdr.reading.pages.workers import PageWorkers
from cdr.reading.window_reader import WindowReader, reader_of
from cdr.schema.errors import SyncError
from cdr.vendor.accounts import accounts_of
from cdr.vendor.config import Config
from cdr.vendor.request import Request
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

_MINUTE = timedelta(minutes=1)
_GOES_ON = "goes on where the last attempt stopped"
_ANEW = "everything is read anew: the given state is complete, or of syncs that read what was new"
_FINISHED = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)


class Session:
    """What the streams of one command share: the client with its tokens, the workers, the clock."""

    def __init__(self, source: GivenSource, config: Config, logger: logging.Logger, **patience: Any) -> None:
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
        self._streams = source.streams
        self._files: ThreadPoolExecutor | None = None
        self._with_files: set[str] = set()
        self._runs: dict[str, StreamRun] = {}
        self._readers_of: dict[str, list[WindowReader]] = {}
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

    def accounts(self) -> dict[str, Config]:
        """A configuration for each account, by its id. Raises SyncError where a vendor that lists them does not."""

        def ask(request: Request) -> Any:
            return parse(self._client.get(request, Meter(), what="the list of accounts"))[0]

        return accounts_of(self._streams[0], self._config, ask)

    def first_look(self, period: Period) -> list[str]:
        """Ask each account once; what is odd about the answers. Raises SyncError that names those that refuse."""
        accounts = self.accounts()
        errors: dict[str, SyncError] = {}

        def asked(account: str) -> str | None:
            try:
                stream = self._streams[0](accounts[account])
                return first_look.sentence(*first_look.times_beyond(stream, self.transport(), period))
            except SyncError as error:
                errors[account] = error
                return None

        first, *others = accounts
        odd = {first: asked(first)}  # with the login: the others need none
        self._queue.maxsize = 0  # a renewed token that is handed back waits for nobody here
        odd |= zip(others, self._windows.map(asked, others), strict=True)
        while not self._queue.empty():
            self._repository.emit_message(self._queue.get())
        if errors:
            raise error_of({account: errors[account] for account in accounts if account in errors}, len(accounts))
        is_one = len(accounts) == 1
        return [
            sentence if is_one else f"Of {named([account])}: {sentence}"
            for account, sentence in odd.items()
            if sentence
        ]

    def streams(
        self, chosen: list[tuple[type[Stream], SyncMode]], manager: ConnectorStateManager
    ) -> list[AbstractStream]:
        """The CDK's streams for ours, with all accounts in each. Raises SyncError where those cannot be listed."""
        accounts = self.accounts()
        return [self._stream(cls, accounts, mode, manager) for cls, mode in chosen]

    def messages(self, streams: list[AbstractStream]) -> Iterator[AirbyteMessage]:
        """Every message of a sync. Raises after the last one where a stream, or an account, has failed."""
        core = ConcurrentSource(
            threadpool=ThreadPoolManager(self._windows, quiet_logger()),
            logger=quiet_logger(),
            queue=self._queue,
            message_repository=self._repository,
            # One worker stays free to read while the others still generate windows.
            initial_number_partitions_to_generate=max(1, self._workers // 2),
        )
        try:
            for message in core.read(streams):
                status = message.trace.stream_status if message.trace else None
                if status is not None and status.status in _FINISHED:
                    yield from self._concluded(status)
                yield message
        except AirbyteTracedException:
            # The core ends a failed sync as a config error whatever failed; the streams know better.
            if not self._failures():
                raise
        if failures := self._failures():
            raise traces.together(failures)

    def _failures(self) -> dict[str, Exception]:
        return {name: run.error for name, run in self._runs.items() if run.error is not None}

    def _concluded(self, status: AirbyteStreamStatusTraceMessage) -> Iterator[AirbyteMessage]:
        """What is said in front of the last status of a stream, which is mended where accounts were not read."""
        name = status.stream_descriptor.name
        run = self._runs[name]
        for reader in self._readers_of[name]:
            reader.conclude()
        yield from run.summary()
        if status.status is AirbyteStreamStatus.COMPLETE and run.error is not None:
            status.status = AirbyteStreamStatus.INCOMPLETE
            yield traced(run.error, name).as_airbyte_message()

    def described(
        self, cls: type[Stream], partitions: Iterable[WindowPartition] = (), cursor: Cursor | None = None
    ) -> DefaultStream:
        """The CDK's stream for one of ours."""
        return DefaultStream(
            partition_generator=Windows(partitions),
            name=cls.name,
            json_schema=cls.json_schema(),
            primary_key=[cls.primary_key],
            cursor_field=CursorField(cls.cursor) if cls.cursor else None,
            logger=self._logger,
            supports_file_transfer=cls.has_files,
            cursor=cursor or FinalStateCursor(cls.name, None, self._repository),
        )

    def _stream(
        self, cls: type[Stream], accounts: Mapping[str, Config], mode: SyncMode, manager: ConnectorStateManager
    ) -> DefaultStream:
        """The stream with the windows of all accounts as partitions, and the state of each in a `WindowCursor`."""
        given, refreshes = self._given_state(cls, mode, manager), mode is SyncMode.full_refresh
        states = AccountStates(cls, [*accounts], given, manager, self._repository, refreshes=refreshes)
        streams = {account: cls(config) for account, config in accounts.items()}
        cursors = {name: self._cursor(stream, mode, states, name) for name, stream in streams.items() if cls.cursor}
        windows: dict[str, Sequence[Period | None]] = {
            account: cursors[account].periods() if cursors else [None] for account in accounts
        }
        run = self._runs[cls.name] = StreamRun(
            cls.name, sum(map(len, windows.values())), self._repository, len(accounts)
        )
        run.looks_back = any(cursor.since is not None for cursor in cursors.values())
        readers = self._readers_of[cls.name] = []
        partitions: list[list[WindowPartition]] = []
        for account, stream in streams.items():
            cursor, label = cursors.get(account), account if len(accounts) > 1 else None
            reader = self.reader(stream, run.meter, self._sync(cursor, stream) if cursor else None)
            readers.append(reader)
            run.findings[label] = reader.findings
            partitions.append([WindowPartition(run, reader, cursor, window, label) for window in windows[account]])
        together = AccountsCursor(cursors, states) if len(cursors) > 1 else None
        return self.described(cls, _in_turn(partitions), together or next(iter(cursors.values()), None))

    def _sync(self, cursor: WindowCursor, stream: Stream) -> Sync | None:
        period = stream.config.period(self._now, stream.window.granularity)
        if period is None:
            return None
        start, end = stream.config.dates(stream.window.granularity)
        return Sync(period, cursor.periods(), cursor.lookback, start, end, cursor.since, self._now, cursor.dialect)

    def _given_state(self, cls: type[Stream], mode: SyncMode, manager: ConnectorStateManager) -> Mapping[str, Any]:
        state: Mapping[str, Any] = manager.get_stream_state(cls.name, None)
        if state and mode is SyncMode.full_refresh:
            goes_on = RefreshCursor.may_go_on_from(state)
            state = state if goes_on else {}
            self._logger.info(f"{cls.name}: full refresh, {_GOES_ON if goes_on else _ANEW}")
        lookback = cls(self._config).lookback
        if mode is SyncMode.incremental and lookback < cls.safe_lookback:
            self._logger.warning(
                f"{cls.name}: `lookback_window_minutes` is {lookback // _MINUTE}: calls show up when they "
                f"have ended, so those that last longer are missed. {cls.safe_lookback // _MINUTE} is safe."
            )
        return state

    def _cursor(self, stream: Stream, mode: SyncMode, states: AccountStates, account: str) -> WindowCursor:
        kind = RefreshCursor if mode is SyncMode.full_refresh else WindowCursor
        return kind(
            stream=stream,
            state=states.of(account),
            period=stream.config.period(self._now, stream.window.granularity),
            now=self._now,
            # Accounts are read side by side: the more there are, the fewer windows keep all workers busy.
            workers=max(1, self._workers // states.number),
            repository=states.outlet,
            manager=states.keeper(account),
        )


def _in_turn(partitions: Iterable[list[WindowPartition]]) -> Iterator[WindowPartition]:
    """One window of each account after the other, so that none waits for another to be read to its end."""
    for in_turn in zip_longest(*partitions):
        yield from (partition for partition in in_turn if partition is not None)


def _now() -> datetime:
    return datetime.now(timezone.utc)
