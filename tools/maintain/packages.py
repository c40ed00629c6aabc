"""`make packages`: a wheel and a source archive of every package in connectors/, into dist/, and what they need.

dist/requirements.txt is the part of requirements.lock that they need at run time, so that

    pip install --require-hashes --no-deps -r dist/requirements.txt
    pip install --no-deps --no-index dist/*.whl

installs them in a clean environment as they were tested. The same sources give the same bytes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.install import LOCK, ROOT, packages
from tools.maintain import runtime

DIST = ROOT / "dist"
REQUIREMENTS = "requirements.txt"


class PackageError(Exception):
    """A package could not be built. The message is for a person."""


def build(folder: Path, target: Path, kind: str = "") -> list[Path]:
    """Build a package, or only its `wheel` or `sdist`, and return the files made."""
    before = set(target.glob("*"))
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target)]
    done = subprocess.run(
        [*command, *(["--target", kind] if kind else [])], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackageError(f"{done.stdout}{done.stderr}\n{folder.name} could not be built: the lines above say why.")
    return sorted(set(target.glob("*")) - before)


def requirements(folders: Iterable[Path]) -> str:
    """Return the part of the lock that these packages need, less themselves and those with a lock of their own."""
    wanted = {
        name
        for folder in folders
        if not (folder / LOCK.name).exists()
        for name in runtime.dependencies((folder / "pyproject.toml").read_text(encoding="utf-8"))
    }
    own = {name_of(folder) for folder in packages()}
    return runtime.subset(LOCK.read_text(encoding="utf-8"), wanted - own)


def name_of(folder: Path) -> str:
    """Return the name under which a package is installed."""
    for line in (folder / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("name = "):
            return runtime.normal(line.partition("=")[2].strip().strip('"'))
    raise PackageError(f"{folder.name}/pyproject.toml names no package.")


def main() -> int:
    """Build every package anew."""
    DIST.mkdir(exist_ok=True)
    for old in (*DIST.glob("*.whl"), *DIST.glob("*.tar.gz")):
        old.unlink()
    try:
        for folder in packages():
            print(", ".join(path.name for path in build(folder, DIST)), flush=True)
        (DIST / REQUIREMENTS).write_text(requirements(packages()), encoding="utf-8")
    except (PackageError, LookupError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"They are in {DIST.relative_to(ROOT)}/, and what they need, with hashes, in {REQUIREMENTS} beside them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
