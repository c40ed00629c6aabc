"""The documentation holds together: its links, its pictures, and the decisions in `specs/adr`."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from documentation import PAGES, headings, without_fences
from tools.install import ROOT
from tools.maintain import docs

ADRS = sorted((ROOT / "specs" / "adr").glob("[0-9]*.md"))
PICTURES = sorted((docs.DOCS / "images").glob("*.svg"))
any_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@any_page
def test_links_are_https_only(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\bhttp://(?!localhost|127\.0\.0\.1|www\.w3\.org)\S+", text) == []


@any_page
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_fences(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown page has for its headings."""
    texts = (heading.lstrip("# ").lower() for heading in headings(page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-") for text in texts}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small_says_what_it_shows_and_fetches_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314  our own file
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert len(text) < 10_000
    assert re.findall(r"href|url\((?!#)|<image|<script", text) == []
    # A ground of its own, so that dark text shows on a dark page as well.
    first = next(part for part in root if part.tag.endswith("rect"))
    assert (first.get("width"), first.get("height")) == tuple((root.get("viewBox") or "").split()[2:])
    assert any(picture.name in page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("decision", ADRS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_and_is_listed(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    title, *parts = headings(text)
    assert title.startswith(f"# {decision.name[:4]}: ")
    assert parts == ["## Context", "## Decision", "## Consequences", "## What would make us change it"]
    listed = (decision.parent / "README.md").read_text(encoding="utf-8")
    assert f"[{decision.name[:4]}]({decision.name}) | {title.partition(': ')[2]} |" in listed


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [path.name[:4] for path in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
