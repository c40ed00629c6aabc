"""Every connector folder has the same form: names, boilerplate, metadata, configuration, catalogue, documents.

Nothing here lists the connectors. A folder without a source yet is held to its boilerplate only.
"""

import ast
import datetime as dt
import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tools import matrix
from tools.boilerplate import RENDERED, TEMPLATE, connector_folders, facts_of, render, target
from tools.install import ROOT

ALL = connector_folders(written=False)
WRITTEN = connector_folders()
any_folder = pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.name)
written_folder = pytest.mark.parametrize("folder", WRITTEN, ids=lambda folder: folder.name)

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
SECRET = re.compile(r"(access_token|refresh_token|client_secret|password|salt)")
# What may differ where two connectors share a property.
OWN_SAY = {"order", "default", "examples"}
# Columns that no connector here fills so far; whoever fills one takes it off.
WAITING = {
    "billed_seconds",
    "charge_currency",
    "dtmf",
    "forwarded_to",
    "hangup_party",
    "notes",
    "q850_cause",
    "recording_expires_at",
    "recording_url",
    "ringing_at",
    "sip_call_id",
    "sip_status_code",
    "trunk",
    "user_data",
}


def metadata_of(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    return data


def source_class(folder: Path) -> Any:
    facts = facts_of(folder)
    return getattr(importlib.import_module(facts.module), facts.class_name)


def properties_of(folder: Path) -> dict[str, Any]:
    properties: dict[str, Any] = matrix.specification(folder)["properties"]
    return properties


def shared_properties() -> dict[str, Any]:
    text = (TEMPLATE / "module/spec.json").read_text(encoding="utf-8").replace("$$", "$")
    properties: dict[str, Any] = json.loads(text)["connectionSpecification"]["properties"]
    del properties["credentials"]
    return properties


def described(properties: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a configuration, those of variants too."""
    for name, schema in properties.items():
        yield name, schema
        for variant in schema.get("oneOf", ()):
            yield from described(variant["properties"])


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


@written_folder
def test_metadata_allows_the_hosts_of_the_configuration(folder: Path) -> None:
    properties = properties_of(folder)
    defaults = [properties[key].get("default") for key in ("api_url", "token_url") if key in properties]
    hosts = {urlsplit(url).hostname if url else "${api_url}" for url in defaults}
    assert hosts <= set(facts_of(folder).hosts)


@written_folder
def test_shared_properties_are_equal_in_all_connectors(folder: Path) -> None:
    properties = properties_of(folder)
    for name, shared in shared_properties().items():
        assert _shared_part(properties[name]) == _shared_part(shared), name
        if name not in ("api_url", "default_region", "lookback_window_minutes", "num_workers"):
            assert properties[name].get("examples") == shared.get("examples"), name
            if name != "requests_per_minute":
                assert properties[name].get("default") == shared.get("default"), name


def _shared_part(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in OWN_SAY}


@written_folder
def test_the_default_lookback_follows_the_cursor(folder: Path) -> None:
    minutes = properties_of(folder)["lookback_window_minutes"]["default"]
    (calls,) = (stream for stream in matrix.streams_of(folder) if stream.name == "call_records")
    assert minutes == {"ended_at": 60, "started_at": 1440}[calls.cursor]


@written_folder
def test_every_property_is_explained_and_ordered(folder: Path) -> None:
    properties = properties_of(folder)
    assert sorted(schema["order"] for schema in properties.values()) == list(range(len(properties)))
    for name, schema in described(properties):
        if "const" in schema:
            continue
        assert schema["title"], name
        assert len(schema["description"]) > len("The token"), name
    for schema in properties.values():
        for variant in schema.get("oneOf", ()):
            assert variant["title"]
            assert any("const" in part for part in variant["properties"].values())
    text = json.dumps(matrix.specification(folder))
    assert '"anyOf"' not in text
    assert '"allOf"' not in text


@written_folder
def test_secrets_and_nothing_else_are_flagged(folder: Path) -> None:
    for name, schema in described(properties_of(folder)):
        assert schema.get("airbyte_secret") is (True if SECRET.fullmatch(name) else None), name


@written_folder
def test_the_code_reads_every_declared_key_and_no_other(folder: Path) -> None:
    # The constant of a choice with one variant says nothing that the code could want to know.
    sole = {
        part for schema in properties_of(folder).values() if len(schema.get("oneOf", ())) == 1 for part in _tag(schema)
    }
    declared = {name for name, _ in described(properties_of(folder))} - sole
    streams = folder / facts_of(folder).module / "streams.py"
    mentioned = set().union(*map(_words, [streams, *(ROOT / "connectors/cdr/cdr").glob("*.py")]))
    assert declared - mentioned == set(), "declared in spec.json, read nowhere"
    assert set(_keys_read(streams)) - declared == set(), "read by streams.py, not declared in spec.json"


def _tag(schema: Mapping[str, Any]) -> list[str]:
    return [name for name, part in schema["oneOf"][0]["properties"].items() if "const" in part]


def _words(path: Path) -> set[str]:
    """The texts of a module that could be keys: whole constants, and placeholders within them."""
    constants = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return constants | {key for text in constants for key in re.findall(r"{(\w+)}", text)}


def _keys_read(path: Path) -> Iterator[str]:
    """Constant keys that a module asks a configuration for: `config.text("key")` and its like, `config["key"]`."""
    readers = {"text", "required", "integer", "optional_integer", "flag", "group"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in readers:
            owner, keys = node.func.value, node.args[:1]
        elif isinstance(node, ast.Subscript):
            owner, keys = node.value, [node.slice]
        else:
            continue
        if (owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")) == "config":
            yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@written_folder
def test_the_catalogues_of_the_folder_are_those_of_the_code(folder: Path) -> None:
    streams = {stream.name: stream for stream in source_class(folder).streams}
    configured = json.loads((folder / "integration_tests/configured_catalog.json").read_text(encoding="utf-8"))
    assert [entry["stream"]["name"] for entry in configured["streams"]] == list(streams)
    assert [entry["primary_key"] for entry in configured["streams"]] == [
        [[cls.primary_key]] for cls in streams.values()
    ]
    abnormal = json.loads((folder / "integration_tests/abnormal_state.json").read_text(encoding="utf-8"))
    for message in abnormal:
        stream = streams[message["stream"]["stream_descriptor"]["name"]]
        assert list(message["stream"]["stream_state"]) == [stream.cursor]
    assert tuple(facts_of(folder).streams) == tuple(streams)


@written_folder
def test_a_row_has_every_column_of_the_schema_in_order(folder: Path) -> None:
    from cdr.record import COLUMNS

    for stream in matrix.streams_of(folder):
        config = json.loads((folder / "integration_tests/invalid_config.json").read_text(encoding="utf-8"))
        del config["end_date"]
        row = stream(_config(folder, config)).normaliser().row({})
        assert tuple(row) == COLUMNS[stream.name]


def _config(folder: Path, config: dict[str, Any]) -> Any:
    from cdr.config import Config

    return Config(config, matrix.specification(folder))


def test_every_column_is_filled_by_a_vendor_or_by_the_normaliser() -> None:
    from cdr.normaliser import _FILLED_HERE
    from cdr.record import COLUMNS

    streams = [stream for folder in WRITTEN for stream in matrix.streams_of(folder)]
    by_vendors = {column for stream in streams for column in stream.fields}
    assert set(COLUMNS["call_records"]) - by_vendors - _FILLED_HERE == WAITING


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
