"""What the tests know of a vendor beside its simulator: a module each, named by the vendor's word, found.

A module says `VENDOR = Vendor(…)`. No table of the tests has to grow for a new vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from vendors.asking import bearer

if TYPE_CHECKING:
    from dialect import Dialect
    from simulators import Simulator

Ask = Callable[["Simulator", str, datetime, datetime, int, int], requests.Response]
"""(simulator, stream, start, end, page from 1, rows a page) -> the answer to a plain request."""


@dataclass(frozen=True)
class Vendor:
    """One vendor, in plain requests that know nothing of the connectors.

    ask, rows:   a page of a stream, and the rows of its body
    total:       what a body states as the rows of the period; None where it never does, or where there are no pages
    path, needed: of calls, below `api_url`, and the parameters that no request for them may leave out
    headers:     what every request carries
    has_pages:   whether there are more than one
    bare_country_codes: whether it is known to send country codes without `+`
    refusable:   a parameter that the simulator can be told to refuse
    wrong:       parameters of calls that the simulator answers with 400, one violation each
    wrong_token: the status of an answer to credentials that are none
    lacks:       dispositions and kinds of number that it has no word for
    samples:     (stream, hour, rows): where the vendor's published rows are served
    log_in:      sends a login with the right password or another one; None where tokens are given only
    login, login_secret: the `auth` of a simulator's configuration that logs in, and the key that a wrong login changes
    login_refused: the status of a refused login
    page_rows:   the most rows that a request can bring
    shifts:      faults that shift rows between pages and are seen; without a total only the next sync finds such a row
    beside:      what a sync asks for in front of the period and behind it, once
    busy:        what part of the usual calls a day is enough for tests that count requests
    lookback:    the default of the contract
    whole_days:  whether the filter knows days only
    filled:      a key of a row that somebody fills in later, and what with
    plain:       options of a simulator whose rows say the same wherever they tell a thing twice
    same_rows:   options of a simulator whose rows are the same at every read
    recordings_of: the stream whose rows link to recordings; None where there are none
    dialects:    the vendor's own, beside those that all have
    differs:     the points that the doctor has to name under those
    shown:       the titles of the three dialects on the doctor's page
    several:     the settings that name these accounts; None where a configuration names one only
    taken, refused: (end of a path, changes) of requests that the OpenAPI document takes, and does not
    """

    ask: Ask
    rows: Callable[[Any], list[dict[str, Any]]]
    path: str
    total: Callable[[Any], int] | None = None
    needed: Mapping[str, str] = field(default_factory=dict)
    headers: Callable[[Simulator], dict[str, str]] = bearer
    has_pages: bool = True
    bare_country_codes: bool = False
    refusable: str = "page"
    wrong: tuple[Mapping[str, str], ...] = ()
    wrong_token: int = 401
    lacks: frozenset[str] = frozenset()
    samples: tuple[tuple[str, datetime, int], ...] = ()
    log_in: Callable[[Simulator, str | None], requests.Response] | None = None
    login: str = "password"
    login_secret: str = "password"
    login_refused: int = 401
    page_rows: int = 100
    shifts: tuple[str, ...] = ("insert_row", "remove_row")
    beside: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    busy: float = 1.0
    lookback: timedelta = timedelta(minutes=1440)
    whole_days: bool = False
    filled: tuple[str, Any] = ("notes", "filled in later")
    plain: Mapping[str, Any] = field(default_factory=dict)
    same_rows: Mapping[str, Any] = field(default_factory=dict)
    recordings_of: str | None = None
    dialects: tuple[Dialect, ...] = ()
    differs: Mapping[str, set[str]] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    several: Callable[[Sequence[str]], dict[str, Any]] | None = None
    taken: tuple[tuple[str, Mapping[str, str | None]], ...] = ()
    refused: tuple[tuple[str, Mapping[str, str | None]], ...] = ()


@cache
def known() -> dict[str, Vendor]:
    """All vendors that have a module here, by their words."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    modules = {name: import_module(f"vendors.{name}") for name in names if name not in ("__init__", "asking")}
    return {name: module.VENDOR for name, module in modules.items()}
