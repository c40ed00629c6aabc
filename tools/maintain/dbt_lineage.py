"""A picture of what the models of the dbt package are made from, drawn from what their SQL refers to."""

from __future__ import annotations

import re
from pathlib import Path

_SOURCE = "call_records of each vendor"
_WIDTH, _HEIGHT = 168, 34  # of a box
_ACROSS, _DOWN = 58, 16  # between boxes
_EDGE = 20
_COLOURS = {"staging": "#dbeafe", "calls": "#dcfce7", "daily": "#fef3c7", "": "#e5e7eb"}


def references(models: Path) -> dict[str, set[str]]:
    """Return for each model what its SQL refers to, and for the first one the sources."""
    found = {}
    for path in sorted(models.rglob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        names = set(re.findall(r"ref\('(\w+)'\)", sql))
        names |= {_SOURCE} if "call_tables()" in sql else set()
        names |= {"call_days"} if "days_to_count()" in sql else set()
        found[path.stem] = names
    return {_SOURCE: set(), **found}


def picture(models: Path) -> str:
    """Return an SVG with the models from left to right: each stands right of everything that it is made from."""
    folders = {path.stem: path.parent.name for path in models.rglob("*.sql")}
    made_from = references(models)
    columns: list[list[str]] = []
    while left := [name for name in made_from if not any(name in column for column in columns)]:
        known = {name for column in columns for name in column}
        columns.append([name for name in left if made_from[name] <= known])
    places = {
        name: (_EDGE + x * (_WIDTH + _ACROSS), _EDGE + y * (_HEIGHT + _DOWN))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    width = 2 * _EDGE + len(columns) * (_WIDTH + _ACROSS) - _ACROSS
    height = 2 * _EDGE + max(map(len, columns)) * (_HEIGHT + _DOWN) - _DOWN
    lines = [_line(places[source], places[name]) for name, sources in made_from.items() for source in sorted(sources)]
    boxes = [_box(name, *place, _COLOURS[folders.get(name, "")]) for name, place in places.items()]
    said = "The models of the dbt package, each to the right of the models that it is made from"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{said}"'
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#111827"'
    return "\n".join([f"{head} {style}>", ground, *lines, *boxes, "</svg>", ""])


def _box(name: str, x: int, y: int, colour: str) -> str:
    box = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{colour}" stroke="#6b7280"/>'
    return f'{box}<text x="{x + _WIDTH // 2}" y="{y + 21}" text-anchor="middle">{name}</text>'


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    to_x, to_y = end[0], end[1] + _HEIGHT // 2
    middle = to_x - _ACROSS // 2
    return f'<path d="M{x} {y}C{x + 30} {y} {middle} {to_y} {to_x} {to_y}" fill="none" stroke="#9ca3af"/>'
