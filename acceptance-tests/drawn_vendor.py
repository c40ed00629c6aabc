"""A vendor in memory whose habits are drawn: what it filters on, prints, cuts off, states and repeats.

It prints the few fields that tell a call, in the form of each of the five real vendors, and is asked through the real
streams. It stands below the reader where the HTTP client stands in a sync.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from cdr.schema.errors import ConfigError
from cdr.vendor.request import Request
from drawn_forms import FORMS, Call, Habits


@dataclass
class DrawnVendor:
    """Answers as one of the five vendors would, with these habits and calls. `now` is its own clock."""

    name: str
    habits: Habits
    calls: Sequence[Call]
    now: int = 0
    hidden: set[int] = field(default_factory=set)
    requests: int = 0

    def get(self, request: Request, *, attempts: int | None = None, what: str = "") -> bytes:
        """The body of one answer. Raises what the client raises where a page does not exist."""
        self.requests += 1
        form = FORMS[self.name]
        found = [call for call in self.calls if call.shown <= self.now and call.number not in self.hidden]
        everything = len(found)
        if self.habits.obeys:
            low, high = form.asked(request, self.habits)
            found = [call for call in found if self._fits(call, low, high)]
            self._let_one_appear(low, high)
        found.sort(key=lambda call: (self._filtered(call), call.number), reverse=self.habits.descending)
        stated = len(found)
        if self.habits.cap is not None and len(found) > self.habits.cap:
            from_front = self.habits.newest == self.habits.descending
            found = found[: self.habits.cap] if from_front else found[-self.habits.cap :]
            stated = len(found) if self.habits.total == "capped" else stated
        page = self._page(found, *form.page(request))
        total = {"none": None, "account": everything, "page": len(page)}.get(self.habits.total, stated)
        rows = [form.row(call, self.habits) for call in page]
        return orjson.dumps(form.body(rows, total, self._granted(request), everything))

    def _fits(self, call: Call, low: int, high: int) -> bool:
        at = self._filtered(call)
        return (low <= at if self.habits.low else low < at) and (at <= high if self.habits.high else at < high)

    def _filtered(self, call: Call) -> int:
        return call.start if self.habits.filters_on == "start" else call.end

    def _let_one_appear(self, low: int, high: int) -> None:
        """A call that belongs to the period asked for is served from the next request on."""
        if self.habits.growing:
            near = (call.number for call in self.calls if call.number in self.hidden and self._fits(call, low, high))
            self.hidden.discard(next(near, -1))

    def _granted(self, request: Request) -> int:
        return min(self.habits.page_rows, FORMS[self.name].page(request)[1])

    def _page(self, found: list[Call], first: int | None, size: int, number: int) -> list[Call]:
        size = min(size, self.habits.page_rows) if size else max(len(found), 1)
        start = number * size if first is None else first
        if start >= len(found) and start:
            if self.habits.behind == "missing":
                raise _not_found()
            if self.habits.behind == "last":
                start = (len(found) - 1) // size * size if found else 0
        return found[start : start + size]


def _not_found() -> ConfigError:
    error = ConfigError("404 Not Found: the address was not found")
    error.status = 404
    return error
