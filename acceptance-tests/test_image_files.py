"""What goes into the connectors' images, and what `tools.maintain.image` says: all that needs no engine."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from folders import written_folder
from tools.install import ROOT
from tools.maintain import image

DOCKERFILES = [ROOT / "Dockerfile", ROOT / "acceptance-tests" / "simulators" / "Dockerfile"]


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


def test_the_commands_for_docker_run_as_whoever_runs_them() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    with_files = [line for line in lines if line.startswith("docker run ") and " -v " in line]
    assert with_files
    assert [line for line in with_files if '--user "$(id -u)"' not in line] == []


def test_what_an_image_adds_can_be_read_by_any_user() -> None:
    assert "chmod -R a+rX /own\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


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
