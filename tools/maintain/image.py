"""`make image CONNECTOR=source-voxo`: the image of a connector, built by docker or podman, whichever works here.

Needs the standard library only. `ARGS=--settings` prints the settings with which podman runs as root where a daemon or
higher limits are not to be had; `ARGS=--base` makes a stand-in for Airbyte's base image from this machine's own Debian
mirror, for where no image registry can be reached. `make test-images` says when they are wanted.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.install import ROOT

# What the stand-in is called. `make test-images` builds on it where it is there and BASE_IMAGE names no other.
STAND_IN = "localhost/airbyte-base:debian"
ENGINES = ("docker", "podman")

_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_SETTINGS = Path("/etc/containers/containers.conf")
_NOFILE, _NPROC = 20_000, 4_096
_INSIDE = """FROM localhost/airbyte-debian:packages
RUN ln -sf python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED \\
    && useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin airbyte \\
    && mkdir -p /airbyte/integration_code && chown -R airbyte: /airbyte
"""


class ImageError(Exception):
    """There is no image. The message is for a person."""


def engine() -> str:
    """Return the command that builds and runs images: a client whose engine answers, docker before podman."""
    silent = []
    for name in ENGINES:
        path = shutil.which(name)
        if path is None:
            continue
        try:
            done = subprocess.run([path, "info"], capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            silent.append(f"{name} does not answer")
            continue
        # An old docker client ends with 0 although its engine is not there, and says so at the end.
        if done.returncode == 0 and "Cannot connect" not in done.stdout + done.stderr:
            return path
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        silent.append(f"{name} is installed and says: {said[-1] if said else 'nothing'}")
    raise ImageError(
        "\n".join([f"No container engine works here{': ' if silent else '.'}{'; '.join(silent)}", advice()])
    )


def advice() -> str:
    """Return how to get an engine going on this machine."""
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        return "Start Docker, or install podman; then try again."
    absent = [name for name in ("podman", "buildah", "debootstrap", "runc") if shutil.which(name) is None]
    steps = ["On this machine podman can do it, without a daemon:"]
    if absent:
        steps.append(f"  apt-get install -y {' '.join(absent)}")
    if not _SETTINGS.exists():
        steps.append("  # where root may not raise limits, or this machine trusts an authority of its own:")
        steps.append(f"  make image ARGS=--settings > {_SETTINGS}")
    steps.append(
        "  # where no image registry can be reached, a stand-in for Airbyte's base image, from Debian's packages:"
    )
    steps += ["  make image ARGS=--base", "  make test-images"]
    return "\n".join(steps)


def settings() -> str:
    """Return podman's settings for root that may not raise limits, with the authorities that this machine trusts.

    Neither the variables nor the volume end up in an image.
    """
    nofile, nproc = _within(resource.RLIMIT_NOFILE, _NOFILE), _within(resource.RLIMIT_NPROC, _NPROC)
    lines = [
        "[containers]",
        f'default_ulimits = ["nofile={nofile}", "nproc={nproc}"]',
        'netns = "host"',
    ]
    if _AUTHORITIES.exists():
        variables = ", ".join(
            f'"{name}={_AUTHORITIES}"' for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        )
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        lines += [f'volumes = ["{_AUTHORITIES}:{_AUTHORITIES}:ro"]', f'env = ["{path}", {variables}]']
    if shutil.which("runc"):
        lines += ["[engine]", 'runtime = "runc"']
    return "\n".join(lines)


def _within(limit: int, wanted: int) -> str:
    hard = resource.getrlimit(limit)[1]
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    return f"{value}:{value}"


def make_stand_in(tool: str) -> None:
    """Build the stand-in for Airbyte's base image out of this machine's own Debian packages."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise ImageError(f"The stand-in is made by debootstrap, as root on a Debian machine.\n{advice()}")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        packages = "--include=python3,python3-pip,python3-venv,ca-certificates"
        _run(["debootstrap", "--variant=minbase", packages, _codename(), str(tree), _mirror()])
        archive = Path(folder) / "tree.tar"
        _run(["tar", "-C", str(tree), "-cf", str(archive), "."])
        _run([tool, "import", str(archive), "localhost/airbyte-debian:packages"])
        inside = Path(folder) / "inside"
        inside.mkdir()
        (inside / "Dockerfile").write_text(_INSIDE, encoding="utf-8")
        _run([tool, "build", "--tag", STAND_IN, str(inside)])
    print(f"{STAND_IN} is made: make image CONNECTOR=source-voxo BASE_IMAGE={STAND_IN}")


def _codename() -> str:
    """Return the name of this machine's Debian."""
    found = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ImageError("/etc/os-release names no Debian.")
    return found[1]


def _mirror() -> str:
    """Return the mirror that this machine's apt uses."""
    wanted = ["Created-By: Packages", "Component: main", f"Codename: {_codename()}"]
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    if not found:
        raise ImageError("apt knows no mirror of this Debian: apt-get update.")
    return found[0]


def version(connector: str) -> str:
    """Return the version of a connector, from its metadata.yaml."""
    return _metadata(connector, "dockerImageTag")


def base_of(connector: str) -> str:
    """Return the base image that a connector's metadata.yaml names, the default of the Dockerfile."""
    return _metadata(connector, "baseImage")


def _metadata(connector: str, key: str) -> str:
    path = ROOT / "connectors" / connector / "metadata.yaml"
    if not connector or not path.is_file():
        known = sorted(found.parent.name for found in ROOT.glob("connectors/source-*/metadata.yaml"))
        raise ImageError(f"CONNECTOR={connector or '…'} has to be one of {', '.join(known)}.")
    found = re.search(rf"^ +{key}: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ImageError(f"{path.relative_to(ROOT)} has no {key}.")
    return found[1]


def build(tool: str, connector: str, base: str, *tags: str) -> str:
    """Build a connector's image under these tags and return the first: by default its version, and `dev`."""
    named = [f"airbyte/{connector}:{tag}" for tag in tags or (version(connector), "dev")]
    arguments = {"BASE_IMAGE": base, "CONNECTOR": connector, "VERSION": version(connector)}
    command = [tool, "build", "--file", "Dockerfile"]
    command += [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    command += [part for name in named for part in ("--tag", name)]
    try:
        _run([*command, "."])
    except ImageError as error:
        hint = (
            f"If the base image could not be had: podman looks for {base.partition('@')[0]} in the registries that "
            "unqualified-search-registries in /etc/containers/registries.conf names, or take another with BASE_IMAGE."
        )
        raise ImageError(f"{error}\n{hint}\n{advice()}") from None
    return named[0]


def base_for_tests(tool: str) -> str | None:
    """Return the base image that tests build on where no other is named: the stand-in, if somebody has made it."""
    if base := os.environ.get("BASE_IMAGE"):
        return base
    there = subprocess.run([tool, "image", "inspect", STAND_IN], capture_output=True, check=False).returncode == 0
    return STAND_IN if there else None


def _run(command: list[str]) -> None:
    print(f"$ {shlex.join(command)}", file=sys.stderr, flush=True)
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        raise ImageError(f"{Path(command[0]).name} ended with {code}: the lines above say why.")


def main(given: list[str]) -> int:
    """Build what CONNECTOR names, or do what an option says."""
    parser = argparse.ArgumentParser(prog="make image ARGS=…", description=__doc__)
    parser.add_argument("--settings", action="store_true", help=f"print what belongs in {_SETTINGS}")
    parser.add_argument("--base", action="store_true", help=f"make {STAND_IN}")
    arguments = parser.parse_args(given)
    if arguments.settings:
        print(settings())
        return 0
    try:
        if arguments.base:
            make_stand_in(engine())
            return 0
        connector = os.environ.get("CONNECTOR", "")
        base = os.environ.get("BASE_IMAGE") or base_of(connector)
        tag = build(engine(), connector, base)
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{tag} is built.")
    return 0
