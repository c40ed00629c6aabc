"""Resolve every requirements.in into its lock: hashed, for all Pythons at once, without a registry's name."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.install import ROOT, VENV
from tools.pythons import CONNECTORS, words

OLDEST = words([min(CONNECTORS)])


def inputs() -> list[Path]:
    """Return every file to resolve: the repository's own first, which the others may name as their constraint."""
    others = [*sorted(ROOT.glob("benchmarks/*.in")), *sorted(ROOT.glob("connectors/*/*.in"))]
    # dbt's own requirements first: the adapters' constraint is their lock.
    return [ROOT / "requirements.in", *others, *sorted(ROOT.glob("dbt/*.in"), reverse=True)]


def options_of(source: Path) -> list[str]:
    """Return the options that an input asks for in a line of its own: `# lock: --no-deps`."""
    found = re.search(r"^# lock: (.+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].split() if found else []


def resolve(source: Path, lock: Path, *options: str) -> None:
    """Write what `source` resolves to; versions that the lock already names are kept where they fit."""
    uv = VENV / "bin" / "uv"
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST]
    # Extras stay in the file, or pip refuses them where hashes are required. Wheels only, unless the input says
    # otherwise: nothing is built.
    command += ["--no-strip-extras", "--only-binary", ":all:", "--generate-hashes"]
    command += [
        "--no-emit-index-url",
        "--no-header",
        *options_of(source),
        *options,
        str(source.relative_to(ROOT)),
        "-o",
        str(lock),
    ]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment, capture_output=True, text=True)


def main() -> int:
    """Write the lock, or with --check say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--upgrade", action="store_true")
    arguments = parser.parse_args()
    try:
        stale = [source for source in inputs() if not _fits(source, check=arguments.check, upgrade=arguments.upgrade)]
    except subprocess.CalledProcessError as error:
        print(f"{error.stderr}\nuv could not resolve {error.cmd[-3]}: the lines above say why.", file=sys.stderr)
        return 1
    for source in stale:
        lock = source.with_suffix(".lock").relative_to(ROOT)
        print(f"{lock} is not what {source.name} resolves to: make lock.", file=sys.stderr)
    return 1 if stale else 0


def _fits(source: Path, *, check: bool, upgrade: bool) -> bool:
    """Say whether a lock is what its input resolves to; without `check`, write it and so make it true."""
    lock = source.with_suffix(".lock")
    if not check:
        resolve(source, lock, *(["--upgrade"] if upgrade else []))
        print(f"{lock.relative_to(ROOT)} is written: make install takes it.")
        return True
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / lock.name
        shutil.copy(lock, copy)
        resolve(source, copy)
        same = copy.read_bytes() == lock.read_bytes()
    if same:
        print(f"{lock.relative_to(ROOT)} is what {source.name} resolves to.")
    return same


if __name__ == "__main__":
    sys.exit(main())
