"""One Spark for all tests: two worker processes of one core each beside the driver."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from on_spark import Spark, running


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="at full length: 50 accounts, 30 days, ten kills, the figures")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    with running(tmp_path_factory.mktemp("spark"), "local-cluster[2,1,1024]") as started:
        yield started


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., str]:
    """Writes configurations into a file, one a line, and gives its path."""

    def write(*configs: dict[str, Any], name: str = "accounts.jsonl") -> str:
        path = tmp_path / name
        path.write_text("".join(json.dumps(config) + "\n" for config in configs), encoding="utf-8")
        return str(path)

    return write
