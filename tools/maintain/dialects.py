"""docs/dialects.md: what a sync of each connector says where its vendor differs from what we believe.

`python -m tools.maintain.dialects --write` runs the matrix of `acceptance-tests/dialects.py`, which takes minutes, and
writes the page; without it, the page is only held against the list of cells.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from multiprocessing import get_context
from typing import Any

from tools.install import ROOT
from tools.maintain.boilerplate import connector_folders, facts_of

PAGE = ROOT / "docs" / "dialects.md"
_FOLDER = ROOT / "acceptance-tests"
_LONGEST = 400
_ROW = re.compile(r"^\| ([^|]+?) \| (?!---|Full)", re.MULTILINE)
_HEAD = """# Dialects: where a vendor differs from its documents

Nobody could try these connectors against a real account of each vendor. So each of them is read under every plausible
way in which a vendor may differ from its documents: in full, in two parts with late calls between them, and killed and
started again. A cell says what came of it: **complete** (every call came), an **error** that names the reason, or how
many calls came of how many. The last column is what the sync said, as it stands in its log.

The vendors' simulators speak all of these dialects, each by an option (`--dialect`), and
`acceptance-tests/test_dialects.py` holds every cell against what it must come to. This page is written by
`python -m tools.maintain.dialects --write`.
"""


@contextmanager
def tests_on_the_path() -> Iterator[None]:
    """Let the tests' own modules be imported meanwhile."""
    sys.path.insert(0, str(_FOLDER))
    try:
        yield
    finally:
        sys.path.remove(str(_FOLDER))


def titles() -> dict[str, list[str]]:
    """Return the dialects of each vendor, by the title of its connector."""
    with tests_on_the_path():
        cells = list(importlib.import_module("dialects").cells())
    names = {facts_of(folder).vendor: facts_of(folder).title for folder in connector_folders()}
    return {name: [one.title for vendor, one in cells if vendor == key] for key, name in names.items()}


def listed(page: str) -> dict[str, list[str]]:
    """Return the dialects that the page has, by the heading that they stand below."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    return {name: _ROW.findall(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _row(cell: tuple[str, int]) -> str:
    vendor, number = cell
    os.environ["CDR_WORKERS"] = "0"
    with tests_on_the_path(), redirect_stdout(StringIO()):  # the CDK prints its log
        table, syncs = (importlib.import_module(name) for name in ("dialects", "dialect_syncs"))
        dialect = table.DIALECTS[number]
        found = [syncs.outcome(vendor, dialect, mode) for mode in table.MODES]
    said = next((one.run.said for one in found if one.run.said), "")
    options = ", ".join(f"`{key}={value}`" for key, value in dialect.options.items())
    strict = dialect.must == table.COLUMNS
    cells = (dialect.title, *(_cell(one, strict=strict) for one in found), options, _cut(said))
    return "| " + " | ".join(" ".join(text.replace("|", "\\|").split()) for text in cells) + " |"


def _cell(found: Any, *, strict: bool) -> str:
    if found.run.error:
        return "error"
    if found.complete and strict and found.wrong:
        return "complete, columns differ"
    return "complete" if found.complete else f"{found.got} of {found.expected}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def made(only: str | None = None) -> str:
    """Run every cell, or those of one vendor, and return the page; the sections of other vendors stay."""
    names = {facts_of(folder).vendor: facts_of(folder).title for folder in connector_folders()}
    with tests_on_the_path():
        table = importlib.import_module("dialects")
        cells = [(vendor, table.DIALECTS.index(one)) for vendor, one in table.cells() if only in (None, vendor)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        rows = dict(zip(cells, pool.map(_row, cells), strict=True))
    page, written = _HEAD, _sections(PAGE.read_text(encoding="utf-8"))
    for vendor, name in names.items():
        if only not in (None, vendor):
            page += written.get(name, "")
            continue
        page += (
            f"\n## {name}\n\n| Dialect | Full | In parts | Killed | Option | What the sync says |\n{'| --- ' * 6}|\n"
        )
        page += "".join(f"{row}\n" for (key, _), row in rows.items() if key == vendor)
    return page


def _sections(page: str) -> dict[str, str]:
    """Return what the page has of each vendor, heading included, by its title."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    return {name: f"\n## {name}{text.rstrip()}\n" for name, text in zip(parts[::2], parts[1::2], strict=True)}


def main() -> int:
    """Write the page, or say whether it lists the cells that there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--vendor", help="only the section of this one, such as voxo")
    arguments = parser.parse_args()
    if arguments.write:
        PAGE.write_text(made(arguments.vendor), encoding="utf-8")
    same = PAGE.exists() and listed(PAGE.read_text(encoding="utf-8")) == titles()
    print(
        "The page lists every cell." if same else "docs/dialects.md is stale: python -m tools.maintain.dialects --write"
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
