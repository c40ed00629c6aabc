"""Every connector's image, built and run: not root, a read-only root file system, against the vendors' simulators.

`make test-images` runs these. `make test` runs only what needs no engine, and says why where there is none.
"""

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from folders import WRITTEN, written_folder
from harness import Outcome, catalog, vendor
from test_docs import SHELL, Block
from tools import image
from tools.boilerplate import facts_of
from tools.install import ROOT

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

DOCKERFILES = [ROOT / "Dockerfile", ROOT / "acceptance-tests" / "simulators" / "Dockerfile"]
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


# What needs no engine.


def test_an_engine_that_is_found_answers() -> None:
    try:
        assert image.engine()
    except image.ImageError as error:
        pytest.skip(f"images are not tried: {error.args[0].splitlines()[0]}")


def test_without_an_engine_the_advice_names_every_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = tmp_path / "docker"
    silent.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(image.os, "geteuid", lambda: 0)
    monkeypatch.setattr(image, "_SETTINGS", tmp_path / "containers.conf")
    (tmp_path / "apt-get").write_text("")
    (tmp_path / "apt-get").chmod(0o755)
    with pytest.raises(image.ImageError) as caught:
        image.engine()
    said = str(caught.value)
    assert "docker is installed and says: Cannot connect to the Docker daemon" in said
    for step in (
        "apt-get install -y podman",
        "make image ARGS=--settings > ",
        "make image ARGS=--base",
        "make test-images",
    ):
        assert step in said


def test_a_connector_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(image.ImageError, match=r"^CONNECTOR=source-nobody has to be one of .*source-voxo"):
        image.base_of("source-nobody")


@written_folder
def test_the_base_image_is_the_same_in_the_metadata_and_the_dockerfile(folder: Path) -> None:
    base = image.base_of(folder.name)
    assert re.fullmatch(r"airbyte/python-connector-base:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", base)
    for file in DOCKERFILES:
        assert f"ARG BASE_IMAGE={base}\n" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_a_dockerfile_is_read_by_old_builders_too(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(
        r"^# *syntax=|^RUN +--|^(COPY|ADD) .*(--chmod|--link|--exclude|<<)|<<-?['\"]?E", text, re.MULTILINE
    )
    assert text.rstrip().splitlines()[-1] == "USER airbyte"


def test_no_account_gets_into_a_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert {"connectors/*/integration_tests", "connectors/*/secrets"} <= set(lines)


@pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed")
def test_the_settings_for_podman_are_settings(tmp_path: Path) -> None:
    file = tmp_path / "containers.conf"
    file.write_text(image.settings())
    done = subprocess.run(
        ["podman", "info"],  # noqa: S607  found above
        env={**os.environ, "CONTAINERS_CONF": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Failed to decode" not in done.stderr
    assert done.returncode == 0, done.stderr
