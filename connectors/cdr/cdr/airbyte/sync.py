"""One sync on the CDK's concurrent core: partitions are windows, and what crosses the queue is a page, not a row."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from queue import Queue
from typing import Any

import orjson
from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteRecordMessage,
    AirbyteRecordMessageFileReference,
    AirbyteStreamStatus,
    AirbyteTraceMessage,
    EstimateType,
    Level,
    StreamDescriptor,
    TraceType,
    Type,
)
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as as_status

from cdr.airbyte.cursor import WindowCursor, as_slice
from cdr.airbyte.traces import traced
from cdr.http.bodies import parse
from cdr.http.client import Meter
from cdr.normaliser.timestamps import instant
from cdr.reading.context import WindowCount
from cdr.reading.findings import Findings
from cdr.reading.pages import RecordFrame, Rows
from cdr.reading.recording_reader import RecordingRows
from cdr.reading.stored_files import StoredFile
from cdr.reading.window_reader import WindowReader
from cdr.schema.errors import UnavailableError
from cdr.vendor.windows import Period


def record_frame(stream: str, file: StoredFile | None = None) -> RecordFrame:
    """What makes a row a message of the protocol, emitted now, with the file that goes with it."""
    head = b'{"type":"RECORD","record":{"stream":"%s","data":' % stream.encode()
    reference = b"" if file is None else b',"file_reference":%s' % orjson.dumps(asdict(_reference(file)))
    return RecordFrame(head, b',"emitted_at":%d%s}}' % (_milliseconds(), reference))


def _reference(file: StoredFile) -> AirbyteRecordMessageFileReference:
    return AirbyteRecordMessageFileReference(
        staging_file_url=file.path, source_file_relative_path=file.relative, file_size_bytes=file.size
    )


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class PageMessage(AirbyteMessage):
    """The rows of one page. It crosses the CDK's queue as one message.

    Whoever wants a message a row takes `records()`; whoever writes to standard output takes `block()`.
    """

    def __init__(self, stream: str, rows: Rows) -> None:
        super().__init__(type=Type.RECORD)
        self.stream = stream
        self.rows = rows
        self._file = rows.file if isinstance(rows, RecordingRows) else None

    def block(self) -> bytes:
        """A line of the protocol for each row."""
        return self.rows.framed(record_frame(self.stream, self._file))

    def records(self) -> Iterator[AirbyteMessage]:
        emitted_at = _milliseconds()
        reference = _reference(self._file) if self._file else None
        for line in self.rows.lines():
            record = AirbyteRecordMessage(
                stream=self.stream, data=parse(line)[0], emitted_at=emitted_at, file_reference=reference
            )
            yield AirbyteMessage(type=Type.RECORD, record=record)


class OrderedRepository(ConcurrentMessageRepository):
    """Messages in the order in which they were made: a worker's behind its rows, the main thread's at once.

    The CDK's repository puts the main thread's messages behind the queue as well, which would let the last state of a
    stream follow its COMPLETE status.
    """

    def __init__(self, queue: Queue[Any]) -> None:
        super().__init__(queue, InMemoryMessageRepository())

    def _put_on_queue(self, message: AirbyteMessage) -> None:
        if threading.get_ident() == self._consumer_thread_id:
            self._pending.append(message)
        else:
            self._queue.put(message)


class StreamRun:
    """What the workers of one stream share during a sync: its progress, and whether it has failed."""

    def __init__(self, name: str, windows: int, repository: OrderedRepository) -> None:
        self.name = name
        self.meter = Meter()
        self.error: Exception | None = None
        self.stopped = threading.Event()
        self.findings: Findings | None = None
        self.since: datetime | None = None
        self._late = 0
        self._latest = "~"
        self._windows = windows
        self._closed = 0
        self._rows = 0
        self._stated = 0
        self._stated_windows = 0
        self._issues: Counter[str] = Counter()
        self._started = time.monotonic()
        self._running = False
        self._repository = repository
        self._lock = threading.Lock()

    def page(self, rows: Rows) -> Iterator[AirbyteMessage]:
        """A page of rows, behind the RUNNING status where it is the stream's first."""
        with self._lock:
            first, self._running = not self._running, True
        if first:
            yield as_status(StreamDescriptor(name=self.name), AirbyteStreamStatus.RUNNING)
        yield PageMessage(self.name, rows)

    def closed(self, period: Period | None, count: WindowCount) -> None:
        """Note a window that was read to its end, and say so."""
        with self._lock:
            self._closed += 1
            self._rows += count.rows
            self._issues.update(count.issues)
            self._late += count.late
            self._latest = min(self._latest, count.latest)
            left = self._windows - self._closed
            if count.total is not None:
                self._stated += count.total
                self._stated_windows += 1
            estimate = self._stated * self._windows // self._stated_windows if self._stated_windows else None
        window = f"window {period}" if period else "the whole list"
        self._log(Level.INFO, f"{self.name}: {window} closed, {count.rows} rows, {left} windows left")
        if estimate is not None and count.total is not None:
            self._repository.emit_message(
                AirbyteMessage(
                    type=Type.TRACE,
                    trace=AirbyteTraceMessage(
                        type=TraceType.ESTIMATE,
                        emitted_at=time.time() * 1000,
                        estimate=AirbyteEstimateTraceMessage(
                            name=self.name, type=EstimateType.STREAM, row_estimate=estimate
                        ),
                    ),
                )
            )

    def failed(self, error: Exception) -> bool:
        """Note a failure. True for the first one: the others, of windows that were under way, repeat it."""
        with self._lock:
            first, self.error = self.error is None, self.error or error
            self.stopped.set()
            return first

    def unavailable(self, error: UnavailableError) -> None:
        with self._lock:
            first = not self.stopped.is_set()
            self.stopped.set()
        if first:
            self._log(Level.WARN, f"{self.name}: {error.message}")

    def summary(self) -> Iterator[AirbyteMessage]:
        """The last lines of a stream: what it came to, and in what the vendor differs from its documents."""
        if self.findings is not None and (warning := self.findings.warning()):
            yield _log(Level.WARN, f"{self.name}: {warning}")
        if self.since is not None:
            yield _log(Level.INFO, f"{self.name}: {self._how_late()}")
        seconds = time.monotonic() - self._started
        issues = ", ".join(f"{name} {rows}" for name, rows in sorted(self._issues.items())) or "none"
        yield _log(
            Level.INFO,
            f"{self.name}: {self._rows} rows in {self._closed} of {self._windows} windows, "
            f"{self.meter.requests} requests, {self.meter.retries} of them retries, {seconds:.1f} seconds, "
            f"rows with issues: {issues}",
        )

    def _how_late(self) -> str:
        """How many rows came behind the cursor: the evidence from which `lookback_window_minutes` can be set."""
        if not self._late or self.since is None:
            return "no row came behind the cursor"
        behind = (self.since - instant(self._latest)) // timedelta(minutes=1)
        return f"{self._late} rows came behind the cursor, the furthest {behind} minutes behind it"

    def _log(self, level: Level, text: str) -> None:
        self._repository.emit_message(_log(level, text))


class WindowPartition(Partition):
    """One window of one stream. `given_up` says that it was not read to its end, and must not enter the state."""

    def __init__(
        self,
        run: StreamRun,
        reader: WindowReader,
        cursor: WindowCursor | None,
        period: Period | None,
    ) -> None:
        self._run = run
        self._reader = reader
        self._cursor = cursor
        self.period = period
        self.given_up = False

    # The CDK types this as records; its queue takes messages as well, and a page is one message.
    def read(self) -> Iterable[Any]:
        self.given_up = True
        if self._run.stopped.is_set():
            return
        count = WindowCount()
        try:
            for rows in self._reader.read(self.period, count):
                if rows.count:
                    yield from self._run.page(rows)
                    # What was yielded is on the queue by now, and the state comes behind it.
                    if self._reader.sent(rows) and self._cursor is not None:
                        self._cursor.checkpoint()
                if self._run.stopped.is_set():
                    return
        except UnavailableError as error:
            self._run.unavailable(error)
            return
        except Exception as error:
            if self._run.failed(error):
                raise traced(error, self._run.name) from error
            return
        if self._cursor is not None and self.period is not None:
            self._reader.closed(self.period)
            self._cursor.dialect = self._reader.dialect()
            self._cursor.note_highest(self, count.highest)
        self.given_up = False
        self._run.closed(self.period, count)

    def to_slice(self) -> Mapping[str, Any]:
        return as_slice(self.period) if self.period else {}

    def stream_name(self) -> str:
        return self._run.name

    def __hash__(self) -> int:
        return hash((self._run.name, self.period))


class Windows(PartitionGenerator):
    """The partitions of a stream, known before the sync starts, so that every log line can say how many are left."""

    def __init__(self, partitions: Iterable[WindowPartition]) -> None:
        self._partitions = partitions

    def generate(self) -> Iterable[Partition]:
        return iter(self._partitions)


def _log(level: Level, text: str) -> AirbyteMessage:
    return AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=level, message=filter_secrets(text)))


def quiet_logger() -> logging.Logger:
    """The logger of the concurrent core, without what it cannot know or says twice.

    It counts pages where it says records, and prints the stack of an error whose trace it sends as well.
    """
    logger = logging.getLogger("airbyte.cdr.sync")
    if not logger.filters:
        logger.addFilter(lambda record: not (record.exc_info or record.getMessage().startswith("Read ")))
    return logger
