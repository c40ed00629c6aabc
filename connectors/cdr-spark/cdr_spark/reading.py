"""Reading a task, on whatever machine it lands: the reading path of `main.py read`, without Airbyte's queue.

A window is read by the connector's own reader: authenticator, paginator, fields, retries, reconciliation. What a worker
process keeps from one task to the next are connection and token, for the few accounts that it read last.

To a reader a task is a sync of everything that was asked for, of which these windows alone are left to read: so a row
is read, marked and kept as it would be there. Only what several tasks receive is no sync's matter: `edges.py`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.http.bodies import parse
from cdr.http.client import Client, Meter
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.context import ReadContext, Sync, WindowCount
from cdr.reading.pages.rows import Rows
from cdr.reading.window_reader import WindowReader, reader_of
from cdr.schema.errors import ConfigError, SyncError, TransientError, UnavailableError
from cdr.vendor.request import Request
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period
from cdr_spark.accounts import Account, account
from cdr_spark.edges import Edges
from cdr_spark.planning import Task

LOGGER = logging.getLogger("cdr_spark")
_MOST_SESSIONS = 8
# As in `check`: somebody waits for the plan.
_CHECK = {"attempts": 3, "read_seconds": 30}
_BUDGET_SECONDS = 60.0
_AT_ONCE = 16
_NEVER_AGAIN = datetime.max.replace(tzinfo=timezone.utc)


class _Part(Sync):
    """A sync of which a task reads some windows: what lies beside them is asked for by others."""

    @property
    def reads(self) -> Period:
        return self.period


def part(stream: Stream, task: Task, windows: Sequence[Period]) -> Sync:
    """What these windows of a task are part of. Tasks remember nothing from one query to the next."""
    start, end = stream.config.dates(stream.window.granularity)
    whole = task.whole or Period(windows[0].start, windows[-1].end)
    return _Part(
        whole, windows, Lookback({}, _NEVER_AGAIN), start, end, dialect=task.dialect, found_clock=task.found_clock
    )


class Session:
    """A login that accounts are read with: its client, with the token in it, and the threads that read pages."""

    def __init__(self, one: Account, **patience: Any) -> None:
        self._workers = one.login.integer("num_workers")
        first = one.source.streams[0]
        self._client = Client(one.login, first.authenticator(one.login), LOGGER, resets=first.resets, **patience)
        self._pages = ThreadPoolExecutor(self._workers, thread_name_prefix="pages")
        self._account = one

    def stream(self, task: Task) -> Stream:
        """The stream of a task, of its account."""
        is_same = task.place == self._account.place
        one = self._account if is_same else account(task.place, task.connector, task.share)
        return one.stream(task.stream)

    def ask(self, request: Request) -> Any:
        """The parsed answer to a request."""
        return parse(self._client.get(request, Meter()))[0]

    def reader(self, stream: Stream, sync: Sync | None = None, meter: Meter | None = None) -> WindowReader:
        """A new reader: what it notes of rows that it gave out is good for one reading of a task."""
        transport = self._client.metered(meter or Meter())
        return reader_of(stream)(stream, transport, ReadContext(self._pages, self._workers, LOGGER), sync)

    def close(self) -> None:
        self._pages.shutdown(wait=False, cancel_futures=True)


class Sessions:
    """The sessions of a worker process, the last few of them."""

    def __init__(self, most: int = _MOST_SESSIONS) -> None:
        self._most = most
        self._open: OrderedDict[Hashable, Session] = OrderedDict()

    def of(self, task: Task) -> Session:
        key = (task.place.whole, task.connector, task.share)
        if key not in self._open:
            self._open[key] = Session(account(task.place, task.connector, task.share))
        self._open.move_to_end(key)
        while len(self._open) > self._most:
            self._open.popitem(last=False)[1].close()
        return self._open[key]


_SESSIONS = Sessions()


def read(task: Task, attempt: int = 0, sessions: Sessions = _SESSIONS) -> Iterator[list[bytes]]:
    """The JSON of every row of a task, page by page, each row once.

    attempt: how often the task was tried before. What an earlier attempt has sent still counts against the budget of
             its minute, so a repetition lets that minute pass.

    Raises ConfigError or TransientError with the account and the window, and without secrets.
    """
    _hide_secrets()
    window: Period | None = task.period
    try:
        if attempt and task.share is not None:
            time.sleep(_BUDGET_SECONDS)
        session = sessions.of(task)
        stream = session.stream(task)
        if task.period is None:
            for rows in session.reader(stream).read(None, WindowCount()):
                yield rows.lines()
            return
        windows = task.windows(stream.zone)
        reader = session.reader(stream, part(stream, task, windows))
        edges = _edges(session, stream, task, task.period)
        for window in windows:
            for rows in reader.read(window, WindowCount()):
                yield edges.ours(rows.lines(), everything=reader.ignores_filter)
            reader.closed(window)
        if warning := reader.findings.warning():
            LOGGER.warning(f"{task.label}: {stream.name}: {warning}")
    except UnavailableError as error:
        LOGGER.warning(f"{task.label}: {task.stream}: {error.message}")
    except SyncError as error:
        kind = ConfigError if isinstance(error, ConfigError) else TransientError
        raise kind(_sentence(task, window, error.message)) from None
    except Exception as error:  # noqa: BLE001 - its text may hold anything, and would go to the driver as it is
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({place.name}, {place.filename}:{place.lineno})"
        raise RuntimeError(_sentence(task, window, text)) from None


def _edges(session: Session, stream: Stream, task: Task, period: Period) -> Edges:
    def read(stretch: Period) -> Iterator[Rows]:
        return session.reader(stream, part(stream, task, [stretch])).read(stretch, WindowCount())

    return Edges(stream, period, task.whole or period, read)


def _sentence(task: Task, window: Period | None, message: str) -> str:
    where = f"window {window}" if window else "the whole list"
    return filter_secrets(f"{task.label}: {task.stream}: {where}: {message}")


def ask(one: Account, request: Request) -> Any:
    """The vendor's answer to one request beside those for calls. Raises SyncError."""
    _hide_secrets()
    session = Session(one, **_CHECK)
    try:
        return session.ask(request)
    finally:
        session.close()


class _SharedSessions:
    """One session for all accounts of a login while they are surveyed, closed behind the last of them."""

    def __init__(self, accounts: Iterable[Account], **patience: Any) -> None:
        self._left = Counter((one.place.whole, one.connector) for one in accounts)
        self._open: dict[Hashable, Session] = {}
        self._patience = patience
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def of(self, one: Account) -> Iterator[Session]:
        """The session of an account's login, once an account."""
        key = (one.place.whole, one.connector)
        try:
            with self._lock:
                if key not in self._open:
                    self._open[key] = Session(one, **self._patience)
                session = self._open[key]
            yield session
        finally:
            with self._lock:
                self._left[key] -= 1
                if not self._left[key] and key in self._open:
                    self._open.pop(key).close()


def survey(one: Account, planned: list[Task], now: datetime, session: Session, *, asks: bool) -> list[Task]:
    """The tasks of an account, told what its vendor turned out to do: so all of them read a row as one sync would.

    asks: whether the account has to answer in any case, which proves that it may be read

    Raises SyncError where it cannot be read.
    """
    meter = Meter()
    try:
        if not planned or planned[0].period is None:
            if asks:
                stream = one.source.streams[0](one.config)
                session.reader(stream).first_page(_settled_hour(one, now))
            return planned
        stream = one.stream(planned[0].stream)
        first, last = (planned[number].windows(stream.zone)[number] for number in (0, -1))
        reader = session.reader(stream, part(stream, planned[0], [first] if first == last else [first, last]), meter)
        found_clock = reader.found_clock()
        if asks and not meter.requests:
            reader.first_page(_settled_hour(one, now))
        if warning := reader.findings.warning():
            LOGGER.warning(f"{one}: {stream.name}: {warning}")
        return [replace(task, dialect=reader.dialect(), found_clock=found_clock) for task in planned]
    except UnavailableError:
        return planned  # its tasks say so


def _settled_hour(one: Account, now: datetime) -> Period:
    settled = now - timedelta(seconds=one.config.integer("settling_delay_seconds"))
    return Period(settled - timedelta(hours=1), settled)


def survey_all(planned: Sequence[tuple[Account, list[Task]]], now: datetime, *, asks: bool) -> list[list[Task]]:
    """The tasks of every account, told what their vendors turned out to do.

    Raises ConfigError where an account cannot be read, before any worker finds out: a wrong password is sent once.
    """
    _hide_secrets()
    sessions = _SharedSessions((one for one, _ in planned), **(_CHECK if asks else {}))

    def surveyed(one: Account, planned: list[Task]) -> list[Task] | str:
        try:
            with sessions.of(one) as session:
                return survey(one, planned, now, session, asks=asks)
        except SyncError as error:
            return filter_secrets(f"{one}: {error.message}")

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="survey") as threads:
        found = [*threads.map(lambda pair: surveyed(*pair), planned)]
    failures = [failure for failure in found if isinstance(failure, str)]
    if failures:
        shown = "; ".join(failures[:5]) + ("; …" if len(failures) > 5 else "")  # noqa: PLR2004 - a message, no list
        raise ConfigError(f"{len(failures)} of {len(planned)} accounts cannot be read: {shown}")
    return [tasks for tasks in found if not isinstance(tasks, str)]


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = filter_secrets(record.getMessage()), None
        return True


def _hide_secrets() -> None:
    if not LOGGER.filters:
        LOGGER.addFilter(_WithoutSecrets())
