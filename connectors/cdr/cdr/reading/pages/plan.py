"""What `read_page` has to know of a stream: a value that a worker process can be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cdr.normaliser.legs import Legs
from cdr.normaliser.normaliser import Normaliser
from cdr.normaliser.values import Paths
from cdr.schema.errors import BodyError
from cdr.vendor.paginators import Paginator
from cdr.vendor.stream import Envelope, Stream


@dataclass(frozen=True)
class StreamPlan:
    """Everything that does not change from page to page of a stream.

    key:     the column that identifies a row
    rows:    a dotted path to the list of rows, or a function from the parsed body to that list
    total:   where the body states how many rows the window has
    failed:  finds a failure in a body that came with a success status
    legs:    where a record holds its rows, for a stream of those
    """

    stream: str
    key: str
    normaliser: Normaliser
    paginator: Paginator
    rows: str | Envelope
    total: Paths = ()
    failed: Callable[[Any], BodyError | None] | None = None
    legs: Legs | None = None


def plan_of(stream: Stream, found: str | None = None, asked: str | None = None) -> StreamPlan:
    """The plan of a stream; the zones as in `Stream.normaliser`."""
    # Taken from the class: a plan travels to worker processes, and the instance knows the credentials.
    cls = type(stream)
    return StreamPlan(
        cls.name,
        cls.primary_key,
        stream.normaliser(found, asked),
        stream.paginator,
        cls.rows,
        cls.total,
        cls.failed,
        cls.legs,
    )
