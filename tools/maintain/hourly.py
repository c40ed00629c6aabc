"""What an hourly sync costs, measured with the simulation of the tests: `python -m tools hourly`.

Without `--write` it measures and prints. With it, each line is written into docs/hourly.md as soon as it is measured,
and the other lines stay. A million calls a day take ten gigabytes of memory and many minutes, so two vendors stand for
all: one with pages and one without. `--vendor` and `--calls` measure anything else.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from datetime import timedelta
from typing import Any

from tools.install import ROOT
from tools.maintain.boilerplate import connector_folders, facts_of

PAGE = ROOT / "docs" / "hourly.md"
VENDORS = tuple(facts_of(folder).vendor for folder in connector_folders())
CALLS_A_DAY = (60, 1_500, 30_000, 1_000_000)
WITH_PAGES, WITHOUT_PAGES = "vonage_business", "voxo"
HEAD = (
    *("Vendor", "Calls a day", "Rows in the lookback", "Rows sent a sync", "of them again", "Requests a sync"),
    *("Bytes of state", "Seconds a sync"),
)

_HOUR = timedelta(hours=1)
_TWO_WEEKS, _A_DAY = 14 * 24, 24
# So many rows are read again in a measurement, more or less; a day of syncs at least.
_ROWS = 500_000
# A sync of BICS at 30,000 calls a day is thousands of pages of fifteen rows.
_PAGES_OF_FIFTEEN = 10_000
_SOME = 6
_VERY_MANY, _A_FEW = 300_000, 3
# With this seed the day before the first sync is much like an average one, whichever the vendor.
_SEED = 156
# How long a vendor lets wait is not what a sync costs.
_NO_LIMIT = 1_000_000
_BUSY_MACHINE = " (busy machine)"
_BLOCK = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)


def hours_for(vendor: str, calls_a_day: int) -> int:
    """Return how many hourly syncs are enough: whole days, because offices sleep at night."""
    if calls_a_day > _VERY_MANY:
        return _A_FEW
    if vendor == "bics" and calls_a_day > _PAGES_OF_FIFTEEN:
        return _SOME
    days = _ROWS // calls_a_day // _A_DAY
    return min(_TWO_WEEKS, max(1, days) * _A_DAY)


def calls_for(vendor: str) -> tuple[int, ...]:
    """Return how many calls a day a vendor is measured with, where nobody says so."""
    return tuple(calls for calls in CALLS_A_DAY if calls <= _VERY_MANY or vendor in (WITH_PAGES, WITHOUT_PAGES))


def measure(vendor: str, calls_a_day: int, hours: int) -> tuple[str, ...]:
    """Sync every hour, with nothing killed, and return a line of the table. Raises where a row was lost."""
    simulation = _simulation().Simulation
    found = simulation(
        vendor,
        calls_per_day=calls_a_day,
        length=hours * _HOUR,
        every=_HOUR,
        history=timedelta(hours=30),
        seed=_SEED,
        requests_per_minute=_NO_LIMIT,
    ).run()
    if lost := found.lost():
        print(f"{vendor}, {calls_a_day} calls a day: {lost}", file=sys.stderr)
    last = found.syncs[-1]
    return (
        vendor,
        f"{calls_a_day:,}",
        f"{last.covered:,}",
        f"{found.mean('rows'):,.1f}",
        f"{found.mean('again'):,.1f}",
        f"{found.mean('requests'):,.1f}",
        f"{last.state_bytes:,}",
        f"{found.mean('seconds'):.2f}{_BUSY_MACHINE * _machine_is_busy()}",
    )


def _machine_is_busy() -> bool:
    """Whether others computed while this was measured: its seconds are then too many."""
    return os.getloadavg()[2] > max(1, (os.cpu_count() or 1) - 0.5)


def _simulation() -> Any:
    folder = str(ROOT / "acceptance-tests")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("hourly")
    finally:
        sys.path.remove(folder)


def table(lines: list[tuple[str, ...]]) -> str:
    """Return the table in Markdown."""
    text = [" | ".join(HEAD), "|".join(["---", *["--:"] * (len(HEAD) - 1)]), *(" | ".join(line) for line in lines)]
    return "".join(f"| {line} |\n" if "---" not in line else f"|{line}|\n" for line in text)


def merged(page: str, lines: list[tuple[str, ...]]) -> str:
    """Return the page with these lines in its table; lines of other vendors and numbers of calls stay."""
    block = _BLOCK.search(page)
    if block is None:
        raise LookupError("the page has no place for the table")
    there = [tuple(cell.strip() for cell in line.strip("| \n").split("|")) for line in block[0].splitlines()[3:-1]]
    known = {line[:2]: line for line in [*there, *lines]}
    ordered = sorted(known.values(), key=lambda line: (VENDORS.index(line[0]), int(line[1].replace(",", ""))))
    return _BLOCK.sub(lambda found: found[1] + table(ordered) + found[2], page)


def main() -> int:
    """Measure what is asked for, print it, and write it where that is asked for too."""
    parser = argparse.ArgumentParser(prog="python -m tools hourly", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--vendor", action="append", choices=VENDORS, help="may be repeated; all of them otherwise")
    parser.add_argument(
        "--calls", action="append", type=int, help=f"calls a day, may be repeated: {', '.join(map(str, CALLS_A_DAY))}"
    )
    parser.add_argument("--hours", type=int, help="how many syncs, instead of what suits the number of calls")
    parser.add_argument("--write", action="store_true", help="write docs/hourly.md")
    given = parser.parse_args()
    lines = []
    for vendor in given.vendor or VENDORS:
        for calls in given.calls or calls_for(vendor):
            lines.append(measure(vendor, calls, given.hours or hours_for(vendor, calls)))
            print(" | ".join(f"{name}: {cell}" for name, cell in zip(HEAD, lines[-1], strict=True)), flush=True)
            if given.write:
                PAGE.write_text(merged(PAGE.read_text(encoding="utf-8"), lines[-1:]), encoding="utf-8")
    print(table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
