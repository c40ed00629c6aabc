"""The CDK's standard tests, for every connector in connectors/ that has a source: none is listed here."""

from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests import DiscoveredCatalogWarning, SourceTestSuiteBase

from tools.boilerplate import connector_folders, facts_of

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

# Filters of the project make every warning an error already; this one is the point of the suite, so it is named.
pytestmark = [
    pytest.mark.usefixtures("connector_configs"),
    pytest.mark.filterwarnings(f"error::{DiscoveredCatalogWarning.__module__}.{DiscoveredCatalogWarning.__name__}"),
]


def _suite(folder: Path) -> type[SourceTestSuiteBase]:
    members: dict[str, Any] = {
        "connector_name": folder.name,
        "get_connector_root_dir": classmethod(lambda cls: folder),
    }
    return type(f"Test{facts_of(folder).class_name}", (SourceTestSuiteBase,), members)


SUITES = {suite.__name__: suite for suite in map(_suite, connector_folders())}
globals().update(SUITES)


def test_every_connector_with_a_source_has_a_suite() -> None:
    sources = {path.parent.parent.name for path in Path(__file__).parent.parent.glob("connectors/*/source_*/source.py")}
    assert sources
    assert {suite.connector_name for suite in SUITES.values()} == sources
