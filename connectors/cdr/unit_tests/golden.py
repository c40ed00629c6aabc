"""The golden vectors of specs/golden, and the mappings that they are about."""

import importlib
import json
from pathlib import Path
from typing import Any

from cdr.normaliser.fields import Fields

ROOT = Path(__file__).parents[3]
PACKAGES = {
    path.parent.name.removeprefix("source_").removesuffix("_calls"): path.parent.name
    for path in ROOT.glob("connectors/source-*/source_*/streams.py")
}
CASES: dict[str, list[dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("specs/golden/*.json"))
}
_DICTIONARIES = {
    "recordings": "RECORDING_FIELDS",
    "call_reports": "REPORT_FIELDS",
    "completed_call_reports": "COMPLETED_FIELDS",
}


def connected() -> list[tuple[str, dict[str, Any]]]:
    """(vendor, case) for each vendor that has a connector; the vectors may be there before it."""
    return [(vendor, case) for vendor, cases in CASES.items() if vendor in PACKAGES for case in cases]


def fields_of(vendor: str, stream: str) -> Fields:
    """The mapping of a stream, from its class, or from the dictionary that is to become one."""
    module = importlib.import_module(f"{PACKAGES[vendor]}.streams")
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and getattr(value, "name", "") == stream:
            fields: Fields = value.fields
            return fields
    dictionary: Fields = getattr(module, _DICTIONARIES.get(stream, "CALL_FIELDS"))
    return dictionary
