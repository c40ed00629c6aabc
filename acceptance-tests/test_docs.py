"""The documentation says what is so: the connectors' pages, the columns, the messages, and what is generated."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cdr.http import client
from cdr.schema.columns import COLUMNS, ISSUES, PERSONAL_FREE_TEXT, PERSONAL_NUMBERS, PERSONAL_PEOPLE, json_schema
from cdr.vendor.config import Config
from documentation import example_config, headings, read, section, table, text_of
from folders import ALL, any_folder, properties_of, written_folder
from tools.install import ROOT
from tools.maintain import docs, matrix
from tools.maintain.boilerplate import facts_of

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


@any_folder
def test_the_default_lookback_is_the_one_described(folder: Path) -> None:
    minutes = properties_of(folder)["lookback_window_minutes"]["default"]
    assert f"for the last {'day' if minutes == 24 * 60 else 'hour'}, because" in text_of(folder)
    table_of_time = (docs.DOCS / "time.md").read_text(encoding="utf-8")
    rows = table(section(table_of_time, "### How late may a call be?"))
    named = [row for row in rows if facts_of(folder).title.split()[0] in row[0]]
    (row,) = named or [row for row in rows if row[0] == "All others"]
    assert row[1].startswith(f"{minutes:,} min ")


def templates() -> list[str]:
    """Every text in the code of the connectors, with … where a value goes in."""
    found = []
    for path in [*ROOT.glob("connectors/cdr/cdr/**/*.py"), *ROOT.glob("connectors/source-*/source_*/*.py")]:
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
    assert f"No answer within {client.READ_SECONDS:.0f} seconds." in read("troubleshooting.md")
    assert f"nothing took the connection within {client.CONNECT_SECONDS:.0f} seconds" in read("troubleshooting.md")


# Generated parts and columns


def test_generated_parts_are_up_to_date() -> None:
    stale = [path.name for path, text in docs.generated().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "python -m tools.maintain.docs --write"


@pytest.mark.parametrize("stream", docs.STREAMS)
def test_every_column_is_documented(stream: str) -> None:
    rows = table(section(read("canonical-schema.md"), f"## {stream}"))
    assert [row[0] for row in rows] == [f"`{name}`" for name in COLUMNS[stream]]
    incomplete = [row[0] for row in rows if not all(row)]
    assert incomplete == []
    assert all(row[3].startswith(("Null", "Never null", "Empty")) for row in rows)


@pytest.mark.parametrize("stream", docs.STREAMS)
def test_every_example_fits_its_column(stream: str) -> None:
    row, schema = docs.example(stream), json_schema(stream)
    assert list(row) == list(schema["properties"])
    jsonschema.validate(row, {**schema, "additionalProperties": False})
    assert [name for name, value in row.items() if value is None] == []


def test_every_word_of_issues_and_every_kind_is_explained() -> None:
    text = read("canonical-schema.md")
    assert [row[0].strip("`") for row in table(section(text, "### Issues"))] == list(ISSUES)
    described = json_schema("call_records")["properties"]["from_number_kind"]["description"]
    kinds = {row[0].strip("`") for row in table(section(text, "### Kinds of numbers"))}
    assert kinds == set(re.findall(r"\b(?:e164|extension|sip_uri|anonymous|unparsed|absent)\b", described))


def test_all_personal_columns_are_on_the_privacy_page() -> None:
    shown = {row[0].strip("`") for row in table(section(read("privacy.md"), "## The personal columns, in one row"))}
    personal = PERSONAL_NUMBERS | PERSONAL_PEOPLE | PERSONAL_FREE_TEXT
    assert shown == personal & set(COLUMNS["call_records"])
