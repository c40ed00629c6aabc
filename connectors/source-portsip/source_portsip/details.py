"""The detail of every row that goes out: one GET each, in parallel, before the row is weighed and written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

import orjson

from cdr.http.bodies import parse
from cdr.normaliser import Row, serialise
from cdr.reading.asking.requester import Transport
from cdr.reading.context import ReadContext, Sync
from cdr.reading.findings import Finding
from cdr.reading.pages.fingerprints import digest
from cdr.reading.pages.page import NormalisedPage
from cdr.reading.pages.rows import Rows
from cdr.reading.window_reader import WindowReader
from cdr.schema.errors import BodyError, ConfigError, TooSlowError, TransientError, UnavailableError
from cdr.vendor import PageInfo, Period, Request, Stream
from source_portsip.lists import PortsipStream

_ATTEMPTS = 4
_SLOW_ATTEMPTS = 2
_NO_ID = "sha256:"


class DetailReader(WindowReader):
    """Completes rows with their details, where the stream asks for them."""

    _stream: PortsipStream

    def __init__(self, stream: Stream, transport: Transport, context: ReadContext, sync: Sync | None = None) -> None:
        super().__init__(stream, transport, context, sync)
        # Not the threads that read pages: those wait for this one's. The client bounds the requests of all of them.
        self._details = ThreadPoolExecutor(context.ahead, thread_name_prefix="details")

    def first_page(self, period: Period | None) -> PageInfo:
        facts = super().first_page(period)
        number = facts.total if facts.total is not None else facts.rows
        self._logger.info(
            f"{self._stream.name}: {number} rows from {period} are to be seen. "
            "A user without the role Admin or QueueManager sees only its own, without any error."
        )
        return facts

    def _completed(self, page: NormalisedPage) -> NormalisedPage:
        """The same page, with the details of those rows that did not go out yet.

        Digests are taken anew: a cost that the vendor writes down later is a change of the row.
        """
        if not self._stream.with_details:
            return page
        received = page.lines()
        wanted = {index: received[index] for index in self._new_rows(page)}
        completed = dict(zip(wanted, self._details.map(self._complete, wanted.values()), strict=True))
        lines = [completed.get(index, line) for index, line in enumerate(received)]
        digests = [digest(line) for line in lines] if page.digests else []
        return replace(page, rows=Rows.of(lines), digests=digests)

    def _complete(self, line: bytes) -> bytes:
        """A finished line, completed."""
        row: Row = orjson.loads(line)
        details = self._detail(row.get("vendor_record_id") or row["id"])
        if details is not None:
            self._stream.complete(row, details, self._pager.plan.normaliser)
        return serialise(row)

    def _detail(self, identity: str) -> list[Row] | None:
        """The rows of a detail; None where the vendor has it no more, or the row had no id to ask for."""
        if identity.startswith(_NO_ID):
            return None
        request = Request(f"{self._stream.endpoint}/{quote(identity, safe='')}", headers=self._stream.headers)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                body = self._unless_gone(request)
                return None if body is None else rows_of_detail(body)
            except TooSlowError:
                if attempt == _SLOW_ATTEMPTS:
                    raise
            except BodyError as error:
                fault = error
                if fault.status == HTTPStatus.UNAUTHORIZED or attempt == _ATTEMPTS:
                    break
            time.sleep(0.5 * 2 ** (attempt - 1))
        where = f"{self._stream.name}: the vendor answered the detail of {identity}, but {fault.message}"
        if fault.status == HTTPStatus.UNAUTHORIZED:
            raise ConfigError(f"{where}; check `credentials` and the rights of the account.")
        if fault.is_html:
            raise ConfigError(f"{where}; check `api_url`, and any proxy on the way.")
        raise TransientError(f"{where}; run the sync again later.")

    def _unless_gone(self, request: Request) -> bytes | None:
        try:
            return self._requester.get(request, "the detail of a row")
        except UnavailableError:
            status = HTTPStatus.NOT_FOUND  # a list that answered is there, whatever is said of one row
        except ConfigError as refusal:
            if refusal.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
                raise
            status = HTTPStatus(refusal.status)
        self.findings.add(
            Finding(
                "columns",
                "a detail for every row",
                f"refuses the details of some rows with {status.value}",
                effect="these rows come as the list has them, without what only the detail holds",
            )
        )
        return None


def rows_of_detail(body: bytes) -> list[Row]:
    """The rows of a detail: `{"items": [{…}]}` of `/cdrs/{id}`, or the bare row of the others.

    Raises BodyError where it is neither.
    """
    document, _ = parse(body)
    failure = PortsipStream.failed(document)
    if failure is not None:
        raise failure
    rows = document.get("items", [document]) if isinstance(document, dict) and document else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BodyError("the answer is no detail of a row")
    return rows
