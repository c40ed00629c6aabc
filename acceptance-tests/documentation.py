"""What the documentation says, for the tests that hold it to the code: pages, headings, tables, fenced blocks."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from tools.install import ROOT
from tools.maintain import docs

PAGES = sorted([*ROOT.glob("*.md"), *docs.DOCS.rglob("*.md"), *(ROOT / "specs" / "adr").glob("*.md")])


def read(name: str) -> str:
    return (docs.DOCS / name).read_text(encoding="utf-8")


def text_of(folder: Path) -> str:
    return docs.page_of(folder).read_text(encoding="utf-8")


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ .+$", without_fences(text), re.MULTILINE)


def section(text: str, heading: str) -> str:
    """The text between a heading and the next one of any level."""
    return re.split(r"^#+ .+$", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """The cells of the first table's rows, without its head."""
    rows = re.search(r"(^\|.*\|\n)+", text, re.MULTILINE)
    assert rows, "there is no table"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[0].splitlines()[2:]]


def example_config(folder: Path) -> dict[str, Any]:
    (found,) = re.findall(r"^```json\n(.+?)^```$", text_of(folder), re.MULTILINE | re.DOTALL)
    config: dict[str, Any] = json.loads(found)
    return config


class Block(NamedTuple):
    page: Path
    marker: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.stem}: {self.text.splitlines()[0][:60]}"


def blocks(language: str) -> list[Block]:
    fence = re.compile(rf"(?:^<!-- ([^\n]+) -->\n)?^```{language}\n(.+?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(page, found[1] or "", found[2]) for page in PAGES for found in fence.finditer(page.read_text("utf-8"))
    ]


SHELL = blocks("sh")
