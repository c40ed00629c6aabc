"""What each fault of a vendor comes to: the table that `test_faults.py` proves and the documentation prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vendors import known

RECOVERED, CONFIG, TRANSIENT = "recovered", "config error", "transient error"
RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True)
class Case:
    """A fault of the simulators ("" where the configuration alone is at fault), and what it comes to.

    times: how often it strikes, None for always; outcome: for every vendor, `but` for the ones named there
    login: the token comes from a login, with the right secret or a wrong one; "" for a token that is given
    """

    title: str
    kind: str
    outcome: str
    times: int | None = 1
    options: dict[str, Any] = field(default_factory=dict)
    login: str = ""
    says: str = ""
    but: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def outcome_for(self, vendor: str) -> str | None:
        """None where the fault cannot happen to this vendor."""
        if self.only and vendor not in self.only:
            return None
        return self.but.get(vendor, self.outcome)


WITH_LOGIN = tuple(name for name, vendor in known().items() if vendor.log_in)
WITH_TOTAL = tuple(name for name, vendor in known().items() if vendor.total)

CASES = [
    Case("429, Retry-After in seconds", "rate_limit", RECOVERED, options={"retry_after": 1, "form": "seconds"}),
    Case("429, Retry-After as a date", "rate_limit", RECOVERED, options={"retry_after": 2, "form": "date"}),
    Case("503 with Retry-After", "unavailable", RECOVERED, options={"retry_after": 1}),
    Case("500 once", "server_error", RECOVERED),
    Case("500 for ever", "server_error", TRANSIENT, times=None, says="500"),
    Case("502 with a proxy's page once", "bad_gateway", RECOVERED),
    Case("connection reset once", "reset", RECOVERED),
    Case("connection reset for ever", "reset", TRANSIENT, times=None, says="connection"),
    Case("half a body once", "truncated", RECOVERED),
    Case("half a body, honest length, once", "truncated", RECOVERED, options={"honest": True}),
    Case("half a body for ever", "truncated", TRANSIENT, times=None, options={"honest": True}, says="JSON"),
    Case("body cut inside a character once", "cut_character", RECOVERED),
    Case("compressed body", "gzip", RECOVERED, times=None),
    Case("empty body once", "empty_body", RECOVERED),
    Case("200 with a failure inside, once", "error_in_200", RECOVERED),
    Case("200 with a failure inside, for ever", "error_in_200", TRANSIENT, times=None),
    Case("200 of another shape, for ever", "unexpected_shape", TRANSIENT, times=None),
    Case("200 with a web page, for ever", "html", CONFIG, times=None, says="api_url"),
    Case("401 once, token from a login", "expired_token", RECOVERED, login=RIGHT, only=WITH_LOGIN),
    Case("401 for ever, token from a login", "expired_token", CONFIG, None, login=RIGHT, says="401", only=WITH_LOGIN),
    Case("401 for ever, given token", "expired_token", CONFIG, times=None, says="credentials"),
    Case("401 without a word, for ever", "expired_token", CONFIG, times=None, options={"style": "bare"}, says="401"),
    Case(
        "401 with a title only, for ever", "expired_token", CONFIG, times=None, options={"style": "title"}, says="401"
    ),
    Case("login refused", "", CONFIG, login=WRONG, says="credentials", only=WITH_LOGIN),
    Case("403 for ever", "forbidden", CONFIG, times=None, says="403"),
    Case("404 for ever", "not_found", CONFIG, times=None, says="api_url"),
    Case("422 for ever", "status", CONFIG, times=None, options={"status": 422, "body": {"message": "bad"}}, says="422"),
    Case("redirect to another host", "redirect", CONFIG, times=None, says="redirects"),
    Case("a total that is wrong once", "wrong_total", RECOVERED, only=WITH_TOTAL),
    Case("a total that is always wrong", "wrong_total", TRANSIENT, times=None, says="stated", only=WITH_TOTAL),
]
