"""What the pages in docs/ say that the code knows better: columns, settings, privacy, faults, windows, versions.

Generated text stands between markers; `python -m tools.maintain.docs --write` writes it, and the tests compare it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from cdr.normaliser.phone_numbers import resolve_number
from cdr.normaliser.privacy import Privacy
from cdr.schema.columns import COLUMNS, PERSONAL_FREE_TEXT, PERSONAL_NUMBERS, PERSONAL_PEOPLE, json_schema
from cdr.vendor.stream import Stream
from tools.install import ROOT
from tools.maintain import dbt_package, imports, matrix
from tools.maintain.boilerplate import connector_folders, facts_of
from tools.maintain.example_sync import worked_through
from tools.maintain.faults import fault_matrix, fault_table

DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
STREAMS = ("call_records", "recordings", "recording_files", "call_reports", "completed_call_reports")

_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_VERSION_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\S+) \| (.+) \|$", re.MULTILINE)
_NULL_RULE = re.compile(r"\bnull\b|Empty where", re.IGNORECASE)
_LONGEST_EXAMPLE = 48


def page_of(folder: Path) -> Path:
    """Return the page of a connector."""
    return DOCS / "integrations" / "sources" / f"{facts_of(folder).name}.md"


def example(stream: str) -> dict[str, Any]:
    """Return the invented row of a stream that the pages take their examples from."""
    row: dict[str, Any] = json.loads((EXAMPLES / f"{stream}.json").read_text(encoding="utf-8"))
    return row


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def columns(stream: str) -> str:
    """Return the table of a stream's columns, in the order of the schema."""
    row, properties = example(stream), json_schema(stream)["properties"]
    head = ("Column", "Type and unit", "Meaning", "Null", "Privacy", "Example")
    return table(head, [_column(name, part, row[name]) for name, part in properties.items()])


def _column(name: str, part: dict[str, Any], value: Any) -> tuple[str, ...]:
    meaning, null = (text.replace("<", "&lt;").replace(">", "&gt;") for text in said_of(part["description"]))
    return f"`{name}`", _type(name, part), meaning, null, privacy_class(name), f"`{_short(value)}`"


def said_of(description: str) -> tuple[str, str]:
    """Split a description of the schema into the meaning and the rule for null."""
    sentences = re.split(r"(?<=[.])\s+(?=[A-Z])", description)
    sentences = [one for one in sentences if one != "Personal."]
    rules = [one for one in sentences if _NULL_RULE.search(one)]
    meaning = " ".join(one for one in sentences if one not in rules)
    if len(rules) == 1 and "; " in rules[0] and not rules[0].startswith(("Null", "Never", "Empty")):
        said, _, rule = rules[0].rpartition("; ")
        said_of_both = "Null otherwise." if rule == "else null." else rule[0].upper() + rule[1:]
        return f"{meaning} {said}.".strip(), said_of_both
    return meaning, " ".join(rules)


def _type(name: str, part: dict[str, Any]) -> str:
    kinds = [part["type"]] if isinstance(part["type"], str) else [kind for kind in part["type"] if kind != "null"]
    units = {"_seconds": "seconds", "_percent": "percent", "_e164": "E.164", "file_size": "bytes", "_bytes": "bytes"}
    unit = next((unit for suffix, unit in units.items() if name.endswith(suffix)), None)
    if part.get("format") == "date-time":
        unit = "RFC 3339, UTC"
    if name == "charge_amount":
        unit = "exact decimal, in `charge_currency`"
    return f"{kinds[0]}, {unit}" if unit else kinds[0]


def privacy_class(name: str) -> str:
    """Return which rule of the privacy modes a column falls under; a dash where it stays as it is."""
    if name in PERSONAL_NUMBERS:
        return "number"
    if name in PERSONAL_PEOPLE:
        return "person"
    return "free text" if name in PERSONAL_FREE_TEXT else "-"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return text if len(text) <= _LONGEST_EXAMPLE else text[: _LONGEST_EXAMPLE - 1] + "…"


def coverage() -> str:
    """Return which connector fills which column of `call_records`, of the connectors that have a source."""
    streams = {facts_of(folder).title: _calls(folder) for folder in connector_folders()}
    shared = {"record_id", "vendor", "account_id", "issues", "raw", "schema_version"}
    shared |= {f"{side}_{word}" for side in ("from", "to") for word in ("number_e164", "number_kind", "country")}
    rows = [
        (f"`{name}`", *("yes" if name in stream.fields else "" for stream in streams.values()))
        for name in COLUMNS["call_records"]
        if name not in shared
    ]
    return table(("Column", *streams), rows)


def _calls(folder: Path) -> type[Stream]:
    return next(one for one in matrix.streams_of(folder) if getattr(one, "name", "") == "call_records")


def privacy() -> str:
    """Return what each mode makes of the personal columns of the example row."""
    names = COLUMNS["call_records"]
    modes = [Privacy("none"), Privacy("hash", "example-salt"), Privacy("mask"), Privacy("drop")]
    rows = []
    for mode in modes:
        row = example("call_records")
        hide = mode.compile(names, partial(resolve_number, region="GB", bare_country_codes=True))
        if hide:
            hide(row)
        rows.append(row)
    head = ("Column", "Class", *(f"`{mode.mode}`" for mode in modes))
    personal = [name for name in names if privacy_class(name) != "-"]
    return table(
        head, [(f"`{name}`", privacy_class(name), *(f"`{_cut(row[name])}`" for row in rows)) for name in personal]
    )


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return text if len(text) <= 24 else text[:16] + "…"  # noqa: PLR2004  a hash is known by its first digits


def settings(folder: Path) -> str:
    """Return the table of a connector's settings, by the titles of its form."""
    schema = matrix.specification(folder)
    parts = sorted(schema["properties"].items(), key=lambda item: item[1].get("order", 0))
    rows = []
    for name, part in parts:
        default = json.dumps(part["default"]) if "default" in part else ""
        needed = "required" if name in schema["required"] else f"`{default}`" if default else "-"
        rows.append((part["title"], f"`{name}`", needed, part["description"]))
        for variant in part.get("oneOf", ()):
            inner = [one["title"] for one in variant["properties"].values() if "title" in one]
            given = f" Asks for: {', '.join(inner)}." if inner else ""
            rows.append((f"{part['title']}: {variant['title']}", "", "", variant["description"] + given))
    return table(("Setting", "Key", "Default", "Meaning"), rows)


def changelog(folder: Path) -> str:
    """Return the versions of a connector, newest first, from its CHANGELOG.md."""
    text = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    return table(("Version", "Date", "What you see"), [tuple(row) for row in _VERSION_ROW.findall(text)])


def common_faults() -> str:
    """Return the messages that every connector can give, from the page that explains them."""
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    return text.partition("<!-- common -->\n")[2].partition("<!-- end common -->")[0]


def generated() -> dict[Path, str]:
    """Return every page with its generated parts, and every generated file of the dbt package, as they have to be."""
    blocks: dict[Path, dict[str, Callable[[], str]]] = {
        DOCS / "canonical-schema.md": {
            **{f"columns_{stream}": partial(columns, stream) for stream in STREAMS},
            "coverage": coverage,
        },
        DOCS / "architecture.md": {"plan": imports.plan},
        DOCS / "privacy.md": {"privacy": privacy},
        DOCS / "time.md": {"windows": worked_through},
        DOCS / "troubleshooting.md": {"faults": fault_table, "fault_matrix": fault_matrix},
    }
    for folder in connector_folders(written=False):
        blocks[page_of(folder)] = {
            "settings": partial(settings, folder),
            "changelog": partial(changelog, folder),
            "common": common_faults,
        }
    return {**{path: _filled(path, parts) for path, parts in blocks.items()}, **dbt_package.generated()}


def _filled(path: Path, parts: dict[str, Callable[[], str]]) -> str:
    text = path.read_text(encoding="utf-8")
    if {match[2] for match in _BLOCK.finditer(text)} != set(parts):
        raise ValueError(f"{path.name} has to have the generated parts {', '.join(parts)}, each once")
    return _BLOCK.sub(lambda match: match[1] + parts[match[2]]() + match[3], text)


def main() -> int:
    """Write the generated parts, or say which pages are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write, stale = parser.parse_args().write, []
    for path, text in generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
            if write:
                path.write_text(text, encoding="utf-8")
    print("\n".join(stale) if stale else "Every page is up to date.")
    return 1 if stale and not write else 0


if __name__ == "__main__":
    sys.exit(main())
