"""Reading a task, on whatever machine it lands: the reading path of `main.py read`, without Airbyte's queue.

A window is read by the connector's own reader: authenticator, paginator, fields, retries, reconciliation. What a worker
process keeps from one task to the next are connection and token, for the few accounts that it read last.

A row whose time cannot be read belongs to no window, and the vendor may send it with several of them. A sync gives it
out with the first; tasks know nothing of each other, so here the window in front decides: a task that meets such a row
asks for that one as well, and leaves out what is in it. A vendor sends a row with windows that lie side by side, so
exactly one task keeps it, whatever runs twice.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.client import Client, Meter
from cdr.errors import ConfigError, SyncError, TransientError, UnavailableError
from cdr.pages import parse
from cdr.reading import Means, WindowCount, WindowReader
from cdr.stream import Stream
from cdr.windows import Period
from cdr_spark.accounts import Account, account
from cdr_spark.planning import Task

LOGGER = logging.getLogger("cdr_spark")
_MOST_SESSIONS = 8
# As in `check`: somebody waits for the plan.
_CHECK = {"attempts": 3, "read_seconds": 30}
_BUDGET_SECONDS = 60.0


class Session:
    """An account that is being read: its client, with the token in it, and the threads that read pages."""

    def __init__(self, one: Account, **patience: int) -> None:
        self._workers = one.config.integer("num_workers")
        self._client = Client(one.config, one.source.streams[0].authenticator(one.config), LOGGER, **patience)
        self._pages = ThreadPoolExecutor(self._workers, thread_name_prefix="pages")
        self.account = one

    def reader(self, stream: Stream) -> WindowReader:
        """A new reader: what it notes of rows that it gave out is good for one reading of a task."""
        transport = self._client.metered(Meter())
        return stream.reader()(stream, transport, Means(self._pages, self._workers, LOGGER))

    def close(self) -> None:
        self._pages.shutdown(wait=False, cancel_futures=True)


class Sessions:
    """The sessions of a worker process, the last few of them."""

    def __init__(self, most: int = _MOST_SESSIONS) -> None:
        self._most = most
        self._open: OrderedDict[Task, Session] = OrderedDict()

    def of(self, task: Task) -> Session:
        key = Task(task.place, task.connector, "", "", share=task.share)
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
        stream = session.account.stream(task.stream)
        reader = session.reader(stream)
        if task.period is None:
            for rows in reader.read(None, WindowCount()):
                yield rows.lines()
            return
        elsewhere = _Elsewhere(session, stream, task.before)
        for window in task.windows(stream.zone):
            for rows in reader.read(window, WindowCount()):
                yield elsewhere.without(rows.lines())
    except UnavailableError as error:
        LOGGER.warning(f"{task.label}: {task.stream}: {error.message}")
    except SyncError as error:
        kind = ConfigError if isinstance(error, ConfigError) else TransientError
        raise kind(_sentence(task, window, error.message)) from None
    except Exception as error:  # noqa: BLE001 - its text may hold anything, and would go to the driver as it is
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({place.name}, {place.filename}:{place.lineno})"
        raise RuntimeError(_sentence(task, window, text)) from None


def _sentence(task: Task, window: Period | None, message: str) -> str:
    where = f"window {window}" if window else "the whole list"
    return filter_secrets(f"{task.label}: {task.stream}: {where}: {message}")


class _Elsewhere:
    """Knows which rows without a time the window in front of a task gives out."""

    def __init__(self, session: Session, stream: Stream, before: Period | None) -> None:
        self._session = session
        self._stream = stream
        self._before = before
        self._cursor = stream.cursor or ""
        self._empty = f'"{self._cursor}":null,'.encode()
        self._known: set[str] | None = set() if before is None else None

    def without(self, lines: list[bytes]) -> list[bytes]:
        """The lines less those of rows that an earlier task gives out."""
        return [line for line in lines if not (self._empty in line and self._is_elsewhere(line))]

    def _is_elsewhere(self, line: bytes) -> bool:
        identity = self._timeless(line)
        if identity is None:
            return False
        if self._known is None:
            reader = self._session.reader(self._stream)
            pages = reader.read(self._before, WindowCount())
            self._known = {found for rows in pages for one in rows.lines() if (found := self._timeless(one))}
        return identity in self._known

    def _timeless(self, line: bytes) -> str | None:
        """The id of a row without a time; None for any other."""
        row = parse(line) if self._empty in line else {}
        return str(row[self._stream.primary_key]) if row and row[self._cursor] is None else None


def check(one: Account, now: datetime) -> str | None:
    """Why an account cannot be read, in one sentence; None where the vendor answers. One request, and the login."""
    _hide_secrets()
    settled = now - timedelta(seconds=one.config.integer("settling_delay_seconds"))
    try:
        session = Session(one, **_CHECK)
        try:
            stream = one.source.streams[0](one.config)
            session.reader(stream).first_page(Period(settled - timedelta(hours=1), settled))
        finally:
            session.close()
    except SyncError as error:
        return filter_secrets(f"{one}: {error.message}")
    return None


def check_all(accounts: list[Account], now: datetime) -> None:
    """Raise ConfigError where an account cannot be read, before any worker finds out: a wrong password is sent once."""
    with ThreadPoolExecutor(min(16, len(accounts)), thread_name_prefix="check") as threads:
        failures = [failure for failure in threads.map(lambda one: check(one, now), accounts) if failure]
    if failures:
        shown = "; ".join(failures[:5]) + ("; …" if len(failures) > 5 else "")  # noqa: PLR2004 - a message, no list
        raise ConfigError(f"{len(failures)} of {len(accounts)} accounts cannot be read: {shown}")


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = filter_secrets(record.getMessage()), None
        return True


def _hide_secrets() -> None:
    if not LOGGER.filters:
        LOGGER.addFilter(_WithoutSecrets())
