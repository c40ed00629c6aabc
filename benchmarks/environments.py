"""The peers' environments: made from their locks, by hash, where they are not there yet."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import version

from tools.install import PIP, ROOT, InstallError, python_of

HERE = ROOT / "benchmarks"
LOCKED = {"singer-sdk": HERE / "singer.lock", "dlt": HERE / "dlt.lock"}
_OURS = ("airbyte-cdk", "requests", "orjson", "phonenumbers")


def interpreter(contender: str) -> str:
    """Return the Python that runs a contender: its own environment's, or the one that runs this."""
    if contender not in LOCKED:
        return sys.executable
    lock = LOCKED[contender]
    venv = HERE / f".venv-{lock.stem}"
    stamp, digest = venv / ".locked", hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != digest:
        print(f"Installing {lock.name} into benchmarks/{venv.name}", flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(venv))
        _run(python_of(venv), *PIP, "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
        stamp.write_text(digest, encoding="ascii")
    return python_of(venv)


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise InstallError("\n".join([*done.stderr.splitlines()[-15:], "The lines above say why a peer is missing."]))


def versions() -> dict[str, str]:
    """Return the version of everything that is compared, or that the comparison rests on."""
    found = {name: version(name) for name in _OURS}
    for name, lock in LOCKED.items():
        pinned = re.search(rf"^{name}(?:\[[^\]]*\])?==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
        found[name] = pinned[1] if pinned else "?"
    return found
