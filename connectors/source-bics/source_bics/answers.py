"""What the vendor answers: one of three shapes, told apart by `data`, or a failure whatever the HTTP status.

1. `{"status", "data": [rows]}`: until 2019, everything on one page, no total.
2. `{"status", "data": {"current_page", "data": [rows], "last_page", "per_page", "total", …}}`.
3. `{"status", "data": [rows], "meta": {"current_page", "last_page", "per_page", "total", …}, "links"}`: since 2024.

The page links of 2 and 3 are never followed: they lack the filter, and a token goes to the configured host only.
"""

from dataclasses import dataclass
from typing import Any

from cdr.normaliser import Paths, integer_at
from cdr.vendor import BodyError, PageInfo, PageNumber, quoted

_SUCCESS = ("OK", 200, "200")


def rows_of(document: Any) -> list[Any]:
    """The rows of any of the three shapes. Raises BodyError where it is none of them."""
    data = document.get("data") if isinstance(document, dict) else None
    found = data.get("data") if isinstance(data, dict) else data
    if isinstance(found, list):
        return found
    keys = f"an object with the keys {', '.join(sorted(map(str, document))[:12])}" if isinstance(document, dict) else ""
    raise BodyError(f"the answer has none of the three known shapes (it is {keys or type(document).__name__})")


def failure_in(document: Any) -> BodyError | None:
    """The failure that `status` tells of: success is "OK" or 200, and nothing else."""
    if not isinstance(document, dict) or document.get("status") in _SUCCESS:
        return None
    code = integer_at(document, ("code", "status"))
    status = "no status" if document.get("status") is None else f"status {quoted(str(document['status']), 60)}"
    message = f": {quoted(str(document['message']))}" if document.get("message") else ""
    return BodyError(f"it failed with {status}{f', code {code}' if code is not None else ''}{message}", code)


@dataclass(frozen=True)
class Pages(PageNumber):
    """Numbered pages of the size that the vendor grants, 15 as far as is known; an answer without paging is all."""

    page: str = "page"
    last: Paths = ("data.last_page", "meta.last_page")
    granted: Paths = ("data.per_page", "meta.per_page")

    def info(self, document: Any, rows: int, total: Paths) -> PageInfo:
        is_whole = isinstance(document, dict) and isinstance(document.get("data"), list)
        if is_whole and "meta" not in document and "links" not in document:
            return PageInfo(rows, total=rows, last=1)  # the first shape has no pages
        return super().info(document, rows, total)
