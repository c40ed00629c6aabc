"""What an account really does, held against what its vendor's documents say; `command.py` has the command."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any, Final, Protocol

from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.doctor.access import clock_finding, latency_finding, rate_finding, request_findings, token_finding
from cdr.doctor.asking import Answer, Asker, BudgetSpentError, Watched
from cdr.doctor.calls import call_findings
from cdr.doctor.failures import SpendsTokenError, failure_finding
from cdr.doctor.limits import Limits
from cdr.doctor.pages import Paging
from cdr.doctor.sample import Sample, last_month, newest_day, sample_of
from cdr.doctor.shape import shape_findings
from cdr.doctor.times import Times
from cdr.http.client import Client, Meter
from cdr.reading.findings import ACTION, HANDLED, UNKNOWN, Finding
from cdr.schema.errors import ConfigError, SyncError
from cdr.schema.words import without_queries
from cdr.vendor.accounts import first_account_of
from cdr.vendor.config import Config
from cdr.vendor.stream import Stream

POINTS: Final = (
    *("request", "token", "role", "zone", "bounds", "filter", "filter_time", "order", "page_size", "total", "cap"),
    *("retention", "clock", "latency", "rate", "ids", "shape", "words", "numbers", "columns", "date_order"),
)
"""The names of all points, in the order of the report."""
_NEED_CALLS: Final = ("zone", "bounds", "filter", "ids", "words", "numbers", "columns")
_OF_TIME: Final = frozenset({"zone", "bounds", "filter", "clock", "date_order"})
_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_PATIENCE: Final = {"attempts": 2, "read_seconds": 30}
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*")
_LONG_NUMBER: Final = re.compile(r"\+?\d[\d ()-]{6,}\d")


class Source(Protocol):
    """What the doctor has to know of a connector: its streams, and how its configuration is read."""

    @property
    def streams(self) -> Sequence[type[Stream]]: ...

    def config(self, raw: Mapping[str, Any]) -> Config:
        """The configuration, checked. Raises ConfigError or AirbyteTracedException."""


@dataclass
class Report:
    """What the doctor found. `requests` counts logins too."""

    connector: str
    vendor: str
    requests: int = 0
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, source: Source) -> Report:
        """An empty report on the account of a source."""
        return cls(type(source).__module__.partition(".")[0].replace("_", "-"), source.streams[0].vendor)

    @property
    def needs_a_person(self) -> bool:
        return any(finding.severity == ACTION for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        found = [finding.as_dict() for finding in self.findings]
        return {"connector": self.connector, "vendor": self.vendor, "requests": self.requests, "findings": found}


def examine(
    source: Source,
    raw: Mapping[str, Any],
    *,
    now: datetime | None = None,
    keep: Callable[[Mapping[str, Any]], None] | None = None,
) -> Report:
    """Ask the account of a configuration, the first of several, and say what it does.

    Raises nothing that a configuration can cause.

    now:  the moment that counts as now
    keep: puts a configuration back whose refresh token was replaced; None where nothing can
    """
    stream = source.streams[0]
    report = Report.of(source)
    watched = Watched()
    config: Config | None = None
    failed = False
    try:
        config = first_account_of(stream, source.config(raw))
        found = _Visit(stream(config), config, watched, now or datetime.now(timezone.utc), keep).findings()
    except (SyncError, AirbyteTracedException) as error:
        failure = error if isinstance(error, SyncError) else ConfigError(str(error))
        found, failed = [failure_finding(failure, stream, config)], True
    report.requests = watched.sent
    report.findings = [_clean(finding, config, is_said=failed) for finding in sorted(found, key=_place)]
    return report


def _place(finding: Finding) -> int:
    return POINTS.index(finding.point)


class _Visit:
    """One visit to one account."""

    def __init__(
        self,
        stream: Stream,
        config: Config,
        watched: Watched,
        now: datetime,
        keep: Callable[[Mapping[str, Any]], None] | None,
    ) -> None:
        self._config = config
        self._watched = watched
        self._now = now
        self._authenticator = stream.authenticator(config)
        if self._authenticator.spends_a_token and keep is None:
            raise SpendsTokenError(
                "A refresh token can be used once, and the configuration's file cannot be written to keep the new one; "
                "make the file writable, or give a user and a password."
            )
        config.on_change = keep
        client = Client(config, self._authenticator, _quiet(), watch=watched, resets=stream.resets, **_PATIENCE)
        self._asker = Asker(stream, client.metered(Meter()), watched)

    def findings(self) -> list[Finding]:
        """Everything that could be found out. Raises SyncError where nothing could."""
        first = newest_day(self._asker, self._now)
        found: list[Finding] = []
        found += self._as_far_as_possible(self._of_calls(first))
        found += self._of_access()
        known = {finding.point for finding in found}
        if any(finding.point in _OF_TIME and finding.severity in (HANDLED, ACTION) for finding in found):
            known |= _OF_TIME  # one difference of time can hide the others
            found = [one for one in found if one.point not in _OF_TIME or one.severity != UNKNOWN]
        missing = [point for point in _NEED_CALLS if point not in known]
        why = "not told before the requests were spent" if self._watched.left <= 0 else "could not be told"
        return found + [Finding(point, "calls to look at", why, severity=UNKNOWN) for point in missing]

    def _of_calls(self, first: Any) -> Iterator[Finding]:
        asker, now = self._asker, self._now
        month = yield from self._month() if asker.stream.paginator.has_pages else _nothing()
        sample = sample_of(asker, now, first, month)
        if not sample.calls:
            yield from self._without_calls(sample)
            return
        of_calls = [*call_findings(asker, sample, month.calls if month else ())]
        yield from of_calls
        odd = any(finding.point == "date_order" and finding.severity == ACTION for finding in of_calls)
        times = Times(asker, sample)
        yield from self._as_far_as_possible(times.findings(dates_are_odd=odd))
        paging = Paging(asker, sample, month, now, filters=times.filters)
        yield from self._as_far_as_possible(paging.findings())
        limits = Limits(asker, sample, month, now, totals_mislead=paging.repeats_its_page())
        yield from self._as_far_as_possible(limits.cap())
        yield from self._as_far_as_possible(limits.retention())
        yield from shape_findings(asker, sample)

    def _month(self) -> Generator[Finding, None, Answer | None]:
        """The first page of the last thirty days, where they can be asked for."""
        try:
            return self._asker.ask(last_month(self._now))
        except BudgetSpentError:
            raise
        except SyncError as refusal:
            if refusal.status in _REFUSED and self._asker.window.knows_days_only:
                effect = "a sync asks for days up to today alone"
                yield Finding("request", "days up to tomorrow", "refuses a period that ends after today", effect=effect)
            return None

    def _without_calls(self, sample: Sample) -> Iterator[Finding]:
        says_so = self._asker.scout.account_has_calls
        advice = "if the account has calls, check the account, and whether its user may see the calls of all users"
        for point in _NEED_CALLS:
            yield Finding(
                point,
                "calls of the last 30 days",
                "no call came" + (", although it states that the account has calls" if says_so else ""),
                advice=advice if point == "filter" else None,
                severity=UNKNOWN,
            )

    def _as_far_as_possible(self, findings: Iterator[Finding]) -> Iterator[Finding]:
        """The findings up to the last request of the budget."""
        try:
            yield from findings
        except BudgetSpentError:
            return
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # What an account sends can be odd in ways that nobody foresaw: the other points are worth as much.
            _quiet().warning(f"A question of the doctor failed ({type(error).__name__}): please report it.")

    def _of_access(self) -> Iterator[Finding]:
        yield from request_findings(self._asker)
        token = token_finding(self._authenticator, self._asker, logs_in=self._watched.logins > 0)
        if token is not None:
            yield token
        yield clock_finding(self._watched)
        yield latency_finding(self._watched, self._config)
        yield rate_finding(self._watched)


def _nothing() -> Generator[Finding, None, None]:
    """No finding, and no answer."""
    yield from ()


def _quiet() -> logging.Logger:
    return logging.getLogger("airbyte.cdr.doctor")


def _clean(finding: Finding, config: Config | None, *, is_said: bool) -> Finding:
    """A finding without secrets and without the login; where the vendor is quoted, without numbers and addresses."""
    own = [str(value) for value in (config.group("credentials").values() if config else ()) if len(str(value)) > 3]  # noqa: PLR2004
    own = [text for text in own if text not in ("access_token", "password", "refresh_token")]

    def clean(text: str | None) -> str | None:
        if text is None:
            return None
        for value in own:
            text = text.replace(value, "…")
        text = without_queries(filter_secrets(text))
        return _LONG_NUMBER.sub("…", _ADDRESS.sub("…", text)) if is_said else text

    return replace(
        finding,
        expected=clean(finding.expected) or "",
        found=clean(finding.found) or "",
        evidence=clean(finding.evidence),
        effect=clean(finding.effect),
        advice=clean(finding.advice),
    )
