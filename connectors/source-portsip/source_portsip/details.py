"""The detail of every row that goes out: one GET each, in parallel, before the row is weighed and written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from cdr.errors import BodyError, ConfigError, TooSlowError, TransientError
from cdr.fields import Row
from cdr.normaliser import serialise
from cdr.pages import Block, Rows, digest, parse
from cdr.reading import Means, Transport, WindowReader
from cdr.stream import Request, Stream
from source_portsip.lists import PortsipStream

_ATTEMPTS = 4
_SLOW_ATTEMPTS = 2
_NO_ID = "sha256:"


class DetailReader(WindowReader):
    """Completes rows with their details, where the stream asks for them."""

    _stream: PortsipStream

    def __init__(self, stream: Stream, transport: Transport, means: Means) -> None:
        super().__init__(stream, transport, means)
        # Not the threads that read pages: those wait for this one's. The client bounds the requests of all of them.
        self._details = ThreadPoolExecutor(means.ahead, thread_name_prefix="details")

    def _completed(self, block: Block, seen: set[str]) -> Block:
        """The same page, with the details of those rows that did not go out yet.

        Digests are taken anew: a cost that the vendor writes down later is a change of the row.
        """
        if not self._stream.with_details:
            return block
        received = block.lines()
        wanted: dict[str, bytes] = {}
        for identity, line in zip(block.ids, received, strict=True):
            if line is not None and identity not in seen and identity not in self._timeless:
                wanted.setdefault(identity, line)
        completed = dict(zip(wanted, self._details.map(self._complete, wanted.values()), strict=True))
        lines: list[bytes] = []
        digests: list[int] = []
        for identity, line, known in zip(block.ids, received, block.digests, strict=True):
            row, whole = completed.get(identity, ({}, line))
            if whole is not None:
                lines.append(whole)
            digests.append(digest(row) if row else known)
        return replace(block, rows=Rows.of(lines), digests=digests)

    def _complete(self, line: bytes) -> tuple[Row, bytes]:
        """The canonical row of a finished line, completed, and its line."""
        row: Row = parse(line)
        self._stream.complete(row, self._detail(row.get("vendor_record_id") or row["id"]), self._plan.normaliser)
        return row, serialise(row)

    def _detail(self, identity: str) -> list[Row]:
        """The rows of a detail; none where the vendor has it no more, or the row had no id to ask for."""
        if identity.startswith(_NO_ID):
            return []
        request = Request(f"{self._stream.endpoint}/{quote(identity, safe='')}", headers=self._stream.headers)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                body = self._unless_gone(request)
                return [] if body is None else rows_of_detail(body)
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
            return self._transport.get(request)
        except ConfigError as refusal:
            if getattr(refusal, "status", None) == HTTPStatus.NOT_FOUND:
                return None
            raise


def rows_of_detail(body: bytes) -> list[Row]:
    """The rows of a detail: `{"items": [{…}]}` of `/cdrs/{id}`, or the bare row of the others.

    Raises BodyError where it is neither.
    """
    document = parse(body)
    failure = PortsipStream.failed(document)
    if failure is not None:
        raise failure
    rows = document.get("items", [document]) if isinstance(document, dict) and document else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BodyError("the answer is no detail of a row")
    return rows
