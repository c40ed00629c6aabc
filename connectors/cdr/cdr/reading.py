"""Reading the windows of one stream: their pages, held against the vendor's totals, every row accounted for.

What changes while a window is read lives in local variables. A reader knows neither the CDK nor any vendor.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from cdr.accounting import Accounting, Given
from cdr.errors import SyncError, TooLargeError, TooSlowError, TransientError
from cdr.findings import Finding, Findings
from cdr.lookback import Lookback
from cdr.pages import BARE, Block, Frame, ReadPage, Rows, read_page
from cdr.paginators import Facts
from cdr.reconciling import Reading
from cdr.requesting import Requester, Transport
from cdr.scope import FAR, Scope
from cdr.scouting import Scout
from cdr.stream import Request, Stream
from cdr.windows import Period

_SHORTEST_SLOW = timedelta(minutes=1)
_MOST_PAGES = 100_000
_SMALLEST_SUSPECT = 10  # rows: a smaller page that comes again is one that the server repeats behind its end
_ELSEWHERE = timedelta(days=7)
_EMPTY_IS_NO_ANSWER = 20  # rows that were there before
_LOOKED_AT = 3  # of the newest windows
_A_FEW = 2


@dataclass
class WindowCount:
    """What a window came to, once it has been read to its end.

    rows: given out; total: as the vendor stated it; unchanged: rows left out because the last sync sent them as they are
    """

    rows: int = 0
    total: int | None = None
    unchanged: int = 0
    highest: datetime | None = None
    issues: Counter[str] = field(default_factory=Counter)


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


@dataclass(frozen=True)
class Sync:
    """What one sync of a stream is for.

    period:   from `start_date` to `end_date`, or to the settled moment
    windows:  what it reads, in order; neighbours share an edge, or leave out what was read before
    lookback: what the last sync remembered
    start, end: the dates that were given
    dialect:  what earlier syncs found out about the vendor
    """

    period: Period
    windows: Sequence[Period]
    lookback: Lookback
    start: datetime | None = None
    end: datetime | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> Period:
        return Period(self.windows[0].start, self.windows[-1].end)

    @classmethod
    def of_one(cls, period: Period) -> Sync:
        """Of a single window, by itself."""
        return cls(period, [period], Lookback({}, period.end))


class _FilterIgnoredError(Exception):
    """Two requests for stretches that do not overlap brought the same row."""


class _PagesIgnoredError(Exception):
    """The second page is the first one again."""


class WindowReader:
    """Reads windows of one stream, any number of them at once.

    sync: what the windows are part of; None where only a first page is asked for
    """

    def __init__(self, stream: Stream, transport: Transport, means: Means, sync: Sync | None = None) -> None:
        self.findings = Findings()
        self._stream = stream
        self._pages = means.pages
        self._ahead = means.ahead
        self._logger = means.logger
        self._read_page = means.read_page
        self._frame = means.frame
        self._sync = sync
        self._requester = Requester(stream, transport, self.findings, sync.dialect.get("forms") if sync else None)
        self._scout = Scout(stream, self._requester, self.findings, sync.dialect if sync else {})
        self._plan = stream.plan()
        self._accounting = self._made_accounting() if sync and sync.windows else None
        self._windows_open = 0
        self._lock = threading.Lock()
        self._largest_figure = 0
        self._largest_page = 0
        self._first_index = 0
        self._zero_asked = False
        self._filter_is_ignored: bool | None = None
        self._totals_are_of_the_account: bool | None = None
        self._all_is_read = False
        self._failure: SyncError | None = None
        self._one_reads_all = threading.Lock()
        self._one_asks_elsewhere = threading.RLock()
        self._one_prepares = threading.Lock()
        self._is_prepared = False
        self._received: dict[Period, int] = {}
        self._issues: Counter[str] = Counter()

    # --- what others ask of a reader ---

    def first_page(self, period: Period | None) -> Facts:
        """What the first page of `period` says: enough to prove that the account may read."""
        return self._page(period, 0).facts

    def read(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        """The JSON of every row of a window, page by page; `count` is filled as they go out.

        When the iterator ends without an error, every row that the vendor has for the window has been given out, by
        this window or by another one, or is as the last sync sent it. Raises TransientError with the window and the
        figures where the answers contradict each other.
        """
        if period is None:
            yield from self._list(count)
            return
        self._prepare()
        for stretch in self._stretches(period):
            yield from self._stretch(stretch, period, count)
        with self._lock:
            self._received[period] = count.rows + count.unchanged
            self._issues.update(count.issues)

    def closed(self, period: Period) -> None:
        """Take note that the rows of a window are on their way out before its state."""
        if self._accounting:
            self._accounting.close(period)

    def dialect(self) -> dict[str, Any]:
        """What was found out about the vendor and is worth to be known by the next sync."""
        forms = self._requester.forms
        return {**({"forms": forms} if forms else {}), **self._scout.remembered()}

    def conclude(self) -> None:
        """Say what only the whole sync shows."""
        odd = self._issues["time_unreadable"] + self._issues["time_mismatch"]
        if odd and not self._scout.zone:
            self.findings.add(
                Finding(
                    "date_order",
                    "times in the documented form, the month where it is documented",
                    f"prints {odd} times that cannot be read so, or that the calls' ids contradict",
                    effect="they have `time_unreadable` or `time_mismatch`",
                )
            )
        if self._sync is None or not self._sync.windows or self._sync.reads.length < timedelta(days=3):
            return
        rows = sum(self._received.values())
        newest = sum(n for window, n in self._received.items() if window.end > self._sync.reads.end - timedelta(days=1))
        if rows == 0 and self._scout.account_has_calls:
            self.findings.add(
                Finding(
                    "filter",
                    "calls of the period asked for",
                    f"sent nothing for {self._sync.reads}, although it states that the account has calls",
                    advice="check `start_date` and the rights of the user",
                )
            )
        if rows and newest and rows - newest <= _A_FEW < newest and len(self._received) > 1:
            self.findings.add(
                Finding(
                    "cap",
                    "calls of every day asked for",
                    f"sent calls of the newest day only, of {self._sync.reads}",
                    advice="it may limit this account's requests to a day: compare with the vendor's portal",
                )
            )

    # --- windows ---

    def _prepare(self) -> None:
        """Find out, before the first row goes out, what the rows show of the vendor's clock."""
        with self._one_prepares:
            if self._is_prepared or self._sync is None:
                return
            self._scout.look([self._widened(window) for window in self._sync.windows], self._plan)
            if self._scout.zone or self._requester.zone:
                self._plan = self._stream.plan(self._scout.zone, self._requester.zone)
            self._is_prepared = True

    def _made_accounting(self) -> Accounting:
        assert self._sync  # noqa: S101 - for the type checker
        window, zone = self._stream.window, self._stream.zone
        hour = Period(self._sync.period.start, self._sync.period.start + timedelta(hours=1))
        reach = window.covers(hour, zone).length + 2 * window.wider
        return Accounting(self._sync.windows, reach, self._sync.lookback, self._plan.key, self._plan.normaliser)

    def _stretches(self, window: Period) -> Iterator[Period]:
        """A window, and at the edges of the sync what only a server that differs has there."""
        yield window
        if self._sync is None:
            return
        shift, reads = self._scout.shift, self._sync.reads
        if shift and window.start == reads.start:
            yield Period(window.start - shift, window.start)
        behind = self._stream.window.behind if self._sync.end and self._sync.period.end >= self._sync.end else None
        behind = max(shift, behind or timedelta(0))
        if behind and window.end == reads.end:
            yield Period(window.end, window.end + behind)

    def _stretch(self, stretch: Period, window: Period, count: WindowCount) -> Iterator[Rows]:
        if not self._filter_is_ignored:
            try:
                yield from self._settled(stretch, window, count)
                return
            except _FilterIgnoredError:
                pass
        yield from self._everything(window, count)

    def _settled(self, period: Period, window: Period, count: WindowCount) -> Iterator[Rows]:
        """All rows of a stretch: read again or in halves until nothing is doubtful."""
        reading = Reading()
        try:
            yield from self._turn(period, window, reading, count)
        except (TooSlowError, TooLargeError, _PagesIgnoredError) as error:
            yield from self._halves_of(period, window, count, error)
            return
        if not reading.agrees():
            yield from self._again(period, window, reading, count)
        if period == window:
            self._refuse_an_empty_answer(period, reading)
            count.total = None if self._stated(reading) is None else max(count.rows, reading.total or 0)
            if self._stream.window.knows_days_only and count.total is not None:
                count.total = count.rows  # the vendor's figure counts the days around the window too
        yield from self._doubted(period, window, reading, count)

    def _halves(self, period: Period, shortest: timedelta | None = None) -> tuple[Period, Period] | None:
        window = self._window()
        smallest = max(window.smallest, shortest or window.smallest)
        return period.halves(smallest) if period.length > smallest else None

    def _window(self) -> Any:
        form = self._requester.window_form
        return form.window if form else self._stream.window

    def _halves_of(self, period: Period, window: Period, count: WindowCount, error: Exception) -> Iterator[Rows]:
        """A stretch whose answer is too large, too slow, or has one page for all: its halves."""
        halves = self._halves(period, _SHORTEST_SLOW if isinstance(error, TooSlowError) else None)
        if halves is None:
            if isinstance(error, SyncError):
                raise error
            raise self._endless(period)
        reason = "has no second page" if isinstance(error, _PagesIgnoredError) else str(error).split(";")[0]
        self._logger.info(f"{self._stream.name}: window {period}: {reason}; asking for its halves")
        if isinstance(error, _PagesIgnoredError):
            self.findings.add(
                Finding("page_size", "pages", "sends the first page whatever page is asked for", effect="more requests")
            )
        for half in halves:
            yield from self._settled(half, window, count)

    def _again(self, period: Period, window: Period, reading: Reading, count: WindowCount) -> Iterator[Rows]:
        """A second reading, page after page in order: with parallel pages a new call shifts a row past the reader."""
        if self._total_is_of_the_account(period, reading):
            return
        self._logger.info(f"{self._stream.name}: window {period}: {reading.figures()}; reading it again")
        parts, agreed, least = self._halves(period) or (period,), True, 0
        for part in parts:
            second = Reading()
            yield from self._turn(part, window, second, count, in_order=True)
            agreed = agreed and second.reaches_least()
            least += second.least_total or 0
            reading.join(second)
            figures = second.figures()
        if not agreed and (reading.received < least or self._stream.window.knows_days_only or len(parts) == 1):
            if len(parts) == 1 and reading.received >= least:
                return
            raise TransientError(
                f"{self._stream.name}: the window {period} does not add up: {figures}, read twice. "
                "Its state was not advanced; run the sync again later."
            )

    def _total_is_of_the_account(self, period: Period, reading: Reading) -> bool:
        """Whether the stated total does not follow the filter: another stretch then states the same."""
        with self._one_asks_elsewhere:
            if self._totals_are_of_the_account is None:
                total = reading.first_total or 0
                if reading.received >= total:
                    return False
                try:
                    other = self._page(self._elsewhere(period), 0, once=True).facts
                except SyncError:
                    return False
                self._totals_are_of_the_account = other.total is not None and other.rows < other.total >= total
                if self._totals_are_of_the_account:
                    self.findings.add(
                        Finding(
                            "total",
                            "the total of the period asked for",
                            f"states {other.total} for every period, the total of the account",
                            effect="a window's rows cannot be held against it",
                        )
                    )
            return self._totals_are_of_the_account

    def _refuse_an_empty_answer(self, period: Period, reading: Reading) -> None:
        """Nothing came for a stretch in which the last sync found calls: the newest window tells what that is worth."""
        remembered = self._sync.lookback.remembered(period) if self._sync else 0
        if reading.received or remembered < _EMPTY_IS_NO_ANSWER or self._sync is None:
            return
        newest = [window for window in self._sync.windows[-_LOOKED_AT:] if window != period]
        if any(self._page(window, self._first_index).ids for window in reversed(newest)):
            self.findings.add(
                Finding(
                    "retention",
                    "calls that were there before",
                    f"sends none for {period} any more, where the last sync found {remembered}",
                )
            )
            return
        raise TransientError(
            f"{self._stream.name}: the vendor sends no call for {period}, where the last sync found {remembered}. "
            "Its state was not advanced. If the account was really purged, reset this stream (clear its state) and "
            "sync again."
        )

    # --- doubt about ends ---

    def _doubted(self, period: Period, window: Period, reading: Reading, count: WindowCount) -> Iterator[Rows]:
        """More requests where an answer may have been cut off: a round figure, or fewer rows than are remembered."""
        figure = reading.figure
        with self._lock:
            is_suspect = _is_round(figure) and figure >= self._largest_figure
            self._largest_figure = max(self._largest_figure, figure)
        remembered = self._sync.lookback.remembered(period) if self._sync and period == window else 0
        if is_suspect or (0 < reading.received < remembered):
            yield from self._proven(period, window, reading, count, beside=(), is_round=is_suspect)

    def _proven(
        self,
        period: Period,
        window: Period,
        reading: Reading,
        count: WindowCount,
        *,
        beside: Sequence[Period],
        is_round: bool,
    ) -> Iterator[Rows]:
        """Ask for the halves; a half that brings as many as its whole again may have been cut off as well."""
        figure = reading.figure
        halves = self._halves(period)
        if halves is None:
            yield from self._held_against(period, window, figure, beside, count)
            return
        if reading.total is not None and not self._stream.window.knows_days_only:
            totals = [self._page(half, self._first_index).facts.total or 0 for half in halves]
            if sum(totals) <= figure and max(totals) < figure:
                return
        parts: list[tuple[Period, Reading]] = []
        whole = Reading()
        whole.join(reading)
        for half in halves:
            part = Reading()
            try:
                yield from self._turn(half, window, part, count)
            except (TooSlowError, TooLargeError, _PagesIgnoredError) as error:
                yield from self._halves_of(half, window, count, error)
                continue
            if not part.agrees():
                yield from self._again(half, window, part, count)
            parts.append((half, part))
            whole.join(part)
        cut = whole.received > reading.received
        if cut:
            self._note_cut(figure)
        with self._lock:
            self._largest_figure = max([self._largest_figure, *(part.figure for _, part in parts)])
        for half, part in parts:
            others = [other for other, read in parts if other != half and read.received]
            if part.received and part.figure >= figure and (cut or is_round):
                yield from self._proven(half, window, part, count, beside=[*others, *beside], is_round=True)

    def _note_cut(self, figure: int) -> None:
        self.findings.add(
            Finding(
                "cap",
                "every call of the period asked for",
                f"cuts answers off at {figure} rows",
                effect="windows were asked for in halves",
            )
        )

    def _held_against(
        self, period: Period, window: Period, figure: int, beside: Sequence[Period], count: WindowCount
    ) -> Iterator[Rows]:
        """The narrowest stretch still brings a suspicious figure: ask for it together with a neighbour."""
        if not beside:
            self.findings.add(
                Finding(
                    "cap",
                    "a figure that is no round number",
                    f"sends {figure} calls for {period} alone, and whether there are more could not be told",
                )
            )
            return
        both = Period(min(period.start, beside[0].start), max(period.end, beside[0].end))
        together = Reading()
        yield from self._turn(both, window, together, count)
        if together.figure <= figure:
            raise TransientError(
                f"{self._stream.name}: the vendor sends {figure} calls for {period}, and as many for {both}: it cuts "
                "its answers off, and no narrower period can be asked for. The state was not advanced."
            )

    # --- pages ---

    def _turn(
        self, period: Period, window: Period, reading: Reading, count: WindowCount, *, in_order: bool = False
    ) -> Iterator[Rows]:
        """All pages of a stretch, once; each is counted and its rows are accounted for."""
        keeps_all = self._sync is not None and window.start >= self._sync.lookback.keeps_from
        for index, block in self._blocks(period, reading, in_order=in_order):
            if any(place & FAR for place in block.places):
                self._weigh_the_filter(period, index, block)
            if self._totals_are_of_the_account:
                block.facts = replace(block.facts, total=None)
            reading.add(block)
            if self._accounting is None:
                yield self._noted(block, Given(block.rows, range(len(block.ids))), count)
                continue
            completed = self._completed(block)
            yield self._noted(completed, self._accounting.given(completed, window, keeps_all=keeps_all), count)

    def _completed(self, block: Block) -> Block:
        """What a subclass adds to the rows of a page before they are weighed and given out."""
        return block

    def _new_rows(self, block: Block) -> list[int]:
        """The places of those rows of a page that have not gone out in this sync."""
        if self._accounting is None:
            return [*range(len(block.ids))]
        return self._accounting.new_rows(block)

    def _noted(self, block: Block, given: Given, count: WindowCount) -> Rows:
        count.rows += given.rows.count
        count.unchanged += given.unchanged
        going = None if given.rows is block.rows else set(given.indexes)
        for index, issues in block.issues.items():
            if going is None or index in going:
                count.issues.update(issues)
        if block.highest is not None and (count.highest is None or block.highest > count.highest):
            count.highest = block.highest
        return given.rows

    def _blocks(
        self, period: Period | None, reading: Reading, *, in_order: bool = False
    ) -> Iterator[tuple[int, Block]]:
        """The pages of a stretch in order, up to the last one."""
        if in_order and self._stream.paginator.counts_from_one and not self._zero_asked:
            self._ask_page_zero(period, reading)
        start = self._first_index
        first = self._page(period, start)
        yield start, first
        if not self._stream.paginator.has_pages or not first.ids:
            return
        promised, granted = self._promised(first), first.facts.rows
        if promised is not None and not in_order:
            blocks: Iterator[Block] = self._in_parallel(period, range(start + 1, start + promised), granted)
        else:
            blocks = (self._next_page(period, index, granted, reading) for index in itertools.count(start + 1))
        previous = first
        for number in range(1, _MOST_PAGES):
            block = None if promised is not None and number >= promised else next(blocks, None)
            if block is None or self._is_behind_the_end(number, block, previous, in_order=in_order):
                return
            yield start + number, block
            previous = block
            if promised is not None and in_order:
                # A list that grew has more pages by now.
                grown = self._stream.paginator.pages(replace(block.facts, rows=granted))
                promised = max(promised, grown or 0)
        raise self._endless(period)

    def _promised(self, first: Block) -> int | None:
        promised = None if self._totals_are_of_the_account else self._stream.paginator.pages(first.facts)
        if promised is not None and promised > _MOST_PAGES:
            raise self._endless(None)
        with self._lock:
            self._largest_page = max(self._largest_page, first.facts.rows)
        return promised

    def _is_behind_the_end(self, number: int, block: Block, previous: Block, *, in_order: bool) -> bool:
        """An empty page is the end, and one that repeats the page before it; a second that is the first may be none."""
        if not block.ids:
            return True
        if block.ids != previous.ids or block.calls != previous.calls:
            return False
        suspect = len(block.ids) >= max(_SMALLEST_SUSPECT, self._largest_page)
        if number == 1 and suspect and not in_order:
            raise _PagesIgnoredError
        return True

    def _next_page(self, period: Period | None, index: int, granted: int, reading: Reading) -> Block:
        """A page behind the first. Where nothing says how many there are, a refusal can mean that there are no more."""
        try:
            return self._page(period, index, granted)
        except SyncError as refusal:
            untold = reading.total is None or self._totals_are_of_the_account or reading.received >= reading.total
            if refusal.status == HTTPStatus.NOT_FOUND and untold:
                return Block(Facts(0))
            if refusal.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and period:
                raise _PagesIgnoredError from refusal
            raise

    def _ask_page_zero(self, period: Period | None, reading: Reading) -> None:
        """The page in front of the first one, for servers that count from 0 whatever they document."""
        self._zero_asked = True
        try:
            zero, one = self._page(period, -1, once=True), self._page(period, 0)
        except SyncError:
            return
        if zero.ids and not reading.holds_all(zero.ids) and set(zero.ids).isdisjoint(one.ids):
            self._first_index = -1
            self.findings.add(Finding("page_size", "pages that are counted from 1", "counts its pages from 0"))

    def _in_parallel(self, period: Period | None, indexes: range, granted: int) -> Iterator[Block]:
        """Pages in order. The windows that are being read share `ahead`; two each keep a request and a reader busy."""
        waiting: deque[Future[Block]] = deque()
        with self._lock:
            self._windows_open += 1
        try:
            for index in indexes:
                waiting.append(self._pages.submit(self._parallel_page, period, index, granted))
                while len(waiting) >= max(2, self._ahead // self._windows_open):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            with self._lock:
                self._windows_open -= 1
            for future in waiting:
                future.cancel()

    def _parallel_page(self, period: Period | None, index: int, granted: int) -> Block:
        try:
            return self._page(period, index, granted)
        except SyncError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return Block(Facts(0))  # the totals say whether something is missing
            raise

    def _page(self, period: Period | None, index: int, granted: int | None = None, *, once: bool = False) -> Block:
        scope, asked, digests = None, period, False
        if period is not None and self._sync is not None:
            asked = self._widened(period)
            scope = self._scope(period, asked)
            digests = self._needs_digests(asked)
        read = self._read_page

        def parsed(body: bytes) -> Block:
            return read(body, self._plan, scope, digests, self._frame(self._stream.name))

        kept = self._scout.taken(asked, index)
        if kept is not None:
            return parsed(kept)
        return self._requester.page(asked, index, parsed, granted=granted, once=once)

    def _widened(self, period: Period) -> Period:
        """What is asked for where a sync begins or ends, and the filter knows days only."""
        sync, wider = self._sync, self._stream.window.wider
        if sync is None or not wider:
            return period
        starts = period.start == sync.period.start
        ends = sync.end is not None and period.end == sync.period.end
        return Period(period.start - wider * starts, period.end + wider * ends)

    def _scope(self, period: Period, asked: Period) -> Scope:
        assert self._sync  # noqa: S101 - for the type checker
        if self._filter_is_ignored:
            reads = self._sync.reads
            return Scope(reads, reads, reads, self._sync.start, self._sync.end)
        covers = self._window().covers(asked, self._stream.zone)
        is_sure = self._scout.is_proven or not self._stream.window.knows_days_only
        return Scope(period, covers, self._sync.period, self._sync.start, self._sync.end, is_sure)

    def _needs_digests(self, asked: Period) -> bool:
        assert self._sync  # noqa: S101 - for the type checker
        lookback = self._sync.lookback
        covers = self._window().covers(asked, self._stream.zone)
        return bool(lookback.known) or covers.end > lookback.keeps_from

    # --- a server that ignores its filter ---

    def _elsewhere(self, period: Period) -> Period:
        """A stretch that no request for `period` reaches."""
        distance = period.length + _ELSEWHERE + 2 * self._stream.window.wider
        return Period(period.start - distance, period.end - distance)

    def _weigh_the_filter(self, period: Period, index: int, block: Block) -> None:
        """Rows came that nobody asked for: one request for another stretch tells whether they always come."""
        with self._one_asks_elsewhere:
            if self._filter_is_ignored is None:
                try:
                    other = self._page(self._elsewhere(period), index, block.facts.rows, once=True)
                except SyncError:
                    other = Block(Facts(0))
                pairs = set(zip(block.ids, block.calls, strict=True))
                self._filter_is_ignored = bool(pairs & set(zip(other.ids, other.calls, strict=True)))
                if self._filter_is_ignored:
                    self.findings.add(
                        Finding(
                            "filter",
                            "calls of the period asked for",
                            "ignores its date filter and sends everything for every period",
                            effect="everything is read, once, and sorted out here",
                        )
                    )
                else:
                    self.findings.add(
                        Finding(
                            "clock",
                            "times within the period asked for",
                            f"prints times far outside it, for {period}",
                            effect="the calls are given out; where no clock of a call lies within `start_date` to "
                            "`end_date` it has `time_outside_window`",
                        )
                    )
        if self._filter_is_ignored:
            raise _FilterIgnoredError

    def _everything(self, window: Period, count: WindowCount) -> Iterator[Rows]:
        """All that the server has, once for all windows of the sync. One window reads it, the others wait."""
        assert self._sync  # noqa: S101 - for the type checker
        assert self._accounting  # noqa: S101 - for the type checker
        with self._one_reads_all:
            if self._failure is not None:
                raise self._failure
            if self._all_is_read:
                return
            try:
                yield from self._whole_list(window, count)
            except SyncError as failure:
                self._failure = failure
                raise
            self._all_is_read = True

    def _whole_list(self, window: Period, count: WindowCount) -> Iterator[Rows]:
        assert self._sync  # noqa: S101 - for the type checker
        assert self._accounting  # noqa: S101 - for the type checker
        for attempt in (1, 2):
            received, total, recent = 0, None, deque[set[str]](maxlen=50)
            try:
                for _, block in self._blocks(window, Reading(), in_order=attempt > 1):
                    ids = set(block.ids)
                    received += len(ids.difference(*recent)) + len(block.ids) - len(ids)
                    total = block.facts.total if total is None else total
                    recent.append(ids)
                    yield self._noted(block, self._accounting.given(block, window, whole_list=True), count)
            except (TooSlowError, TooLargeError, _PagesIgnoredError) as error:
                raise TransientError(
                    f"{self._stream.name}: the server ignores its date filter, and everything at once cannot be read: "
                    f"{str(error) or 'it has one page only'}. Nothing narrower can be asked for."
                ) from error
            if total is None or received >= total or self._totals_are_of_the_account:
                self._logger.info(f"{self._stream.name}: everything was read: {received} rows")
                return
        raise TransientError(
            f"{self._stream.name}: the whole list does not add up: {received} rows received, {total} stated, read twice. "
            "The state was not advanced; run the sync again later."
        )

    # --- lists without windows ---

    def _list(self, count: WindowCount) -> Iterator[Rows]:
        seen: set[str] = set()
        for attempt in (1, 2):
            reading = Reading()
            for _, block in self._blocks(None, reading, in_order=attempt > 1):
                reading.add(block)
                completed = self._completed(block)
                fresh = [index for index, identity in enumerate(block.ids) if identity not in seen]
                seen.update(block.ids)
                lines = completed.lines()
                yield self._noted(completed, Given(Rows.of([lines[index] for index in fresh]), fresh), count)
            if reading.agrees() or (attempt > 1 and reading.reaches_least()):
                count.total = reading.total
                return
        raise TransientError(
            f"{self._stream.name}: the list does not add up: {reading.figures()}, read twice. Run the sync again later."
        )

    def _stated(self, reading: Reading) -> int | None:
        return None if self._totals_are_of_the_account else reading.total

    def get(self, request: Request) -> bytes:
        """One body. Raises UnavailableError where the server does not have this stream, which not every one has."""
        return self._requester.get(request)

    def _endless(self, period: Period | None) -> TransientError:
        return TransientError(
            f"{self._stream.name}: the window {period} does not end: its pages repeat what was read before. "
            "Its state was not advanced; run the sync again later."
        )


def _is_round(figure: int) -> bool:
    """Whether a limit would be such a number: a multiple of 50 from 100 on, a power of two from 256 on."""
    return (figure >= 100 and figure % 50 == 0) or (figure >= 256 and figure & (figure - 1) == 0)  # noqa: PLR2004
