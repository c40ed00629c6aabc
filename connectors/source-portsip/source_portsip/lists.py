"""How PortSIP lists things: a filter in OData's manner, `skip` and `top`, and a `count` that may mean little."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cdr.errors import BodyError, quoted
from cdr.fields import Row
from cdr.normaliser import Normaliser
from cdr.paginators import Facts, Paginator, Paths, whole
from cdr.stream import Stream
from cdr.windows import Period, Window, timestamp

if TYPE_CHECKING:
    from source_portsip.reading import ListReader


@dataclass(frozen=True)
class Filter(Window):
    """`filter=started_at ge '2024-08-20T00:00:00Z' and started_at lt '2024-08-21T00:00:00Z'`.

    start, end: the two comparisons, without their times
    """

    def params(self, period: Period, zone: str) -> Mapping[str, str]:
        return {"filter": f"{self.start} '{timestamp(period.start)}' and {self.end} '{timestamp(period.end)}'"}


@dataclass(frozen=True)
class SkipTop(Paginator):
    """Rows to leave out and rows to send: `{"count": 237, "items": […]}`. A window ends on a page that is not full.

    `count` is the window's total, or only repeats the rows of the page, and a full page can be either. So there is
    always one page more than `count` fills.
    """

    top: int = 100

    def params(self, index: int) -> Mapping[str, str]:
        return {"skip": str(index * self.top), "top": str(self.top), "count": "true"}

    def facts(self, document: Any, rows: int, total: Paths) -> Facts:
        return Facts(rows, whole(document, total))

    def pages(self, first: Facts) -> int | None:
        if self.ends(0, first):
            return 1
        return None if first.total is None else first.total // self.top + 1

    def ends(self, index: int, facts: Facts) -> bool:
        return facts.rows < self.top


class PortsipStream(Stream, abstract=True):
    """A list of PortSIP. What its rows lack, the detail of each row has."""

    vendor = "portsip"
    rows = "items"
    total = "count"
    paginator = SkipTop()

    @property
    def with_details(self) -> bool:
        """Whether the detail of every row is asked for."""
        return True

    @abstractmethod
    def complete(self, row: Row, details: Sequence[Row], normaliser: Normaliser) -> None:
        """Fill what the canonical `row` of the list lacks from the vendor's rows of its detail: none where it is gone.

        `normaliser` is the one that read the row.
        """

    @staticmethod
    def failed(document: Any) -> BodyError | None:
        errors = document.get("errors") if isinstance(document, dict) and "items" not in document else None
        if not errors:
            return None
        told = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        words = "; ".join(f"{error.get('code')}: {error.get('message')}" for error in told) or str(errors)
        refused = any(error.get("code") == "UNAUTHORIZED" for error in told)
        return BodyError(f"it says that it failed ({quoted(words)})", HTTPStatus.UNAUTHORIZED if refused else None)

    @classmethod
    def reader(cls) -> type[ListReader]:
        from source_portsip.reading import ListReader  # noqa: PLC0415 - the reader needs the streams' types

        return ListReader
