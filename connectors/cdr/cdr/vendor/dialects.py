"""What nobody knows of a vendor's requests, declared in its `streams.py`; `cdr.reading.asking` finds it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cdr.vendor.request import Request
from cdr.vendor.windows import Period, Window

Change = Callable[[Any, Request, Period | None], Request]
"""(stream, request as documented, the period it asks for) -> the request in another form."""


@dataclass(frozen=True)
class Form:
    """One form of one part of a request.

    says:   what is special about it, in words that finish "the vendor takes …"
    change: what makes this form of the documented one
    window: how the period is asked for, where that is what differs
    zone:   the zone that it asks for, and times are printed in, where that is another
    """

    says: str
    change: Change | None = None
    window: Window | None = None
    zone: str | None = None


@dataclass(frozen=True)
class Uncertain:
    """A part of the request of which nobody knows which form a server takes.

    point:    its name, as findings and the state spell it
    forms:    best first; the first one is as documented
    statuses: the refusals that another form may answer; None for every one
    naming:   words of which a refusal must hold one; () for every refusal
    if_empty: whether an answer without rows, although the account has calls, is a refusal as well
    """

    point: str
    forms: tuple[Form, ...]
    statuses: frozenset[int] | None = None
    naming: tuple[str, ...] = ()
    if_empty: bool = False

    def concerns(self, status: int | None, text: str) -> bool:
        """Whether another form may answer a refusal: its status, None where it has none, and its text in lower case."""
        fits = self.statuses is None or status in self.statuses
        return fits and (not self.naming or any(word in text for word in self.naming))
