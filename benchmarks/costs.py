"""Where the time of a row goes: parsing, the normaliser with more and more of a mapping, and the layers around it.

One core, no network: `python -m benchmarks profile` prints the table.

Processor time of one thread, so that a busy machine disturbs it little; every pass begins with an empty cache of
numbers.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import orjson
import phonenumbers

from benchmarks import layers
from benchmarks.calls import Dataset
from benchmarks.rows import PRINTERS, printed
from cdr.normaliser import phone_numbers
from cdr.normaliser.fields import Fields
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.schema.columns import COLUMNS
from tools.naming import package_of

_ROWS = 5_000
_ATTEMPTS = 5
_PAGE = 1000
_GROUPS = ("template, ids", "times, durations", "words, flags", "money", "numbers", "texts")
_WORDS = ("direction", "disposition", "hangup_party", "q850_cause", "sip_status_code")
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "acefone": {"region": "GB", "zone": "Europe/London"},
    "voxo": {"region": "US"},
}
# A field in which a word is unreadable, and from which nothing else is worked out.
_SPOILT = {
    "vonage_business": "length",
    "portsip": "status_code",
    "acefone": "bill_sec",
    "bics": "billing",
    "voxo": "percentJitter",
}


def table() -> str:
    """Return the table: µs a row, a column for each vendor."""
    columns = {vendor: vendor_parts(vendor) for vendor in PRINTERS}
    reading = (
        f"µs a row, the best of {_ATTEMPTS} passes over {_ROWS:,} rows. Each line says what its columns add to the "
        "lines above it. A third of the outside numbers are new, the others repeat while they are still cached; "
        "most of what numbers cost is libphonenumber. `digests` are made of the rows that the next sync receives again."
    )
    lines = [
        reading,
        "",
        f"| | {' | '.join(columns)} |",
        "|---|" + "--:|" * len(columns),
    ]
    lines += [
        f"| {part} | {' | '.join(f'{costs[part]:.1f}' for costs in columns.values())} |"
        for part in next(iter(columns.values()))
    ]
    return "\n".join(lines)


def _group(column: str) -> str:
    if column == "vendor_record_id":
        return "template, ids"
    if column in {"from_number", "to_number"}:
        return "numbers"
    if column.endswith(("_at", "_seconds")):
        return "times, durations"
    if column.startswith("is_") or column in _WORDS:
        return "words, flags"
    return "money" if column == "charge_amount" else "texts"


class _Vendor(NamedTuple):
    """A vendor's stream, and normalisers of a part of its columns."""

    name: str
    stream: Any

    def normaliser(self, groups: tuple[str, ...] = _GROUPS, *, include_raw: bool = False) -> Normaliser:
        stream = self.stream
        fields: Fields = {column: field for column, field in stream.fields.items() if _group(column) in groups}
        return Normaliser(
            fields,
            columns=COLUMNS[stream.name],
            vendor=self.name,
            account_id="1",
            bare_country_codes=stream.bare_country_codes,
            cursor=stream.cursor,
            include_raw=include_raw,
            **_SETTINGS.get(self.name, {}),
        )


def vendor_parts(name: str) -> dict[str, float]:
    """Return the parts of a vendor's row, and what they come to."""
    vendor = _Vendor(name, import_module(f"{package_of(name)}.streams").CallRecords)
    dataset = Dataset(name, _ROWS, 2)
    rows = [row for _, row in printed(dataset)]
    pages = [orjson.dumps(rows[first : first + _PAGE]) for first in range(0, _ROWS, _PAGE)]
    parts = {"parse": _best(orjson.loads, pages)}
    before = 0.0
    for count, group in enumerate(_GROUPS, start=1):
        whole = _best(vendor.normaliser(_GROUPS[:count]).row, rows)
        parts[group], before = whole - before, whole
    full, with_raw = vendor.normaliser(), vendor.normaliser(include_raw=True)
    parts["the window's time"] = _best(full.read, rows) - before
    plain, raw = [full.row(one) for one in rows], [with_raw.row(one) for one in rows]
    parts["serialise"] = _best(serialise, plain)
    parts["serialise `raw`"] = _best(serialise, raw) - parts["serialise"]
    so_far = sum(parts.values())
    around = layers.Layers(with_raw, dataset.days)
    whole = _best(around.read, pages)
    parts["the page: places, lines"] = whole - so_far
    parts["digests"] = _best(around.read_with_digests, pages) - whole
    blocks = [around.read(page) for page in pages]
    parts["account"] = _best(around.account, [blocks])
    parts["write"] = _best(around.write, blocks)
    parts["**together**"] = sum(parts.values())
    spoilt = [_spoilt(name, one) for one in rows]
    if not all(full.row(one)["issues"] for one in spoilt[:10]):
        raise LookupError(f"{name}: {_SPOILT[name]} is read whatever it holds")
    parts["a row with an issue: more"] = _best(full.row, spoilt) - before
    return parts


def _spoilt(vendor: str, row: dict[str, Any]) -> dict[str, Any]:
    if vendor == "acefone":
        return {**row, "call_stats": {**row["call_stats"], _SPOILT[vendor]: "?"}}
    return {**row, _SPOILT[vendor]: "?"}


def _best(work: Callable[[Any], object], items: list[Any]) -> float:
    """Return the shortest processor time of some attempts, in µs a row, each with an empty cache of numbers."""
    for country in ("US", "GB", "FR"):  # the first number of a country loads its rules
        phonenumbers.is_valid_number(phonenumbers.parse("2025550123", country))
    return min(_timed(work, items) for _ in range(_ATTEMPTS))


def _timed(work: Callable[[Any], object], items: list[Any]) -> float:
    caches = [value for value in vars(phone_numbers).values() if hasattr(value, "cache_clear")]
    if not caches:
        raise LookupError("cdr.numbers has no cache that can be emptied: a warm one would make numbers look free")
    for cache in caches:
        cache.cache_clear()
    gc.collect()
    gc.freeze()
    started = time.process_time()
    deque(map(work, items), maxlen=0)  # each result is dropped at once, as a written row is
    return (time.process_time() - started) * 1e6 / _ROWS
