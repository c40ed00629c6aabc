"""The workflow that publishes, run here step by step: dry, and in earnest with an engine and an index of our own."""

import hashlib
import json
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from folders import ALL
from tools.install import LOCK, ROOT
from tools.install import packages as package_folders
from tools.maintain import image, packages, release, runtime, sbom

WORKFLOW = ROOT / ".github" / "workflows" / "publish.yml"
SECRET = "SECRET-of-the-registry"
PLACE = "registry.example.com/team"
DIGEST = f"sha256:{'ab' * 32}"
# Notes what it is called with, and what it is told on standard input.
ENGINE = f"""#!/bin/sh
echo "$@" >> "$ENGINE_LOG"
case "$1 $2" in
  "login "*) cat > "$ENGINE_LOG.password" ;;
  "manifest inspect") grep -qx "$3" "$ENGINE_LOG.there" ;;
  "image inspect") echo '["{PLACE}/'"$(echo "$5" | sed 's|.*/||; s|:.*||')"'@{DIGEST}"]' ;;
esac
"""


class Run:
    """A run of the workflow with these settings: its commands are run, its actions are noted with what they get."""

    def __init__(self, variables: dict[str, str], secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch, home: Path):
        self.jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
        self.actions: list[tuple[str, dict[str, str]]] = []
        self.code = 0
        self._patch, self._outputs = monkeypatch, home / "outputs"
        contexts: dict[str, Any] = {"vars": variables, "secrets": secrets}
        (found,) = self._job("found", contexts)
        contexts["needs"] = {"found": {"outputs": found}}
        self.connectors = json.loads(resolved(self.jobs["images"]["strategy"]["matrix"]["connector"], contexts))
        for connector in self.connectors:
            self._job("images", {**contexts, "matrix": {"connector": connector}})
        self._job("packages", contexts)

    def _job(self, name: str, contexts: dict[str, Any]) -> Iterator[dict[str, str]]:
        steps: dict[str, Any] = {}
        for step in self.jobs[name]["steps"]:
            here = {**contexts, "steps": steps}
            if "run" in step:
                steps[step["id"]] = {"outputs": self._command(step, here)}
            elif "if" not in step or resolved(f"${{{{ {step['if']} }}}}", here):
                given = {key: resolved(str(value), here) for key, value in step.get("with", {}).items()}
                self.actions.append((step["uses"].partition("@")[0], given))
        return iter([steps[key]["outputs"] for key in steps])

    def _command(self, step: dict[str, Any], contexts: dict[str, Any]) -> dict[str, str]:
        assert step["run"] == "make release"
        self._outputs.write_text("")
        with self._patch.context() as patch:
            for name in ("CONNECTOR", "IMAGES", "IMAGES_SECRET", "PACKAGES", "PACKAGES_SECRET", "BASE_IMAGE"):
                patch.delenv(name, raising=False)
            for name, value in {**step["env"], "GITHUB_OUTPUT": str(self._outputs)}.items():
                patch.setenv(name, resolved(value, contexts))
            self.code = self.code or release.main(shlex.split(resolved(step["env"].get("ARGS", ""), contexts)))
        return dict(line.split("=", 1) for line in self._outputs.read_text().splitlines())

    @property
    def signed(self) -> list[dict[str, str]]:
        return [given for name, given in self.actions if name == "actions/attest"]


def resolved(text: str, contexts: dict[str, Any]) -> str:
    """The text with its expressions worked out; what is not set is empty."""

    def value(found: re.Match[str]) -> str:
        at: Any = contexts
        for part in found[1].removeprefix("fromJSON(").removesuffix(")").split("."):
            at = at.get(part, "") if isinstance(at, dict) else ""
        return str(at)

    return re.sub(r"\$\{\{ *(.+?) *\}\}", value, text)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an engine that only takes notes, and with dist/."""
    (tmp_path / "docker").write_text(ENGINE)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "log.there").write_text("")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("ENGINE_LOG", str(tmp_path / "log"))
    for module in (packages, release):
        monkeypatch.setattr(module, "DIST", tmp_path / "dist")
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def index() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """An index of packages that takes every upload: its address, and what came with which token."""
    came: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/upload", came
        server.shutdown()


def test_with_nothing_set_all_is_built_and_nothing_leaves(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = Run({}, {}, monkeypatch, home)
    assert (run.code, run.signed) == (0, [])
    assert run.connectors == sorted(folder.name for folder in ALL)
    calls = (home / "log").read_text().splitlines()
    assert {call.split()[0] for call in calls} == {"info", "build"}
    built = [call for call in calls if call.startswith("build ")]
    assert [re.findall(r"CONNECTOR=(\S+)", call) for call in built] == [[name] for name in run.connectors]
    assert capfd.readouterr().out.count("Dry run:") == len(ALL) + 1
    names = {path.name for path in (home / "dist").iterdir()}
    assert {f"{name}.image.cdx.json" for name in run.connectors} <= names
    for folder in package_folders():
        assert f"{packages.name_of(folder)}.cdx.json" in names
        assert len([name for name in names if name.startswith(packages.name_of(folder).replace("-", "_") + "-")]) == 2
    for line in (home / "dist" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((home / "dist" / name).read_bytes()).hexdigest() == digest
    uploaded = [given["path"] for name, given in run.actions if name == "actions/upload-artifact"]
    assert uploaded == ["dist/"] * (len(ALL) + 1)


def test_with_a_name_and_a_secret_all_is_pushed_uploaded_and_signed(
    home: Path,
    index: tuple[str, list[tuple[str, bytes]]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url, came = index
    variables = {"IMAGES": PLACE, "IMAGES_USER": "robot", "PACKAGES": url}
    run = Run(variables, {"IMAGES_SECRET": SECRET, "PACKAGES_SECRET": SECRET}, monkeypatch, home)
    said = capfd.readouterr()
    assert run.code == 0, said.err
    calls = (home / "log").read_text()
    for name in run.connectors:
        assert f"push {PLACE}/{name}:{image.version(name)}\n" in calls
        signed = [given for given in run.signed if given.get("subject-name") == f"{PLACE}/{name}"]
        assert [given["subject-digest"] for given in signed] == [DIGEST] * 2
        assert [given.get("sbom-path") for given in signed] == [None, f"dist/{name}.image.cdx.json"]
        assert all(given["push-to-registry"] == "True" for given in signed)
    assert run.signed[-1] == {"subject-checksums": "dist/SHA256SUMS"}
    assert len(came) == 2 * len(package_folders())
    assert len({token for token, _ in came}) == 1
    assert "login --username robot --password-stdin registry.example.com\n" in calls
    assert (home / "log.password").read_text() == SECRET
    assert SECRET not in calls + said.out + said.err


def test_a_version_that_is_there_already_is_not_pushed_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name = ALL[0].name
    (home / "log.there").write_text(f"{PLACE}/{name}:{image.version(name)}\n")
    run = Run({"IMAGES": PLACE}, {"IMAGES_SECRET": SECRET}, monkeypatch, home)
    assert run.code == 0
    assert f"{PLACE}/{name}:{image.version(name)} is there already" in capfd.readouterr().out
    assert {given["subject-name"] for given in run.signed} == {f"{PLACE}/{other}" for other in run.connectors[1:]}


@pytest.mark.parametrize("half", [{"IMAGES": PLACE}, {"IMAGES_SECRET": SECRET}])
def test_half_of_a_place_is_refused_before_anything_is_built(
    half: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**half, "CONNECTOR": ALL[0].name}.items():
        monkeypatch.setenv(name, value)
    assert release.main([]) == 1
    assert "nothing was published. Set both, or none for a dry run." in capfd.readouterr().err
    assert not (home / "log").exists()


@pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.name)
def test_the_bill_of_materials_holds_what_the_image_installs(folder: Path) -> None:
    base = image.base_of(folder.name)
    document = json.loads(sbom.of_package(folder, base))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["serialNumber"])
    parts = {part["name"]: part for part in document["components"]}
    # The Dockerfile installs the shared package's part of the lock.
    asked = runtime.dependencies((ROOT / "connectors" / "cdr" / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = re.findall(
        r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", runtime.subset(LOCK.read_text(encoding="utf-8"), asked), re.MULTILINE
    )
    listed = {(part["name"], part["version"]) for part in document["components"] if "purl" in part}
    assert listed == set(pinned)
    assert parts["airbyte/python-connector-base"]["hashes"][0]["content"] == base.partition("@sha256:")[2]
    assert all(len(one["content"]) == 64 for part in parts.values() for one in part.get("hashes", ()))
    # Whatever is referred to is there, once.
    references = [document["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in document["components"])]
    assert len(references) == len(set(references))
    assert {one for entry in document["dependencies"] for one in (entry["ref"], *entry["dependsOn"])} <= set(references)
    assert sbom.of_package(folder, base) == sbom.of_package(folder, base)


def test_the_workflow_names_no_place() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+", text) == []
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"IMAGES_SECRET", "PACKAGES_SECRET"}
