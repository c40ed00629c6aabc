"""Rows as no vendor would send them, by the thousand: none raises, none is lost.

20,000 of them; CDR_FUZZED_ROWS asks for more, as `make soak` does.
"""

import os
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any, get_args

import pytest

from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.normaliser.privacy import Mode, Privacy
from cdr.schema.columns import COLUMNS, ISSUES
from golden import connected, fields_of

ROWS = int(os.environ.get("CDR_FUZZED_ROWS", "20000"))
CANONICAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
CHARACTERS = "0123456789+-.:/TZ ()@;#*eE\u0661\u00e9\u2212\x00\ud800\U0001f4de"
ODD: tuple[Any, ...] = (
    *(None, True, False, "", " ", "0", "-0", "-1", "null", "None", "NaN", "00", "+", "x" * 300),
    *(0, -1, 1, 2**31, 2**63, -(2**64), 10**30, 0.5, -0.0, 1e-7, 1e300, 5e-324, float("nan"), float("inf")),
    *([], {}, [[]], {"a": {"b": None}}, [None], ["hung up"], {"0": "Caller hung up", "x": 7}),
    *("1e-07", "1.5E+2", "1e999", "1,50", "99:59:59", "-00:00:01", "24:00", "\u0661\u0662"),
    *("0001-01-01T00:00:00Z", "9999-12-31 23:59:59", "2024-10-27 01:30:00", "2024-03-31T01:30:00"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-06-30T23:59:60Z", "31-Dec-9999 23:59:59"),
    *("9999999999.1", "0000000000.1", "ffffffff-ffff-1fff-bfff-ffffffffffff", "00000000-0000-1000-8000-000000000000"),
    *("6462015501", "+442079460123", "anonymous@anonymous.invalid", "sip:", "No Caller ID", "received on +44 at"),
    *("https://[", "https://x/?X-Amz-Date=99991231T235959Z&X-Amz-Expires=999999999", "//[::1", "in2out", "C2C"),
)


def accounts() -> Iterator[tuple[Normaliser, list[dict[str, Any]]]]:
    """A normaliser of every stream and privacy mode, with zones that were found and not, and the rows to spoil."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for vendor, case in connected():
        rows.setdefault((vendor, case["stream"]), []).append(case["vendor_row"])
    zones = (
        ("UTC", None),
        ("Europe/London", "America/Chicago"),
        ("America/New_York", "+26:00"),
        ("Asia/Kolkata", "-00:15"),
    )
    for (vendor, stream), samples in rows.items():
        for mode, (zone, found) in zip(get_args(Mode), zones, strict=True):
            cut = next(
                column for column in ("ended_at", "created_at", "completed_at", "id") if column in COLUMNS[stream]
            )
            plan = Normaliser(
                fields_of(vendor, stream),
                columns=COLUMNS[stream],
                vendor=vendor,
                account_id="a",
                region="US",
                bare_country_codes=vendor != "voxo",
                zone=zone,
                zone_found=found,
                cursor=cut if mode != "hash" else "started_at" if "started_at" in COLUMNS[stream] else cut,
                privacy=Privacy(mode, "s" * 16),
            )
            yield plan, samples


def spoilt(dice: Random, samples: list[dict[str, Any]]) -> Any:
    """A sample with some of its values, at any depth, replaced, misspelt, exchanged or left out."""
    if dice.random() < 0.01:
        return dice.choice(ODD)
    row = deepcopy(dice.choice(samples))
    for target in (row, *(value for value in row.values() if isinstance(value, dict))):
        for _ in range(dice.randrange(4)):
            if target:
                key = dice.choice(list(target))
                dice.choice(SPOILS)(dice, target, key)
    return row


def replace(dice: Random, target: dict[str, Any], key: str) -> None:
    target[key] = deepcopy(dice.choice(ODD))


def leave_out(_: Random, target: dict[str, Any], key: str) -> None:
    del target[key]


def exchange(dice: Random, target: dict[str, Any], key: str) -> None:
    other = dice.choice(list(target))
    target[key], target[other] = target[other], target[key]


def misspell(dice: Random, target: dict[str, Any], key: str) -> None:
    characters = list(str(target[key]))
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(characters) + 1)
        characters[at : at + dice.randrange(2)] = dice.choice(CHARACTERS)
    target[key] = "".join(characters)


def as_another_type(_: Random, target: dict[str, Any], key: str) -> None:
    value = target[key]
    try:
        target[key] = float(value) if isinstance(value, str) else str(value)
    except ValueError:
        target[key] = [value]


SPOILS: tuple[Callable[[Random, dict[str, Any], str], None], ...] = (
    replace,
    replace,
    leave_out,
    exchange,
    misspell,
    misspell,
    as_another_type,
)


@pytest.mark.parametrize("seed", range(4))
def test_no_fuzzed_row_raises_or_is_lost(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a test's dice
    plans = list(accounts())
    for number in range(ROWS // 4):
        plan, samples = plans[number % len(plans)]
        vendor_row = spoilt(dice, samples)
        row, printed = plan.read(vendor_row)
        assert tuple(row) == plan.columns
        assert row.get("vendor_record_id", row.get("id"))
        assert serialise(row)
        assert row.get("issues", []) == [issue for issue in ISSUES if issue in row.get("issues", [])]
        assert all(CANONICAL.fullmatch(clock) for clock in plan.clocks(vendor_row, row)), vendor_row
        assert printed is None or plan.cursor == "id" or CANONICAL.fullmatch(printed)
        assert len(plan.call(vendor_row)) == 4
        evidence = plan.evidence(vendor_row)
        assert evidence is None or isinstance(evidence.epoch, int)
