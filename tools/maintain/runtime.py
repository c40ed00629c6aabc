"""What packages need at run time of requirements.lock: `python tools/maintain/runtime.py requirements.lock NAME …`.

The lock also holds what tests and tools need. Behind each package it says which others asked for it (`# via`), so that
what a few packages need follows from the lock alone, without asking a registry. The images are built with this: it
needs the standard library only, and no other file of this folder.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# NAME[extras]==VERSION ; marker \, then lines further in.
_HEAD = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==")
_VIA = re.compile(r"^    # (?:via +| +)([A-Za-z0-9._-]+)(?:\[[^\]]*\])?$")
_DEPENDENCIES = re.compile(r"^dependencies = \[(.*?)\]$", re.MULTILINE | re.DOTALL)
_REQUIREMENT = re.compile(r'"([A-Za-z0-9._-]+)')


def normal(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(lock: str) -> Iterator[tuple[str, set[str], str]]:
    """Yield for every pinned package its name, the names of those that asked for it, and its lines."""
    for block in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        if head := _HEAD.match(block):
            via = {normal(found[1]) for line in block.splitlines() if (found := _VIA.match(line))}
            yield normal(head[1]), via, block


def dependencies(project: str) -> list[str]:
    """Return the names of the packages that a pyproject.toml asks for: Python 3.10 has no reader for it."""
    found = _DEPENDENCIES.search(project)
    return [normal(name) for name in _REQUIREMENT.findall(found[1])] if found else []


def subset(lock: str, wanted: Iterable[str]) -> str:
    """Return the lines of the lock that these packages need. One that the lock does not hold raises LookupError."""
    pinned = list(blocks(lock))
    needed = {normal(name) for name in wanted}
    if absent := needed - {name for name, _, _ in pinned}:
        raise LookupError(f"requirements.lock does not hold {', '.join(sorted(absent))}: make lock.")
    while more := {name for name, via, _ in pinned if via & needed} - needed:
        needed |= more
    return "".join(block for name, _, block in pinned if name in needed)


def main() -> int:
    """Print the part of requirements.lock for packages named, or for the dependencies of a pyproject.toml named."""
    lock, *wanted = sys.argv[1:] or [""]
    if not wanted:
        print("python runtime.py requirements.lock NAME|pyproject.toml …", file=sys.stderr)
        return 1
    names: list[str] = []
    for name in wanted:
        names += dependencies(Path(name).read_text(encoding="utf-8")) if name.endswith(".toml") else [name]
    print(subset(Path(lock).read_text(encoding="utf-8"), names), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
