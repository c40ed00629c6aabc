"""Clients of a server that answers from a script."""

from cdr.http.client import Client, Meter
from cdr.vendor.authenticators import GivenToken
from cdr.vendor.request import Request
from fakes import config

CALLS = Request("calls", {"from": "2026-01-01 00:00:00", "datetime[end_at]": "Jan 01, 2026"})
OK = (200, {}, {"rows": []})


def client(server, authenticator=None, **over):
    return connected(config(api_url=server.url, **over), authenticator or GivenToken("token-1"), attempts=4)


def connected(valid, authenticator, attempts):
    return Client(valid, authenticator, attempts=attempts).metered(Meter())


def in_turn(*answers):
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


class WaitedError(Exception):
    """Raised in a test where a client would have waited."""
