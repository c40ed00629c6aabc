"""How a vendor's endpoint is turned over, page by page. Paginators hold no state: a page is asked for by its index.

A paginator answers two questions: the parameters of page n (counted from 0), and how many pages the first answer
promises. Where it promises nothing, only an empty page is the end. Where each page says how to ask for the next one,
pages are read in order, and the end is the one that says nothing. `cdr.reading.asking` asks for them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from cdr.normaliser.values import Paths, integer_at, value_at
from cdr.schema.errors import BodyError


@dataclass(frozen=True)
class PageInfo:
    """What one answer says of its window: rows on it, and the total, last page and page size where it states them.

    following: the parameters that ask for the next page; None where the answer names none
    """

    rows: int
    total: int | None = None
    last: int | None = None
    size: int | None = None
    following: Mapping[str, str] | None = None


class Paginator(ABC):
    """What every paginator promises.

    has_pages:       whether there are more than one
    counts_from_one: whether there may be a page in front of the first one, with servers that count from 0
    is_sequential:   whether a page can be asked for only by what the page before says of it (`PageInfo.following`)
    """

    has_pages: ClassVar[bool] = True
    counts_from_one: ClassVar[bool] = False
    is_sequential: ClassVar[bool] = False

    @abstractmethod
    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        """The query parameters of page `index`, counted from 0; `granted` is how many rows the first page had."""

    def info(self, document: Any, rows: int, total: Paths) -> PageInfo:
        """What the parsed body says of its window."""
        return PageInfo(rows, integer_at(document, total))

    def pages(self, first: PageInfo) -> int | None:
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

    def info(self, document: Any, rows: int, total: Paths) -> PageInfo:
        return PageInfo(
            rows, integer_at(document, total), integer_at(document, self.last), integer_at(document, self.granted)
        )

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

    def pages(self, first: PageInfo) -> int | None:
        of_the_page = first.total == first.rows and first.rows >= _SMALLEST_PAGE and first.rows % _SMALLEST_PAGE == 0
        return None if of_the_page else super().pages(first)

    @property
    def size(self) -> int:
        return self.most


_SMALLEST_PAGE = 10


@dataclass(frozen=True, kw_only=True)
class _Sequential(Paginator):
    """Pages of which each names the next one.

    asks:    the parameter with the page size, and the size asked for; None where the vendor fixes it
    granted: where the body says which page size it granted
    usual:   how many rows a page has where the vendor fixes it
    """

    asks: tuple[str, int] | None = None
    granted: Paths = ()
    usual: int = 50

    is_sequential = True

    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        return {} if self.asks is None else {self.asks[0]: str(self.asks[1])}

    def info(self, document: Any, rows: int, total: Paths) -> PageInfo:
        size = integer_at(document, self.granted)
        return PageInfo(rows, integer_at(document, total), size=size, following=self.following(document))

    @abstractmethod
    def following(self, document: Any) -> Mapping[str, str] | None:
        """The parameters that ask for the next page; None behind the last one. Raises BodyError where nothing fits."""

    def pages(self, first: PageInfo) -> int | None:
        return 1 if first.following is None else super().pages(first)

    @property
    def size(self) -> int:
        return self.asks[1] if self.asks else self.usual


@dataclass(frozen=True)
class NextLink(_Sequential):
    """A link to the next page: `{"calls": […], "next_page_uri": "/2010-04-01/Calls.json?Page=1&PageToken=PA…"}`.

    The link may be relative or name a host. It is followed for its parameters only: the request goes to the configured
    host and the stream's own endpoint, so that no token ever goes elsewhere. Null, empty text or no link is the end.

    link:     where the body has it
    numbered: for pages that have numbers too: the parameter with the number, and where the body says its own. A full
              page without a link is then not taken for the last one: the next number is asked for
    """

    link: Paths
    numbered: tuple[str, Paths] | None = field(default=None, kw_only=True)

    def info(self, document: Any, rows: int, total: Paths) -> PageInfo:
        found = super().info(document, rows, total)
        if self.numbered is None or found.following is not None or not rows or found.size is None or rows < found.size:
            return found
        number = integer_at(document, self.numbered[1])
        return found if number is None else replace(found, following={self.numbered[0]: str(number + 1)})

    def following(self, document: Any) -> Mapping[str, str] | None:
        link = _text_at(document, self.link, "link")
        if link is None:
            return None
        try:
            found = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
        except ValueError:
            found = {}
        if not found:
            raise BodyError("its link to the next page has no parameters")
        return found


@dataclass(frozen=True)
class NextToken(_Sequential):
    """A token for the next page: `{"calls": […], "nextPageToken": "b2Zmc2V0"}`, given back as a parameter.

    token: where the body has it; param: the parameter that takes it
    """

    token: Paths
    param: str

    def following(self, document: Any) -> Mapping[str, str] | None:
        token = _text_at(document, self.token, "token")
        return None if token is None else {self.param: token}


def _text_at(document: Any, paths: Paths, what: str) -> str | None:
    """The text, or the whole number as text, at the first of `paths` that has something; None where none has."""
    for path in (paths,) if isinstance(paths, str) else paths:
        value = value_at(document, path)
        if value is None or value is False or (isinstance(value, str) and not value.strip()):
            continue
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise BodyError(f"its {what} of the next page cannot be read")
    return None


@dataclass(frozen=True)
class SinglePage(Paginator):
    """No pages: one body holds the whole window, as in `[{…}, {…}]`, and states no total.

    most: how many rows are asked for at once, as far as one can tell before
    """

    most: int = 10_000
    has_pages = False

    def params(self, index: int, granted: int | None = None) -> Mapping[str, str]:
        return {}

    def pages(self, first: PageInfo) -> int | None:
        return 1

    @property
    def size(self) -> int:
        return self.most
