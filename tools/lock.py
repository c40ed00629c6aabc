"""Resolve requirements.in into requirements.lock: hashed, for all Pythons at once, without a registry's name."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.install import LOCK, ROOT, VENV
from tools.pythons import CONNECTORS, words

OLDEST = words([min(CONNECTORS)])


def resolve(lock: Path, *options: str) -> None:
    """Write what requirements.in resolves to; versions that the file already names are kept where they fit."""
    uv = VENV / "bin" / "uv"
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST]
    # Extras stay in the file, or pip refuses them where hashes are required. Wheels only: nothing is built.
    command += ["--no-strip-extras", "--only-binary", ":all:", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-header", *options, "requirements.in", "-o", str(lock)]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment, capture_output=True, text=True)


def main() -> int:
    """Write the lock, or with --check say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--upgrade", action="store_true")
    arguments = parser.parse_args()
    try:
        if not arguments.check:
            resolve(LOCK, *(["--upgrade"] if arguments.upgrade else []))
            print("requirements.lock is written: make install takes it.")
            return 0
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / LOCK.name
            shutil.copy(LOCK, copy)
            resolve(copy)
            if copy.read_bytes() == LOCK.read_bytes():
                print("requirements.lock is what requirements.in resolves to.")
                return 0
        print("requirements.lock is not what requirements.in resolves to: make lock.", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"{error.stderr}\nuv could not resolve requirements.in: the lines above say why.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
