"""Getting to the account: the login, the form of a request, the clock, the speed, and what a refusal asks a person for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil
from statistics import median
from typing import Final

from cdr.authenticators import Authenticator, LoginRefusedError
from cdr.config import Config
from cdr.doctor_asking import Asker, Watched
from cdr.errors import BodyError, ConfigError, SyncError, TooSlowError
from cdr.findings import ACTION, HANDLED, OK, UNKNOWN, Finding
from cdr.stream import Stream

_HOUR: Final = 3600
_SOON: Final = 7 * 24 * _HOUR
_CLOCKS_AGREE: Final = 60.0
_SLOW: Final = 2.0
_MOST_WORKERS: Final = 20
# Parts of a request that the report calls by one name.
_REQUEST: Final = frozenset({"path", "range", "count", "order"})
_ACCOUNT_KEYS: Final = ("account", "account_id", "account_name")


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
    told = f"a token that lives {_in_words(left)} more"
    if logs_in:
        return Finding("token", expected, f"{told}; a new one is fetched in time", severity=OK)
    if left > _SOON:
        return Finding("token", expected, told, "its own claim `exp`", severity=OK)
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
        effect="a sync reads up to now by this machine's clock: the newest calls come later, or are asked for too early",
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
    told = ", ".join(f"{name}: {value}" for name, value in sorted(watched.limits.items()))
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
            evidence=told or None,
            effect="a sync waits as long as it is asked to",
            advice="set `requests_per_minute` lower",
            severity=HANDLED,
        )
    found = f"headers that speak of a limit: {told}" if told else "no header speaks of a limit"
    return Finding("rate", "all requests answered", found, f"{watched.sent} requests", severity=OK)


# --- an account that cannot be read ---


def failure_finding(error: SyncError, stream: type[Stream], config: Config | None) -> Finding:
    """The one finding about an account that cannot be reached, logged in to, or asked."""
    # The vendor's own words stand in parentheses, and may hold what else parts a sentence.
    mark = "); " if "); " in error.message else "; "
    found, _, said = error.message.partition(mark)
    found += ")" if mark == "); " else ""
    point, expected, advice = _meaning(error, stream, config)
    return Finding(point, expected, found.rstrip("."), effect="nothing can be read", advice=advice or said or None,
                   severity=ACTION)


def _meaning(error: SyncError, stream: type[Stream], config: Config | None) -> tuple[str, str, str | None]:
    """The point that an error is about, what was expected there, and what a person can do."""
    status, text = error.status, error.message
    if config is None:
        return "request", "a configuration that can be used", None
    if isinstance(error, LoginRefusedError):
        return "token", "a login that is accepted", _LOGIN
    if status == HTTPStatus.UNAUTHORIZED:
        return "token", "a token that is taken", stream.advice.get(401) or _TOKEN
    if status == HTTPStatus.FORBIDDEN:
        return "role", "a user who may read calls", stream.advice.get(403) or _ROLE
    if status == HTTPStatus.NOT_FOUND:
        return "request", "an address that the API has", _not_found(stream, config)
    if status == HTTPStatus.TOO_MANY_REQUESTS or "asks to come back" in text:
        return "rate", "all requests answered", "wait until then, and set `requests_per_minute` lower"
    if "web page" in text or "HTML" in text or "redirects" in text or getattr(error, "is_html", False) or "<" in text:
        return "request", "the API's own answer", _PORTAL
    if isinstance(error, BodyError | TooSlowError) or not isinstance(error, ConfigError):
        return "request", "an answer", _reached(text)
    return "request", "a request that is accepted", None


def _not_found(stream: type[Stream], config: Config) -> str:
    account = next((key for key in _ACCOUNT_KEYS if config.text(key)), None)
    mine = f" and `{account}`" if account else ""
    more = f" {stream.advice[404]}" if 404 in stream.advice else ""  # noqa: PLR2004
    return f"check `api_url`{mine}: the server answers, but does not know this address or this account.{more}"


def _reached(text: str) -> str | None:
    if "certificate" in text:
        return "put the certificate of the server's authority into `ca_certificate`"
    if "No server answers" in text:
        return "check host and port of `api_url`, whether the server runs, and any firewall on the way"
    if "resolved" in text:
        return "check the host name in `api_url`: no such host is known here"
    return None


_LOGIN: Final = (
    "check user and password in `credentials` in the vendor's portal, once: several refused logins can lock the user out"
)
_TOKEN: Final = "make a new token and put it into `credentials`; if a new one is refused as well, check the user's role"  # noqa: S105
_ROLE: Final = "give the user of `credentials` a role that may read the calls of all users"
_PORTAL: Final = "put the address of the API into `api_url`, not that of the portal: the connector's page has it"
