"""What is odd about the form of the answers: their bytes, their keys, the kinds of their values, their times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cdr.doctor.asking import Asker, Call
from cdr.doctor.sample import Sample
from cdr.normaliser.timestamps import PARSERS
from cdr.reading.findings import OK, Finding

_KINDS: Final = {str: "s", int: "n", float: "n", bool: "b", list: "l", dict: "o"}
_KIND_NAMES: Final = {"s": "text", "n": "numbers", "b": "booleans", "l": "lists", "o": "objects"}


def shape_findings(asker: Asker, sample: Sample) -> Iterator[Finding]:
    """What is odd about the form of all answers that came, those without calls among them."""
    expected = "answers as documented"
    marks = {**asker.watched.marks, **asker.marks}
    if sample.wrapped:
        marks["puts the list of calls into an object"] = sample.wrapped
    if sample.repaired and not any("UTF-8" in mark for mark in marks):
        marks["sends characters that JSON does not allow"] = sample.repaired
    unreadable = sum("value_unreadable" in call.issues for call in sample.calls)
    if unreadable:
        marks[f"sends {unreadable} calls with a value that cannot be read"] = unreadable
    charges = [str(call.row.get("charge_amount") or "") for call in sample.calls]
    if minus := sum(charge.startswith("-") for charge in charges):
        marks["prints amounts with a minus, and they are kept so"] = minus
    marks.update(_keys_and_kinds(asker, sample.calls))
    marks.update(_forms_of_times(asker, sample.calls))
    for mark, count in marks.items():
        effect = "none: such answers are read" if not mark.endswith("read") else "`value_unreadable` marks them"
        yield Finding("shape", expected, mark, evidence=f"seen {count} times", effect=effect)
    if not marks:
        yield Finding("shape", expected, expected, f"{len(sample.calls)} calls", severity=OK)


def _keys_and_kinds(asker: Asker, calls: list[Call]) -> dict[str, int]:
    """Keys that no page of the vendor has, and values of another kind than it shows."""
    parts = [part.partition(":") for part in asker.stream.documented.split()]
    known = {key: kinds or "s" for key, _, kinds in parts}
    unknown: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for key, value in (pair for call in calls for pair in _members(call.source, known)):
        kind = _KINDS.get(type(value), "")
        if key not in known:
            unknown[key] += 1
        elif kind and kind not in known[key]:
            others[f"sends {_KIND_NAMES[known[key][-1]]} as {_KIND_NAMES[kind]}"] += 1
    found = dict(others)
    if known and unknown:
        found[f"sends {len(unknown)} keys that its page does not have"] = len(calls)
    return found


def _members(source: Any, known: Mapping[str, str], above: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of a row with their values; those of an object where its own keys are known."""
    for name, value in source.items() if isinstance(source, dict) else ():
        yield f"{above}{name}", value
        if isinstance(value, dict) and any(key.startswith(f"{above}{name}.") for key in known):
            yield from _members(value, known, f"{above}{name}.")


def _forms_of_times(asker: Asker, calls: list[Call]) -> dict[str, int]:
    """Times that can be read, but are not printed in the documented form."""
    reader: Any = asker.stream.fields.get("started_at")
    parse = PARSERS.get(getattr(reader, "format", ""), getattr(reader, "parse", None))
    if parse is None:
        return {}
    find = reader.compile_raw()
    read = [call.source for call in calls if isinstance(call.source, dict) and call.row.get("started_at")]
    texts = [text for source in read if isinstance(text := find(source), str)]
    others = sum(parse(text.strip()) is None for text in texts)
    return {"prints its times in another form of ISO 8601": others} if others else {}
