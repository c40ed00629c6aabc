"""The Pythons of this machine. A name in the path is no proof: each one is run before it is believed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Version = tuple[int, int]  # no alias at run time: the first step may run on an older Python

# What the connectors support, and what PyAirbyte does; newest first.
CONNECTORS: tuple[Version, ...] = ((3, 13), (3, 12), (3, 11), (3, 10))
PYAIRBYTE: tuple[Version, ...] = ((3, 12), (3, 11), (3, 10))


class NoPythonError(Exception):
    """No Python of this machine will do. The message is one sentence for a person."""


def words(versions: Iterable[Version]) -> str:
    """Return the versions as text, oldest first: `3.10, 3.11`."""
    return ", ".join(f"{major}.{minor}" for major, minor in sorted(versions))


def version_of(python: str) -> Version | None:
    """Return the version that this interpreter says it has; None where it cannot be run."""
    try:
        answer = subprocess.run(
            [python, "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        major, minor = answer.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find(wanted: str = "", versions: Iterable[Version] = CONNECTORS) -> str:
    """Return the path of a Python that runs and has one of these versions: the wanted one, if one is named.

    Without a name it is `python3` where that will do, else the newest that the machine has.
    """
    versions = tuple(versions)
    seen: list[str] = []
    for candidate in _named(wanted) if wanted else _candidates(versions):
        version = version_of(candidate)
        if version in versions:
            return candidate
        if version is not None:
            seen.append(f"{candidate} is {words([version])}")
    if wanted:
        raise NoPythonError(
            f"PYTHON={wanted} is no Python of {words(versions)} with venv and pip on this machine"
            + (f" ({'; '.join(seen)})." if seen else ".")
        )
    raise NoPythonError(f"This machine has no Python of {words(versions)} with venv and pip: install one of them.")


def _named(wanted: str) -> Iterator[str]:
    """Yield what a name may stand for: the command itself, then pyenv's, whose shims fail when called."""
    if os.sep in wanted:
        yield wanted
        return
    found = shutil.which(wanted)
    if found:
        yield found
    match = re.fullmatch(r"(?:python)?(3\.\d+)", wanted)
    if match:
        yield from (shutil.which(name) or name for name in (f"python{match[1]}",))
        yield from _of_pyenv(match[1])


def _candidates(versions: Iterable[Version]) -> Iterator[str]:
    # In a virtual environment the interpreter below it: the environment itself may be about to go.
    yield str(getattr(sys, "_base_executable", None) or sys.executable)
    for major, minor in versions:
        found = shutil.which(f"python{major}.{minor}")
        if found:
            yield found
        yield from _of_pyenv(f"{major}.{minor}")


def _of_pyenv(version: str) -> Iterator[str]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted((root / "versions").glob(f"{version}.*"), reverse=True):
        yield str(folder / "bin" / "python")
