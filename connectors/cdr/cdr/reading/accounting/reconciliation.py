"""What the vendor said of the number of calls in a window, held against the calls that came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from cdr.reading.pages.fingerprints import Fingerprint, is_another_call
from cdr.reading.pages.page import NormalisedPage


@dataclass
class Reconciliation:
    """One reading of a window, or of its two halves: the calls received, and what the vendor said of their number.

    Calls are counted, not ids: two records that share an id and differ in start, in a number or in direction are two
    calls. Two records of one page always are two, because that is how the vendor counts them. Where a row is a leg of a
    record, the records are counted.

    first_total, least_total, most_total: as the pages stated it; None where none did
    totals_of_pages: whether a stated total only repeated the rows of its page
    granted: how many rows the first page had
    was_halved: whether its halves were read instead, each held against a total of its own
    """

    first_total: int | None = None
    least_total: int | None = None
    most_total: int | None = None
    totals_of_pages: bool = False
    pages: int = 0
    granted: int = 0
    was_halved: bool = False
    _legs: set[str] = field(default_factory=set)
    _calls: dict[int, Fingerprint] = field(default_factory=dict)
    _others: dict[int, set[Fingerprint]] = field(default_factory=dict)
    _copies: Counter[int] = field(default_factory=Counter)

    def add(self, page: NormalisedPage) -> None:
        """Count a page."""
        keys, fingerprints = page.records
        if page.parents is not None:
            self._legs.update(page.ids)
        if self._calls.keys().isdisjoint(keys) and len(set(keys)) == len(keys):
            self._calls.update(zip(keys, fingerprints, strict=True))
        else:
            self._add_each(keys, fingerprints)
        self.granted = self.granted or page.info.rows
        total = page.info.total
        if total is not None and total < page.info.rows:
            self.totals_of_pages = True  # whatever it counts, it is not the calls of the window
        if total is not None:
            if self.pages and total == page.info.rows < self.received:
                self.totals_of_pages = True
            self.first_total = total if self.first_total is None else self.first_total
            self.least_total = total if self.least_total is None else min(self.least_total, total)
            self.most_total = total if self.most_total is None else max(self.most_total, total)
        self.pages += 1

    def _add_each(self, keys: Sequence[int], fingerprints: Sequence[Fingerprint]) -> None:
        here: Counter[int] = Counter()
        for key, fingerprint in zip(keys, fingerprints, strict=True):
            here[key] += 1
            known = self._calls.setdefault(key, fingerprint)
            if is_another_call(known, fingerprint):
                self._others.setdefault(key, set()).add(fingerprint)
        for key, count in here.items():
            if count > 1:
                self._copies[key] = max(self._copies[key], count)

    def join(self, other: Reconciliation) -> None:
        """Count the calls of another reading together with these."""
        self._legs |= other._legs
        self._add_each([*other._calls], [*other._calls.values()])
        for key, fingerprints in other._others.items():
            self._add_each([key] * len(fingerprints), [*fingerprints])
        for key, count in other._copies.items():
            self._copies[key] = max(self._copies[key], count)

    def forget_totals(self) -> None:
        """Take what was stated for nothing: it is the total of something else."""
        self.first_total = self.least_total = self.most_total = None

    def holds_all(self, keys: Sequence[int]) -> bool:
        """Whether every call with one of these keys was received."""
        return self._calls.keys() >= set(keys)

    def holds_one_of(self, page: NormalisedPage) -> bool:
        """Whether one of the calls of a page was received."""
        return any(self._calls.get(key) == fingerprint for key, fingerprint in zip(*page.records, strict=True))

    def adds_to(self, other: Reconciliation) -> bool:
        """Whether it has a call that the other one has not."""
        return not self._calls.keys() <= other._calls.keys()

    @property
    def received(self) -> int:
        """The distinct calls received."""
        more = 0
        for key in {*self._others, *self._copies}:
            more += max(len(self._others.get(key, ())), self._copies[key] - 1)
        return len(self._calls) + more

    @property
    def rows(self) -> int:
        """The distinct rows received, which are more than the calls where a row is a leg of one."""
        return len(self._legs) or self.received

    @property
    def total(self) -> int | None:
        """The total that the window had when its reading began; None where nothing stated one."""
        return None if self.totals_of_pages else self.first_total

    @property
    def figure(self) -> int:
        """The larger of what came and what was stated."""
        return max(self.received, self.total or 0)

    def agrees(self) -> bool:
        """Whether every call that a page stated came, and no page stated fewer than the first.

        Where new calls arrive in front of those that are read, the calls that came can reach the first page's total
        although some were shifted past the reader: so the highest total counts.
        """
        total = self.total
        if total is None or self.least_total is None or self.most_total is None:
            return True
        return self.received >= self.most_total and self.least_total >= total

    def reaches_least(self) -> bool:
        """Whether at least as many calls came as some page of this reading stated."""
        return self.totals_of_pages or self.least_total is None or self.received >= self.least_total

    def figures(self) -> str:
        moved = "" if self.first_total == self.least_total else f" (down to {self.least_total} on a later one)"
        return f"{self.received} rows received, {self.first_total} stated on the first page{moved}"
