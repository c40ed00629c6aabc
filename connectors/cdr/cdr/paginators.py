"""How a vendor's endpoint is turned over, page by page. Paginators hold no state: a page is asked for by its index.

A paginator answers two questions: the parameters of page n (counted from 0), and how many pages the first answer
promises. Where it promises nothing, only an empty page is the end (`reading.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

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
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            return int(value)
    return None


class Paginator(ABC):
    """What every paginator promises.

    has_pages: whether there are more than one; first: the index of a page in front of the first one, for servers that
    count from one less than documented
    """

    has_pages: ClassVar[bool] = True
    counts_from_one: ClassVar[bool] = False

    @abstractmethod
    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        """The query parameters of page `index`, counted from 0; `granted` is how many rows the first page had."""

    def facts(self, document: Any, rows: int, total: Paths) -> Facts:
        """What the parsed body says of its window."""
        return Facts(rows, whole(document, total))

    def pages(self, first: Facts) -> int | None:
        """How many pages the window has by the first answer, None where only reading on tells."""
        if first.last is not None and first.total is not None:
            return max(1, first.last)
        if first.total is None or first.total < first.rows or (first.total and not first.rows):
            return None
        return max(1, -(-first.total // (first.rows or 1)))

    @property
    @abstractmethod
    def size(self) -> int:
        """How many rows a request brings, as far as it is known."""


@dataclass(frozen=True)
class PageNumber(Paginator):
    """Numbered pages, counted from 1: `{"page": 1, "total_pages": 10, "page_size": 1000, "total_items": 9876, …}`.

    page:    the parameter with the number
    asks:    the parameter with the page size, and the size asked for; None where the vendor fixes it
    last:    where the body says which page is the last one
    granted: where the body says which page size it granted
    usual:   how many rows a page has where the vendor fixes it
    """

    page: str
    asks: tuple[str, int] | None = None
    last: Paths = ()
    granted: Paths = ()
    usual: int = 15

    counts_from_one = True

    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        number = {self.page: str(index + 1)}
        return number if self.asks is None else {**number, self.asks[0]: str(self.asks[1])}

    def facts(self, document: Any, rows: int, total: Paths) -> Facts:
        return Facts(rows, whole(document, total), whole(document, self.last), whole(document, self.granted))

    @property
    def size(self) -> int:
        return self.asks[1] if self.asks else self.usual


@dataclass(frozen=True)
class SkipTop(Paginator):
    """Rows to leave out and rows to send: `{"count": 237, "items": […]}`.

    count may be the window's total, or only repeat the rows of the page: a total that says no more than the page has
    is none.
    """

    skip: str = "skip"
    top: str = "top"
    most: int = 100

    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        return {self.skip: str(index * (granted or self.most)), self.top: str(self.most)}

    def pages(self, first: Facts) -> int | None:
        of_the_page = first.total == first.rows and first.rows >= _SMALLEST_PAGE and first.rows % _SMALLEST_PAGE == 0
        return None if of_the_page else super().pages(first)

    @property
    def size(self) -> int:
        return self.most


_SMALLEST_PAGE = 10


@dataclass(frozen=True)
class SinglePage(Paginator):
    """No pages: one body holds the whole window, as in `[{…}, {…}]`, and states no total.

    most: how many rows are asked for at once, as far as one can tell before
    """

    most: int = 10_000
    has_pages = False

    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        return {}

    def pages(self, first: Facts) -> int | None:
        return 1

    @property
    def size(self) -> int:
        return self.most
