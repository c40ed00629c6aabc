"""What a sync finds out about a vendor that its documents do not say, or say otherwise.

One record of a finding serves the warning of a sync and whatever else reports on an account.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

OK: Final = "ok"
HANDLED: Final = "handled"
ACTION: Final = "action"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Finding:
    """One point, and what an account does there.

    point:    a short, stable name: zone, request, token, filter, total, page_size, cap, retention, ids, order, …
    expected: what the documents say, found: what the vendor does; both in plain words
    evidence: what shows it; effect: what it means for the data; advice: what a person can do
    severity: ok: as documented; handled: different, and a sync copes; action: a person has to do something; unknown: it
              could not be told
    """

    point: str
    expected: str
    found: str
    evidence: str | None = None
    effect: str | None = None
    advice: str | None = None
    severity: str = HANDLED

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        text = f"it {self.found} (expected: {self.expected})"
        return text + "".join(f"; {part}" for part in (self.evidence, self.effect, self.advice) if part)


class Findings:
    """The findings of one stream in one sync. Threads share it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}
        self._rows: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, finding: Finding) -> None:
        with self._lock:
            self._found.setdefault((finding.point, finding.found), finding)

    def count(self, treatment: str, rows: int = 1) -> None:
        """Count rows that were treated otherwise than documented."""
        if rows:
            with self._lock:
                self._rows[treatment] += rows

    def __iter__(self) -> Iterator[Finding]:
        with self._lock:
            return iter([*self._found.values()])

    def warning(self) -> str | None:
        """One line with everything that was found; None where the vendor is as documented."""
        with self._lock:
            sentences = [str(finding) for finding in self._found.values()]
            sentences += [f"{rows} rows {treatment}" for treatment, rows in sorted(self._rows.items())]
        return f"the vendor differs from its documents: {'. '.join(sentences)}." if sentences else None


# What a sync can find, and the doctor as well: one record of it for both.


def filter_ignored() -> Finding:
    """The period asked for makes no difference."""
    return Finding(
        "filter",
        "calls of the period asked for",
        "ignores its date filter and sends everything for every period",
        effect="everything is read, once, and sorted out here",
    )


def times_far_outside(period: str) -> Finding:
    """Times that nobody asked for, although the filter is obeyed."""
    return Finding(
        "clock",
        "times within the period asked for",
        f"prints times far outside it, for {period}",
        effect="the calls are given out; where no clock of a call lies within `start_date` to `end_date` it has "
        "`time_outside_window`",
        advice="ask the vendor for the right times: nothing in a row tells them",
        severity=ACTION,
    )


def account_total(total: int) -> Finding:
    """The total does not follow the filter."""
    return Finding(
        "total",
        "the total of the period asked for",
        f"states {total} for every period, the total of the account",
        effect="a window's rows cannot be held against it",
    )


def cut_off(figure: int) -> Finding:
    """An answer is a part of what was asked for."""
    return Finding(
        "cap",
        "every call of the period asked for",
        f"cuts answers off at {figure} rows",
        effect="windows were asked for in halves",
    )


def newest_day_only(period: str) -> Finding:
    """All days but the newest are empty."""
    return Finding(
        "cap",
        "calls of every day asked for",
        f"sent calls of the newest day only, of {period}",
        advice="it may limit this account's requests to a day: compare with the vendor's portal",
        severity=ACTION,
    )


def counts_from_zero() -> Finding:
    """There is a page in front of the first one."""
    return Finding("page_size", "pages that are counted from 1", "counts its pages from 0")


def first_page_always() -> Finding:
    """There is no second page."""
    return Finding("page_size", "pages", "sends the first page whatever page is asked for")
