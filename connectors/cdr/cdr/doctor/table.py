"""The doctor's report for people: a table that can be read in a terminal and pasted into a bug report as it is."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from cdr.reading.findings import ACTION, HANDLED, OK, UNKNOWN, Finding

_WIDTH: Final = 110
_POINT: Final = 13
_SEVERITY: Final = 9
_BELOW: Final = (("evidence", "evidence"), ("effect", "effect"), ("to do", "advice"))


def table(connector: str, vendor: str, requests: int, most: int, findings: Sequence[Finding]) -> str:
    """All findings: point, severity, what was expected, what the account does; below evidence, effect, what to do."""
    lines = [f"{connector} ({vendor}): {requests} of at most {most} requests", ""]
    lines += _row("POINT", "", "EXPECTED", "FOUND")
    lines.append("-" * _WIDTH)
    for finding in findings:
        lines += _row(finding.point, finding.severity, finding.expected, finding.found)
        for name, attribute in _BELOW:
            text = getattr(finding, attribute)
            if text and (finding.severity != OK or name == "evidence"):
                lines += _below(name, text)
    return "\n".join([*lines, "", _summary(findings)])


def _row(point: str, severity: str, expected: str, found: str) -> list[str]:
    wide = (_WIDTH - _POINT - _SEVERITY - 2) // 2
    left, right = wrap(expected, wide) or [""], wrap(found, wide) or [""]
    height = max(len(left), len(right))
    names = [(point, severity), *[("", "")] * (height - 1)]
    left += [""] * (height - len(left))
    right += [""] * (height - len(right))
    return [
        f"{one[0]:<{_POINT}}{one[1]:<{_SEVERITY}}{here:<{wide}}  {there}".rstrip()
        for one, here, there in zip(names, left, right, strict=True)
    ]


def _below(name: str, text: str) -> list[str]:
    indent = " " * (_POINT + _SEVERITY)
    return wrap(f"{name}: {text}", _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")


def _summary(findings: Sequence[Finding]) -> str:
    counted = {one: sum(finding.severity == one for finding in findings) for one in (ACTION, HANDLED, UNKNOWN, OK)}
    if counted[ACTION]:
        sentence = "Something needs a person: see “to do”."
    elif counted[HANDLED]:
        sentence = "The vendor differs from its documents, and a sync copes."
    else:
        sentence = "Nothing needs a person."
    return f"{', '.join(f'{count} {name}' for name, count in counted.items() if count)}. {sentence}"
