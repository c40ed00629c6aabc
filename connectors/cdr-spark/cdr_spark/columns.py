"""Rows as columns: the JSON lines of a page become one Arrow batch of the contract's types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from cdr.http.bodies import parse
from cdr.normaliser.timestamps import instant
from cdr.schema.columns import json_schema

INSTANT: Final = pa.timestamp("us", tz="UTC")
_LAST = b',"schema_version":'
_TYPES: Final = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "object": pa.string(),
    "array": pa.list_(pa.field("element", pa.string(), nullable=False)),
}


def arrow_schema(stream: str) -> pa.Schema:
    """The stream's columns, in the order of the contract. An object is its JSON text; a moment has microseconds."""
    return pa.schema([_field(name, column) for name, column in json_schema(stream)["properties"].items()])


def _field(name: str, column: dict[str, Any]) -> pa.Field:
    kinds = [column["type"]] if isinstance(column["type"], str) else column["type"]
    (kind,) = (word for word in kinds if word != "null")
    type_ = INSTANT if column.get("format") == "date-time" else _TYPES[kind]
    return pa.field(name, type_, nullable="null" in kinds)


class Columns:
    """Turns lines of one stream into Arrow batches."""

    def __init__(self, stream: str) -> None:
        self.schema = arrow_schema(stream)
        # An object stands in front of `schema_version`, the last column, and is taken over as it is written: parsed
        # and written again, a number that no double holds would be another one.
        objects = [name for name, column in json_schema(stream)["properties"].items() if "object" in column["type"]]
        self._object = objects[0] if objects else None
        self._key = f',"{self._object}":'.encode()

    def batch(self, lines: Sequence[bytes]) -> pa.RecordBatch:
        """One row a line, in order."""
        plain, objects = list(lines), []
        for index, line in enumerate(lines if self._object else ()):
            # A quote inside a text is escaped, so neither key is found within one; the first is the column's own, as
            # no column in front of it holds keys, and the last one is too, as it comes last.
            head, _, rest = line.partition(self._key)
            text, _, tail = rest.rpartition(_LAST)
            plain[index] = head + _LAST + tail
            objects.append(None if text == b"null" else text.decode())
        rows, _ = parse(b"[%s]" % b",".join(plain))
        arrays = [
            pa.array(objects, pa.string()) if field.name == self._object else _array(field, rows)
            for field in self.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _array(field: pa.Field, rows: Sequence[dict[str, Any]]) -> pa.Array:
    values = [row[field.name] for row in rows]
    if field.type == INSTANT:
        return _instants(values)
    try:
        return pa.array(values, field.type)
    except UnicodeEncodeError:
        # Half of a character: Arrow's text cannot hold it. `raw` has it, escaped.
        return pa.array([None if value is None else _whole(value) for value in values], field.type)


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _instants(texts: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(texts, pa.string()).cast(INSTANT)
    except pa.ArrowInvalid:  # digits behind the microsecond
        return pa.array([None if text is None else instant(text) for text in texts], INSTANT)
