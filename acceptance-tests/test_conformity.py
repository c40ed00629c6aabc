"""Every connector folder has the same form: names, boilerplate, versions, metadata, documents.

Nothing here lists the connectors. A folder without a source yet is held to its boilerplate only.
"""

import datetime as dt
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement

from folders import ALL, WRITTEN, any_folder, source_class, written_folder
from tools.install import ROOT, packages
from tools.maintain import matrix
from tools.maintain.boilerplate import RENDERED, facts_of, render, target

FILES = [
    *RENDERED,
    "README.md",
    "CHANGELOG.md",
    "icon.svg",
    "integration_tests/invalid_config.json",
    "integration_tests/configured_catalog.json",
    "integration_tests/abnormal_state.json",
]
WRITTEN_FILES = ["module/source.py", "module/streams.py", "module/spec.json"]
SEMVER = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"


def metadata_of(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    return data


def test_connectors_are_found() -> None:
    assert ALL
    assert WRITTEN


@any_folder
def test_the_folder_holds_every_file(folder: Path) -> None:
    facts = facts_of(folder)
    wanted = FILES + (WRITTEN_FILES if folder in WRITTEN else [])
    assert [name for name in (target(file, facts) for file in wanted) if not (folder / name).is_file()] == []


@any_folder
@pytest.mark.parametrize("file", RENDERED)
def test_boilerplate_is_what_the_template_renders(folder: Path, file: str) -> None:
    facts = facts_of(folder)
    text = (folder / target(file, facts)).read_text(encoding="utf-8")
    if file == "metadata.yaml":  # breaking changes follow the boilerplate
        text = text.partition("  releases:\n")[0]
    assert text == render(file, facts)


@written_folder
def test_names_follow_from_the_folder(folder: Path) -> None:
    cls = source_class(folder)
    assert cls.__module__ == f"{facts_of(folder).module}.source"
    assert {stream.vendor for stream in cls.streams} == {facts_of(folder).vendor}
    assert [stream.__name__ for stream in cls.streams] == [_camel(stream.name) for stream in cls.streams]
    assert list(cls.streams) == matrix.streams_of(folder)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


@written_folder
def test_importing_the_streams_does_not_import_the_cdk(folder: Path) -> None:
    module = facts_of(folder).module
    code = f"import sys, {module}.streams; sys.exit('airbyte_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@any_folder
def test_versions_agree(folder: Path) -> None:
    version = metadata_of(folder)["dockerImageTag"]
    assert re.fullmatch(SEMVER, version)
    assert _project(folder)["version"] == version
    rows = re.findall(rf"^\| ({SEMVER}) \| (\d{{4}}-\d\d-\d\d) \| .+ \|$", _changelog(folder), re.MULTILINE)
    versions = [row[0] for row in rows]
    assert versions[0] == version
    assert versions == sorted(set(versions), key=lambda text: [int(part) for part in text.split(".")], reverse=True)


def _project(folder: Path) -> dict[str, str]:
    """The plain texts of pyproject.toml: Python 3.10 has no reader for it."""
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    return dict(re.findall(r'^(\w+) = "(.*)"$', text, re.MULTILINE))


def _changelog(folder: Path) -> str:
    return (folder / "CHANGELOG.md").read_text(encoding="utf-8")


@any_folder
def test_metadata_fits_the_model_of_airbyte(folder: Path) -> None:
    name = "airbyte_connector_models.metadata.v0.connector_metadata_definition_v0"
    if importlib.util.find_spec("airbyte_connector_models") is None:
        pytest.skip("airbyte-connector-models supports Python 3.10 to 3.12")
    model = importlib.import_module(name).ConnectorMetadataDefinitionV0
    model.model_validate(yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8")))


@any_folder
def test_metadata_keeps_the_rules_that_the_model_does_not_know(folder: Path) -> None:
    data = metadata_of(folder)
    assert {"language:python", "cdk:python"} <= set(data["tags"])
    assert all(re.fullmatch(r"[a-z]+:[a-z-]+", tag) for tag in data["tags"])
    assert sum(tag.startswith("language:") for tag in data["tags"]) == 1
    assert data["dockerRepository"] == f"airbyte/{folder.name}"
    assert data["githubIssueLabel"] == folder.name
    assert data["license"] == _project(folder)["license"]
    assert data["license"] in ("MIT", "ELv2")
    assert "call_records" in data["suggestedStreams"]["streams"]
    assert "http://" not in (folder / "metadata.yaml").read_text(encoding="utf-8")


@written_folder
def test_every_address_that_a_setting_begins_with_is_an_allowed_host(folder: Path) -> None:
    hosts = {urlsplit(url).hostname for url in _defaults(matrix.specification(folder)) if url.startswith("https://")}
    allowed = metadata_of(folder)["allowedHosts"]["hosts"]
    # Where the vendor has no address of its own, the platform takes the one that the user gives.
    assert set(allowed) == (hosts or {"${api_url}"})


def _defaults(part: Any) -> Iterator[str]:
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _defaults(inner)
    if isinstance(part, dict) and isinstance(part.get("default"), str):
        yield part["default"]


@any_folder
def test_a_connector_asks_for_the_shared_package_as_it_is_now(folder: Path) -> None:
    shared = packages()[0]
    (text,) = re.findall(rf'"({_project(shared)["name"]}[^"]*)"', (folder / "pyproject.toml").read_text("utf-8"))
    specifier = Requirement(text).specifier
    assert {one.operator for one in specifier} == {">=", "<"}
    assert specifier.contains(_project(shared)["version"])


@pytest.mark.parametrize("folder", [*packages(), ROOT / "template"], ids=lambda folder: folder.name)
def test_every_package_carries_the_licence(folder: Path) -> None:
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_definition_ids_are_unique() -> None:
    assert len({facts_of(folder).definition_id for folder in ALL}) == len(ALL)


@any_folder
def test_a_major_version_announces_what_it_breaks(folder: Path) -> None:
    data = metadata_of(folder)
    changes = data.get("releases", {}).get("breakingChanges", {})
    majors = {f"{major}.0.0" for major in range(1, int(data["dockerImageTag"].partition(".")[0]) + 1)} - {"1.0.0"}
    assert majors <= set(changes)
    for version, change in changes.items():
        released = re.search(rf"^\| {re.escape(version)} \| (\S+) ", _changelog(folder), re.MULTILINE)
        assert released
        notice = dt.date.fromisoformat(str(change["upgradeDeadline"])) - dt.date.fromisoformat(released[1])
        assert notice >= dt.timedelta(days=7)


@any_folder
def test_the_icon_is_square(folder: Path) -> None:
    root = ET.parse(folder / "icon.svg").getroot()  # noqa: S314  our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width") == root.get("height")


@pytest.mark.parametrize("folder", packages(), ids=lambda folder: folder.name)
def test_a_wheel_carries_every_file_of_its_package(folder: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    (package,) = (path.parent for path in folder.glob("*/__init__.py"))
    files = {path.relative_to(folder).as_posix() for path in package.rglob("*") if path.is_file()}
    wanted = {name for name in files if "__pycache__" not in name}
    assert {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name} == wanted


def test_no_file_names_a_registry_host() -> None:
    listed = subprocess.run(
        [shutil.which("git") or "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    # In brackets, so that this file does not name one either.
    hosts = re.compile(
        rb"p[y]thonhosted|//(test\.)?p[y]pi\.|npmj[s]\.|d[e]b\.debian|[c]rates\.io|[d]ocker\.io|[g]hcr\.io"
    )
    paths = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert len(paths) > len(FILES)
    assert [path for path in paths if hosts.search(path.read_bytes())] == []


def test_generated_parts_of_the_readmes_are_up_to_date() -> None:
    stale = [path for path, text in matrix.generated().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "make matrix"
