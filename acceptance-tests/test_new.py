"""`make new` gives a folder that is well formed, and whose tests are red exactly where the vendor's facts belong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.install import ROOT
from tools.maintain.boilerplate import TEMPLATE, render_all
from tools.maintain.new import first_facts

FACTS = first_facts("ring-central")


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    folder = tmp_path / FACTS.folder
    render_all(FACTS, folder)
    return folder


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(ROOT / "connectors/cdr")])
    environment = {**os.environ, "PYTHONPATH": path, "MYPYPATH": path}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_no_placeholder_is_left(rendered: Path) -> None:
    files = [path for path in rendered.rglob("*") if path.is_file()]
    assert len(files) == len([path for path in TEMPLATE.rglob("*") if path.is_file()])
    assert [path for path in files if "${" in path.read_text(encoding="utf-8")] == []


def test_the_rendered_code_is_clean(rendered: Path) -> None:
    settings = ("--config", str(ROOT / "pyproject.toml"), "--no-cache", ".")
    for command in (("check", *settings), ("format", "--check", *settings)):
        done = run("ruff", *command, folder=rendered.parent)
        assert done.returncode == 0, done.stdout


def test_its_tests_are_red_and_name_the_missing_facts(rendered: Path) -> None:
    done = run("pytest", "-p", "no:cacheprovider", "--tb=line", "unit_tests", folder=rendered)
    assert "passed" not in done.stdout
    for fact in ("endpoint", "rows", "total", "paginator", "window", "fields"):
        assert f"streams.py: CallRecords.{fact} still says …" in done.stdout
    assert "put a page of the vendor's documentation" in done.stdout


def test_its_source_answers_spec(rendered: Path) -> None:
    done = run("main", "spec", folder=rendered)
    assert done.returncode == 0, done.stderr
    assert '"title":"Ring Central call records"' in done.stdout.splitlines()[-1]
