"""How PortSIP lists things: a filter in OData's manner, `skip` and `top`, and a `count` that may mean little."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cdr.normaliser import Normaliser, Row
from cdr.vendor import BodyError, Form, Period, SkipTop, Stream, Uncertain, Window, quoted, utc_text


@dataclass(frozen=True)
class Filter(Window):
    """`filter=started_at ge '2024-08-20T00:00:00Z' and started_at lt '2024-08-21T00:00:00Z'`.

    start, end: the two comparisons, without their times
    """

    def params(self, period: Period, zone: str) -> Mapping[str, str]:
        return {"filter": f"{self.start} '{utc_text(period.start)}' and {self.end} '{utc_text(period.end)}'"}

    def exactly(self, period: Period, zone: str) -> Mapping[str, str]:
        return self.params(period, zone)


class PortsipStream(Stream, abstract=True):
    """A list of PortSIP. What its rows lack, the detail of each row has."""

    vendor = "portsip"
    rows = "items"
    total = "count"
    paginator = SkipTop()
    order = "oldest first"
    reader = "source_portsip.details:DetailReader"
    uncertain = (
        Uncertain(
            "count",
            (Form("the parameter count"), Form("no parameter count", lambda _, asked, __: asked.without("count"))),
            statuses=frozenset({400, 422}),
            naming=("count",),
        ),
        Uncertain(
            "order",
            (
                Form("the parameter orderby"),
                Form("no parameter orderby", lambda _, asked, __: asked.without("orderby")),
            ),
            statuses=frozenset({400, 422}),
            naming=("orderby",),
        ),
    )

    advice = {
        403: "Give the user of `credentials` the role Admin or QueueManager.",
        404: "The address of the API looks like https://pbx.example.com:8887/api.",
    }

    def params(self) -> Mapping[str, str]:
        return {"count": "true", **({"orderby": f"{self.cursor} asc"} if self.cursor else {})}

    @property
    def with_details(self) -> bool:
        """Whether the detail of every row is asked for."""
        return True

    @abstractmethod
    def complete(self, row: Row, details: Sequence[Row], normaliser: Normaliser) -> None:
        """Fill what the canonical `row` of the list lacks from the vendor's rows of its detail.

        `normaliser` is the one that read the row.
        """

    @staticmethod
    def failed(document: Any) -> BodyError | None:
        errors = document.get("errors") if isinstance(document, dict) and "items" not in document else None
        if not errors:
            return None
        named = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        words = "; ".join(f"{error.get('code')}: {error.get('message')}" for error in named) or str(errors)
        refused = any(error.get("code") == "UNAUTHORIZED" for error in named)
        return BodyError(f"it says that it failed ({quoted(words)})", HTTPStatus.UNAUTHORIZED if refused else None)
