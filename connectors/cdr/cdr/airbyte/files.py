"""The files of the command line, read so that whatever is wrong with one is a sentence that names it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteCatalogSerializer
from serpyco_rs import SchemaValidationError

from cdr.airbyte.states import NoStateError, States, states_of
from cdr.schema.errors import ConfigError, quoted

# Past these no file of a connection is meant: a device, or something built to break a reader.
_LONGEST: Final = 64 * 1024 * 1024
_DEEPEST: Final = 100
_LONGEST_PATH: Final = 200


def read_config(path: str) -> dict[str, Any]:
    """The settings in a file. Raises ConfigError."""
    config = _read_json("configuration", path)
    if not isinstance(config, dict):
        _refuse("configuration", path, f"holds {_kind(config)}, not an object", "its README says which settings it has")
    return config


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    """The configured catalogue in a file. Raises ConfigError."""
    catalog = _read_json("catalogue", path)
    if isinstance(catalog, dict) and catalog.get("type") == "CATALOG" and isinstance(catalog.get("catalog"), dict):
        catalog = catalog["catalog"]
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        _refuse("catalogue", path, f"holds {_kind(catalog)} without a list of streams", _CATALOGUE)
    if any(isinstance(stream, dict) and "stream" not in stream and "name" in stream for stream in streams):
        _refuse("catalogue", path, "is what `discover` answers, which does not say how to sync a stream", _CATALOGUE)
    try:
        return ConfiguredAirbyteCatalogSerializer.load(catalog)
    except SchemaValidationError as error:
        where = error.errors[0].instance_path or "streams"
        _refuse("catalogue", path, f"is missing or wrong at {quoted(where, 100)}", _CATALOGUE)


_CATALOGUE: Final = "it has to be as integration_tests/configured_catalog.json in the connector's folder"


def read_states(path: str, streams: Collection[str]) -> States:
    """The states in a file, and what is to be said of them. Raises ConfigError."""
    try:
        return states_of(_read_json("state", path), streams)
    except NoStateError as error:
        _refuse("state", path, error.message, "give the last states that a sync printed")


def _read_json(kind: str, path: str) -> Any:
    text = _read(kind, path)
    if not text.strip():
        _refuse(kind, path, "is empty", "check how it was written")
    try:
        # From bytes: Windows writes UTF-16, and marks before UTF-8.
        document = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        _refuse(kind, path, f"is not JSON: {error.msg}, line {error.lineno}, column {error.colno}", "mend it there")
    except UnicodeDecodeError:
        _refuse(kind, path, "is not JSON: it holds bytes that are no text", "save it as UTF-8")
    except ValueError as error:
        _refuse(kind, path, f"is not JSON: {quoted(str(error), 60)}", "mend it there")
    except RecursionError:
        document = [[]]
        _refuse(kind, path, "is nested too deeply", "check how it was written")
    if _is_deep(document):
        _refuse(kind, path, "is nested too deeply", "check how it was written")
    return document


def _read(kind: str, path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LONGEST + 1)
    except FileNotFoundError:
        _refuse(kind, path, "does not exist", "check the path; a container sees only the folders that are mounted (-v)")
    except IsADirectoryError:
        _refuse(kind, path, "is a folder", "name the file in it; Docker makes a folder of a file that it does not find")
    except PermissionError:
        user = f"the user that runs this ({os.geteuid()})" if hasattr(os, "geteuid") else "the user that runs this"
        advice = 'let that user read it; with Docker, run the image as yourself: docker run --user "$(id -u)"'
        _refuse(kind, path, f"may not be read by {user}", advice)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        _refuse(kind, path, f"cannot be read ({reason})", "check the path")
    if len(text) > _LONGEST:
        _refuse(kind, path, f"is larger than {_LONGEST // 1024 // 1024} MiB", "check the path")
    return text


def _refuse(kind: str, path: str, fault: str, advice: str) -> NoReturn:
    shown = path if path.isprintable() else ascii(path)
    if path.lstrip()[:1] in ("{", "["):  # perhaps with a password in it
        raise ConfigError(f"The {kind} has to be given as the path of a file, not as JSON on the command line.")
    raise ConfigError(f"The {kind} file {quoted(shown, _LONGEST_PATH)} {fault}: {advice}.")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _is_deep(document: Any) -> bool:
    """Whether lists and objects lie in each other deeper than what reads them by recursion can bear."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            item
            for node in level
            for item in (node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ())
        ]
        if not level:
            return False
    return True


def _kind(document: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(document), "a number")
