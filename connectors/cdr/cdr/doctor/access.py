"""Getting to the account: the form of a request, the token, the clock, the speed, the limits that are spoken of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil
from statistics import median
from typing import Final

from cdr.doctor.asking import Asker, Watched
from cdr.reading.findings import ACTION, HANDLED, OK, UNKNOWN, Finding
from cdr.vendor.authenticators import Authenticator
from cdr.vendor.config import Config

_HOUR: Final = 3600
_SOON: Final = 7 * 24 * _HOUR
_CLOCKS_AGREE: Final = 60.0
_SLOW: Final = 2.0
_MOST_WORKERS: Final = 20
# Parts of a request that the report calls by one name.
_REQUEST: Final = frozenset({"path", "range", "count", "order"})


def request_findings(asker: Asker) -> Iterator[Finding]:
    """The forms that the server took, and what the scout found beside them."""
    others = False
    for finding in asker.findings:
        point = "request" if finding.point in _REQUEST else finding.point
        others = others or point == "request"
        advice, severity = finding.advice, finding.severity
        effect = finding.effect or "none: the form that is taken is the one that is sent"
        if finding.point == "zone" and "prints" in finding.found:
            advice = _zone_advice(asker)
        yield Finding(point, finding.expected, finding.found, finding.evidence, effect, advice, severity)
    if not others:
        first = [part.forms[0].says for part in asker.stream.uncertain if part.point != "token"]
        expected = ", ".join(first) or "the documented form"
        yield Finding("request", expected, expected, "the first request was answered", severity=OK)


def _zone_advice(asker: Asker) -> str | None:
    zone = asker.scout.zone
    has_setting = asker.stream.config.text("timezone") is not None
    return f"set `timezone` to {zone}" if has_setting and zone and zone[:1] not in "+-" else None


def token_finding(authenticator: Authenticator, asker: Asker, *, logs_in: bool) -> Finding | None:
    """How long the token in use lives; None where the form in which it goes was the finding."""
    expected = "a token that is taken"
    ends = authenticator.expires_at()
    if ends is None:
        if any(finding.point == "token" for finding in asker.findings):
            return None
        how = "a login, whose answer does not say how long its token lives" if logs_in else "a token that names no end"
        return Finding("token", expected, how, severity=OK)
    left = ends - time.time()
    life = f"a token that lives {_in_words(left)} more"
    if logs_in:
        kept = "the new refresh token was put into the configuration's file" if authenticator.spends_a_token else None
        return Finding("token", expected, f"{life}; a new one is fetched in time", kept, severity=OK)
    if left > _SOON:
        return Finding("token", expected, life, "its own claim `exp`", severity=OK)
    found = f"the token ends in {_in_words(left)}" if left > 0 else "the token has ended by its own word"
    return Finding(
        "token",
        "a token that lives for the syncs to come",
        found,
        evidence="its own claim `exp`",
        effect="every sync fails from then on",
        advice="make a token that lives longer, or give a user and a password, with which new ones are fetched",
        severity=ACTION,
    )


def _in_words(seconds: float) -> str:
    for unit, length in (("days", 24 * _HOUR), ("hours", _HOUR), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} seconds"


def clock_finding(watched: Watched) -> Finding:
    """The vendor's clock against ours."""
    expected = "clocks that agree"
    if not watched.ahead:
        return Finding("clock", expected, "the answers have no `Date`", severity=UNKNOWN)
    ahead = median(watched.ahead)
    evidence = f"the `Date` of {len(watched.ahead)} answers"
    if abs(ahead) <= _CLOCKS_AGREE:
        return Finding("clock", expected, "the clocks agree to a minute", evidence, severity=OK)
    which = "behind" if ahead > 0 else "ahead of"
    return Finding(
        "clock",
        expected,
        f"the clock of this machine is {abs(ahead) / 60:.0f} minutes {which} the vendor's",
        evidence=evidence,
        effect="a sync reads up to now by this machine's clock, so the newest calls come late or too early",
        advice="set the clock of this machine by a time server; else raise `settling_delay_seconds` by as much",
        severity=ACTION,
    )


def latency_finding(watched: Watched, config: Config) -> Finding:
    """How fast the vendor answers, and the workers that suit it."""
    seconds = median(watched.seconds) if watched.seconds else 0.0
    workers, minute = config.integer("num_workers"), config.optional_integer("requests_per_minute")
    suited = max(1, min(_MOST_WORKERS, ceil(minute / 60 * seconds))) if minute else workers
    if seconds > _SLOW and not minute:
        suited = min(_MOST_WORKERS, 2 * workers)
    found = f"answers in {seconds * 1000:.0f} ms; {suited} in `num_workers` suit it"
    evidence = f"the middle one of {len(watched.seconds)} answers"
    if seconds <= _SLOW:
        return Finding("latency", "answers within two seconds", found, evidence, severity=OK)
    advice = f"set `num_workers` to {suited}" if suited != workers else None
    return Finding("latency", "answers within two seconds", found, evidence, "a first sync takes long", advice)


def rate_finding(watched: Watched) -> Finding:
    """Limits that the vendor speaks of."""
    limits = ", ".join(f"{name}: {value}" for name, value in sorted(watched.limits.items()))
    if watched.asked_to_wait:
        return Finding(
            "rate",
            "all requests answered",
            f"asks to come back in {_in_words(watched.asked_to_wait)}",
            evidence=f"its answer to request {watched.sent}",
            effect="a wait of more than 15 minutes ends a sync, its state kept",
            advice="run the doctor again then; set `requests_per_minute` lower",
            severity=ACTION,
        )
    crowded = watched.statuses[HTTPStatus.TOO_MANY_REQUESTS]
    if crowded:
        return Finding(
            "rate",
            "all requests answered",
            f"answered {crowded} of {watched.sent} requests with 429",
            evidence=limits or None,
            effect="a sync waits as long as it is asked to",
            advice="set `requests_per_minute` lower",
            severity=HANDLED,
        )
    found = f"headers that speak of a limit: {limits}" if limits else "no header speaks of a limit"
    return Finding("rate", "all requests answered", found, f"{watched.sent} requests", severity=OK)
