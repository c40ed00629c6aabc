"""One sync on the CDK's concurrent core: what crosses its queue is a page, not a row, and how far a stream has come."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
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
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as as_status

from cdr.airbyte.unread import UnreadAccounts, named
from cdr.http.bodies import parse
from cdr.http.client import Meter
from cdr.normaliser.timestamps import instant
from cdr.reading.context import WindowCount
from cdr.reading.files.stored_files import StoredFile
from cdr.reading.findings import Findings
from cdr.reading.pages.rows import RecordFrame, Rows
from cdr.reading.recordings.recording_reader import RecordingRows
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
    """What the workers of one stream share during a sync: its progress, and whether it has failed.

    accounts: how many it reads; findings: what was found of the vendor, by the account, None where there is one only
    looks_back: whether an earlier sync is gone on from
    """

    def __init__(self, name: str, windows: int, repository: OrderedRepository, accounts: int = 1) -> None:
        self.name = name
        self.meter = Meter()
        self.stopped = threading.Event()
        self.unread = UnreadAccounts(accounts)
        self.findings: dict[str | None, Findings] = {}
        self.looks_back = False
        self._error: Exception | None = None
        self._late = 0
        self._behind = timedelta(0)
        self._windows = self._left = windows
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

    @property
    def error(self) -> Exception | None:
        """Why the stream has failed: as a whole, or for some of its accounts."""
        return self._error or self.unread.error

    def closed(
        self, period: Period | None, count: WindowCount, since: datetime | None = None, account: str | None = None
    ) -> None:
        """Note a window that was read to its end, and say so; `since`: up to when the last sync read."""
        with self._lock:
            self._closed += 1
            self._rows += count.rows
            self._issues.update(count.issues)
            self._late += count.late
            if since is not None and count.late:
                self._behind = max(self._behind, since - instant(count.latest))
            self._left -= 1
            left = self._left
            self.unread.one_was_read()
            if count.total is not None:
                self._stated += count.total
                self._stated_windows += 1
            estimate = self._stated * self._windows // self._stated_windows if self._stated_windows else None
        window = f"window {period}" if period else "the whole list"
        window = window if account is None else f"{named([account])}, {window}"
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

    def is_stopped(self, account: str | None) -> bool:
        """Whether no more windows of an account are to be read."""
        return self.stopped.is_set() or account in self.unread

    def skipped(self) -> None:
        """Note a window that is not read, because its account is not."""
        with self._lock:
            self._left -= 1

    def failed(self, error: Exception, account: str | None = None) -> bool:
        """Note a failure. True where the stream ends by it: the first one does, and the others repeat it.

        Where there are several accounts, one that fails is left out, and the others are read.
        """
        with self._lock:
            is_known = account in self.unread
            goes_on = account is not None and self.unread.add(account, error)
            first = not goes_on and self._error is None
            if goes_on:
                self._left -= 1
            else:
                self._error = self._error or error
                self.stopped.set()
        if goes_on and account is not None and not is_known:
            self._log(Level.WARN, f"{self.name}: {named([account])} is not read any further: {error}")
        return first

    def unavailable(self, error: UnavailableError) -> None:
        with self._lock:
            first = not self.stopped.is_set()
            self.stopped.set()
        if first:
            self._log(Level.WARN, f"{self.name}: {error.message}")

    def summary(self) -> Iterator[AirbyteMessage]:
        """The last lines of a stream: what it came to, and in what the vendor differs from its documents."""
        if warning := self._warning():
            yield _log(Level.WARN, f"{self.name}: {warning}")
        if self.looks_back:
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
        if not self._late:
            return "no row came behind the cursor"
        behind = self._behind // timedelta(minutes=1)
        return f"{self._late} rows came behind the cursor, the furthest {behind} minutes behind it"

    def _warning(self) -> str | None:
        """In what the vendor differs from its documents, in one line for all accounts."""
        differing: dict[str, list[str]] = {}
        for account, findings in self.findings.items():
            if warning := findings.warning():
                differing.setdefault(warning, []).extend([] if account is None else [account])
        lines = [f"{named(accounts)}: {warning}" if accounts else warning for warning, accounts in differing.items()]
        return " ".join(lines) or None

    def _log(self, level: Level, text: str) -> None:
        self._repository.emit_message(_log(level, text))


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
