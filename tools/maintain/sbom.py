"""What is in a package or an image, as CycloneDX 1.5: our own code, what requirements.lock adds, the base image."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from tools.install import LOCK
from tools.install import packages as folders
from tools.maintain import packages, runtime

_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\\n]+?))?(?: \\)?$"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_IMAGE = re.compile(r"(?P<name>[^:@]+):(?P<version>[^@]+)(?:@sha256:(?P<digest>[0-9a-f]{64}))?")
_VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)


def of_package(folder: Path, base: str = "") -> str:
    """Return the document of a package, or, with the image that it is built on, of its image.

    The same sources give the same bytes: its serial number is made from what it says.
    """
    itself = _own(folder)
    shared = [_own(other) for other in folders() if packages.name_of(other) in _wanted(folder)]
    pinned = [*runtime.blocks(packages.requirements([folder, *_shared(folder)]))]
    # The lock has a package once more for each of its extras.
    libraries = {part["bom-ref"]: part for part in (_library(block) for _, _, block in pinned)}
    components = [*shared, *libraries.values(), *([_base(base)] if base else [])]
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**itself, "type": "container" if base else "application"}},
        "components": components,
        "dependencies": _dependencies(folder, itself, components, pinned),
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{serial}"}, indent=1) + "\n"


def _wanted(folder: Path) -> list[str]:
    return runtime.dependencies((folder / "pyproject.toml").read_text(encoding="utf-8"))


def _shared(folder: Path) -> list[Path]:
    return [other for other in folders() if packages.name_of(other) in _wanted(folder)]


def _own(folder: Path) -> dict[str, Any]:
    name = packages.name_of(folder)
    found = _VERSION.search((folder / "pyproject.toml").read_text(encoding="utf-8"))
    version = found[1] if found else "0"
    itself = {"type": "library", "bom-ref": _reference(name, version), "name": name, "version": version}
    return {**itself, "licenses": [{"license": {"id": "MIT"}}]}


def _reference(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _library(block: str) -> dict[str, Any]:
    pin = _PIN.match(block.splitlines()[0])
    if pin is None:
        raise LookupError(f"{LOCK.name} has a line that pins nothing: {block.splitlines()[0]}")
    name, version = runtime.normal(pin["name"]), pin["version"]
    return {
        "type": "library",
        "bom-ref": _reference(name, version),
        "name": name,
        "version": version,
        "purl": _reference(name, version),
        # One for each file that may be installed: which one depends on the machine.
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in _HASH.findall(block)],
        **({"properties": [{"name": "python:marker", "value": pin["marker"]}]} if pin["marker"] else {}),
    }


def _base(image: str) -> dict[str, Any]:
    found = _IMAGE.fullmatch(image)
    name, version = (found["name"], found["version"]) if found else (image, "")
    digest = found["digest"] if found else None
    hashes = {"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}
    return {"type": "container", "bom-ref": image, "name": name, "version": version, **hashes}


def _dependencies(
    folder: Path, itself: dict[str, Any], components: list[dict[str, Any]], pinned: list[tuple[str, set[str], str]]
) -> list[dict[str, Any]]:
    """Who asked for whom, as the lock says it."""
    references: dict[str, list[str]] = {}
    for component in components:
        references.setdefault(component["name"], []).append(component["bom-ref"])
    asked: dict[str, set[str]] = {itself["bom-ref"]: set()}
    for name in _wanted(folder):
        asked[itself["bom-ref"]] |= {*references.get(name, ())}
    for other in _shared(folder):
        asked[_own(other)["bom-ref"]] = {one for name in _wanted(other) for one in references.get(name, ())}
    for name, via, _ in pinned:
        for asker in via:
            for reference in references.get(asker, ()):
                asked.setdefault(reference, set()).update(references[name])
    asked[itself["bom-ref"]] |= {part["bom-ref"] for part in components if part["type"] == "container"}
    return [{"ref": reference, "dependsOn": sorted(wanted)} for reference, wanted in sorted(asked.items())]
