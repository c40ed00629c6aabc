"""Calls: what tells two calls apart that share an id, in the words of the vendor."""

from collections.abc import Callable
from typing import Any, Final

from cdr.normaliser.fields import Fields, Reader

Call = tuple[Any, Any, Any, Any]
"""Start, from, to and direction, as the vendor sent them; None for what is missing, null or empty text."""

STARTS: Final = ("started_at", "created_at")
"""The columns that say when a call, or a recording, began."""
_SIDES: Final = ("from_number", "to_number", "direction")
_NOTHING: Final = (None, None, None, None)


def start_of(fields: Fields) -> str | None:
    """The column that says when it began; None where the mapping has none."""
    return next((column for column in STARTS if column in fields), None)


def compile_call(fields: Fields) -> Callable[[Any], Call]:
    """The function that finds a call in a vendor's row; it never raises."""
    start = start_of(fields)
    if start is None or "from_number" not in fields:
        return lambda _: _NOTHING
    readers = [fields.get(column) for column in (start, *_SIDES)]
    paths = [_path(reader) for reader in readers]
    if any("." in path or not path for path in paths):
        return _by_paths(readers)
    at_start, at_from, at_to, at_direction = paths
    find_start = fields[start].compile_raw()

    def call(source: Any) -> Call:
        if type(source) is not dict:
            return _NOTHING
        get = source.get
        began, one, other, way = get(at_start), get(at_from), get(at_to), get(at_direction)
        if began is None or began == "":
            began = find_start(source) or None
        return (
            began,
            None if one == "" else one,
            None if other == "" else other,
            None if way == "" else way,
        )

    return call


def _path(reader: Reader | None) -> str:
    return getattr(reader, "path", "") if reader is not None else ""


def _by_paths(readers: list[Reader | None]) -> Callable[[Any], Call]:
    finds = [reader.compile_raw() if reader is not None else lambda _: None for reader in readers]

    def call(source: Any) -> Call:
        if type(source) is not dict:
            return _NOTHING
        began, one, other, way = (None if value == "" else value for value in [find(source) for find in finds])
        return began, one, other, way

    return call
