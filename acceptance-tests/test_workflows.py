"""What a forge, a commit hook and `docker compose` run is what everybody runs: verbs of the Makefile."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.__main__ import VERBS
from tools.install import ROOT
from tools.maintain import image
from tools.pythons import CONNECTORS

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
any_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in read(file)["jobs"].values() for step in job["steps"]]


@any_workflow
def test_a_workflow_runs_verbs_of_the_makefile_and_nothing_else(file: Path) -> None:
    commands = [line for step in steps(file) for line in step.get("run", "").splitlines()]
    assert commands
    values = r"( [A-Z_]+=(\S+|python\$\{\{ matrix\.python \}\}))*"
    verbs = [re.fullmatch(rf"make ([a-z-]+){values}", command) for command in commands]
    assert [command for command, verb in zip(commands, verbs, strict=True) if not verb or verb[1] not in VERBS] == []


# What signs proves who it is, and keeps the signatures.
SIGNS = {"contents": "read", "id-token": "write", "attestations": "write"}


@any_workflow
def test_a_workflow_may_read_and_no_more_unless_it_signs_and_comes_to_an_end(file: Path) -> None:
    assert read(file)["permissions"] == {"contents": "read"}
    for job in read(file)["jobs"].values():
        signs = any(step.get("uses", "").startswith("actions/attest@") for step in job["steps"])
        assert job.get("permissions", {"contents": "read"}) == (SIGNS if signs else {"contents": "read"})
    assert all(job["timeout-minutes"] <= 60 for job in read(file)["jobs"].values())


@any_workflow
def test_the_actions_of_a_workflow_are_pinned_to_a_commit(file: Path) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name)] == []


@any_workflow
def test_a_workflow_looks_at_paths_that_exist(file: Path) -> None:
    # YAML 1.1 reads the word `on` as true.
    events: dict[str, Any] = read(file).get("on") or read(file)[True]  # type: ignore[call-overload]
    paths = [path for event in events.values() for path in (event or {}).get("paths", [])]
    assert [path for path in paths if not (ROOT / path.removesuffix("/**")).exists()] == []


def test_the_tests_run_on_every_python_that_the_connectors_support() -> None:
    versions = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert sorted(tuple(map(int, text.split("."))) for text in versions) == sorted(CONNECTORS)


def test_commit_hooks_are_tools_of_this_repository() -> None:
    content = read(ROOT / ".pre-commit-config.yaml")
    assert [repository["repo"] for repository in content["repos"]] == ["local"]
    for hook in content["repos"][0]["hooks"]:
        program, first, *_ = hook["entry"].split()
        assert hook["language"] == "system"
        assert first in VERBS if program == "make" else program == ".venv/bin/ruff"


def test_the_makefile_names_every_verb() -> None:
    named = re.search(r"^VERBS = (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert sorted(named[1].split()) == sorted(set(VERBS) - {"help"})


COMPOSE = ROOT / "docker-compose.yml"


def defaults(text: str) -> str:
    """The text as it is where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_compose_names_the_base_image_and_files_that_exist() -> None:
    services = yaml.safe_load(defaults(COMPOSE.read_text(encoding="utf-8")))["services"]
    connector = services["connector"]
    for service in services.values():
        build = service["build"]
        assert (ROOT / build.get("dockerfile", "Dockerfile")).is_file()
        assert build["args"]["BASE_IMAGE"] == image.base_of(connector["build"]["args"]["CONNECTOR"])
    mounted = [volume.split(":")[0] for volume in connector["volumes"] if volume.startswith("./")]
    assert mounted
    assert [path for path in mounted if not (ROOT / path).is_file()] == []


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker command")
def test_compose_reads_its_file() -> None:
    docker = shutil.which("docker") or ""
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("this docker has no compose")
    done = subprocess.run(
        [docker, "compose", "--file", str(COMPOSE), "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
