"""Whole syncs of an invented account: its calls, its server that obeys a filter, and what a sync gave out."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from cdr.normaliser import choice, moment, text
from cdr.reading.accounting.kept_rows import KeptRow
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.context import ReadContext, Sync, WindowCount
from cdr.reading.window_reader import WindowReader, reader_of
from cdr.schema.errors import ConfigError
from cdr.vendor.paginators import PageNumber, SinglePage
from cdr.vendor.stream import CallStream
from cdr.vendor.windows import Period, Window, utc_text
from fakes import DAY, FORMAT, UTC, config, executor

LOGGER = logging.getLogger("test")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
"""From when on the next sync receives rows again, where a test is not about that."""
DAYS = Period(DAY.start, DAY.start + timedelta(days=4))


class Calls(CallStream):
    """Calls in pages of 100, a total on each of them, filtered to the second."""

    vendor = "voxo"
    endpoint = "calls"
    rows = "rows"
    total = "total"
    cursor = "started_at"
    paginator = PageNumber("page", asks=("size", 100))
    window = Window("from", "to", format=FORMAT)
    fields = {
        "vendor_record_id": text("id"),
        "started_at": moment("time", FORMAT, witness="unique"),
        "direction": choice("way", {"in": "inbound", "out": "outbound"}),
        "direction_raw": text("way"),
        "from_number": text("from"),
        "to_number": text("to"),
        "notes": text("notes"),
        "recording_url": text("link"),
    }


class Tens(Calls):
    paginator = PageNumber("page", asks=("size", 10))


class Untotalled(Calls):
    total = ()


class Listed(Calls):
    """One array for all."""

    rows = ""
    total = ()
    paginator = SinglePage()


def call(number, at, **more):
    """A call of the invented account, in the vendor's words, at a moment in UTC."""
    return {"id": f"c{number}", "time": at.strftime(FORMAT), "from": "+12025550101", "way": "in", **more}


def spread(count, period=DAY):
    """So many calls, evenly over a period, none on its edges."""
    return [call(number, period.start + (2 * number + 1) * period.length / (2 * count)) for number in range(count)]


def ids(calls):
    return [row["id"] for row in calls]


def asked_for(params):
    """The two moments that a request names."""
    return [datetime.strptime(params[name], FORMAT).replace(tzinfo=UTC) for name in ("from", "to")]


class RefusalError(ConfigError):
    def __init__(self, status, text="", content=None):
        super().__init__(f"HTTP {status}: {text}")
        self.status, self.text, self.content = status, text.lower(), content


@dataclass
class Account:
    """A server that obeys its filter as `Calls` sends it, both bounds included.

    It filters on the member `at` of a row, where there is one, else on the time that the row prints.

    filter:   whether it does
    size:     rows a page, whatever is asked for; None as asked
    cap:      the most rows that it finds in one period; newest: whether it keeps those
    totals:   what it states as the total: of the period, of the account, or nothing
    behind:   what it says to a page behind the last one: "empty", "last" (the last one again), or an error to raise
    zero:     whether its first page is 0
    before:   called with the parameters of a request before it is answered
    changed:  changes an answer: (parameters, answer) -> answer, or the bytes that are sent instead
    """

    calls: list[dict[str, Any]]
    filter: bool = True
    size: int | None = None
    cap: int | None = None
    newest: bool = True
    totals: str = "period"
    behind: Any = "empty"
    zero: bool = False
    before: Any = None
    changed: Any = None
    requests: list[Mapping[str, str]] = field(default_factory=list)

    def get(self, request, *, attempts=None, what=""):
        self.requests.append(request.params)
        if self.before is not None:
            self.before(request.params)
        answer = self.answer(request)
        if self.changed is not None:
            answer = self.changed(request.params, answer)
        return answer if isinstance(answer, bytes) else orjson.dumps(answer)

    def answer(self, request):
        found = self.found(request.params)
        if "page" not in request.params:
            return found
        size = self.size or int(request.params["size"])
        number = int(request.params["page"]) - (not self.zero)
        rows = found[number * size : (number + 1) * size] if number >= 0 else []
        if not rows and number > 0:
            if isinstance(self.behind, Exception):
                raise self.behind
            if self.behind == "last":
                rows = found[(len(found) - 1) // size * size :]
        totals = {"period": {"total": len(found)}, "account": {"total": len(self.calls)}, "none": {}}
        return {"rows": rows, **totals[self.totals]}

    def found(self, params):
        start, end = asked_for(params)
        inside = [row for row in self.calls if not self.filter or start <= self.filtered_on(row) <= end]
        if self.cap is None or len(inside) <= self.cap:
            return inside
        return inside[-self.cap :] if self.newest else inside[: self.cap]

    def filtered_on(self, row):
        return datetime.strptime(row.get("at", row["time"]), FORMAT).replace(tzinfo=UTC)

    def periods(self):
        """What was asked for, in order, without repetitions."""
        return [*dict.fromkeys((params["from"], params["to"]) for params in self.requests)]


def days(period):
    count = round(period.length / timedelta(days=1))
    return [Period(period.start + timedelta(days=n), period.start + timedelta(days=n + 1)) for n in range(count)]


def remembered(period, rows, hours=24):
    """The state of a sync that found so many rows in a period, spread over its first hours."""
    subject = Lookback({}, period.start)
    times = [utc_text(period.start + number % hours * HOUR) for number in range(rows)]
    subject.keep(period, [KeptRow(number, time, str(number)) for number, time in enumerate(times)])
    return subject.as_state(is_complete=True, resumes=False)


class Synced:
    """One sync, read window by window: `rows` as they went out, and what there is to say of it."""

    def __init__(
        self, account, stream=Calls, *, period=DAY, windows=None, state=None, dialect=None, keeps_from=NEVER, **dates
    ):
        self.account = account
        self.windows = windows or days(period)
        self.lookback = Lookback(state or {}, keeps_from)
        self.sync = Sync(
            period, self.windows, self.lookback, dates.get("start"), dates.get("end"), dialect=dialect or {}
        )
        self.rows: list[dict[str, Any]] = []
        self.by_window: dict[Period, list[str]] = {}
        self.counts: dict[Period, WindowCount] = {}
        self._pages = executor()
        settings = dates.get("settings", {})
        self.reader: WindowReader = reader_of(stream)(
            stream(config(**settings)), account, ReadContext(self._pages, 4, LOGGER), self.sync
        )

    def read(self, *windows):
        """Read these windows, or all, one after the other; what came goes into the state."""
        for window in windows or self.windows:
            count = self.counts[window] = WindowCount()
            blocks = [*self.reader.read(window, count)]
            rows = [orjson.loads(line) for block in blocks for line in block.lines()]
            self.reader.closed(window)
            self.rows += rows
            self.by_window[window] = [row["vendor_record_id"] for row in rows]
        if not windows:
            self.reader.conclude()
        return self

    @property
    def ids(self):
        return [row["vendor_record_id"] for row in self.rows]

    @property
    def row(self):
        return {row["vendor_record_id"]: row for row in self.rows}

    @property
    def warning(self):
        return self.reader.findings.warning()

    @property
    def points(self):
        return [finding.point for finding in self.reader.findings]

    def state(self, *, is_complete=True, resumes=False):
        return self.lookback.as_state(is_complete=is_complete, resumes=resumes)


def synced(account, stream=Calls, **more):
    """A sync that was read to its end."""
    return Synced(account, stream, **more).read()
