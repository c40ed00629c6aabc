"""`make release`: what a maintainer publishes. With nothing set it is a dry run: all is built, nothing leaves.

    make release                            wheels and source archives of every package, into dist/
    make release CONNECTOR=source-voxo      one connector's image

Beside them in dist/: a bill of materials (CycloneDX) of each, and SHA256SUMS. Where they go to, the maintainer says:

    IMAGES=registry.example.com/team  IMAGES_USER=…  IMAGES_SECRET=…     the image, under its version
    PACKAGES=https://packages.example.com/upload  PACKAGES_SECRET=…      the packages
    PACKAGES_INDEX=https://packages.example.com/simple                   where to look what is there

A version that is there already is not sent again. What was sent stands in the file that GITHUB_OUTPUT names, where
there is one: .github/workflows/publish.yml signs it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tools.install import ROOT
from tools.install import packages as folders
from tools.maintain import image, packages, sbom
from tools.maintain.packages import DIST


class ReleaseError(Exception):
    """Something could not be published. The message is for a person."""


def connectors() -> list[str]:
    """Return the names of all connectors: their folders are found."""
    return sorted(path.parent.name for path in ROOT.glob("connectors/source-*/metadata.yaml"))


def release_image(connector: str) -> None:
    """Build a connector's image, and push it where a place is set."""
    base, version = os.environ.get("BASE_IMAGE") or image.base_of(connector), image.version(connector)
    place, secret = os.environ.get("IMAGES", "").rstrip("/"), os.environ.get("IMAGES_SECRET", "")
    _both("IMAGES", place, "IMAGES_SECRET", secret)
    tool = image.engine()
    built = image.build(tool, connector, base)
    _write(f"{connector}.image.cdx.json", sbom.of_package(ROOT / "connectors" / connector, base))
    if not place:
        print(f"Dry run: {built} is built, and goes nowhere. IMAGES and IMAGES_SECRET say where to.")
        return
    name = f"{place}/{connector}"
    user = os.environ.get("IMAGES_USER") or "token"
    _run([tool, "login", "--username", user, "--password-stdin", place.partition("/")[0]], given=secret)
    if _succeeds([tool, "manifest", "inspect", f"{name}:{version}"]):
        print(f"{name}:{version} is there already, and stays as it is: a new version gets a new number.")
        return
    _run([tool, "tag", built, f"{name}:{version}"])
    _run([tool, "push", f"{name}:{version}"])
    digest = _digest_of(tool, name, version)
    print(f"{name}:{version} is published: {digest}")
    _tell(name=name, digest=digest)


def release_packages() -> None:
    """Build every package, and upload them where a place is set."""
    place, secret = os.environ.get("PACKAGES", ""), os.environ.get("PACKAGES_SECRET", "")
    _both("PACKAGES", place, "PACKAGES_SECRET", secret)
    if packages.main():
        raise ReleaseError("The packages could not be built.")
    for folder in folders():
        _write(f"{packages.name_of(folder)}.cdx.json", sbom.of_package(folder))
    files = sorted(path for pattern in ("*.whl", "*.tar.gz") for path in DIST.glob(pattern))
    described = [*files, *sorted(DIST.glob("*.cdx.json"))]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in described]
    _write("SHA256SUMS", "".join(lines))
    if not place:
        print("Dry run: the packages go nowhere. PACKAGES and PACKAGES_SECRET say where to.")
        return
    uv = str(Path(sys.executable).parent / "uv")
    looked_up = os.environ.get("PACKAGES_INDEX")  # what is there already is left out, where that can be looked up
    known = ["--check-url", looked_up] if looked_up else []
    _run([uv, "publish", "--publish-url", place, *known, *map(str, files)], UV_PUBLISH_TOKEN=secret)
    print(f"{len(files)} files are published.")
    _tell(published="true")


def _both(name: str, value: str, other: str, its_value: str) -> None:
    if bool(value) != bool(its_value):
        given, absent = (name, other) if value else (other, name)
        raise ReleaseError(
            f"{given} is set and {absent} is not: nothing was published. Set both, or none for a dry run."
        )


def _write(name: str, text: str) -> None:
    DIST.mkdir(exist_ok=True)
    (DIST / name).write_text(text, encoding="utf-8")


def _run(command: list[str], given: str = "", **more: str) -> None:
    """Run a command. The secret goes in by standard input or the environment: other users see a command line."""
    print(f"$ {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    done = subprocess.run(command, cwd=ROOT, input=given, text=True, env={**os.environ, **more}, check=False)
    if done.returncode:
        raise ReleaseError(f"{Path(command[0]).name} ended with {done.returncode}: the lines above say why.")


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def _digest_of(tool: str, name: str, version: str) -> str:
    """Return the digest under which the registry keeps what was pushed."""
    command = [tool, "image", "inspect", "--format", "{{json .RepoDigests}}", f"{name}:{version}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        known: list[str] = json.loads(done.stdout)
    except ValueError:
        known = []
    for entry in known:
        where, _, digest = entry.partition("@")
        if where == name:
            return digest
    raise ReleaseError(
        f"{name}:{version} was pushed, and {Path(tool).name} does not know its digest: it is not signed."
    )


def _tell(**outputs: str) -> None:
    """Hand values to the next step of a workflow."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())


def main(given: list[str]) -> int:
    """Release what CONNECTOR names, or the packages."""
    parser = argparse.ArgumentParser(prog="make release ARGS=…", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--found", action="store_true", help="only tell which connectors there are")
    try:
        if parser.parse_args(given).found:
            found = json.dumps(connectors())
            print(found)
            _tell(connectors=found)
        elif connector := os.environ.get("CONNECTOR"):
            release_image(connector)
        else:
            release_packages()
    except (ReleaseError, image.ImageError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
