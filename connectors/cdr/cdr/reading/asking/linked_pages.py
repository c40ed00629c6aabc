"""Pages of which each names the next one: read in order, up to the one that names none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, Protocol

from cdr.reading.pages.page import NormalisedPage
from cdr.schema.errors import SyncError, TransientError
from cdr.vendor.windows import Period

_MOST_PAGES: Final = 100_000
_MOST_EMPTY_PAGES: Final = 100
"""One after the other, where each names another one."""
_GONE: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY)


class Pages(Protocol):
    """Who asks for pages."""

    def page(
        self, period: Period | None, index: int, granted: int | None = None, *, following: Mapping[str, str] | None
    ) -> NormalisedPage:
        """One page, by what the page before says of it."""

    def may_be_full(self, page: NormalisedPage) -> bool:
        """Whether a page is as large as any of the stream so far."""

    def ignored(self, period: Period | None) -> Exception:
        """The error of a server that sends its first page, whatever is asked for."""

    def endless(self, period: Period | None) -> SyncError:
        """The error of pages that come again and again."""


def linked(
    pages: Pages, name: str, period: Period | None, first: NormalisedPage
) -> Iterator[tuple[int, NormalisedPage]]:
    """The pages behind the first with their indexes; `name` is the stream's.

    An empty page that names another one is not the end: some servers filter what they have paged already. A page that
    names one that was named before is an error: it would go on for ever.
    """
    previous, empty = first, 0
    named: set[tuple[tuple[str, str], ...]] = set()
    for index in range(1, _MOST_PAGES):
        following = previous.info.following
        if following is None:
            return
        name_of_next = tuple(sorted(following.items()))
        if name_of_next in named or empty > _MOST_EMPTY_PAGES:
            raise pages.endless(period)
        named.add(name_of_next)
        page = _asked_again(pages, name, period, index, following)
        is_empty = not page.records[0]
        if not is_empty and page.records == previous.records and pages.may_be_full(page):
            raise pages.ignored(period)
        yield index, page
        previous, empty = page, empty + 1 if is_empty else 0
    raise pages.endless(period)


def _asked_again(
    pages: Pages, name: str, period: Period | None, index: int, following: Mapping[str, str]
) -> NormalisedPage:
    """A page that the vendor has just named: where it refuses it, it is asked once more, and that is an error then."""
    try:
        return pages.page(period, index, following=following)
    except SyncError as refusal:
        if refusal.status not in _GONE:
            raise
    try:
        return pages.page(period, index, following=following)
    except SyncError as refusal:
        raise TransientError(
            f"{name}: the vendor refuses page {index + 1} of the window {period}, although the page before names it: "
            f"{refusal.message} The state was not advanced; run the sync again later."
        ) from refusal
