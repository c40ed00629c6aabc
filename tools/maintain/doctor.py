"""docs/doctor.md: the doctor's table for every vendor as documented, and in three of its dialects.

`python -m tools.maintain.doctor --write` visits the simulators and writes the page; without it, the page is only held
against the list of visits.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from contextlib import redirect_stdout
from io import StringIO

from tools.install import ROOT
from tools.maintain.boilerplate import connector_folders, facts_of
from tools.maintain.dialects import tests_on_the_path

PAGE = ROOT / "docs" / "doctor.md"
_HEAD = """# What the doctor prints

`source-voxo doctor --config secrets/voxo.json` asks an account what it really does: see
[Your first sync with a real account](first-sync.md). These are its tables for the simulators, each vendor as documented
and in three [dialects](dialects.md). Written by `python -m tools.maintain.doctor --write`.
"""
_SPEED = re.compile(r"answers in \d+ ms")


def titles() -> list[str]:
    """Return the headings of all visits, in the order of the page."""
    with tests_on_the_path():
        known = importlib.import_module("vendors").known()
    found = []
    for folder in connector_folders():
        facts = facts_of(folder)
        shown = known[facts.vendor].shown if facts.vendor in known else ()
        found += [f"## {facts.title}", "### as documented", *(f"### {title}" for title in shown)]
    return found


def listed(page: str) -> list[str]:
    """Return the headings that the page has."""
    return re.findall(r"^###? .+$", page, re.MULTILINE)


def _visited(vendor: str, title: str) -> str:
    with tests_on_the_path(), redirect_stdout(StringIO()):  # the CDK prints its log
        cases, dialects = (importlib.import_module(name) for name in ("doctor_cases", "dialects"))
        dialect = next(one for one in dialects.DIALECTS if one.title == title)
        report, _ = cases.visited(vendor, dialect)
        table = importlib.import_module("cdr.doctor.table").table
        text = table(report.connector, report.vendor, report.requests, 40, report.findings)
    return "".join(f"    {line}".rstrip() + "\n" for line in _SPEED.sub("answers in 12 ms", text).splitlines())


def made() -> str:
    """Visit every account and return the page."""
    os.environ["CDR_WORKERS"] = "0"
    page = _HEAD
    vendor = ""
    vendors = {f"## {facts_of(folder).title}": facts_of(folder).vendor for folder in connector_folders()}
    for heading in titles():
        vendor = vendors.get(heading, vendor)
        page += f"\n{heading}\n"
        if heading not in vendors:
            page += f"\n{_visited(vendor, heading.removeprefix('### '))}"
    return page


def main() -> int:
    """Write the page, or say whether it has the visits that there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(made(), encoding="utf-8")
    same = PAGE.exists() and listed(PAGE.read_text(encoding="utf-8")) == titles()
    print("The page has every visit." if same else "docs/doctor.md is stale: python -m tools.maintain.doctor --write")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
