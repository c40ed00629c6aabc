"""The vendors' simulators for the tests that need them: started once, as one process, on free loopback ports."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import simulators
from simulator_requests import SPRING
from simulators import Simulator
from tools.install import ROOT
from tools.naming import connector_of

# Modules whose tests share a file, or what is made once for all of them: they stay together in one process.
_TOGETHER = {
    *(
        "test_configuration",
        "test_conformity",
        "test_dbt",
        "test_docs_commands",
        "test_images",
        "test_packages",
        "test_page",
    ),
    *("test_heavy", "test_hourly_busy"),  # gigabytes each in a soak: one after the other
    *("test_queries", "test_renormalise", "test_standard", "test_sync", "test_warehouses"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=1, help="how often every connector is read and killed four times")
    parser.addoption("--draws", type=int, default=500, help="how many vendors of drawn habits are read")
    parser.addoption("--backfill-rows", type=int, default=24_000, help="how many rows a backfill that is killed has")
    parser.addoption("--heavy", action="store_true", help="millions of rows, and hours, where thousands do otherwise")
    parser.addoption("--recordings", action="store_true", help="a thousand recordings of a megabyte are fetched")
    parser.addoption("--every-hour", action="store_true", help="the hourly syncs take no second hour out, and a year")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("--seeds")))


class _SomeModulesTogether(LoadScopeScheduling):
    """Every test to whichever process is free, but for the modules that stay together.

    Marks for `--dist loadgroup` have no effect with pytest 9: xdist writes them into an id that nobody reads any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = Path(nodeid.split("::", maxsplit=1)[0]).stem
        return module if module in _TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _SomeModulesTogether(config, log)


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
        folder = ROOT / "connectors" / connector_of(vendor) / "integration_tests"
        if folder.is_dir():
            (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


@pytest.fixture
def start() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators over a few days around a change of clocks; they end with the test."""
    started: list[Simulator] = []

    def starter(vendor: str, **options: Any) -> Simulator:
        period = {} if "start" in options or "end" in options else SPRING
        started.append(simulators.start(vendor, **{"calls_per_day": 30, **period, **options}))
        return started[-1]

    yield starter
    for sim in started:
        sim.close()
