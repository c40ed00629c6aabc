"""What a connector declares and what its code does agree: configuration, catalogues, columns."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cdr.normaliser.normaliser import _FILLED_HERE
from cdr.schema.columns import COLUMNS
from cdr.vendor.config import Config
from folders import WRITTEN, properties_of, source_class, written_folder
from tools.install import ROOT
from tools.maintain import matrix
from tools.maintain.boilerplate import TEMPLATE, facts_of

SECRET = re.compile(r"(\w+_token|\w+_secret|jwt|password|salt)")
# What may differ where two connectors share a property.
OWN_SAY = {"order", "default", "examples"}
# Columns that no vendor here fills. Whoever fills one takes it off.
UNFILLED: set[str] = set()


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
def test_every_pattern_comes_with_words_and_an_example_that_meets_it(folder: Path) -> None:
    for name, schema in described(properties_of(folder)):
        if "pattern" in schema:
            assert schema["pattern_descriptor"], name
            assert schema["examples"], name
            assert all(re.fullmatch(schema["pattern"], example) for example in schema["examples"]), name


@written_folder
def test_the_bounds_stand_in_the_specification(folder: Path) -> None:
    properties = properties_of(folder)
    assert properties["lookback_window_minutes"]["maximum"] == 525_600
    assert properties["settling_delay_seconds"]["maximum"] == 86_400
    for name in ("start_date", "end_date"):
        assert "from 1970 to 2100" in properties[name]["description"]


@written_folder
def test_the_default_region_is_the_vendors_home(folder: Path) -> None:
    regions = {"source-voxo": "US", "source-vonage-business": "US", "source-acefone": "GB"}
    assert properties_of(folder)["default_region"].get("default") == regions.get(folder.name)


@written_folder
def test_secrets_and_nothing_else_are_flagged(folder: Path) -> None:
    for name, schema in described(properties_of(folder)):
        assert schema.get("airbyte_secret") is (True if SECRET.fullmatch(name) else None), name


@written_folder
def test_the_code_reads_every_declared_key_and_no_other(folder: Path) -> None:
    # The constant of a choice tells its variants apart; `validation` reads it there.
    constants = {part for schema in properties_of(folder).values() if "oneOf" in schema for part in _tag(schema)}
    declared = {name for name, _ in described(properties_of(folder))} - constants
    own = list((folder / facts_of(folder).module).glob("*.py"))
    mentioned = set().union(*map(_words, [*own, *(ROOT / "connectors/cdr/cdr").rglob("*.py")]))
    assert declared - mentioned == set(), "declared in spec.json, read nowhere"
    assert {key for path in own for key in _keys_read(path)} - declared == set(), "read, not declared in spec.json"


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
    # Nobody is made to fetch the voices of calls: a stream of files is chosen, not suggested.
    assert facts_of(folder).streams == tuple(name for name, cls in streams.items() if not cls.has_files)


@written_folder
def test_a_row_has_every_column_of_the_schema_in_order(folder: Path) -> None:

    for stream in matrix.streams_of(folder):
        config = json.loads((folder / "integration_tests/invalid_config.json").read_text(encoding="utf-8"))
        del config["end_date"]
        row = stream(_config(folder, config)).normaliser().row({})
        assert tuple(row) == stream.columns()


def _config(folder: Path, config: dict[str, Any]) -> Any:

    return Config(config, matrix.specification(folder))


def test_every_column_is_filled_by_a_vendor_or_by_the_normaliser() -> None:

    streams = [stream for folder in WRITTEN for stream in matrix.streams_of(folder)]
    by_vendors = {column for stream in streams for column in stream.fields}
    assert set(COLUMNS["call_records"]) - by_vendors - _FILLED_HERE == UNFILLED


def test_vonage_prints_its_times_in_the_zone_of_the_setting_and_filters_in_utc() -> None:
    (folder,) = (one for one in WRITTEN if one.name == "source-vonage-business")
    config = {"start_date": "2026-01-01", "account_id": "1", "timezone": "America/New_York"}
    config["credentials"] = {"auth_type": "access_token", "access_token": "none-of-this-is-real"}
    (calls,) = matrix.streams_of(folder)
    stream = calls(_config(folder, config))
    assert stream.normaliser().row({"start": "2026-01-15 07:30:00"})["started_at"] == "2026-01-15T12:30:00Z"
    assert stream.zone == "UTC"
