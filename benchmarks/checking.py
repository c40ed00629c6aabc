"""Whether a contender has read every row once, by what it wrote."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.plan import Entry
from benchmarks.rows import ids


class CheckError(Exception):
    """A contender did not do its job, so that its figures say nothing. The message is for a person."""


@dataclass(frozen=True)
class Written:
    """What a contender left behind: bytes of rows, bytes of the last state, rows of its last day."""

    rows_bytes: int = 0
    state_bytes: int = 0
    last_day: int = 0


def check(entry: Entry, output: Path, folder: Path) -> Written:
    """Compare what was written with what the mock server has; raise CheckError where they differ.

    `output` is what the contender printed, `folder` is where its own files are.
    """
    if entry.dataset is None or entry.contender == "drain":
        return Written()
    key = "vendor_record_id" if entry.same else "id"
    rows, seen, poor = 0, set[str](), 0
    days = Counter[str]()
    for row in _rows(entry.contender, output, folder):
        rows += 1
        days[str(row.get("started_at"))[: len("2026-01-01")]] += 1
        seen.add(str(row.get(key)))
        poor += entry.same and not _is_canonical(row)
    expected = ids(entry.dataset)
    faults = {
        "missing": len(expected - seen),
        "unknown": len(seen - expected),
        "doubled": rows - len(seen),
        "not normalised, or with issues": poor,
    }
    if any(faults.values()):
        said = ", ".join(f"{count} {fault}" for fault, count in faults.items() if count)
        raise CheckError(f"{entry.name}: of {len(expected)} rows {said}")
    files = _files(folder) if entry.contender == "dlt" else [output]
    size = sum(path.stat().st_size for path in files)
    return Written(size, _state_bytes(output), days[max(days)]) if entry.contender == "ours" else Written(size)


def _state_bytes(output: Path) -> int:
    """The last state as compact JSON."""
    last = b""
    with output.open("rb") as file:
        for line in file:
            if line.startswith(b'{"type":"STATE"'):
                last = line
    return len(orjson.dumps(orjson.loads(last)["state"]["stream"]["stream_state"])) if last else 0


def _files(folder: Path) -> list[Path]:
    return [*folder.rglob("call_records.*jsonl*")]


def _is_canonical(row: dict[str, Any]) -> bool:
    return bool(row.get("from_number_e164")) and row.get("issues") == []


def _rows(contender: str, output: Path, folder: Path) -> Iterator[dict[str, Any]]:
    if contender == "dlt":
        # Each line of dlt's own files is a list of rows.
        for path in _files(folder):
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                for line in file:
                    yield from orjson.loads(line)
        return
    with output.open("rb") as file:
        for line in file:
            message = orjson.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                yield record if contender == "singer-sdk" else record["data"]
