"""The packages work where the repository is not: built, installed in an environment of their own, run from outside."""

import functools
import importlib.metadata
import json
import os
import site
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from folders import WRITTEN, written_folder
from harness import Outcome, catalog, vendor
from tools.install import LOCK, ROOT
from tools.install import packages as package_folders
from tools.maintain import packages, runtime

pytestmark = pytest.mark.xdist_group("test_packages")  # what is built and installed once for all of them
any_package = pytest.mark.parametrize("folder", package_folders(), ids=lambda folder: folder.name)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The files built of each package, by its folder's name."""
    target = tmp_path_factory.mktemp("dist")
    return {folder.name: packages.build(folder, target) for folder in package_folders()}


def wheel_of(files: list[Path]) -> Path:
    (wheel,) = (path for path in files if path.suffix == ".whl")
    return wheel


def archive_of(files: list[Path]) -> Path:
    (archive,) = (path for path in files if path.name.endswith(".tar.gz"))
    return archive


@pytest.fixture(scope="module")
def environment(built: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds our wheels, and borrows what they need from the one that runs the tests.

    The borrowed folder is a plain entry of the path: its own `.pth` files, which lead back here, do not count.
    """
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    wheels = [str(wheel_of(files)) for files in built.values()]
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *wheels], check=True, env=outside())
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (own / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder


def outside() -> dict[str, str]:
    """The variables of a shell that knows nothing of the repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_"))}


def run(environment: Path, folder: Path, command: list[str]) -> Outcome:
    """Run a connector's console script in a folder outside the repository."""
    script, *arguments = command
    done = subprocess.run(
        [str(environment / "bin" / script), *arguments],
        cwd=folder,
        env=outside(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.splitlines(), done.stderr)


def test_the_packages_come_from_their_wheels(environment: Path, tmp_path: Path) -> None:
    modules = ["cdr", *(folder.name.replace("-", "_") for folder in WRITTEN)]
    code = f"import {', '.join(modules)}; print(*(m.__file__ for m in ({', '.join(modules)},)))"
    python = str(environment / "bin" / "python")
    done = subprocess.run([python, "-c", code], cwd=tmp_path, env=outside(), capture_output=True, text=True, check=True)
    files = done.stdout.split()
    assert len(files) == len(modules)
    assert [file for file in files if not Path(file).is_relative_to(environment)] == []


@written_folder
def test_the_console_script_speaks_the_protocol_outside_the_repository(
    environment: Path, simulator_configs: Mapping[str, dict[str, Any]], folder: Path, tmp_path: Path
) -> None:
    call = functools.partial(run, environment, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(simulator_configs[vendor(folder.name)]))
    config = ["--config", "config.json"]
    found = call([folder.name, "discover", *config])
    if folder == WRITTEN[0]:  # what the commands of all have in common
        assert len(call([folder.name, "spec"]).of("SPEC")) == 1
        assert call([folder.name, "check", *config]).status["status"] == "SUCCEEDED"
    (tmp_path / "catalog.json").write_text(json.dumps(catalog(found)))
    read = call([folder.name, "read", *config, "--catalog", "catalog.json"])
    assert read.code == 0, read.text
    assert read.statuses()[-1] == "COMPLETE"
    assert read.ids()
    assert read.state


@any_package
def test_the_source_archive_gives_the_same_wheel(built: dict[str, list[Path]], folder: Path, tmp_path: Path) -> None:
    files = built[folder.name]
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    command = [*pip, "--wheel-dir", str(tmp_path), str(archive_of(files))]
    subprocess.run(command, cwd=tmp_path, env=outside(), check=True)
    assert (tmp_path / wheel_of(files).name).read_bytes() == wheel_of(files).read_bytes()


@any_package
def test_a_package_states_its_name_and_carries_licence_and_readme(built: dict[str, list[Path]], folder: Path) -> None:
    with zipfile.ZipFile(wheel_of(built[folder.name])) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        lines = wheel.read(name).decode().splitlines()
        licence = wheel.read(name.replace("METADATA", "licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert "Description-Content-Type: text/markdown" in lines
    assert f"Name: {packages.name_of(folder)}" in lines
    assert "License-Expression: MIT" in lines
    assert "Requires-Python: <3.14,>=3.10" in lines


def test_no_account_gets_into_a_package(built: dict[str, list[Path]]) -> None:
    names = [name for files in built.values() for name in _members(archive_of(files))]
    assert names
    assert [name for name in names if "secrets/" in name or name.endswith("integration_tests/config.json")] == []


def _members(archive: Path) -> list[str]:
    import tarfile

    with tarfile.open(archive) as files:
        return files.getnames()


# What is installed beside them: the part of the lock that follows from its `# via` lines.


def test_the_part_of_the_lock_holds_all_that_the_connectors_need_on_this_python() -> None:
    roots = runtime.dependencies((ROOT / "connectors" / "cdr" / "pyproject.toml").read_text())
    assert "airbyte-cdk" in roots
    given = {name for name, _, _ in runtime.blocks(packages.requirements(package_folders()))}
    assert _closure(roots) - given == set()


def _closure(names: list[str]) -> set[str]:
    """What the installed packages themselves say they need, all the way down."""
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(name, frozenset[str]()) for name in names]
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for text in importlib.metadata.requires(name) or []:
            wanted = Requirement(text)
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
                todo.append((runtime.normal(wanted.name), frozenset(wanted.extras)))
    return {name for name, _ in seen}


def test_the_part_of_the_lock_leaves_the_tools_out_and_keeps_every_hash() -> None:
    text = packages.requirements(package_folders())
    names = {name for name, _, _ in runtime.blocks(text)}
    assert names.isdisjoint({"pytest", "ruff", "mypy", "uv", "duckdb", "airbyte", "hatchling"})
    assert all("--hash=sha256:" in block for _, _, block in runtime.blocks(text))
    assert text in "".join(
        block for name, _, block in runtime.blocks(LOCK.read_text(encoding="utf-8")) if name in names
    )


def test_a_package_that_the_lock_does_not_hold_is_named() -> None:
    with pytest.raises(LookupError, match="nobodys-package"):
        runtime.subset(LOCK.read_text(encoding="utf-8"), ["Nobodys_Package"])
