"""Two calls under one id: what the second is called."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cdr.http.bodies import parse
from cdr.normaliser.calls import STARTS, Call
from cdr.normaliser.fields import Row
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.schema.columns import ISSUES


def renamed(line: bytes, number: int, key: str, normaliser: Normaliser, call: Call | None) -> tuple[str, bytes]:
    """The record of a second call under an id: its new key and its line, with `id_repeated`.

    number: its place among calls that nothing tells apart; key: the column that identifies a row
    call:   start, from, to and direction as the vendor sent them, where the line does not hold them
    """
    row: Row = parse(line)[0]
    apart = json.dumps(_told_apart_by(row, normaliser, call), separators=(",", ":"), ensure_ascii=False)
    tag = hashlib.sha256(apart.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    addition = f"#{tag}" if number == 1 else f"#{tag}#{number}"
    for column in {"vendor_record_id", key} & row.keys():
        row[column] += addition
    if "issues" in row:
        row["issues"] = [issue for issue in ISSUES if issue in row["issues"] or issue == "id_repeated"]
    return row[key], serialise(row)


def _told_apart_by(row: Row, normaliser: Normaliser, call: Call | None) -> list[Any]:
    """Start, from, to and direction as the vendor sent them; as they are given out where they are private."""
    if call is not None:
        return [*call]
    if row.get("raw"):
        return [*normaliser.call(row["raw"])]
    start = next((column for column in STARTS if column in row), "")
    return [row.get(column) for column in (start, "from_number", "to_number", "direction_raw")]
