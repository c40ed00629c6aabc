"""What the documentation tells people to run is run.

A fenced `sh` block is run here. One that cannot be has a marker with the reason in front of it:
`<!-- not run: reason -->`; one that needs a vendor has `<!-- run with: simulator -->`.
"""

import dataclasses
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documentation import PAGES, SHELL, Block, blocks, example_config, read
from folders import ALL, WRITTEN
from tools.__main__ import VERBS
from tools.install import ROOT
from tools.maintain.boilerplate import facts_of
from tools.naming import connector_of, vendor_of


def test_every_shell_block_is_run_or_says_why_not() -> None:
    known = re.compile(r"(not run: .{10,}|run with: simulator|end|)")
    assert [block.name for block in SHELL if not known.fullmatch(block.marker)] == []
    # A block in another language of the shell would slip through.
    fences = [name for page in PAGES for name in re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)]
    assert set(fences[::2]) <= {"sh", "json", "mermaid", "python", "terraform", "yaml", "sql"}
    assert set(fences[1::2]) == {""}


def test_every_verb_of_make_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"\bmake (?:-n )?([a-z][a-z-]*)\b", code_of(page))}
    assert named - set(VERBS) == set()
    assert named


def code_of(page: Path) -> str:
    return "\n".join(re.findall(r"`+([^`]+)`+", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("block", [one for one in SHELL if not one.marker.startswith("not run")], ids=lambda b: b.name)
def test_a_command_in_the_documentation_works(block: Block, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for folder in ALL:
        if folder not in WRITTEN and folder.name in block.text:
            pytest.skip(f"{folder.name} has no source yet")
        (tmp_path / f"{facts_of(folder).name}.json").write_text(json.dumps(example_config(folder)), encoding="utf-8")
    if block.marker == "run with: simulator":
        simulated(block.text, tmp_path, request)
    result = run(["bash", "-eu", "-o", "pipefail", "-c", at_home(block.text, tmp_path)])
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    statuses = re.findall(r'^{"type": ?"CONNECTION_STATUS".*$', result.stdout, re.MULTILINE)
    assert [line for line in statuses if "SUCCEEDED" not in line] == []
    assert len(statuses) == block.text.count(" check ")


def simulated(text: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """Put configurations for the vendors' simulators where the block expects those of real accounts."""
    if importlib.util.find_spec("simulators.__main__") is None:
        pytest.skip("the simulators do not start by themselves yet")
    configs = request.getfixturevalue("simulator_configs")
    for vendor, config in configs.items():
        (folder / f"{connector_of(vendor).removeprefix('source-')}.json").write_text(
            json.dumps(config), encoding="utf-8"
        )
    wanted = {vendor_of(name) for name in re.findall(r"secrets/([\w-]+)\.json", text)}
    if not wanted <= set(configs):
        pytest.skip("this vendor has no simulator yet")


def at_home(text: str, folder: Path) -> str:
    """A block with the paths of this run: its Python's commands, and configurations of the test's own."""
    return text.replace(".venv/bin/", f"{Path(sys.executable).parent}/").replace("secrets/", f"{folder}/")


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    executable = shutil.which(command[0])
    if executable is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(
        [executable, *command[1:]],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


# Those for Spark are run by the tests of connectors/cdr-spark.
PYTHON = [block for block in blocks("python") if block.marker != "python: runs with Spark"]


@pytest.mark.skipif(importlib.util.find_spec("airbyte") is None, reason="PyAirbyte supports Python 3.10 to 3.12")
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_a_python_example_works(block: Block, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert block.marker == "python: runs with simulator"
    simulated(block.text, tmp_path, request)
    own = {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "AIRBYTE_PROJECT_DIR": str(tmp_path)}
    result = run([sys.executable, "-c", at_home(block.text, tmp_path)], **own)
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.skipif(importlib.util.find_spec("airbyte_api") is None, reason="comes with PyAirbyte")
def test_the_body_for_airbyte_s_api_is_the_one_its_client_sends() -> None:
    models = importlib.import_module("airbyte_api.models")
    (block,) = [one for one in blocks("json") if one.marker == "api: CreateDefinitionRequest"]
    names = {
        field.metadata["dataclasses_json"]["letter_case"](field.name): field.default is dataclasses.MISSING
        for field in dataclasses.fields(models.CreateDefinitionRequest)
    }
    body = json.loads(block.text)
    assert {name for name, needed in names.items() if needed} <= set(body) <= set(names)
    code = Path(importlib.import_module("airbyte_api.sourcedefinitions").__file__ or "").read_text(encoding="utf-8")
    (path,) = re.findall(r"`POST (/workspaces\S+)`", read("airbyte.md"))
    assert f"'{path}'" in code


def test_names_and_versions_on_the_airbyte_page_are_those_of_the_connector() -> None:
    (folder,) = (folder for folder in ALL if facts_of(folder).name == "voxo")
    for text in (read("airbyte.md"), (ROOT / "README.md").read_text(encoding="utf-8")):
        versions = set(re.findall(r"(?<![\d.])\d+\.\d+\.\d+(?![\d.])", text.replace("127.0.0.1", "")))
        assert versions == {facts_of(folder).version}


@pytest.mark.parametrize("block", blocks("terraform"), ids=lambda block: block.name)
def test_a_terraform_example_is_well_formed(block: Block, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(block.text, encoding="utf-8")
    result = run(["terraform", "fmt", "-check", "-diff", str(tmp_path)])
    assert result.returncode == 0, result.stdout + result.stderr
