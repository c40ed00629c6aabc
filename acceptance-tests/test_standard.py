"""The CDK's standard tests, for every connector in connectors/ that has a source: none is listed here."""

from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests import DiscoveredCatalogWarning, SourceTestSuiteBase

from folders import WRITTEN
from tools.install import ROOT
from tools.maintain.boilerplate import facts_of

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

# The project makes every warning an error; this one is the point of the suite, so it is named.
_ADVICE = f"{DiscoveredCatalogWarning.__module__}.{DiscoveredCatalogWarning.__name__}"
_MARKS = [pytest.mark.usefixtures("connector_configs"), pytest.mark.filterwarnings(f"error::{_ADVICE}")]


def _suite(folder: Path) -> type[SourceTestSuiteBase]:
    members: dict[str, Any] = {
        "connector_name": folder.name,
        "get_connector_root_dir": classmethod(lambda cls: folder),
        "pytestmark": _MARKS,
    }
    return type(f"Test{facts_of(folder).class_name}", (SourceTestSuiteBase,), members)


SUITES = {suite.__name__: suite for suite in map(_suite, WRITTEN)}
globals().update(SUITES)


def test_every_connector_with_a_source_has_a_suite() -> None:
    sources = {path.parent.parent.name for path in ROOT.glob("connectors/*/source_*/source.py")}
    assert sources
    assert {suite.connector_name for suite in SUITES.values()} == sources
