"""How a vendor's endpoint is turned over, page by page. Paginators hold no state: a page is asked for by its index.

A paginator answers three questions: the parameters of page n (counted from 0), how many pages the first answer
promises, and whether an answer was the last one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Paths = str | tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What one answer says of its window: rows on it, and the total, last page and page size where it states them."""

    rows: int
    total: int | None = None
    last: int | None = None
    size: int | None = None


def dig(document: Any, path: str) -> Any:
    """What a dotted path leads to in a parsed body: the body itself for "", None where a step is missing."""
    for step in path.split(".") if path else ():
        document = document.get(step) if isinstance(document, dict) else None
    return document


def whole(document: Any, paths: Paths) -> int | None:
    """The first of `paths` that holds a whole number, sent as a number or as text; None where none does."""
    for path in (paths,) if isinstance(paths, str) else paths:
        value = dig(document, path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
    return None


class Paginator(ABC):
    """What every paginator promises."""

    @abstractmethod
    def params(self, index: int) -> Mapping[str, str]:
        """The query parameters of page `index`, counted from 0."""

    @abstractmethod
    def facts(self, document: Any, rows: int, total: Paths) -> Facts:
        """What the parsed body says of its window."""

    @abstractmethod
    def pages(self, first: Facts) -> int | None:
        """How many pages the window has by the first answer, None where only reading on tells."""

    @abstractmethod
    def ends(self, index: int, facts: Facts) -> bool:
        """Whether page `index` was the last one, by its own answer."""


@dataclass(frozen=True)
class PageNumber(Paginator):
    """Numbered pages, counted from 1: `{"page": 1, "total_pages": 10, "page_size": 1000, "total_items": 9876, …}`.

    page:  the parameter with the number
    size:  the parameter with the page size, and the size asked for; None where the vendor fixes it
    last:  where the body says which page is the last one
    granted: where the body says which page size it granted
    """

    page: str
    size: tuple[str, int] | None = None
    last: Paths = ()
    granted: Paths = ()

    def params(self, index: int) -> Mapping[str, str]:
        number = {self.page: str(index + 1)}
        return number if self.size is None else {**number, self.size[0]: str(self.size[1])}

    def facts(self, document: Any, rows: int, total: Paths) -> Facts:
        return Facts(rows, whole(document, total), whole(document, self.last), whole(document, self.granted))

    def pages(self, first: Facts) -> int | None:
        if first.last is not None:
            return max(1, first.last)
        size = first.size or (self.size[1] if self.size else first.rows)
        if first.total is None or not size:
            return None
        return max(1, -(-first.total // size))

    def ends(self, index: int, facts: Facts) -> bool:
        if facts.last is not None:
            return index + 1 >= facts.last
        size = facts.size or (self.size[1] if self.size else None)
        return facts.rows == 0 or (size is not None and facts.rows < size)


@dataclass(frozen=True)
class SinglePage(Paginator):
    """No pages: one body holds the whole window, as in `[{…}, {…}]`, and states no total.

    A body of exactly 1,000, 5,000 or 10,000 rows (any round thousand) looks like one that was cut off: `looks_cut`
    says so, and the reader asks for the two halves of the window to find out.
    """

    def params(self, index: int) -> Mapping[str, str]:
        return {}

    def facts(self, document: Any, rows: int, total: Paths) -> Facts:
        return Facts(rows)

    def pages(self, first: Facts) -> int | None:
        return 1

    def ends(self, index: int, facts: Facts) -> bool:
        return True

    @staticmethod
    def looks_cut(facts: Facts) -> bool:
        return facts.rows > 0 and facts.rows % 1000 == 0
