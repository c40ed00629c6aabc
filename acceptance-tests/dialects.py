"""What a sync must come to under each dialect of the simulators: the table of `test_dialects.py` and of the docs.

A vendor's own dialects may stand in its module of `vendors/`; a dialect that all have is tried with every vendor.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import simulators
from dialect import (
    CHICAGO_AUTUMN,
    CHICAGO_SPRING,
    COLUMNS,
    COMPLETE,
    EARLY_IN_A_MONTH,
    EITHER,
    JUNE,
    LONDON_AUTUMN,
    LONDON_SPRING,
    WAITS,
    Dialect,
)
from vendors import known

__all__ = ["COMPLETE", "JUNE", "Dialect"]

ALL = tuple(simulators.VENDORS)
WITH_TOTAL = ("vonage_business", "portsip", "acefone", "bics")
MODES = ("full", "incremental", "killed")


def cells() -> Iterator[tuple[str, Dialect]]:
    """Yield each vendor with each of its dialects."""
    for vendor in ALL:
        for dialect in DIALECTS:
            if vendor in dialect.vendors:
                yield vendor, dialect


VOXO, ACEFONE, BICS, PORTSIP, VONAGE = ("voxo",), ("acefone",), ("bics",), ("portsip",), ("vonage_business",)
PRINTING = ("vonage_business", "acefone", "bics", "voxo")  # print times without a zone
CHARGING = ("vonage_business", "acefone", "bics")
COSTS = {"include_call_costs": True}
CHICAGO, LONDON, NEW_YORK, SINGAPORE = "America/Chicago", "Europe/London", "America/New_York", "Asia/Singapore"
TEN_YEARS = 3652
BILLING_CODE = {"account": {"account_type": "billing_code", "billing_code": "B-7001"}}

_SHAPES = [
    Dialect("as documented", ALL, {}, COLUMNS),
    Dialect("gzip", ALL, {"encoding": "gzip"}, COLUMNS),
    Dialect("deflate", ALL, {"encoding": "deflate"}, COLUMNS),
    Dialect("byte order mark", ALL, {"byte_order_mark": True}, COLUMNS),
    Dialect("keys nobody knows, in another order", ALL, {"extra_keys": True}, COLUMNS),
    Dialect("a byte that is not UTF-8 in a name", ALL, {"bad_byte": True}),
    Dialect("a control character in a name", ALL, {"control_character": True}),
    Dialect("Latin-1, and says so", ALL, {"charset": "latin-1"}, COLUMNS),
    Dialect("Latin-1 without a word", ALL, {"charset": "latin-1-silent"}),
    Dialect("numbers as text", ALL, {"numbers": "text"}, COLUMNS),
    Dialect("numbers as text and text as numbers", ALL, {"numbers": "swapped"}, COLUMNS),
    Dialect("amounts with a minus", CHARGING, {"money": "minus"}, COLUMNS),
    Dialect("costs with a minus", PORTSIP, {"money": "minus"}, COLUMNS, config=COSTS),
    Dialect("amounts in hundredths", CHARGING, {"money": "minor"}, COLUMNS),
    Dialect("a comma behind the last row", VOXO, {"trailing_comma": True}, COLUMNS),
    Dialect("rows wrapped in an object", VOXO, {"wrapped": "data"}, COLUMNS),
    Dialect("an empty window is 204", VOXO, {"empty": "204"}, quiet=True),
    Dialect("an empty window is null", VOXO, {"empty": "null"}, quiet=True),
    Dialect("an empty window is an empty object of data", VOXO, {"empty": "data"}, quiet=True),
    Dialect("an empty window has failed", PRINTING, {"empty": "failed"}, quiet=True),
    Dialect("an empty window is 404", PRINTING, {"empty": "404"}, quiet=True),
    Dialect("one id for two calls beside each other", ALL, {"repeated_ids": "near"}),
    Dialect("one id for two calls far apart", ALL, {"repeated_ids": "far"}),
]

_TIMES = [
    Dialect("ISO times with T", ("vonage_business", "bics"), {"iso": "T"}, COLUMNS),
    Dialect("ISO times with Z", ("vonage_business", "bics", "acefone", "voxo"), {"iso": "Z"}, COLUMNS),
    Dialect("ISO times with milliseconds", ("vonage_business", "bics"), {"iso": "millis"}, COLUMNS),
    Dialect("a Z, an offset and neither, one after the other", PRINTING, {"iso": "mixed"}, COLUMNS),
    Dialect("prints Chicago", VOXO, {"printed_zone": CHICAGO}, COLUMNS, "Chicago"),
    Dialect("prints Chicago, no epochs", VOXO, {"printed_zone": CHICAGO, "epochs": False}),
    Dialect("prints Kolkata", VOXO, {"printed_zone": "Asia/Kolkata"}, COLUMNS, "time"),
    Dialect("prints Chicago as clocks go back", VOXO, {"printed_zone": CHICAGO}, COLUMNS, start=CHICAGO_AUTUMN),
    Dialect("prints Chicago as clocks go forward", VOXO, {"printed_zone": CHICAGO}, COLUMNS, start=CHICAGO_SPRING),
    Dialect("day before month", VOXO, {"day_first": True}, says="month"),
    Dialect("day before month, early in a month", VOXO, {"day_first": True}, start=EARLY_IN_A_MONTH),
    Dialect("zone parameter unknown, Chicago", VOXO, {"ignores": ("timezone",)}, COLUMNS, "Chicago"),
    Dialect("refuses UTC", VOXO, {"refused_zones": ("UTC",)}, COLUMNS),
    Dialect("refuses UTC and Etc/UTC", VOXO, {"refused_zones": ("UTC", "Etc/UTC")}, COLUMNS),
    Dialect("refuses UTC as clocks go back", VOXO, {"refused_zones": ("UTC", "Etc/UTC")}, start=CHICAGO_AUTUMN),
    Dialect("prints London, asked for another zone", ACEFONE, {"configured_zone": "Asia/Kolkata"}, COLUMNS, "London"),
    Dialect(
        "prints Kolkata, asked for London",
        ACEFONE,
        {"zone": "Asia/Kolkata", "configured_zone": LONDON},
        COLUMNS,
        "time",
    ),
    Dialect("prints Kolkata, no epochs", ACEFONE, {"zone": "Asia/Kolkata", "configured_zone": LONDON, "epochs": False}),
    Dialect(
        "time_zone unknown, Kolkata",
        ACEFONE,
        {"zone": "Asia/Kolkata", "configured_zone": LONDON, "ignores": ("time_zone",)},
        COLUMNS,
    ),
    Dialect(
        "time_zone unknown, New York",
        ACEFONE,
        {"zone": NEW_YORK, "configured_zone": LONDON, "ignores": ("time_zone",)},
        COLUMNS,
    ),
    Dialect("London as clocks go back", ACEFONE, {}, COLUMNS, start=LONDON_AUTUMN),
    Dialect("London as clocks go forward", ACEFONE, {}, COLUMNS, start=LONDON_SPRING),
    Dialect("prints New York, filters in UTC", ("vonage_business",), {"printed_zone": NEW_YORK}),
    Dialect("prints New York as clocks go back", VONAGE, {"printed_zone": NEW_YORK}, start=CHICAGO_AUTUMN),
    Dialect("prints Singapore, filters in UTC", BICS, {"printed_zone": SINGAPORE}, COLUMNS, "time"),
    Dialect("ids tell no time", BICS, {"epochs": False}, COLUMNS),
    Dialect("prints London as clocks go back", BICS, {"printed_zone": LONDON}, start=LONDON_AUTUMN),
    Dialect("prints every time ten years ago", ("vonage_business", "portsip"), {"shift_days": -TEN_YEARS}, says="time"),
    Dialect("prints the first calls four hours early", ("vonage_business", "portsip", "voxo"), {"early_hours": 4}),
]

_FILTERS = [
    Dialect("ignores the date filter", ALL, {"ignores_filter": True}, EITHER),
    Dialect("bounds are exclusive", ("voxo", "acefone"), {"bounds": "exclusive"}),
    Dialect("the start is exclusive", ("voxo", "acefone"), {"bounds": "start_exclusive"}),
    Dialect("the end is exclusive", ("voxo", "acefone"), {"bounds": "half_open"}),
    Dialect("looks at dates alone", ("voxo", "acefone"), {"days_only": True}),
    Dialect("to_date is a day and excluded", ACEFONE, {"days_only": True, "last_day": "exclusive"}),
    Dialect("a date with a time of day finds nothing", ACEFONE, {"dates": "day"}, EITHER),
    Dialect("a day alone, the last one excluded", ACEFONE, {"dates": "day", "last_day": "exclusive"}, EITHER),
    Dialect("gives the first 24 hours", VOXO, {"day_limit": "first"}),
    Dialect("gives the last 24 hours", VOXO, {"day_limit": "last"}),
    Dialect("gives the first 24 hours of a billing code", VOXO, {"day_limit": "first"}, config=BILLING_CODE),
    Dialect("refuses more than 24 hours", VOXO, {"day_limit": "refuse"}, config=BILLING_CODE),
    Dialect("has the newest 24 hours alone", VOXO, {"day_limit": "newest"}, EITHER, says="day"),
    Dialect("counts days in Singapore", BICS, {"filter_zone": SINGAPORE}),
    Dialect("counts days in New York", BICS, {"filter_zone": NEW_YORK}),
    Dialect("the last day is exclusive", BICS, {"last_day": "exclusive"}),
    Dialect("days of Singapore, the last one exclusive", BICS, {"filter_zone": SINGAPORE, "last_day": "exclusive"}),
    Dialect("days of New York, the last one exclusive", BICS, {"filter_zone": NEW_YORK, "last_day": "exclusive"}),
    Dialect("refuses a range that ends after today", BICS, {"refuses_future": True}, EITHER),
    Dialect("some calls never have an end", VONAGE, {"ends": "none_unanswered"}),
    Dialect("the end printed is the start", VONAGE, {"ends": "start"}),
    Dialect("calls still going on have no end", VONAGE, {"shows_ongoing": True}),
    Dialect("looks back 30 days without a start", VONAGE, {"default_span_days": 30}),
    Dialect("requires start", VONAGE, {"requires_start": True}),
    Dialect("ignores filter", PORTSIP, {"ignores": ("filter",)}),
    Dialect("ignores filter and orderby, no count", PORTSIP, {"ignores": ("filter", "orderby"), "count": "missing"}),
    Dialect("ignores orderby", PORTSIP, {"ignores": ("orderby",)}),
    Dialect("orders the other way", ("portsip", "vonage_business", "acefone", "bics"), {"ordering": "reversed"}),
    Dialect("has no order", WITH_TOTAL, {"ordering": "none"}),
]

_PAGES = [
    Dialect("ignores skip", PORTSIP, {"ignores": ("skip",)}, EITHER, calls_per_day=150),
    Dialect("ignores skip, no count", PORTSIP, {"ignores": ("skip",), "count": "missing"}, EITHER, calls_per_day=150),
    Dialect("ignores skip and filter", PORTSIP, {"ignores": ("skip", "filter")}, EITHER, calls_per_day=60),
    Dialect("ignores top and gives all", PORTSIP, {"page_rows": 10**6}, EITHER, calls_per_day=150),
    Dialect(
        "ignores all its parameters",
        PORTSIP,
        {"ignores": ("skip", "top", "filter", "orderby", "count"), "count": "missing"},
        EITHER,
    ),
    Dialect("50 rows whatever top", PORTSIP, {"page_rows": 50}),
    Dialect("50 rows whatever top, no count", PORTSIP, {"page_rows": 50, "count": "missing"}, EITHER),
    Dialect(
        "50 rows, no count, filter ignored",
        PORTSIP,
        {"page_rows": 50, "count": "missing", "ignores": ("filter",)},
        EITHER,
    ),
    Dialect("no count", PORTSIP, {"count": "missing"}),
    Dialect("count is of the page", PORTSIP, {"count": "page"}),
    Dialect("a largest skip, refused", PORTSIP, {"largest_skip": 50, "page_rows": 50, "ignores": ("filter",)}, EITHER),
    Dialect(
        "a largest skip, empty behind it",
        PORTSIP,
        {"largest_skip": 50, "largest_skip_answer": "empty", "page_rows": 50, "count": "missing"},
        EITHER,
    ),
    Dialect("refuses filter", PORTSIP, {"refuses": ("filter",)}, EITHER),
    Dialect("refuses count", PORTSIP, {"refuses": ("count",)}),
    Dialect("refuses order", VONAGE, {"refuses": ("order",)}),
    Dialect("refuses the details", PORTSIP, {"detail": "refused"}, config=COSTS),
    Dialect("has no details", PORTSIP, {"detail": "missing"}, config=COSTS),
    Dialect("20 rows whatever limit", ACEFONE, {"page_rows": 20}),
    Dialect("20 rows whatever limit, no total", ACEFONE, {"page_rows": 20, "total": "none"}),
    Dialect("20 rows, no total, days only", ACEFONE, {"page_rows": 20, "total": "none", "days_only": True}),
    Dialect("the last page again behind the end", ACEFONE, {"behind_the_end": "last", "total": "none"}),
    Dialect(
        "20 rows, the last page again, no total", ACEFONE, {"behind_the_end": "last", "total": "none", "page_rows": 20}
    ),
    Dialect("404 behind the end", ACEFONE, {"behind_the_end": "404", "total": "none", "page_rows": 20}),
    Dialect("the account's total", ACEFONE, {"total": "account"}),
    Dialect("the account's total, 20 rows", ACEFONE, {"total": "account", "page_rows": 20}),
    Dialect("no total", ("acefone", "vonage_business"), {"total": "none"}, EITHER),
    Dialect("a total of 100 at most", ("acefone", "vonage_business"), {"rows_cap": 100}, calls_per_day=150),
    Dialect("a total of 500 at most", ("acefone", "vonage_business"), {"rows_cap": 500}, calls_per_day=400),
    Dialect("pages count from 0", VONAGE, {"pages_from": 0, "max_page_size": 20}, EITHER),
    Dialect("100 rows a page", VONAGE, {"max_page_size": 100}, calls_per_day=60),
    Dialect("500 rows a page", VONAGE, {"max_page_size": 500}, calls_per_day=200),
    Dialect("ignores page", ("vonage_business",), {"ignores": ("page",), "max_page_size": 20}, EITHER),
    Dialect("knows no page", BICS, {"ignores": ("page",)}, EITHER),
    Dialect("refuses page", BICS, {"refuses": ("page",)}, EITHER),
    Dialect("50 rows a page", BICS, {"per_page": 50}),
    Dialect("links, but no total", BICS, {"total": "none", "shape": 3}, EITHER),
    Dialect("a list alone", BICS, {"shape": 1}),
    *(
        Dialect(f"100 rows at most, {side} first", VOXO, {"rows_cap": 100, "cap_keeps": side}, calls_per_day=150)
        for side in ("newest", "oldest")
    ),
    Dialect("250 rows at most, newest first", VOXO, {"rows_cap": 250}, calls_per_day=400),
    Dialect("500 rows at most, oldest first", VOXO, {"rows_cap": 500, "cap_keeps": "oldest"}, calls_per_day=600),
    Dialect("honest, with 100 calls every day", ALL, {}, COLUMNS, calls_per_day=300, exactly=100),
    Dialect(
        "new calls while it is read",
        ("vonage_business", "portsip", "acefone", "bics"),
        {"growing": 40, "page_rows": 10},
    ),
]

_ACCESS = [
    Dialect("every mistake is 500", ACEFONE, {"mistake_status": 500}),
    Dialect("every mistake is 500, a bearer wanted", ACEFONE, {"mistake_status": 500, "header": "bearer"}),
    Dialect("the token as a parameter", BICS, {"token": "parameter"}),
    Dialect("asks to wait for a day", ALL, {"asks_to_wait": 86_400, "page_rows": 10}, WAITS),
]

_OF_VENDORS = [dialect for vendor in known().values() for dialect in vendor.dialects]

DIALECTS = [*_SHAPES, *_TIMES, *_FILTERS, *_PAGES, *_ACCESS, *_OF_VENDORS]


def pairs(vendor: str, count: int, seed: int = 7) -> Iterator[Dialect]:
    """Draw dialects that hold at once. No row may be lost without a word; more is not promised of every pair."""
    dice = random.Random(f"{seed}/{vendor}")
    able = [one for one in DIALECTS if vendor in one.vendors and one.options and one.must != WAITS]
    # A printed zone that nothing tells, and a filter of whole days: then nobody can know what belongs to the period.
    able = [one for one in able if one.options.get("epochs", True)]
    for _ in range(count):
        one, other = dice.sample(able, 2)
        while one.options.keys() & other.options.keys() or one.start != other.start or _hopeless(one, other):
            one, other = dice.sample(able, 2)
        yield Dialect(
            f"{one.title} + {other.title}",
            (vendor,),
            {**one.options, **other.options},
            EITHER,
            config={**one.config, **other.config},
            start=one.start,
            calls_per_day=max(one.calls_per_day, other.calls_per_day),
            quiet=one.quiet or other.quiet,
        )


def _hopeless(one: Dialect, other: Dialect) -> bool:
    """Whether nothing can tell which calls belong to the period: odd times, and everything for every request."""
    options = {**one.options, **other.options}
    odd = options.keys() & {"early_hours", "shift_days"} or options.get("printed_zone")
    return bool(odd) and bool(options.get("ignores_filter") or "filter" in options.get("ignores", ()))
