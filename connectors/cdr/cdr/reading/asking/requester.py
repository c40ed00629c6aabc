"""Asking for one page, in the form of request that this server takes.

A vendor file lists the forms, best first (`Uncertain`). The first request of a sync that does not succeed is tried in
the others, one part at a time; what worked is kept for the sync and in the state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

from cdr.reading.findings import Finding, Findings
from cdr.schema.errors import (
    BodyError,
    ConfigError,
    SyncError,
    TooLargeError,
    TooSlowError,
    TransientError,
    UnavailableError,
)
from cdr.vendor.authenticators import LoginRefusedError
from cdr.vendor.dialects import Form, Uncertain
from cdr.vendor.outcomes import says_nothing_found
from cdr.vendor.request import Request
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

_NO_ROWS = b"null"
_BODY_ATTEMPTS = 4
_SLOW_ATTEMPTS = 2
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
T = TypeVar("T")


class Transport(Protocol):
    """What is needed of the client."""

    def get(self, request: Request, *, attempts: int | None = None, what: str = "") -> bytes:
        """The body of a successful answer. Raises ConfigError or TransientError.

        attempts: how often the request is sent at most; what: the words for it in a log line
        """


class Requester:
    """Asks for the pages of one stream. Any number of threads may use it.

    forms: the form that an earlier sync found, by the name of its point
    """

    def __init__(self, stream: Stream, transport: Transport, findings: Findings, forms: Any = None) -> None:
        self._stream = stream
        self._transport = transport
        self._findings = findings
        remembered = forms if isinstance(forms, Mapping) else {}
        self._chosen: dict[str, int] = {
            part.point: index
            for part in stream.uncertain
            if type(index := remembered.get(part.point, 0)) is int and 0 <= index < len(part.forms)
        }
        self._settled = False
        self._refusal: SyncError | None = None
        self._first = threading.RLock()
        self._note(self._chosen)

    @property
    def forms(self) -> dict[str, int]:
        """The forms in use that are not as documented, for the state."""
        return {point: index for point, index in self._chosen.items() if index}

    @property
    def window_form(self) -> Form | None:
        return next((form for form in self._forms(self._chosen) if form.window), None)

    @property
    def zone(self) -> str | None:
        """The zone that requests ask for, where it is not the documented one."""
        return next((form.zone for form in self._forms(self._chosen) if form.zone), None)

    def page(
        self,
        period: Period | None,
        index: int,
        read: Callable[[bytes], T],
        *,
        granted: int | None = None,
        following: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> T:
        """What `read` makes of page `index`. A body that is no page is asked for again: it may have been cut.

        granted, following: as in `Stream.request`; once: ask once only, and raise whatever comes
        """

        def request() -> Request:
            return self._stream.request(period, index, granted, self._forms(self._chosen), following)

        where = f"page {index + 1} of window {period}" if period else f"page {index + 1}"
        if once or self._is_settled():
            return self._page(request(), where, read, 1 if once else None)
        with self._first:
            if self._is_settled():
                return self._page(request(), where, read, None)
            if self._refusal is not None:
                raise self._refusal  # of another window: to ask again would only take as long
            try:
                answer = self._in_some_form(request, where, read)
            except _NEVER_ANOTHER_FORM:
                raise
            except SyncError as refusal:
                self._refusal = refusal
                raise
            self._settled = True
            return answer

    def _is_settled(self) -> bool:
        return self._settled

    def get(self, request: Request, what: str = "") -> bytes:
        """One body beside the pages. Raises ConfigError where it is refused: `status` says with what."""
        return self._transport.get(request, what=what)

    def signature(self) -> Request:
        """A request that says where this server wants its token."""
        return self._stream.request(None, 0, forms=self._forms(self._chosen))

    def others_if_empty(self) -> Iterator[str]:
        """Switch through the forms that an empty answer may call for; each step is named. The last one stays."""
        base = dict(self._chosen)
        for part in self._stream.uncertain:
            if not part.if_empty:
                continue
            for index in range(len(part.forms)):
                if index != base.get(part.point, 0):
                    self._chosen = {**base, part.point: index}
                    yield part.forms[index].says
        self._chosen = base

    def keep(self) -> None:
        """Say that the form in use was not the documented one."""
        self._note(self._chosen)

    def _in_some_form(self, request: Callable[[], Request], where: str, read: Callable[[bytes], T]) -> T:
        base = dict(self._chosen)
        tried: set[tuple[str, int]] = set()
        try:
            return self._page(request(), where, read, None)
        except _NEVER_ANOTHER_FORM:
            raise
        except SyncError as refusal:
            if isinstance(refusal, TransientError) and refusal.status in _PASSING:
                raise
            error = refusal
        while (option := self._next(error, base, tried)) is not None:
            part, number = option
            tried.add((part.point, number))
            self._chosen = {**base, part.point: number}
            try:
                answer = self._page(request(), where, read, 1)
            except _NEVER_ANOTHER_FORM:
                self._chosen = base
                raise
            except SyncError as refusal:
                if not part.concerns(refusal.status, _text(refusal)):
                    # This part is settled: what is refused now is another one.
                    base, error = dict(self._chosen), refusal
                continue
            self._note(self._chosen)
            return answer
        self._chosen = base
        raise error

    def _next(
        self, error: SyncError, base: Mapping[str, int], tried: set[tuple[str, int]]
    ) -> tuple[Uncertain, int] | None:
        for part in self._stream.uncertain:
            if not part.concerns(error.status, _text(error)):
                continue
            for number in range(len(part.forms)):
                if number != base.get(part.point, 0) and (part.point, number) not in tried:
                    return part, number
        return None

    def _forms(self, chosen: Mapping[str, int]) -> list[Form]:
        return [part.forms[chosen.get(part.point, 0)] for part in self._stream.uncertain]

    def _note(self, chosen: Mapping[str, int]) -> None:
        for part in self._stream.uncertain:
            if number := chosen.get(part.point, 0):
                self._findings.add(Finding(part.point, part.forms[0].says, f"takes {part.forms[number].says}"))

    def _page(self, request: Request, where: str, read: Callable[[bytes], T], attempts: int | None) -> T:
        broken = ""
        for attempt in range(1, _BODY_ATTEMPTS + 1):
            try:
                return read(self._transport.get(request, attempts=attempts, what=f"{self._stream.name}: {where}"))
            except TooSlowError:
                # Where there are no pages, the two halves of the window have better prospects than a repetition.
                if attempt == _SLOW_ATTEMPTS or attempts == 1 or not self._stream.paginator.has_pages:
                    raise
            except TooLargeError:
                raise
            except ConfigError as refusal:
                if refusal.status == HTTPStatus.NOT_FOUND and says_nothing_found(getattr(refusal, "content", None)):
                    return read(_NO_ROWS)
                raise self._explained(refusal) from None
            except BodyError as error:
                fault = error
                # The same broken bytes twice are no fault of the line.
                if fault.status in _REFUSALS or attempts == 1 or attempt == _BODY_ATTEMPTS or fault.message == broken:
                    break
                broken = fault.message
            time.sleep(0.5 * 2 ** (attempt - 1))
        raise self._of_body(fault, where, twice=fault.message == broken)

    def _of_body(self, fault: BodyError, where: str, *, twice: bool) -> SyncError:
        text = f"{self._stream.name}: the vendor answered {where}, but {fault.message}"
        error: SyncError
        if fault.status in _REFUSALS:
            error = ConfigError(f"{text}; check `credentials` and the rights of the account.")
        elif fault.is_html:
            error = ConfigError(f"{text}; check `api_url`, and any proxy on the way.")
        elif twice:
            error = TransientError(f"{text}, the same each time; the vendor has to mend it, or check `api_url`.")
        else:
            error = TransientError(f"{text}; check `api_url`, or run the sync again later.")
        error.status = fault.status
        return error

    def _explained(self, refusal: ConfigError) -> SyncError:
        status = refusal.status
        if self._stream.missing and status == HTTPStatus.NOT_FOUND:
            return UnavailableError(self._stream.missing)
        if status is not None and status in self._stream.advice:
            refusal.message = f"{refusal.message} {self._stream.advice[status]}"
        return refusal


# A connection that breaks, and a server that is busy, say nothing of the form of a request.
_PASSING = (None, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_NEVER_ANOTHER_FORM = (TooSlowError, TooLargeError, LoginRefusedError)


def _text(error: SyncError) -> str:
    return str(getattr(error, "text", "")) or error.message.lower()
