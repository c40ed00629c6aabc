"""The vendors' simulators for the tests that need them: started once, as one process, on free loopback ports."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tools.install import ROOT

# Modules whose tests share a file, or what is made once for all of them: they stay together in one process.
_TOGETHER = {
    *("test_configuration", "test_conformity", "test_docs", "test_images", "test_packages", "test_page"),
    *("test_queries", "test_standard", "test_sync", "test_warehouses"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=2, help="how often every connector is read and killed four times")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("--seeds")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in _TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def simulator_configs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, dict[str, Any]]]:
    """A configuration per vendor that reads its simulator, while the session lasts."""
    folder = tmp_path_factory.mktemp("simulators")
    command = [sys.executable, "-m", "simulators", "--days", "3", "--calls-per-day", "40"]
    process = subprocess.Popen(
        [*command, "--config-dir", str(folder), "--until-stdin-closes"],
        cwd=ROOT / "acceptance-tests",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert any("ready" in line for line in process.stdout), "the simulators did not start"
        yield {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    finally:
        process.communicate()


@pytest.fixture(scope="session")
def connector_configs(simulator_configs: Mapping[str, dict[str, Any]]) -> None:
    """integration_tests/config.json of every connector that has a simulator, for the simulators of this session."""
    for vendor, config in simulator_configs.items():
        folder = ROOT / "connectors" / f"source-{vendor.replace('_', '-')}" / "integration_tests"
        if folder.is_dir():
            (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
