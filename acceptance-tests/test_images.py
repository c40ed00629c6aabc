"""Every connector's image, built and run: not root, a read-only root file system, against the vendors' simulators.

`make test-images` runs these. What needs no engine is in `test_image_files.py`, which `make test` runs.
"""

import functools
import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from documentation import SHELL, Block
from folders import WRITTEN
from harness import Outcome, catalog, vendor
from tools.maintain import image
from tools.maintain.boilerplate import facts_of

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

TAG = "test"
CHOSEN = [folder for folder in WRITTEN if os.environ.get("CONNECTOR") in (None, "", folder.name)]
chosen_folder = pytest.mark.parametrize("folder", CHOSEN, ids=lambda folder: folder.name)

# Nothing can be written but /tmp; the simulators listen on this machine's loopback.
CONFINED = ("--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")  # noqa: S108  in the container


@pytest.fixture(scope="session")
def engine() -> str:
    """The command that runs containers. These tests are asked for by name, so they fail where there is none."""
    try:
        return image.engine()
    except image.ImageError as error:
        pytest.fail(str(error), pytrace=False)


@functools.cache
def built(engine: str, connector: str) -> str:
    """Build a connector's image once and return its name."""
    base = image.base_for_tests(engine) or image.base_of(connector)
    return image.build(engine, connector, base, TAG)


@pytest.fixture
def confined(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command `docker`, as the CDK's tests call it, with our limits in front of every run."""
    script = tmp_path / "bin" / "docker"
    script.parent.mkdir()
    limits = " ".join(CONFINED)
    script.write_text(f'#!/bin/sh\nif [ "$1" = run ]; then shift; set -- run {limits} "$@"; fi\nexec {engine} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")


def run(
    engine: str, name: str, *arguments: str, folder: Path | None = None, options: tuple[str, ...] = CONFINED
) -> Any:
    mounted = ("-v", f"{folder}:/data:ro") if folder else ()
    command = [engine, "run", "--rm", *options, *mounted, name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def outcome(done: Any) -> Outcome:
    return Outcome(done.returncode, done.stdout.splitlines(), done.stderr)


def readable(folder: Path) -> Path:
    """Open a folder of the test to the container's user, who is nobody on this machine."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(0o755)
    return folder


@pytest.mark.image_tests
@chosen_folder
def test_an_image_speaks_the_protocol_confined(
    engine: str, simulator_configs: Mapping[str, dict[str, Any]], folder: Path, tmp_path: Path
) -> None:
    name = built(engine, folder.name)
    call = functools.partial(run, engine, name, folder=readable(tmp_path))
    assert len(outcome(call("spec")).of("SPEC")) == 1

    (tmp_path / "config.json").write_text(json.dumps(simulator_configs[vendor(folder.name)]))
    readable(tmp_path)
    config = ("--config", "/data/config.json")
    assert outcome(call("check", *config)).status["status"] == "SUCCEEDED"

    found = outcome(call("discover", *config))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog(found)))
    readable(tmp_path)
    read = outcome(call("read", *config, "--catalog", "/data/catalog.json"))
    assert read.code == 0, read.text
    assert read.statuses()[-1] == "COMPLETE"
    assert read.ids()

    (tmp_path / "state.json").write_text(json.dumps(read.state))
    readable(tmp_path)
    again = outcome(call("read", *config, "--catalog", "/data/catalog.json", "--state", "/data/state.json"))
    assert again.code == 0, again.text
    assert len(again.ids()) < len(read.ids())


@pytest.mark.image_tests
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@chosen_folder
def test_an_image_runs_as_any_user_and_reads_what_is_that_users_alone(
    engine: str, simulator_configs: Mapping[str, dict[str, Any]], folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(simulator_configs[vendor(folder.name)]))
    readable(tmp_path)
    path.chmod(0o600)
    os.chown(path, 61234, 61234)
    call = functools.partial(run, engine, built(engine, folder.name), "check", "--config", "/data/config.json")
    refused = outcome(call(folder=tmp_path))
    assert refused.status["status"] == "FAILED"
    assert '--user "$(id -u)"' in refused.status["message"]
    assert outcome(call(folder=tmp_path, options=(*CONFINED, "--user", "61234"))).status["status"] == "SUCCEEDED"


@pytest.mark.image_tests
@chosen_folder
def test_an_image_says_what_it_is(engine: str, folder: Path) -> None:
    name = built(engine, folder.name)
    told = subprocess.run([engine, "image", "inspect", name], capture_output=True, text=True, check=True)
    config = json.loads(told.stdout)[0]["Config"]
    assert config["Labels"]["io.airbyte.name"] == f"airbyte/{folder.name}"
    assert config["Labels"]["io.airbyte.version"] == facts_of(folder).version
    assert config["User"] == "airbyte"
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    assert environment["AIRBYTE_ENTRYPOINT"] == " ".join(config["Entrypoint"])
    assert not [key for key in environment if key.startswith(("PIP_C", "SSL_", "REQUESTS_"))], "of the build machine"


_LOOK = """
import compileall, importlib.metadata as m, json, os, pathlib, sys
site = next(pathlib.Path("/opt/connector/lib").glob("python3*/site-packages"))
names = sorted(d.metadata["Name"] for d in m.distributions(path=[str(site)]))
without = [str(p) for p in site.rglob("*.py") if p.parent.name != "__pycache__"
           and not list(p.parent.glob(f"__pycache__/{p.stem}.*.pyc"))]
mine = [p for p in ("/opt/connector", "/airbyte", "/usr", "/etc") if os.access(p, os.W_OK)]
print(json.dumps({"uid": os.getuid(), "names": names, "without": without, "mine": mine}))
"""


@pytest.mark.image_tests
@chosen_folder
def test_an_image_holds_one_connector_compiled_and_not_its_tests(engine: str, folder: Path) -> None:
    options = (*CONFINED, "--entrypoint", "/opt/connector/bin/python")
    done = run(engine, built(engine, folder.name), "-c", _LOOK, options=options)
    found = json.loads(done.stdout)
    assert found["uid"] == 1000
    assert [name for name in found["names"] if name.startswith(("source-", "call-records"))] == [
        "call-records-cdr",
        folder.name,
    ]
    assert set(found["names"]).isdisjoint({"pytest", "ruff", "mypy", "hatchling", "uv", "duckdb", "airbyte"})
    # Files that no Python can compile are somebody's templates or of another Python.
    assert len(found["without"]) < 20, found["without"]
    assert found["mine"] == []


@pytest.mark.image_tests
@chosen_folder
def test_the_entry_point_of_airbyte_is_a_command_of_the_image(engine: str, folder: Path) -> None:
    options = (*CONFINED, "--entrypoint", "sh")
    done = run(engine, built(engine, folder.name), "-c", "$AIRBYTE_ENTRYPOINT spec", options=options)
    assert len(outcome(done).of("SPEC")) == 1


DOCUMENTED = [block for block in SHELL if "make test-images runs it" in block.marker]


@pytest.mark.image_tests
@pytest.mark.parametrize("block", DOCUMENTED, ids=lambda block: block.name)
def test_a_command_of_the_documentation_runs(
    engine: str, block: Block, simulator_configs: Mapping[str, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "voxo.json").write_text(json.dumps(simulator_configs["voxo"]))
    readable(tmp_path)
    name = built(engine, "source-voxo")
    for line in block.text.splitlines():
        words = shlex.split(line.replace("$PWD/secrets", str(tmp_path)))
        assert words[:3] == ["docker", "run", "--rm"]
        assert words[-3 if "--config" in words else -1] in {"spec", "check", "discover"}
        # The simulator listens on this machine's loopback.
        command = [engine, "run", "--rm", "--network", "host", *words[3:]]
        command[command.index(f"airbyte/source-voxo:{image.version('source-voxo')}")] = name
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "FAILED" not in done.stdout


@pytest.mark.image_tests
def test_an_image_without_a_place_to_write_says_so(
    engine: str, simulator_configs: Mapping[str, dict[str, Any]], tmp_path: Path
) -> None:
    folder = CHOSEN[0]
    (tmp_path / "config.json").write_text(json.dumps(simulator_configs[vendor(folder.name)]))
    options: tuple[str, ...] = ("--network", "host", "--read-only")
    if Path(engine).name == "podman":
        options = (*options, "--read-only-tmpfs=false")
    name = built(engine, folder.name)
    done = run(engine, name, "check", "--config", "/data/config.json", folder=readable(tmp_path), options=options)
    assert done.returncode != 0
    assert "temporary directory" in done.stdout + done.stderr


@pytest.mark.image_tests
def test_images_share_the_layer_of_their_dependencies(engine: str) -> None:
    if len(CHOSEN) < 2:
        pytest.skip("one connector was chosen")
    layers = []
    for folder in CHOSEN[:2]:
        told = subprocess.run(
            [engine, "image", "inspect", built(engine, folder.name)], capture_output=True, text=True, check=True
        )
        layers.append(json.loads(told.stdout)[0]["RootFS"]["Layers"])
    first, second = layers
    assert len(first) == len(second)
    assert sum(one != other for one, other in zip(first, second, strict=True)) == 1


# The CDK's image tests, for every connector.


def _suite(folder: Path) -> type[SourceTestSuiteBase]:
    def connector_image_override(self, engine: str) -> str:
        return built(engine, folder.name)

    members: dict[str, Any] = {
        "connector_name": folder.name,
        "get_connector_root_dir": classmethod(lambda cls: folder),
        "connector_image_override": pytest.fixture(connector_image_override),
        "read_from_streams": pytest.fixture(lambda self: "all"),
        "pytestmark": pytest.mark.usefixtures("connector_configs", "confined"),
        # What needs no image is in test_standard.py.
        **{
            name: None
            for name in dir(SourceTestSuiteBase)
            if name.startswith("test_") and not name.startswith("test_docker_image_")
        },
    }
    return type(f"TestImageOf{facts_of(folder).class_name}", (SourceTestSuiteBase,), members)


globals().update({suite.__name__: suite for suite in map(_suite, CHOSEN)})
