"""The documentation says what is so: its headings, its links, its generated parts, its messages, its commands.

A fenced `sh` block is run here. One that cannot be has a marker with the reason in front of it:
`<!-- not run: reason -->`; one that needs a vendor has `<!-- run with: simulator -->`.
"""

import ast
import dataclasses
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml

from cdr import client, record
from cdr.config import Config
from folders import ALL, WRITTEN, any_folder, properties_of, written_folder
from tools import docs, matrix
from tools.__main__ import VERBS
from tools.boilerplate import facts_of
from tools.install import ROOT

ADRS = sorted((ROOT / "specs" / "adr").glob("[0-9]*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *docs.DOCS.rglob("*.md"), *(ROOT / "specs" / "adr").glob("*.md")])
PICTURES = sorted((docs.DOCS / "images").glob("*.svg"))
any_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(folder: Path) -> str:
    return docs.page_of(folder).read_text(encoding="utf-8")


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ .+$", without_fences(text), re.MULTILINE)


def section(text: str, heading: str) -> str:
    """The text between a heading and the next one of any level."""
    return re.split(r"^#+ .+$", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """The cells of the first table's rows, without its head."""
    rows = re.search(r"(^\|.*\|\n)+", text, re.MULTILINE)
    assert rows, "there is no table"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[0].splitlines()[2:]]


# The connectors' pages


@any_folder
def test_a_page_has_the_headings_of_airbyte_in_their_order(folder: Path) -> None:
    name = facts_of(folder).title
    assert headings(text_of(folder)) == [
        f"# {name}",
        "## Prerequisites",
        "## Setup guide",
        f"### Set up {name}",
        "### For Airbyte Cloud:",
        "### For Airbyte Open Source:",
        f"### Set up the {name} connector in Airbyte",
        "### For Airbyte Cloud:",
        "### For Airbyte Open Source:",
        "## Supported sync modes",
        "## Supported Streams",
        "### Performance considerations",
        "## Data type map",
        "## Limitations & Troubleshooting",
        "### Tutorials",
        "## Changelog",
    ]


@any_folder
def test_every_section_says_something(folder: Path) -> None:
    parts = re.split(r"^#+ .+$", text_of(folder), flags=re.MULTILINE)[1:]
    # "Setup guide" is followed by its first subsection.
    assert [index for index, part in enumerate(parts) if not part.strip()] == [2]


@any_folder
def test_the_introduction_is_hidden_in_the_user_interface(folder: Path) -> None:
    assert re.match(r"# .+\n\n<HideInUI>\n\n.+?\n\n</HideInUI>\n\n## ", text_of(folder), re.DOTALL)


@any_folder
def test_the_prerequisites_name_every_required_setting_by_its_title(folder: Path) -> None:
    schema = matrix.specification(folder)
    said = section(text_of(folder), "## Prerequisites")
    titles = [schema["properties"][name]["title"] for name in schema["required"]]
    assert [title for title in titles if f"**{title}**" not in said] == []


@any_folder
def test_every_setting_that_a_page_names_exists(folder: Path) -> None:
    titles = {one["title"] for one in titled(properties_of(folder))}
    named = {" ".join(found.split()) for found in re.findall(r"\*\*([A-Z][^*]+)\*\*", text_of(folder))}
    others = {"Incremental | Append + Deduped", "Account Administrator", "Admin", "QueueManager", "Reports"}
    others |= {facts_of(folder).title, "An ordinary user sees its own calls only, and gets no error."}
    # The common rows of troubleshooting speak of a setting that one vendor has.
    others |= {"Token URL", "Time zone"}
    assert named - titles - others == set()


def titled(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            yield part
        for inner in part.values():
            yield from titled(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from titled(inner)


@any_folder
def test_the_changelog_ends_at_the_published_version(folder: Path) -> None:
    versions = [row[0] for row in table(section(text_of(folder), "## Changelog"))]
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    project = re.search(r'^version = "(.+)"$', (folder / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert project
    assert versions[0] == metadata["dockerImageTag"] == project[1]
    assert re.search(r"## Changelog\n\n<details>\n.+\n</details>\n$", text_of(folder), re.DOTALL)


@written_folder
def test_the_streams_are_those_of_the_code(folder: Path) -> None:
    source = importlib.import_module(f"{facts_of(folder).module}.source")
    streams = getattr(source, facts_of(folder).class_name).streams
    rows = table(section(text_of(folder), "## Supported Streams"))
    assert [row[0] for row in rows] == [f"`{stream.name}`" for stream in streams]
    for row, stream in zip(rows, streams, strict=True):
        assert row[1] == f"`{stream.primary_key}`"
        assert row[2] == (f"`{stream.cursor}`" if stream.cursor else "none, Full Refresh only")
        assert row[3].startswith(f"`GET {stream.endpoint}`")


@any_folder
def test_the_example_configuration_is_a_valid_one(folder: Path) -> None:
    Config(example_config(folder), matrix.specification(folder))


def example_config(folder: Path) -> dict[str, Any]:
    (found,) = re.findall(r"^```json\n(.+?)^```$", text_of(folder), re.MULTILINE | re.DOTALL)
    config: dict[str, Any] = json.loads(found)
    return config


@any_folder
def test_the_default_lookback_is_the_one_described(folder: Path) -> None:
    minutes = properties_of(folder)["lookback_window_minutes"]["default"]
    assert f"for the last {'day' if minutes == 24 * 60 else 'hour'}, because" in text_of(folder)
    table_of_time = (docs.DOCS / "time.md").read_text(encoding="utf-8")
    (row,) = (
        row
        for row in table(section(table_of_time, "### How late may a call be?"))
        if facts_of(folder).title.split()[0] in row[0]
    )
    assert row[1].startswith(f"{minutes:,} min ")


def templates() -> list[str]:
    """Every text in the code of the connectors, with … where a value goes in."""
    found = []
    for path in [*ROOT.glob("connectors/cdr/cdr/*.py"), *ROOT.glob("connectors/source-*/source_*/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def test_every_message_is_quoted_in_the_code_s_own_words() -> None:
    messages = [row[0] for row in table(section(read("troubleshooting.md"), "## Messages of every connector"))]
    for folder in ALL:
        own, marker, _ = text_of(folder).partition("\nWhat every connector says")
        assert marker
        if "What only this connector says" in own:
            messages += [row[0] for row in table(own.partition("What only this connector says")[2])]
    said = templates()
    unsaid = []
    for message in messages:
        pattern = re.compile(".*".join(re.escape(part) for part in message.split("…")), re.DOTALL)
        if not any(pattern.search(template) for template in said):
            unsaid.append(message)
    assert unsaid == []
    assert len(messages) > 25


def test_the_waits_described_are_those_of_the_client() -> None:
    said = f"No answer within {client.READ_SECONDS:.0f} seconds, or no connection within {client.CONNECT_SECONDS:.0f} "
    assert said in read("troubleshooting.md")


def read(name: str) -> str:
    return (docs.DOCS / name).read_text(encoding="utf-8")


# Generated parts and columns


def test_generated_parts_are_up_to_date() -> None:
    stale = [path.name for path, text in docs.generated().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "python -m tools.docs --write"


@pytest.mark.parametrize("stream", docs.STREAMS)
def test_every_column_is_documented(stream: str) -> None:
    rows = table(section(read("canonical-schema.md"), f"## {stream}"))
    assert [row[0] for row in rows] == [f"`{name}`" for name in record.COLUMNS[stream]]
    incomplete = [row[0] for row in rows if not all(row)]
    assert incomplete == []
    assert all(row[3].startswith(("Null", "Never null", "Empty")) for row in rows)


@pytest.mark.parametrize("stream", docs.STREAMS)
def test_every_example_fits_its_column(stream: str) -> None:
    row, schema = docs.example(stream), record.schema(stream)
    assert list(row) == list(schema["properties"])
    jsonschema.validate(row, {**schema, "additionalProperties": False})
    assert [name for name, value in row.items() if value is None] == []


def test_every_word_of_issues_and_every_kind_is_explained() -> None:
    text = read("canonical-schema.md")
    assert [row[0].strip("`") for row in table(section(text, "### Issues"))] == list(record.ISSUES)
    described = record.schema("call_records")["properties"]["from_number_kind"]["description"]
    kinds = {row[0].strip("`") for row in table(section(text, "### Kinds of numbers"))}
    assert kinds == set(re.findall(r"\b(?:e164|extension|sip_uri|anonymous|unparsed|absent)\b", described))


def test_all_personal_columns_are_on_the_privacy_page() -> None:
    shown = {row[0].strip("`") for row in table(section(read("privacy.md"), "## The personal columns, in one row"))}
    personal = record.PERSONAL_NUMBERS | record.PERSONAL_PEOPLE | record.PERSONAL_FREE_TEXT
    assert shown == personal & set(record.COLUMNS["call_records"])


# Links, pictures, decisions


@any_page
def test_links_are_https_only(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\bhttp://(?!localhost|127\.0\.0\.1|www\.w3\.org)\S+", text) == []


@any_page
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_fences(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown page has for its headings."""
    texts = (heading.lstrip("# ").lower() for heading in headings(page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-") for text in texts}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small_says_what_it_shows_and_fetches_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314  our own file
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert len(text) < 10_000
    assert re.findall(r"href|url\((?!#)|<image|<script", text) == []
    # A ground of its own, so that dark text shows on a dark page as well.
    first = next(part for part in root if part.tag.endswith("rect"))
    assert (first.get("width"), first.get("height")) == tuple((root.get("viewBox") or "").split()[2:])
    assert any(picture.name in page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("decision", ADRS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_and_is_listed(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    title, *parts = headings(text)
    assert title.startswith(f"# {decision.name[:4]}: ")
    assert parts == ["## Context", "## Decision", "## Consequences", "## What would make us change it"]
    listed = (decision.parent / "README.md").read_text(encoding="utf-8")
    assert f"[{decision.name[:4]}]({decision.name}) | {title.partition(': ')[2]} |" in listed


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [path.name[:4] for path in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]


# Commands


class Block(NamedTuple):
    page: Path
    marker: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.stem}: {self.text.splitlines()[0][:60]}"


def blocks(language: str) -> list[Block]:
    fence = re.compile(rf"(?:^<!-- ([^\n]+) -->\n)?^```{language}\n(.+?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(page, found[1] or "", found[2]) for page in PAGES for found in fence.finditer(page.read_text("utf-8"))
    ]


SHELL = blocks("sh")


def test_every_shell_block_is_run_or_says_why_not() -> None:
    known = re.compile(r"(not run: .{10,}|run with: simulator|end|)")
    assert [block.name for block in SHELL if not known.fullmatch(block.marker)] == []
    # A block in another language of the shell would slip through.
    fences = [name for page in PAGES for name in re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)]
    assert set(fences[::2]) <= {"sh", "json", "python", "terraform"}
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
        (folder / f"{vendor.replace('_', '-')}.json").write_text(json.dumps(config), encoding="utf-8")
    wanted = {name.replace("-", "_") for name in re.findall(r"secrets/([\w-]+)\.json", text)}
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
