"""Every vendor through PyAirbyte into DuckDB and PostgreSQL: no row and no column lost, types as declared."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

import simulators
from cdr.schema.columns import json_schema
from tools.maintain import postgres
from warehouses import KINDS, MODES, Warehouses, key, warehouses

__all__ = ["warehouses"]  # the fixture
every_warehouse = pytest.mark.parametrize("kind", KINDS)
every_mode = pytest.mark.parametrize("mode", MODES)
every_vendor = pytest.mark.parametrize("vendor", simulators.VENDORS)

# What a warehouse calls the types that the schema declares.
TYPES = {
    "duckdb": {"date-time": "TIMESTAMP WITH TIME ZONE", "string": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN",
               "number": "DECIMAL(38,9)", "object": "JSON", "array": "JSON"},
    "postgresql": {"date-time": "timestamp with time zone", "string": "character varying", "integer": "bigint",
                   "boolean": "boolean", "number": "numeric", "object": "json", "array": "json"},
}  # fmt: skip


def declared(stream: str) -> dict[str, str]:
    """The type of each column of a stream, a word of JSON Schema, or date-time."""
    found = {}
    for name, column in json_schema(stream)["properties"].items():
        types = column["type"] if isinstance(column["type"], list) else [column["type"]]
        (one,) = [word for word in types if word != "null"]
        found[name] = column.get("format") or one
    return found


def held(value: Any, kind: str) -> Any:
    """What came back from a warehouse, as the truth spells it."""
    if isinstance(value, datetime):
        assert value.tzinfo is not None
        text = value.astimezone(timezone.utc).isoformat()
        return text.replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return float(value)
    if kind in {"object", "array"} and isinstance(value, str):
        return json.loads(value)
    return value


def same(expected: Any, kind: str) -> Any:
    """What the truth says, with times spelt as `held` spells them."""
    if kind == "date-time" and expected is not None:
        return held(datetime.fromisoformat(expected.replace("Z", "+00:00")), kind)
    if kind == "number" and expected is not None:
        return float(expected)
    return list(expected) if isinstance(expected, tuple) else expected


@every_mode
@every_warehouse
@every_vendor
def test_every_row_and_every_value_of_every_stream_arrives(
    warehouses: Warehouses, kind: str, mode: str, vendor: str
) -> None:
    warehouse, sim = warehouses[kind], warehouses.sims[vendor]
    for stream in sim.cursors:
        types = declared(stream)
        rows = warehouse.ask(f"SELECT * FROM {vendor}.{stream}", mode)  # noqa: S608
        got = {row[key(stream)]: {name: held(row[name], types[name]) for name in types} for row in rows}
        assert len(got) == len(rows), "an id is there twice"
        expected = {row[key(stream)]: row for row in sim.truth(stream)}
        assert got.keys() == expected.keys()
        for ident, row in expected.items():
            assert got[ident] == {name: same(row.get(name), types[name]) for name in types}


@every_mode
@every_warehouse
@every_vendor
def test_the_second_sync_brings_the_late_rows(warehouses: Warehouses, kind: str, mode: str, vendor: str) -> None:
    warehouse = warehouses[kind]
    first, second = (read[vendor] for read in warehouse.read[mode])
    late = {stream: ids for (name, stream), ids in warehouses.late.items() if name == vendor}
    assert all(late.values())
    rows = {stream: len(warehouses.sims[vendor].truth(stream)) for stream in warehouses.sims[vendor].cursors}
    missing = sum(len(ids) for ids in late.values())
    assert first == sum(rows.values()) - missing
    for stream, ids in late.items():
        there = {row["id"] for row in warehouse.ask(f"SELECT {key(stream)} AS id FROM {vendor}.{stream}", mode)}  # noqa: S608
        assert ids <= there
    if mode == "full_refresh":
        assert second == sum(rows.values())
    else:
        assert missing <= second <= sum(rows.values())


@every_mode
@every_warehouse
@every_vendor
def test_every_column_is_there_with_the_type_declared(
    warehouses: Warehouses, kind: str, mode: str, vendor: str
) -> None:
    for stream in warehouses.sims[vendor].cursors:
        expected = {name: TYPES[kind][word] for name, word in declared(stream).items()}
        assert warehouses[kind].types(vendor, stream, mode) == expected


@every_warehouse
def test_the_view_holds_all_calls_with_their_types(warehouses: Warehouses, kind: str) -> None:
    warehouse = warehouses[kind]
    expected = {name: TYPES[kind][word] for name, word in declared("call_records").items()}
    assert warehouse.types("main" if kind == "duckdb" else "public", "call_records") == expected
    (row,) = warehouse.ask("SELECT count(*) AS calls, count(DISTINCT record_id) AS ids FROM call_records")
    assert row["calls"] == row["ids"] == len(warehouses.truth())


@every_warehouse
def test_amounts_are_exact_text(warehouses: Warehouses, kind: str) -> None:
    amounts = {row["record_id"]: row["charge_amount"] for row in warehouses.truth()}
    rows = warehouses[kind].ask("SELECT record_id, charge_amount FROM call_records WHERE charge_amount IS NOT NULL")
    assert rows
    assert all(row["charge_amount"] == amounts[row["record_id"]] for row in rows)
    (total,) = warehouses[kind].ask("SELECT sum(CAST(charge_amount AS DECIMAL(28, 10))) AS total FROM call_records")
    assert total["total"] == sum(Decimal(amount) for amount in amounts.values() if amount)


@every_warehouse
def test_raw_is_json_that_can_be_asked(warehouses: Warehouses, kind: str) -> None:
    path = "raw ->> '$.id'" if kind == "duckdb" else "raw ->> 'id'"
    rows = warehouses[kind].ask(f"SELECT vendor_record_id, {path} AS id FROM vonage_business.call_records")  # noqa: S608
    assert rows
    assert all(row["id"] == row["vendor_record_id"] for row in rows)


def test_a_machine_without_postgresql_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_places", lambda: iter(()))
    with pytest.raises(postgres.NoPostgresError, match="not installed"), postgres.server():
        pass
