"""How a vendor finds the rows of a request, cuts pages out of them and prints them, whatever dialect it speaks."""

from __future__ import annotations

import ssl
import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from simulators import dialects, faults, reprint
from simulators.calls import MICRO
from simulators.exchange import Route
from simulators.faults import Response
from simulators.front import Front
from simulators.reprint import Print
from simulators.server import Request
from simulators.tables import Row, Table

_SHIFTS: Final = {kind: text for kind, text in faults.OF_PAGES.items() if kind in {"insert_row", "remove_row"}}
_NOT_SHIFTS: Final = {kind: text for kind, text in faults.OF_PAGES.items() if kind not in _SHIFTS}
_ALL: Final = (-(1 << 62), 1 << 62)


class Page(NamedTuple):
    """One page of a selection: rows as JSON, its number, what the vendor says about all of them, rows before it."""

    rows: list[bytes]
    number: int
    pages: int
    total: int
    first: int


class Pages(Front):
    """A vendor that lists rows."""

    prints: ClassVar[Print]
    id_key: ClassVar[str] = "id"
    """Where a row says its id."""

    def __init__(
        self,
        options: dict[str, Any],
        start: datetime,
        end: datetime | None,
        *,
        latency_ms: float,
        validate: bool,
        port: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.start = start
        self.end = end
        self.own_zone = ZoneInfo("UTC")
        """What times are printed in where neither the request nor a dialect says it."""
        self.held_back: list[str] = []
        """Ids of the calls that the option `growing` holds back."""
        self.moment: float | None = None
        """The vendor's own now, where a test sets one: calls that end later are not served yet."""
        self._tables: dict[str, Table] = {}
        super().__init__(options, latency_ms=latency_ms, validate=validate, port=port, tls=tls)

    @abstractmethod
    def rows(self, stream: str) -> Iterator[Row]:
        """Print every row of a stream."""

    def now(self) -> float:
        return time.time() if self.moment is None else self.moment

    def period(self) -> tuple[int, int]:
        end = int(self.end.timestamp()) * MICRO if self.end else 1 << 62
        return int(self.start.timestamp()) * MICRO, end

    # --- requests ---

    def _usual(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        answer = self._waits(route) or super()._usual(request, route, values)
        if self.options["mistake_status"] and 400 <= answer.status < 500 and answer.status != 429:
            answer = self.failure(int(self.options["mistake_status"]), "Internal server error")
        if route.stream:
            dialects.spoken(answer, self.options)
        return answer

    def _waits(self, route: Route) -> Response | None:
        seconds = self.options["asks_to_wait"]
        if seconds is None or not route.stream or sum(bool(entry.stream) for entry in self.requests) < 2:
            return None
        answer = self.failure(429, "Too many requests")
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def made(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        if not route.stream:
            return super().made(request, route, values)
        if refused := [name for name in request.query if name in self.options["refuses"]]:
            return self.failure(400, f"Unknown parameter: {refused[0]}")
        try:
            return super().made(dialects.without(request, self.options["ignores"]), route, values)
        except dialects.AnsweredError as known:
            return known.answer

    # --- rows ---

    def table(self, stream: str) -> Table:
        """Return the rows of a stream, printed when they are first asked for."""
        with self.lock:
            if stream not in self._tables:
                table = Table(dialects.repeated(self.rows(stream), self.options["repeated_ids"], self.id_key))
                if self.options["growing"] and stream == "call_records":
                    served = table.between(*self.period())
                    self.held_back = [row.id for row in served[:: max(2, len(served) // self.options["growing"])]]
                    table.hide(self.held_back)
                self._tables[stream] = table
            return self._tables[stream]

    def put_rows(self, stream: str, rows: Iterable[Row]) -> None:
        """Serve these rows of a stream, as their bodies are, in the place of invented ones."""
        with self.lock:
            self._tables[stream] = Table(rows)

    def selected(self, stream: str, low: int, high: int) -> list[Row]:
        """Return the rows that a request finds, ascending: `low <= key < high`, in microseconds."""
        ignored, table = self.options["ignores_filter"], self.table(stream)
        if ignored is True or (ignored and stream in ignored):
            low, high = _ALL
        found = dialects.capped(table.select(low, high, self.now()), self.options)
        if self.options["growing"]:
            new = next((row for row in table.rows if row.id in table.hidden and low <= row.key < high), None)
            if new is not None:
                table.show([new.id])
        return found

    def ordered(self, found: Sequence[Row], *, descending: bool) -> Sequence[Row]:
        return dialects.ordered(found, self.options, descending=descending)

    def within(self, low: int, high: int) -> tuple[int, int]:
        """Return the microseconds from `low` up to `high`, both in seconds, by what the vendor does at its bounds."""
        kind = self.options["bounds"]
        low += kind in {"exclusive", "start_exclusive"}
        high -= kind in {"exclusive", "half_open"}
        return low * MICRO, (high + 1) * MICRO

    def numbered(self, route: Route, found: Sequence[Row], number: int, size: int) -> Page:
        """Cut a page out by its number; one below the first is the first."""
        size = self.options["page_rows"] or size
        index = max(0, number - self.options["pages_from"])
        page = self.page(route, found, index * size, size)
        return page._replace(number=page.number - 1 + self.options["pages_from"])

    def page(self, route: Route, found: Sequence[Row], first: int, size: int, zone: ZoneInfo | None = None) -> Page:
        """Cut a page out of rows in the order they are served, after `first` of them. Faults may change it.

        zone: what times are printed in, where the request says that
        """
        size = self.options["page_rows"] or size
        first = self._behind_the_end(found, first, size)
        struck = {fault.kind: fault for fault in self.faults.take(_NOT_SHIFTS, route.name, route.stream)}
        number, pages, total = first // size + 1, -(-len(found) // size), len(found)
        if pages > 1 and first == 0:
            for fault in self.faults.take(_SHIFTS, route.name, route.stream):
                if fault.kind == "insert_row":
                    found, total = found[1:], total - 1
                else:
                    self.table(route.stream).remove([found[0].id])
        first = 0 if "same_page" in struck else first
        rows = [self.spoken(row, zone) for row in found[first : first + size]]
        if "growing_pages" in struck:
            pages, total = max(pages, number) + 1, max(total, number * size) + size
            rows = rows or [self.spoken(row, zone) for row in found[:size]]
        if "wrong_total" in struck:
            total = max(0, total + int(struck["wrong_total"].options.get("delta", 1)))
        if "duplicate_row" in struck:
            rows = rows[:1] + rows
        if "change_rows" in struck:
            rows = [orjson.dumps(struck["change_rows"].options["change"](orjson.loads(row))) for row in rows]
        time.sleep(len(rows) * self.options["ms_per_row"] / 1000)
        if self.options["total"] == "account":
            total = len(self.table(route.stream).select(*_ALL, self.now()))
        return Page(rows, number, pages, total, first)

    def _behind_the_end(self, found: Sequence[Row], first: int, size: int) -> int:
        """Return where a page begins, as this vendor has it where there are no rows any more."""
        if not found and self.options["empty"]:
            raise dialects.AnsweredError(self.no_rows(self.options["empty"]))
        if first < len(found) or not first or self.options["behind_the_end"] == "empty":
            return first
        if self.options["behind_the_end"] == "404":
            raise dialects.AnsweredError(self.failure(404, "Page not found"))
        return max(0, (len(found) - 1) // size * size)

    def no_rows(self, how: str) -> Response:
        return dialects.no_rows(how, self.failure)

    def moments(self, row: Row, printed: Mapping[str, Any]) -> Mapping[str, int]:
        """Return the true times of a printed row by their keys, in microseconds."""
        return {}

    def still_going_on(self, row: Row, printed: dict[str, Any]) -> dict[str, Any]:
        """Return a row as it is printed now."""
        return printed

    def spoken(self, row: Row, zone: ZoneInfo | None = None, more: Mapping[str, Any] | None = None) -> bytes:
        """Print a row as this vendor does, with what `more` its detail has."""
        zone = ZoneInfo(self.options["printed_zone"]) if self.options["printed_zone"] else zone
        changed = reprint.changes_rows(self.options)
        if not (changed or more or self.options.get("shows_ongoing") or (zone and zone.key != "UTC")):
            return row.body
        printed = self.still_going_on(row, {**orjson.loads(row.body), **(more or {})})
        for key, at in self.moments(row, printed).items():
            meant = reprint.shifted(at, self.options, self.start)
            self.put_time(
                printed, key, meant, reprint.clock_text(meant, zone or self.own_zone, self.options, self.prints, row.id)
            )
        return orjson.dumps(reprint.reprinted(printed, self.options, self.prints, row.id))

    def put_time(self, printed: dict[str, Any], key: str, at: int, text: str) -> None:
        """Put a time into a printed row, and into whatever repeats it."""
        printed[key] = text
