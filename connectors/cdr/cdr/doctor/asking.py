"""What the doctor asks with: a budget of requests that is kept, and pages whose rows can be weighed."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import requests

from cdr.http.bodies import mended, parse, rows_of
from cdr.http.failures import retry_after
from cdr.normaliser.clocks import Evidence
from cdr.normaliser.fields import Row
from cdr.normaliser.privacy import Privacy
from cdr.normaliser.timestamps import instant
from cdr.normaliser.values import integer_at
from cdr.reading.asking.requester import Requester, Transport
from cdr.reading.asking.scout import Scout
from cdr.reading.findings import Findings
from cdr.reading.pages.fingerprints import call_text
from cdr.reading.pages.plan import StreamPlan, plan_of
from cdr.schema.errors import ConfigError, SyncError, TransientError
from cdr.vendor.dialects import Form
from cdr.vendor.outcomes import says_nothing_found
from cdr.vendor.paginators import PageInfo
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

MOST_REQUESTS: Final = 40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_CROWDED: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_LONGEST_WAIT: Final = 60.0
_LIMITS: Final = ("ratelimit", "rate-limit", "retry-after", "x-limit", "-remaining", "quota")


class BudgetSpentError(TransientError):
    """The doctor has asked as often as it may."""


class Watched:
    """Counts every request and keeps what its answer shows beside its body. Lets no more than the budget go out.

    seconds: how long each answer took; ahead: by how much the vendor's clock is ahead of ours, by each `Date`
    limits:  headers that speak of a limit; marks: what is odd about the bytes of an answer
    asked_to_wait: seconds that the vendor asks to wait, where they are too many: nothing goes out any more
    """

    def __init__(self, most: int = MOST_REQUESTS, now: Callable[[], datetime] | None = None) -> None:
        self.most = most
        self.sent = 0
        self.logins = 0
        self.seconds: list[float] = []
        self.ahead: list[float] = []
        self.limits: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        self.marks: Counter[str] = Counter()
        self.asked_to_wait = 0.0
        self._now = now or (lambda: datetime.now(timezone.utc))

    @property
    def left(self) -> int:
        return self.most - self.sent

    def sending(self, request: requests.PreparedRequest) -> None:
        if self.left <= 0:
            raise BudgetSpentError(f"The {self.most} requests of the doctor are spent.")
        if self.asked_to_wait:
            raise BudgetSpentError("The vendor asks to wait.")
        self.sent += 1
        self.logins += request.method == "POST"

    def answered(self, response: requests.Response, seconds: float) -> None:
        self.seconds.append(seconds)
        self.statuses[response.status_code] += 1
        date = response.headers.get("Date")
        if date:
            try:
                middle = self._now() - timedelta(seconds=seconds / 2)
                self.ahead.append((parsedate_to_datetime(date) - middle).total_seconds())
            except (TypeError, ValueError, OverflowError):
                pass
        for name, value in response.headers.items():
            if any(word in name.lower() for word in _LIMITS):
                self.limits[name.lower()] = value[:40]
        wait = retry_after(response.headers.get("Retry-After")) or 0.0
        if response.status_code in _CROWDED and wait > _LONGEST_WAIT:
            self.asked_to_wait = wait
        if response.request.method == "GET":
            self._look_at(response)

    def _look_at(self, response: requests.Response) -> None:
        body = response.content or b""
        if response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT):
            self.marks["answers an empty period with 204"] += 1
        elif response.ok and body.strip() == b"null":
            self.marks["answers an empty period with null"] += 1
        if body.startswith(codecs.BOM_UTF8):
            self.marks["puts a byte order mark in front of its answers"] += 1
        if not response.ok:
            return
        try:
            body.decode()
        except UnicodeDecodeError:
            charset = (response.headers.get("Content-Type") or "").partition("charset=")[2].strip()
            how = "in the charset that it names" if charset else "without a word of their charset"
            self.marks[f"sends bytes that are not UTF-8, {how}"] += 1


class Call(NamedTuple):
    """One row: as it came, its canonical columns, and what tells it from others.

    printed: the time that the vendor filters on, as it is printed; evidence: the time in its id
    """

    source: Any
    row: Row
    digest: str
    printed: datetime | None
    evidence: Evidence | None

    @property
    def id(self) -> str:
        return str(self.row.get("vendor_record_id"))

    @property
    def key(self) -> tuple[str, str]:
        return self.id, self.digest

    @property
    def issues(self) -> list[str]:
        return self.row["issues"] or []

    @property
    def epoch(self) -> datetime | None:
        if self.evidence is None or self.evidence.chained:
            return None
        return _EPOCH + timedelta(seconds=self.evidence.epoch)


@dataclass(frozen=True)
class Answer:
    """One page.

    is_repaired: whether characters had to be mended; is_wrapped: whether an object stood around a bare list
    """

    calls: list[Call]
    info: PageInfo
    account_total: int | None = None
    is_repaired: bool = False
    is_wrapped: bool = False

    @property
    def keys(self) -> set[tuple[str, str]]:
        return {call.key for call in self.calls}


class Asker:
    """Asks one stream's vendor. Everything that it raises is a SyncError."""

    def __init__(self, stream: Stream, transport: Transport, watched: Watched) -> None:
        self.stream = stream
        self.watched = watched
        self.findings = Findings()
        self._transport = transport
        self.requester = Requester(stream, transport, self.findings)
        self.scout = Scout(stream, self.requester, self.findings, {})
        self.plan: StreamPlan = _open(plan_of(stream))
        self.marks: Counter[str] = Counter()
        self.first_index = 0

    def settle(self) -> None:
        """Read rows by the zone that the scout has found."""
        self.plan = _open(plan_of(self.stream, self.scout.zone, self.requester.zone))

    @property
    def window(self) -> Any:
        form = self.requester.window_form
        return form.window if form else self.stream.window

    @property
    def zone(self) -> str:
        return self.requester.zone or self.stream.zone

    def ask(
        self,
        period: Period,
        index: int = 0,
        granted: int | None = None,
        *,
        following: Mapping[str, str] | None = None,
        exactly: bool = False,
    ) -> Answer:
        """A page of a period, in the form that the server takes. Raises SyncError.

        following: what the page before says of it
        exactly: whether to name just these moments, without the margin that a sync adds
        """
        request = self.stream.request(period, index + self.first_index, granted, self._forms(), following)
        if exactly:
            request = request.plus(self.window.exactly(period, self.zone))
        try:
            body = self._transport.get(request, what=f"{self.stream.name}: {period}")
        except ConfigError as refusal:
            content = getattr(refusal, "content", None)
            if refusal.status != HTTPStatus.NOT_FOUND or not says_nothing_found(content):
                raise
            self.marks["answers an empty period with 404"] += 1
            body = b"null"
        return self.read(body)

    def try_ask(
        self,
        period: Period,
        index: int = 0,
        granted: int | None = None,
        *,
        following: Mapping[str, str] | None = None,
        exactly: bool = False,
    ) -> Answer | None:
        """As `ask`, but None where the answer is a refusal. Raises BudgetSpentError alone."""
        try:
            return self.ask(period, index, granted, following=following, exactly=exactly)
        except BudgetSpentError:
            raise
        except SyncError:
            return None

    def read(self, body: bytes) -> Answer:
        """What a body holds. Raises BodyError."""
        document, repaired = parse(body)
        rows = rows_of(document, self.plan.rows, self.plan.total, self.plan.failed)
        if not rows and says_nothing_found(document):
            self.marks["says of an empty period that it failed"] += 1
        elif not rows and self.plan.rows == "" and isinstance(document, dict):
            self.marks["answers an empty period with an object"] += 1
        wrapped = self.plan.rows == "" and isinstance(document, dict) and bool(rows)
        calls = [self._call(mended(row)[0] if repaired else row) for row in rows]
        return Answer(
            calls,
            self.plan.paginator.info(document, len(rows), self.plan.total),
            integer_at(document, self.stream.account_total),
            repaired or _has_last_comma(body),
            wrapped,
        )

    def _call(self, source: Any) -> Call:
        normaliser = self.plan.normaliser
        row, printed = normaliser.read(source)
        digest = call_text(normaliser.call(source)) if isinstance(source, dict) else ""
        return Call(source, row, digest, instant(printed) if printed else None, normaliser.evidence(source))

    def _forms(self) -> list[Form]:
        chosen = self.requester.forms
        return [part.forms[chosen.get(part.point, 0)] for part in self.stream.uncertain]


def _has_last_comma(body: bytes) -> bool:
    return body.rstrip().endswith(b"]") and body.rstrip()[:-1].rstrip().endswith(b",")


def _open(plan: StreamPlan) -> StreamPlan:
    """The plan of a stream with every column, for counting: no row leaves the doctor."""
    return replace(plan, normaliser=replace(plan.normaliser, privacy=Privacy(), include_raw=False))
