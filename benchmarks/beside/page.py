"""The cases, their table, and its place in docs/beside-airbyte.md: `python -m benchmarks beside`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from benchmarks.beside.accounts import Case
from benchmarks.beside.syncs import OURS, THEIRS, Found, read
from tools.install import ROOT

PAGE: Final = ROOT / "docs" / "beside-airbyte.md"
CALLS: Final = 10_001
HEAD: Final = (
    *("Vendor", "Case", "Read by", "Rows right", "Rows lost", "Out of date", "Twice", "Syncs failed"),
    *("Requests", "Seconds"),
)
_BLOCK: Final = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS: Final = 3
_MINUTE: Final = timedelta(minutes=1)
_ACROSS_MIDNIGHT: Final = (-10 * _MINUTE, 20 * _MINUTE)
_NAMES: Final = {"twilio": "Twilio", "aircall": "Aircall"}
# Rows a page: Twilio's, and Aircall's.
_PAGE_ROWS: Final = {"twilio": 1000, "aircall": 50}


def cases(calls: int = CALLS) -> tuple[Case, ...]:
    """Return the cases. With fewer calls Aircall reaches fewer as well, so that it still ends one call too early."""
    few = min(calls, 1_000)
    many = f"{calls:,} calls"
    ended = "a call that ended after its day was read"
    broken = "a 404 in the middle"
    # Counted from the first page, so that half of what a reader without windows asks for has passed.
    halves = {vendor: max(1, -(-calls // rows) // 2) for vendor, rows in _PAGE_ROWS.items()}
    return (
        Case("twilio", many, calls),
        Case("twilio", ended, few, special=_ACROSS_MIDNIGHT),
        Case(
            "twilio",
            "a row that came after its day was read",
            few,
            served=40 * _MINUTE,
            options={"last_day": "inclusive"},
        ),
        Case("twilio", broken, calls, broken=halves["twilio"]),
        Case("aircall", many, calls, options={"query_rows": calls - 1, "behind_the_cap": "refused"}),
        Case("aircall", ended, few, special=_ACROSS_MIDNIGHT),
        Case("aircall", broken, few, broken=max(1, few // _PAGE_ROWS["aircall"] // 2)),
    )


def line(case: Case, who: str, found: Found) -> tuple[str, ...]:
    """Return a line of the table."""
    counts = (found.right, found.lost, found.outdated, found.twice)
    return (
        *(_NAMES[case.vendor], case.title, who),
        *(f"{count:,}" for count in counts),
        *(f"{found.failed} of 3", f"{found.requests:,}", f"{found.seconds:.1f}"),
    )


def measured(chosen: Iterable[Case]) -> list[tuple[str, ...]]:
    """Read every case with both sides, and print each line as soon as it is there."""
    lines = []
    for case in chosen:
        for who in (OURS, THEIRS):
            lines.append(line(case, who, read(case, who)))
            print(" | ".join(lines[-1]), flush=True)
    return lines


def table(lines: Iterable[tuple[str, ...]]) -> str:
    """Return the table in Markdown."""
    rule = "|".join(["---"] * _WORDS + ["--:"] * (len(HEAD) - _WORDS))
    rows = [f"| {' | '.join(HEAD)} |", f"|{rule}|", *(f"| {' | '.join(cells)} |" for cells in lines)]
    return "\n".join(rows) + "\n"


def written(page: str, lines: Iterable[tuple[str, ...]]) -> str:
    """Return the page with these lines in its table; those of cases that were not measured stay."""
    block = _BLOCK.search(page)
    if block is None:
        raise LookupError("the page has no place for the table")
    there = [tuple(cell.strip() for cell in row.strip("| \n").split("|")) for row in block[0].splitlines()[3:-1]]
    known = {cells[:_WORDS]: cells for cells in (*there, *lines)}
    named = [(_NAMES[case.vendor], case.title, who) for case in cases() for who in (OURS, THEIRS)]
    return _BLOCK.sub(lambda found: found[1] + table(known[name] for name in named if name in known) + found[2], page)
