"""The one request of a check, whose rows are taken at their word."""

from __future__ import annotations

from cdr.http.bodies import mended, parse, rows_of
from cdr.normaliser.timestamps import instant
from cdr.reading.asking.requester import Requester, Transport
from cdr.reading.findings import Findings
from cdr.reading.pages.plan import plan_of
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period


def times_beyond(stream: Stream, transport: Transport, period: Period) -> tuple[int, int]:
    """How many rows of the first page print a time that was not asked for, and how many came.

    Raises SyncError where the account cannot be read.
    """
    plan, covers = plan_of(stream), stream.window.covers(period, stream.zone)
    requester = Requester(stream, transport, Findings())

    def read(body: bytes) -> tuple[int, int]:
        document, repaired = parse(body)
        rows = rows_of(document, plan.rows, plan.total, plan.failed)
        times = [plan.normaliser.read(mended(row)[0] if repaired else row)[1] for row in rows]
        reaches = requester.window_form.window if requester.window_form else None
        asked = reaches.covers(period, stream.zone) if reaches else covers
        return sum(time is not None and instant(time) not in asked for time in times), len(rows)

    return requester.page(period, 0, read)


def sentence(beyond: int, rows: int) -> str | None:
    """What a check says of them; None where the times are those that were asked for."""
    if not beyond:
        return None
    return (
        f"{beyond} of the {rows} calls of the last hour print a time outside it: the vendor may use another time zone, "
        "or ignore the period asked for. Run the connector's command doctor, which says what it does and what to set."
    )
