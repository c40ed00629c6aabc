"""What the doctor has to name under each dialect of the simulators, and how a visit to one is made."""

from __future__ import annotations

import importlib
import json
from datetime import timedelta
from typing import Any

from cdr.doctor.examination import Report, examine
from dialect_syncs import impatient, simulated
from dialects import Dialect
from simulators import Simulator
from tools.naming import package_of
from vendors import known

DAYS = timedelta(days=4)

SHAPE, ZONE, FILTER, CAP, PAGES, TOTAL = {"shape"}, {"zone"}, {"filter"}, {"cap"}, {"page_size"}, {"total"}
BOUNDS, ORDER, REQUEST, IDS = {"bounds"}, {"order"}, {"request"}, {"ids"}

DIFFERS: dict[str, set[str]] = {
    # --- shapes ---
    "byte order mark": SHAPE,
    "keys nobody knows, in another order": SHAPE,
    "a byte that is not UTF-8 in a name": SHAPE,
    "a control character in a name": SHAPE,
    "Latin-1, and says so": SHAPE,
    "Latin-1 without a word": SHAPE,
    "numbers as text": SHAPE,
    "numbers as text and text as numbers": SHAPE,
    "amounts with a minus": SHAPE,
    "a comma behind the last row": SHAPE,
    "rows wrapped in an object": SHAPE,
    "an empty window is 204": SHAPE,
    "an empty window is null": SHAPE,
    "an empty window is an empty object of data": SHAPE,
    "an empty window has failed": SHAPE,
    "an empty window is 404": SHAPE,
    "one id for two calls beside each other": IDS,
    "one id for two calls far apart": IDS,
    # --- times ---
    "ISO times with T": SHAPE,
    "ISO times with Z": SHAPE,
    "ISO times with milliseconds": SHAPE,
    "a Z, an offset and neither, one after the other": SHAPE,
    "prints Chicago": ZONE,
    "prints Chicago, no epochs": ZONE | IDS,
    "prints Kolkata": ZONE,
    "prints Chicago as clocks go back": ZONE,
    "prints Chicago as clocks go forward": ZONE,
    "day before month": {"date_order"},
    "day before month, early in a month": {"date_order"},
    "zone parameter unknown, Chicago": ZONE,
    "refuses UTC": ZONE,
    "refuses UTC and Etc/UTC": ZONE,
    "refuses UTC as clocks go back": ZONE,
    "prints London, asked for another zone": ZONE,
    "prints Kolkata, asked for London": ZONE,
    "prints Kolkata, no epochs": ZONE | IDS,
    "time_zone unknown, Kolkata": ZONE,
    "time_zone unknown, New York": ZONE,
    "prints New York, filters in UTC": ZONE,
    "prints New York as clocks go back": ZONE,
    "prints Singapore, filters in UTC": ZONE,
    "ids tell no time": IDS,
    "prints every time ten years ago": {"clock"},
    # --- filters ---
    "ignores the date filter": FILTER,
    "bounds are exclusive": BOUNDS,
    "the start is exclusive": BOUNDS,
    "the end is exclusive": BOUNDS,
    "looks at dates alone": FILTER,
    "to_date is a day and excluded": FILTER,
    "a date with a time of day finds nothing": REQUEST,
    "a day alone, the last one excluded": REQUEST | BOUNDS,
    "gives the first 24 hours": CAP,
    "gives the last 24 hours": CAP,
    "gives the first 24 hours of a billing code": CAP,
    "refuses more than 24 hours": CAP,
    "has the newest 24 hours alone": CAP,
    "counts days in Singapore": ZONE,
    "counts days in New York": ZONE,
    "the last day is exclusive": BOUNDS,
    "days of Singapore, the last one exclusive": ZONE | BOUNDS,
    "days of New York, the last one exclusive": ZONE | BOUNDS,
    "refuses a range that ends after today": REQUEST,
    "some calls never have an end": {"columns"},
    "the end printed is the start": {"columns"},
    "ignores filter": FILTER,
    "ignores filter and orderby, no count": FILTER | ORDER | TOTAL,
    "ignores orderby": ORDER,
    "orders the other way": ORDER,
    "has no order": ORDER,
    # --- pages ---
    "ignores skip": PAGES,
    "ignores skip, no count": PAGES | TOTAL,
    "ignores skip and filter": PAGES | FILTER,
    "ignores top and gives all": PAGES,
    "ignores all its parameters": PAGES | FILTER | ORDER | TOTAL,
    "50 rows whatever top": PAGES,
    "50 rows whatever top, no count": PAGES | TOTAL,
    "50 rows, no count, filter ignored": PAGES | TOTAL | FILTER,
    "no count": TOTAL,
    "count is of the page": TOTAL,
    "a largest skip, refused": PAGES | FILTER,
    "a largest skip, empty behind it": PAGES | TOTAL,
    "refuses filter": REQUEST,
    "refuses count": REQUEST,
    "refuses order": REQUEST,
    "20 rows whatever limit": PAGES,
    "20 rows whatever limit, no total": PAGES | TOTAL,
    "20 rows, no total, days only": PAGES | TOTAL | FILTER,
    "the last page again behind the end": PAGES | TOTAL,
    "20 rows, the last page again, no total": PAGES | TOTAL,
    "404 behind the end": PAGES | TOTAL,
    "the account's total": TOTAL,
    "the account's total, 20 rows": TOTAL | PAGES,
    "no total": TOTAL,
    "a total of 100 at most": CAP,
    "a total of 500 at most": CAP,
    "pages count from 0": PAGES,
    "100 rows a page": PAGES,
    "500 rows a page": PAGES,
    "ignores page": PAGES,
    "knows no page": PAGES,
    "refuses page": REQUEST,
    "50 rows a page": PAGES,
    "links, but no total": TOTAL,
    "a list alone": PAGES,
    "100 rows at most, newest first": CAP,
    "100 rows at most, oldest first": CAP,
    "250 rows at most, newest first": CAP,
    "500 rows at most, oldest first": CAP,
    "new calls while it is read": PAGES,  # the pages of that simulator have ten rows
    # --- access ---
    "every mistake is 500, a bearer wanted": {"token"},
    "the token as a parameter": {"token"},
    "asks to wait for a day": {"rate"},
}
"""The points at which an account that speaks a dialect differs; one that is not here shows no difference.

Not to be seen in forty requests over thirty days: amounts in hundredths, details that are refused, calls of four hours
in a month, what a request without a start would do.
"""


def differences(vendor: str, dialect: Dialect) -> set[str]:
    """Return the points that the doctor has to name."""
    return known()[vendor].differs.get(dialect.title, DIFFERS.get(dialect.title, set()))


def source_of(vendor: str) -> Any:
    """Make the source of a vendor."""
    package = importlib.import_module(package_of(vendor))
    return getattr(package, package.__all__[0])()


def visit(sim: Simulator, **config: Any) -> Report:
    """Let the doctor look at a simulated account, as if its last call were of now."""
    return examine(source_of(sim.vendor), sim.config(**config), now=sim.end)


def visited(vendor: str, dialect: Dialect) -> tuple[Report, Simulator]:
    """Let the doctor look at an account that speaks a dialect; the simulator is closed by then."""
    with simulated(vendor, dialect) as sim, impatient():
        if dialect.options.get("day_limit") == "newest" or "refuses_future" in dialect.options:
            sim.moment = sim.end.timestamp() if sim.end else None
        return visit(sim, num_workers=2, **dialect.config), sim


def personal(sim: Simulator) -> set[str]:
    """Return numbers and names of the simulated calls, as the report must not have them."""
    keys = ("from_number", "to_number", "from_name", "to_name", "from_user", "to_user")
    start = sim.start - timedelta(days=1)
    found = {str(row[key]) for row in sim.truth(start=start) for key in keys if row.get(key)}
    return {text for text in found if len(text) > 6}  # an extension is no more than a figure


def named(report: Report, *severities: str) -> set[str]:
    """Return the points of the findings that are as severe."""
    return {finding.point for finding in report.findings if finding.severity in severities}


def text_of(report: Report) -> str:
    """Return everything that a report says."""
    return json.dumps(report.as_dict(), ensure_ascii=False)
