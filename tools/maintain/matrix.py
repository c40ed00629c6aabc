"""What the READMEs say that the code knows better: the vendor matrix, and each connector's configuration table.

Generated text stands between markers; `make matrix` writes it, and the tests compare it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cdr.vendor.filters import DayWindow
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period, Window
from tools.install import ROOT
from tools.maintain.boilerplate import connector_folders, facts_of

_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = ("Vendor", "Stream", "Authentication", "Paginator", "Window", "Cursor", "Lookback")
_SAMPLE = Period(datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 2, tzinfo=timezone.utc))


def streams_of(folder: Path) -> list[type[Stream]]:
    """Return the stream classes that a connector's streams.py defines, in its order."""
    module = facts_of(folder).module
    # A connector that was rendered a moment ago is not installed yet.
    sys.path.insert(0, str(folder))
    try:
        found = vars(importlib.import_module(f"{module}.streams")).values()
    finally:
        sys.path.remove(str(folder))
    own = [cls for cls in found if isinstance(cls, type) and cls.__module__.startswith(module)]
    # What several streams of a vendor share is a class without a name.
    return [cls for cls in own if issubclass(cls, Stream) and hasattr(cls, "name")]


def specification(folder: Path) -> dict[str, Any]:
    """Return the configuration's JSON schema."""
    text = (folder / facts_of(folder).module / "spec.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)["connectionSpecification"]
    return schema


def vendor_matrix() -> str:
    """Return the table of all vendors, a row a stream."""
    rows = [_row(folder, stream) for folder in connector_folders() for stream in streams_of(folder)]
    planned = [folder for folder in connector_folders(written=False) if folder not in connector_folders()]
    rows += [(_link(folder), *["to come"] * (len(_HEAD) - 1)) for folder in planned]
    return _table(_HEAD, rows)


def _row(folder: Path, stream: type[Stream]) -> tuple[str, ...]:
    properties = specification(folder)["properties"]
    minutes = properties["lookback_window_minutes"]["default"]
    return (
        _link(folder),
        f"`{stream.name}`",
        ", ".join(_choices(properties["credentials"])),
        _paginator(stream),
        _window(stream) if stream.cursor else "read whole",
        f"`{stream.cursor}`" if stream.cursor else "none",
        f"{minutes:,} minutes" if stream.cursor else "none",
    )


def _link(folder: Path) -> str:
    return f"[{facts_of(folder).title}](connectors/{folder.name})"


def _choices(schema: dict[str, Any]) -> list[str]:
    """Return the words that tell the variants of a choice apart."""
    return [
        str(part["const"])
        for variant in schema.get("oneOf", ())
        for part in variant["properties"].values()
        if "const" in part
    ]


def _paginator(stream: type[Stream]) -> str:
    name = type(stream.paginator).__name__
    first = ", ".join(f"`{key}={value}`" for key, value in stream.paginator.params(0).items())
    return f"{name} {first}".strip()


def _window(stream: type[Stream]) -> str:
    window = stream.window
    parameters = " to ".join(f"`{name}`" for name in window.params(_SAMPLE, "UTC"))
    zone = f"zone `{window.zone[1:-1]}`" if window.zone.startswith("{") else window.zone
    return f"{parameters}, {zone}, {_reach(window)}, {_span(window.step)}"


def _reach(window: Window) -> str:
    """Say how much wider a request is than its window, because no vendor is sure to include its bounds."""
    if isinstance(window, DayWindow):
        return "whole days, one more at the end"
    if window.knows_days_only:
        return "whole days, one more on each side"
    seconds = window.margin // timedelta(seconds=1)
    if not seconds:
        return "half-open as asked"
    return f"asked {'one second' if seconds == 1 else f'{seconds} seconds'} wider"


def _span(step: timedelta) -> str:
    second = timedelta(seconds=1)
    if step % timedelta(hours=1) and (step + second) % timedelta(hours=1) == timedelta(0):
        return f"a second less than {_span(step + second)}"
    hours = step // timedelta(hours=1)
    count, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}{'' if count == 1 else 's'} at most"


def configuration_table(folder: Path) -> str:
    """Return the table of a connector's configuration, in the order of its form."""
    schema = specification(folder)
    properties = sorted(schema["properties"].items(), key=lambda item: item[1].get("order", 0))
    rows = [row for name, part in properties for row in _described(name, part, name in schema["required"])]
    return _table(("Key", "Type", "Default", "Meaning"), rows)


def _described(name: str, part: dict[str, Any], required: bool) -> Iterator[tuple[str, ...]]:
    default = json.dumps(part["default"]) if "default" in part else ""
    yield (
        f"`{name}`",
        part["type"],
        "required" if required else f"`{default}`" if default else "-",
        part["description"],
    )
    for variant in part.get("oneOf", ()):
        keys = [
            f"`{key}`" if "const" not in part else f'`"{key}": "{part["const"]}"`'
            for key, part in variant["properties"].items()
        ]
        yield (f"`{name}`: {variant['title']}", "object", "-", f"{', '.join(keys)}. {variant['description']}")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def generated() -> dict[Path, str]:
    """Return every README with its generated parts as they have to be."""
    texts = {ROOT / "README.md": {"matrix": vendor_matrix()}}
    texts.update(
        {folder / "README.md": {"configuration": configuration_table(folder)} for folder in connector_folders()}
    )
    return {path: _filled(path.read_text(encoding="utf-8"), blocks) for path, blocks in texts.items()}


def _filled(text: str, blocks: dict[str, str]) -> str:
    return _BLOCK.sub(lambda match: match[1] + blocks.get(match[2], "") + match[3], text)


def write() -> None:
    """Write the generated parts."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """Print the matrix, or with --write put it where it belongs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        write()
    else:
        print(vendor_matrix(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
