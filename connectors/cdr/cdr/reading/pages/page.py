"""From the bytes of a page to its finished rows: one pure function, wherever it runs.

`read_page` takes bytes, a `StreamPlan` and a `Scope`, and gives a `NormalisedPage`. It imports no CDK and keeps nothing
between calls. Everything that goes in or comes out can be pickled: a thread may call it, or a worker process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import Any, NamedTuple

from cdr.http.bodies import mended, parse, rows_of
from cdr.normaliser.calls import Call
from cdr.normaliser.clocks import Evidence
from cdr.normaliser.fields import Row
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.normaliser.timestamps import instant
from cdr.normaliser.values import Paths, integer_at
from cdr.reading.pages.fingerprints import Fingerprint, call_text, digest, fingerprints_of, keys_of
from cdr.reading.pages.plan import StreamPlan
from cdr.reading.pages.rows import BARE, RecordFrame, Rows
from cdr.reading.pages.scope import INSIDE, Scope
from cdr.schema.columns import ISSUES
from cdr.vendor.paginators import PageInfo


@dataclass
class NormalisedPage:
    """One page, ready to be written.

    ids:     one entry a received row: its `record_id`
    calls:   what tells two calls of one id apart, see `call_text`
    calls_as_sent: start, from, to and direction as the vendor sent them, where the rows do not hold them
    places:  where each row lies, see `scope.py`; empty where all are inside
    rows:    every row
    timeless: the places of rows whose time is missing or cannot be read: any window may bring them
    times:   the cursor of each row, None where it cannot be read; where digests were asked for
    digests: a digest of each row; where they were asked for
    highest: the latest time on the page, as the vendor printed it, of the rows that are inside
    issues:  the issues of the rows that have some, by their place on the page
    parents: the ids of the vendor's records, where a row is a leg of one
    """

    info: PageInfo
    ids: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    calls_as_sent: list[Call] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    timeless: list[int] = field(default_factory=list)
    times: list[str | None] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    highest: datetime | None = None
    issues: dict[int, list[str]] = field(default_factory=dict)
    parents: list[str] | None = None

    @property
    def records(self) -> tuple[list[int], Sequence[Fingerprint]]:
        """Keys and fingerprints of what the vendor pages and counts: rows, or the records whose legs are the rows."""
        if self.parents is None:
            return self.keys, self.fingerprints
        return keys_of(self.parents), [""] * len(self.parents)

    def lines(self) -> list[bytes]:
        """One entry a received row: its line."""
        return self.rows.lines()

    @cached_property
    def keys(self) -> list[int]:
        """One entry a received row: its id as a number."""
        return keys_of(self.ids)

    @cached_property
    def fingerprints(self) -> list[Fingerprint]:
        """One entry a received row: what is remembered of its call."""
        return fingerprints_of(self.calls)


def read_page(
    body: bytes, plan: StreamPlan, scope: Scope | None, with_digests: bool = False, frame: RecordFrame = BARE
) -> NormalisedPage:
    """Parse, normalise, place and serialise one page. No row is left out.

    `scope` None means that every row is inside.
    Raises BodyError where the body is not what the endpoint promises; a row never raises.
    """
    page, rows, repaired = _opened(body, plan)
    # What follows runs for every row: local names are cheaper than attributes.
    ids, calls, places, normaliser = page.ids, page.calls, page.places, plan.normaliser
    read, call, key, (first, last), highest = normaliser.read, normaliser.call, plan.key, _usual(scope), ""
    head, tail = frame.head, frame.tail + b"\n"
    # Not a list of lines: their pieces of memory would be spread over the heap, and outlive the page as holes in it.
    lines = BytesIO()
    write = lines.write
    damaged = False
    for number, vendor_row in enumerate(rows):
        if repaired:
            vendor_row, damaged = mended(vendor_row)  # noqa: PLW2901 - the row, readable
        row, printed = read(vendor_row)
        if damaged:
            _note(row, "value_unreadable")
        if printed is None:
            page.timeless.append(number)
        else:
            moment = printed[:-1]
            if first <= moment < last:
                if moment > highest:  # noqa: PLR1730 (a call of max for every row)
                    highest = moment
            else:
                places += [INSIDE] * (number - len(places))
                places.append(_placed(scope, normaliser, vendor_row, row) if scope else INSIDE)
        ids.append(row[key])
        calls.append(call_text(call(vendor_row)))
        if row.get("issues"):
            page.issues[number] = row["issues"]
        line = serialise(row)
        if with_digests:
            page.digests.append(digest(line))
            page.times.append(row.get(normaliser.cursor or "") if plan.legs is None else printed)
        write(head)
        write(line)
        write(tail)
    page.places = [*places, *[INSIDE] * (len(ids) - len(places))] if any(places) else []
    page.highest = instant(f"{highest}Z") if highest else None
    page.rows = Rows(lines.getvalue(), len(ids), frame)
    page.calls_as_sent = [*map(call, rows)] if normaliser.call_is_lost else []
    return page


def _opened(body: bytes, plan: StreamPlan) -> tuple[NormalisedPage, list[Any], bool]:
    """A page without its rows, the vendor's rows, and whether characters had to be repaired."""
    document, repaired = parse(body)
    rows = rows_of(document, plan.rows, plan.total, plan.failed)
    page = NormalisedPage(plan.paginator.info(document, len(rows), plan.total))
    if plan.legs is None:
        return page, rows, repaired
    page.parents = plan.legs.ids(rows)
    return page, plan.legs.of(rows), repaired


def _usual(scope: Scope | None) -> tuple[str, str]:
    return ("", "~") if scope is None else scope.usual()


def _placed(scope: Scope, normaliser: Normaliser, vendor_row: Any, row: Row) -> int:
    """Where a row lies whose printed time is not near what was asked for."""
    clocks = normaliser.clocks(vendor_row, row)
    place = scope.place(clocks, is_proven=not scope.is_sure and normaliser.evidence(vendor_row) is not None)
    if place and scope.beyond_dates(clocks):
        _note(row, "time_outside_window")
    return place


def _note(row: Row, issue: str) -> None:
    noted = row.get("issues")
    if noted is not None and issue not in noted:
        row["issues"] = [known for known in ISSUES if known in noted or known == issue]


ReadPage = Callable[[bytes, StreamPlan, "Scope | None", bool, RecordFrame], NormalisedPage]
"""`read_page`, or what stands for it."""


class PageEvidence(NamedTuple):
    """What a page shows before it is read: facts, evidence for the zone, and the rows that the account has in all."""

    info: PageInfo
    evidence: list[Evidence]
    account_total: int | None


def evidence_in(body: bytes, plan: StreamPlan, account_total: Paths) -> PageEvidence:
    """What a page shows. Raises BodyError."""
    document, _ = parse(body)
    rows = rows_of(document, plan.rows, plan.total, plan.failed)
    evidence = [found for row in rows if (found := plan.normaliser.evidence(row))]
    return PageEvidence(
        plan.paginator.info(document, len(rows), plan.total), evidence, integer_at(document, account_total)
    )
