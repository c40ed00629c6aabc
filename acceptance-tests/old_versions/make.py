"""Writes the rows and states of an old version beside this file: see README.md.

    python acceptance-tests/old_versions/make.py 0.1.0 FOLDER

where FOLDER holds the repository as it was. Run with FOLDER's packages in PYTHONPATH.
"""

# ruff: noqa: T201 - a script for people
from __future__ import annotations

import importlib
import json
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

END = datetime(2026, 3, 29, 23, 59, 59, tzinfo=timezone.utc)  # a night of a clock change in Europe
START = END - timedelta(days=1) + timedelta(seconds=1)
ROWS = 12
OF_STATES = END - timedelta(days=6) + timedelta(seconds=1)


def main(version: str, folder: Path) -> None:
    """Sync every vendor's simulator of that version with its connector."""
    sys.path.insert(0, str(folder / "acceptance-tests"))
    harness, simulators = importlib.import_module("harness"), importlib.import_module("simulators")
    out = Path(__file__).parent / version
    out.mkdir(exist_ok=True)
    states: dict[str, Any] = {}
    for name in harness.connectors():
        vendor = harness.vendor(name)
        with tempfile.TemporaryDirectory() as place:
            connector = harness.Connector(name, Path(place))
            with simulators.start(vendor, start=START, end=END, calls_per_day=40) as simulator:
                done = _read(connector, simulator)
                for stream in simulator.cursors:
                    _write(out / f"{vendor}.{stream}.jsonl", [row for row in done.records(stream) if row.get("raw")])
            with simulators.start(vendor, start=OF_STATES, end=END, calls_per_day=20) as simulator:
                states[name] = _read(connector, simulator).state
    (out / "states.json").write_text(f"{json.dumps(states)}\n", encoding="utf-8")


def _read(connector: Any, simulator: Any) -> Any:
    done = connector.read(simulator.config())
    assert done.code == 0, done.text
    return done


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    if rows:
        lines = [f"{json.dumps(row, separators=(',', ':'))}\n" for row in _varied(rows)]
        path.write_text("".join(lines), encoding="utf-8")
    print(f"{path.stem}: {len(rows)} rows with raw")


def _varied(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few rows that differ as much as they can: each is the one that adds most that none before it had."""
    left, seen, chosen = [(row, _traits(row)) for row in rows], set[Any](), []
    while left and len(chosen) < ROWS:
        row, traits = max(left, key=lambda one: len(one[1] - seen))
        left.remove((row, traits))
        chosen.append(row)
        seen |= traits
    return chosen


def _traits(row: dict[str, Any]) -> set[Any]:
    words = ("direction_raw", "disposition_raw", "from_number_kind", "to_number_kind", "hangup_cause", "mos")
    traits = {(name, row.get(name)) for name in words} | {(name, row[name] is None) for name in row}
    return traits | {("issue", issue) for issue in row["issues"]}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
