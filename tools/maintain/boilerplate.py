"""Render template/. The facts about a connector that its boilerplate needs are in its metadata.yaml, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from tools.install import ROOT
from tools.naming import vendor_of

TEMPLATE = ROOT / "template"

# Rendered once and never touched again: `make new` writes them, the tests compare them.
RENDERED = (
    "main.py",
    "LICENSE",
    "pyproject.toml",
    "acceptance-test-config.yml",
    "metadata.yaml",
    "module/__init__.py",
    "module/run.py",
)


@dataclass(frozen=True)
class Facts:
    """What differs between two connectors' boilerplate."""

    name: str  # vonage-business
    title: str  # Vonage Business Communications
    definition_id: str
    version: str
    release_date: str
    hosts: tuple[str, ...]
    streams: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder, the image and the command: `source-vonage-business`."""
        return f"source-{self.name}"

    @property
    def module(self) -> str:
        """The Python package: `source_vonage_business`."""
        return self.folder.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The source class: `SourceVonageBusiness`."""
        return "".join(word.capitalize() for word in self.folder.split("-"))

    @property
    def vendor(self) -> str:
        """The word in the column `vendor`: `vonage_business`."""
        return vendor_of(self.folder)

    def names(self) -> dict[str, str]:
        """Return what the placeholders of the templates stand for."""
        return {
            "name": self.name,
            "title": self.title,
            "definition_id": self.definition_id,
            "version": self.version,
            "release_date": self.release_date,
            "folder": self.folder,
            "module": self.module,
            "class_name": self.class_name,
            "vendor": self.vendor,
            "hosts": "\n".join(f"      - {host}" for host in self.hosts),
            "streams": "\n".join(f"      - {stream}" for stream in self.streams),
            "streams_in_words": ", ".join(f"`{stream}`" for stream in self.streams),
            "initial": self.title[0].upper(),
            "colour": f"#{int(self.definition_id[:6], 16) & 0x7F7F7F:06x}",  # dark, so that white shows on it
        }


def facts_of(folder: Path) -> Facts:
    """Read the facts back from a connector's metadata.yaml."""
    data: dict[str, Any] = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    return Facts(
        name=folder.name.removeprefix("source-"),
        title=data["name"],
        definition_id=data["definitionId"],
        version=data["dockerImageTag"],
        release_date=data["releaseDate"],
        hosts=tuple(data["allowedHosts"]["hosts"]),
        streams=tuple(data["suggestedStreams"]["streams"]),
    )


def connector_folders(*, written: bool = True) -> list[Path]:
    """Return the folders of the connectors, found: those with a source, or with `written=False` all of them."""
    found = sorted((ROOT / "connectors").glob("source-*/metadata.yaml"))
    return [path.parent for path in found if not written or any(path.parent.glob("source_*/source.py"))]


def templates() -> Iterator[str]:
    """Yield the files of the template, as paths below it."""
    for path in sorted(TEMPLATE.rglob("*")):
        if path.is_file():
            yield path.relative_to(TEMPLATE).as_posix()


def target(file: str, facts: Facts) -> str:
    """Return where in a connector's folder a file of the template goes."""
    return file.replace("module/", f"{facts.module}/", 1)


def render(file: str, facts: Facts) -> str:
    """Return a file of the template for one connector. An unknown placeholder raises."""
    return Template((TEMPLATE / file).read_text(encoding="utf-8")).substitute(facts.names())


def render_all(facts: Facts, folder: Path) -> None:
    """Write every file of the template for one connector."""
    for file in templates():
        path = folder / target(file, facts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(file, facts), encoding="utf-8")
