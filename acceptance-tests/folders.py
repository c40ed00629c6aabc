"""The connectors' folders, found, for the tests that run over all of them."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from tools.maintain import matrix
from tools.maintain.boilerplate import connector_folders, facts_of

ALL = connector_folders(written=False)
WRITTEN = connector_folders()
any_folder = pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.name)
written_folder = pytest.mark.parametrize("folder", WRITTEN, ids=lambda folder: folder.name)


def source_class(folder: Path) -> Any:
    facts = facts_of(folder)
    return getattr(importlib.import_module(facts.module), facts.class_name)


def properties_of(folder: Path) -> dict[str, Any]:
    properties: dict[str, Any] = matrix.specification(folder)["properties"]
    return properties
