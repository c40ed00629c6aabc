"""What a sync finds out about a vendor that its documents do not say, or say otherwise.

One record of a finding serves the warning of a sync and whatever else reports on an account.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One point in which a vendor differs from what its documents say.

    point:    a short, stable name: zone, request, token, filter, total, page_size, cap, retention, ids, order, …
    expected: what the documents say, found: what the vendor does; both in plain words
    evidence: what shows it; effect: what it means for the data; advice: what a person can do
    """

    point: str
    expected: str
    found: str
    evidence: str | None = None
    effect: str | None = None
    advice: str | None = None

    def __str__(self) -> str:
        said = f"it {self.found} (expected: {self.expected})"
        return said + "".join(f"; {part}" for part in (self.evidence, self.effect, self.advice) if part)


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
            told = [str(finding) for finding in self._found.values()]
            told += [f"{rows} rows {treatment}" for treatment, rows in sorted(self._rows.items())]
        return f"the vendor differs from its documents: {'. '.join(told)}." if told else None
