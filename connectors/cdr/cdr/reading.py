"""Reading one window: every page, in parallel where the first one tells how many, reconciled with the vendor's total.

What changes while a window is read lives in local variables. A reader knows neither the CDK nor any vendor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

from cdr.errors import BodyError, ConfigError, SyncError, TooSlowError, TransientError, UnavailableError
from cdr.lookback import Tallies
from cdr.pages import BARE, Block, Frame, ReadPage, Rows, read_page
from cdr.paginators import Facts, SinglePage
from cdr.reconciling import Pass
from cdr.stream import Quirk, Request, Stream
from cdr.windows import Period

_PASSES = 2
_SHORTEST = timedelta(minutes=1)
_BODY_ATTEMPTS = 4
_SLOW_ATTEMPTS = 2
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_MOST_PAGES = 100_000
# One page that repeats another can be a shift of the list; three in a row are a list that never ends.
_REPEATED_PAGES = 3


class Transport(Protocol):
    """What a reader needs of the client."""

    def get(self, request: Request) -> bytes:
        """The body of a successful answer. Raises ConfigError or TransientError."""


class Refused(Protocol):
    """A refusal that a quirk may answer: the status, and the body's text in lower case."""

    status: int
    text: str


@dataclass
class WindowCount:
    """What a window came to, once it has been read to its end."""

    rows: int = 0
    total: int | None = None
    highest: datetime | None = None
    issues: Counter[str] = field(default_factory=Counter)
    tallies: Tallies = field(default_factory=lambda: Tallies((), ()))


@dataclass(frozen=True)
class Means:
    """What the readers of a session work with.

    pages:     the threads that read pages of a window in parallel
    ahead:     how many pages may be under way, over all windows that are being read
    read_page: what makes rows of the bytes of a page, here or in another process
    frame:     what to put around each row of that stream, where it is known already
    """

    pages: Executor
    ahead: int
    logger: logging.Logger
    read_page: ReadPage = read_page
    frame: Callable[[str], Frame] = lambda _: BARE


class WindowReader:
    """Reads windows of one stream, any number of them at once."""

    def __init__(self, stream: Stream, transport: Transport, means: Means) -> None:
        self._stream = stream
        self._transport = transport
        self._pages = means.pages
        self._ahead = means.ahead
        self._logger = means.logger
        self._plan = stream.plan()
        self._quirks: tuple[Quirk, ...] = ()
        self._timeless: set[str] = set()
        self._windows = 0
        self._lock = threading.Lock()
        self._read_page = means.read_page
        self._frame = means.frame

    def first_page(self, period: Period | None) -> Facts:
        """What the first page of `period` says: enough to prove that the account may read."""
        return self._page(period, 0).facts

    def read(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        """The JSON of every row of `period`, page by page; `count` is filled as they go out.

        No `record_id` comes twice. Rows of buckets in `count.tallies` that are as the last sync found them are left
        out. When the iterator ends without an error, every other row that the vendor has for the window has been given
        out. Raises TransientError with the window and both figures where the vendor's total
        and the rows received disagree twice.
        """
        yield from self._received(period, count)
        for held in count.tallies.changed():
            count.rows += held.count
            yield held

    def _received(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        seen: set[str] = set()
        if isinstance(self._stream.paginator, SinglePage) and period is not None:
            yield from self._whole(period, seen, count)
            return
        for attempt in range(1, _PASSES + 1):
            outcome = Pass()
            yield from self._turn(period, seen, count, outcome)
            if outcome.agrees():
                count.total = outcome.last_total
                return
            again = "; reading it again" if attempt < _PASSES else ""
            self._logger.info(f"{self._stream.name}: window {period}: {outcome.figures()}{again}")
        raise TransientError(
            f"{self._stream.name}: the window {period} does not add up: {outcome.figures()}, read {_PASSES} times. "
            "Its state was not advanced; run the sync again later."
        )

    def _turn(self, period: Period | None, seen: set[str], count: WindowCount, outcome: Pass) -> Iterator[Rows]:
        """All pages of a window, once, in order."""
        paginator = self._stream.paginator
        digests = bool(count.tallies)
        first = self._page(period, 0, digests)
        yield self._fresh(first, seen, count, outcome)
        promised = paginator.pages(first.facts)
        if promised is None:
            index, facts, repeated = 0, first.facts, 0
            while not paginator.ends(index, facts):
                index += 1
                block = self._page(period, index, digests)
                facts = block.facts
                repeated = repeated + 1 if outcome.repeats(block) else 0
                if repeated >= _REPEATED_PAGES or index >= _MOST_PAGES:
                    raise self._endless(period, index)
                yield self._fresh(block, seen, count, outcome)
            return
        if promised > _MOST_PAGES:
            raise self._endless(period, promised)
        for block in self._in_parallel(period, range(1, promised), digests):
            yield self._fresh(block, seen, count, outcome)

    def _in_parallel(self, period: Period | None, indexes: range, digests: bool) -> Iterator[Block]:
        """Pages in order. The windows that are being read share `ahead`; two each keep a request and a reader busy."""
        waiting: deque[Future[Block]] = deque()
        with self._lock:
            self._windows += 1
        try:
            for index in indexes:
                waiting.append(self._pages.submit(self._page, period, index, digests))
                while len(waiting) >= max(2, self._ahead // self._windows):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            with self._lock:
                self._windows -= 1
            for future in waiting:
                future.cancel()

    def _whole(self, period: Period, seen: set[str], count: WindowCount) -> Iterator[Rows]:
        """A window without pages: one body, or two halves where the body is too slow or looks cut off."""
        outcome = Pass()
        divisible = period.length > _SHORTEST
        try:
            block = self._page(period, 0, bool(count.tallies))
        except TooSlowError:
            if not divisible:
                raise
            self._logger.info(f"{self._stream.name}: window {period} was too slow; asking for its halves")
            block = None
        if block is not None and not (divisible and SinglePage.looks_cut(block.facts)):
            yield self._fresh(block, seen, count, outcome)
            return
        for half in period.halves(_SHORTEST):
            yield from self._whole(half, seen, count)
        if block is None:
            return
        inside = {identity for identity, within in zip(block.ids, block.inside, strict=True) if within}
        missing = inside - seen
        if missing:
            raise TransientError(
                f"{self._stream.name}: the window {period} answered {len(inside)} rows at once, but its halves lack "
                f"{len(missing)} of them. Its state was not advanced; run the sync again later."
            )

    def _fresh(self, block: Block, seen: set[str], count: WindowCount, outcome: Pass) -> Rows:
        """The rows of a page that have not gone out yet."""
        outcome.add(block)
        rows = block.rows
        ids = set(block.ids)
        usual = len(ids) == len(block.ids) == rows.count and None not in block.printed and seen.isdisjoint(ids)
        if usual and not count.tallies:
            seen |= ids
        else:
            rows = Rows.of([*self._picked(block, seen, count.tallies)])
        count.rows += rows.count
        count.issues.update(block.issues)
        if block.highest is not None and (count.highest is None or block.highest > count.highest):
            count.highest = block.highest
        return rows

    def _picked(self, block: Block, seen: set[str], tallies: Tallies) -> Iterator[bytes]:
        """The lines of a page that have not gone out yet, one by one."""
        rows = zip(block.ids, block.lines(), block.printed, block.digests, strict=True)
        for identity, line, printed, digest in rows:
            # A row outside the window is not "seen": the other half of the window may be where it belongs.
            if line is None or identity in seen or (printed is None and not self._first_time(identity)):
                continue
            seen.add(identity)
            if not tallies or not tallies.holds(printed, digest, line):
                yield line

    def _first_time(self, identity: str) -> bool:
        """Whether no other window gave out this row, whose time cannot be read and which belongs to none of them."""
        with self._lock:
            known = identity in self._timeless
            self._timeless.add(identity)
            return not known

    def _page(self, period: Period | None, index: int, digests: bool = False) -> Block:
        """One page. A body that is no page is asked for again a few times: it may have been cut on its way."""
        for attempt in range(1, _BODY_ATTEMPTS + 1):
            try:
                body = self._get(period, index)
                return self._read_page(body, self._plan, period, digests, self._frame(self._stream.name))
            except TooSlowError:
                # Where there are no pages, the two halves of the window have better prospects than a repetition.
                if attempt == _SLOW_ATTEMPTS or isinstance(self._stream.paginator, SinglePage):
                    raise
            except BodyError as error:
                fault = error
                if fault.status in _REFUSALS or attempt == _BODY_ATTEMPTS:
                    break
            time.sleep(0.5 * 2 ** (attempt - 1))
        where = f"{self._stream.name}: the vendor answered page {index + 1} of window {period}, but {fault.message}"
        if fault.status in _REFUSALS:
            raise ConfigError(f"{where}; check `credentials` and the rights of the account.")
        if fault.is_html:
            raise ConfigError(f"{where}; check `api_url`, and any proxy on the way.")
        raise TransientError(f"{where}; check `api_url`, or run the sync again later.")

    def _get(self, period: Period | None, index: int) -> bytes:
        """The body of a page, in the form of request that this server takes."""
        if period is None:
            return self.get(self._stream.request(None, index))
        tried: list[Quirk] = []
        while True:
            request = self._stream.request(period, index)
            active = (*self._quirks, *(quirk for quirk in tried if quirk not in self._quirks))
            for quirk in active:
                request = quirk.change(self._stream, request, period)
            try:
                body = self._transport.get(request)
            except ConfigError as refusal:
                answer = self._answer_to(refusal, active)
                if answer is None:
                    raise self._unless_missing(refusal) from None
                tried.append(answer)
                continue
            if tried:
                self._quirks = active
            return body

    def get(self, request: Request) -> bytes:
        """One body. Raises UnavailableError where the server does not have this stream, which not every one has."""
        try:
            return self._transport.get(request)
        except ConfigError as refusal:
            raise self._unless_missing(refusal) from None

    def _unless_missing(self, refusal: ConfigError) -> SyncError:
        if self._stream.missing and getattr(refusal, "status", None) == HTTPStatus.NOT_FOUND:
            return UnavailableError(self._stream.missing)
        return refusal

    def _answer_to(self, refusal: ConfigError, active: tuple[Quirk, ...]) -> Quirk | None:
        status, text = getattr(refusal, "status", None), getattr(refusal, "text", "")
        for quirk in self._stream.quirks:
            if quirk not in active and quirk.status == status and quirk.naming in text:
                return quirk
        return None

    def _endless(self, period: Period | None, pages: int) -> TransientError:
        return TransientError(
            f"{self._stream.name}: the window {period} does not end: page {pages + 1} repeats what was read before. "
            "Its state was not advanced; run the sync again later."
        )
