"""Make the virtual environment that runs every connector: locked packages by hash, then our own in place.

Runs before anything is installed, so it needs the standard library only. A stamp in the environment says
what it was made from; where that still holds, nothing is done.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import pythons

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--no-deps")


class InstallError(Exception):
    """The environment could not be made. The message is for a person."""


def packages() -> list[Path]:
    """Return the folders of our own packages, the shared one first: whatever is in connectors/ is found."""
    found = sorted(path.parent for path in (ROOT / "connectors").glob("*/pyproject.toml"))
    return sorted(found, key=lambda folder: folder.name != "cdr")


def python_of(venv: Path) -> str:
    """Return the interpreter of an environment."""
    return str(venv / "bin" / "python")


def install(wanted: str = "", venv: Path = VENV, *, own: bool = True) -> str:
    """Return the interpreter of an environment that fits the lock, made or mended where it does not.

    `wanted` names a Python: the environment is made anew when it has another version. With `own` it holds
    our packages too, installed in place.
    """
    with (ROOT / f"{venv.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two verbs started at once do not build the same folder
        version = pythons.version_of(python_of(venv))
        python = pythons.find(wanted) if wanted or version not in pythons.CONNECTORS else ""
        if python and pythons.version_of(python) != version:
            shutil.rmtree(venv, ignore_errors=True)
            _run([python, "-m", "venv", str(venv)], "The virtual environment could not be made")
        locked, ours = _digest([LOCK]), _digest([folder / "pyproject.toml" for folder in packages()])
        if _stamp(venv, "locked") != locked:
            _install_locked(venv)
            _stamp(venv, "locked", locked)
        if own and _stamp(venv, "own") != ours:
            _install_own(venv)
            _stamp(venv, "own", ours)
    return python_of(venv)


def install_for_pyairbyte(wanted: str = "") -> str:
    """Return an interpreter that PyAirbyte runs on, from .venv or one of its own. Raises NoPythonError without any."""
    python = install(wanted)
    if pythons.version_of(python) not in pythons.PYAIRBYTE:
        try:
            older = pythons.find(versions=pythons.PYAIRBYTE)
        except pythons.NoPythonError:
            raise pythons.NoPythonError(
                f"make sync needs PyAirbyte, which needs Python {pythons.words(pythons.PYAIRBYTE)}, and this machine "
                "has none of them; the connectors themselves run from .venv/bin without it."
            ) from None
        print(f"PyAirbyte does not run on the Python of .venv: {older} runs it in .venv-sync.", flush=True)
        python = install(older, ROOT / ".venv-sync", own=False)
    return python


def install_more(lock: Path, *options: str, venv: Path = VENV) -> None:
    """Install another lock on top of an environment that is there, once: what most people do not need."""
    with (ROOT / f"{venv.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        name, wanted = lock.parent.name, _digest([LOCK, lock])
        if _stamp(venv, name) != wanted:
            place = lock.relative_to(ROOT)
            print(f"Installing the packages of {place} into {venv.name} (a minute the first time)", flush=True)
            command = [python_of(venv), *PIP, "--require-hashes", *options, "-r", str(lock)]
            _run(command, f"pip could not install {place}")
            _stamp(venv, name, wanted)


def _install_locked(venv: Path) -> None:
    total = sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
    print(f"Installing the packages of requirements.lock into {venv.name} (a few minutes the first time)", flush=True)
    # The lock is complete, so pip has nothing to resolve; wheels only, so nothing is built from unchecked parts.
    command = [python_of(venv), *PIP, "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    _run(command, "pip could not install requirements.lock", count=total)


def _install_own(venv: Path) -> None:
    editable = [argument for folder in packages() for argument in ("-e", str(folder))]
    if editable:
        command = [python_of(venv), *PIP, "--quiet", "--no-index", "--no-build-isolation", *editable]
        _run(command, "pip could not install the packages in connectors/")


def _run(command: list[str], failure: str, count: int = 0) -> None:
    """Run a step in silence but for a counter on a terminal; what it said is shown where it fails."""
    said: list[str] = []
    steps = 0
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=ROOT
    ) as process:
        for line in process.stdout or ():
            said.append(line.rstrip())
            if count and line.startswith("Collecting"):
                steps += 1
                if sys.stdout.isatty():
                    print(f"\r  {steps} of at most {count}", end="", flush=True)
    if count and sys.stdout.isatty():
        print("\r" + " " * 40 + "\r", end="", flush=True)
    if process.returncode:
        raise InstallError("\n".join([*said[-15:], f"{failure}: the lines above say why."]))


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _stamp(venv: Path, name: str, value: str | None = None) -> str:
    path = venv / f".{name}"
    if value is not None:
        path.write_text(value, encoding="ascii")
    return path.read_text(encoding="ascii") if path.exists() else ""
