"""What a run came to, as text: tables, aims, and the whole of RESULTS.md."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from benchmarks import figures
from benchmarks.aims import AIMS
from benchmarks.environments import versions
from benchmarks.figures import Outcome, all_of, ratio, spread
from tools.install import ROOT

__all__ = ["Outcome", "aims", "document", "machine", "table"]

_READING = (
    "| | rows/s, median (least to most) | {first} is so many times as fast | CPU s for 100,000 rows | s, start-up "
    "| MiB, main process | MiB, largest helper |"
)
_SIZES = " MB written | bytes of the last state |"
_STARTING = "| | seconds, median (least to most) | times {first} | CPU s | MiB |"


def table(outcome: Outcome) -> str:
    """Return a case's figures as a table."""
    names = [entry.name for entry in outcome.case.entries]
    reads = outcome.case.entries[0].dataset is not None
    head = (_READING if reads else _STARTING).format(first=names[0]) + _SIZES * outcome.case.of_sizes
    lines = [head, "|---|" + "--:|" * (head.count("|") - 2)]
    for name in names:
        cells = _reading(outcome, name, names[0]) if reads else _starting(outcome, name, names[0])
        cells += _sizes(outcome, name) if outcome.case.of_sizes else []
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _reading(outcome: Outcome, name: str, first: str) -> list[str]:
    times = ratio(outcome, first, name, figures.rows_a_second)
    counts = all_of(outcome, name, figures.helpers)
    helper = median(all_of(outcome, name, figures.helper_memory))
    return [
        spread(all_of(outcome, name, figures.rows_a_second)).text(",.0f"),
        "" if times is None or name == first else times.text(".2f"),
        f"{median(all_of(outcome, name, figures.cpu_of_rows)):.2f}",
        f"{median(all_of(outcome, name, figures.start_up)):.2f}",
        f"{median(all_of(outcome, name, figures.main_memory)):.0f}",
        f"{helper:.0f}" if any(counts) else "none",
    ]


def _sizes(outcome: Outcome, name: str) -> list[str]:
    return [f"{median(all_of(outcome, name, figure)):,.0f}" for figure in (figures.written, figures.state)]


def _starting(outcome: Outcome, name: str, first: str) -> list[str]:
    times = ratio(outcome, name, first, figures.seconds)
    return [
        spread(all_of(outcome, name, figures.seconds)).text(".2f"),
        "" if times is None or name == first else times.text(".2f"),
        f"{median(cost.cpu for cost in outcome.costs[name]):.2f}",
        f"{median(all_of(outcome, name, figures.main_memory)):.0f}",
    ]


def aims(report: list[Outcome]) -> str:
    """Return the table of aims, as far as the run can say."""
    by_name = {outcome.case.name: outcome for outcome in report}
    lines = ["| aim | wanted | measured | met? |", "|---|--:|--:|---|"]
    for aim in AIMS:
        outcome = by_name.get(aim.case)
        measured = None if outcome is None else aim.measure(outcome)
        if measured is not None and outcome is not None:
            instead = aim.instead.measure(outcome) if aim.instead else None
            met = {True: "yes", False: "**missed**", None: ""}[aim.is_met(measured.middle, instead)]
            shown = measured.text(".2f") + (f"; {instead.text('.2f')}" if instead else "")
            lines.append(f"| {aim.text} | {aim.wanted()} | {shown} | {met} |")
    return "\n".join(lines)


def machine() -> str:
    """Return what the run runs on, and how busy that is."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    load = os.getloadavg()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load before the run {load:.1f}"
    )


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607  whatever git the developer uses
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip() or "unknown"


def document(report: list[Outcome], where: str, rounds: int, costs: str) -> str:
    """Return the whole of RESULTS.md."""
    pinned = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts = [
        "# Results",
        "",
        "Written by `make bench`; README.md says how to read it. Never edited by hand.",
        "",
        f"- {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, commit {_commit()}, {rounds} interleaved rounds",
        f"- {where}",
        f"- {pinned}",
        *_speed(report),
        "",
        "## Aims",
        "",
        "Ratios are taken round by round; given are their median, the least and the most.",
        "Start-up is left out everywhere, for every side. An aim with an `or` has two figures and is met by either.",
        "",
        aims(report),
        "",
        *(line for outcome in report for line in _section(outcome)),
        "## Where the time of a row goes",
        "",
        costs,
    ]
    return "\n".join(parts).rstrip() + "\n"


def _speed(report: list[Outcome]) -> list[str]:
    """How fast the machine was: aims in seconds, and those against peers that wait for answers, depend on it."""
    imports = [seconds for outcome in report for seconds in all_of(outcome, "import airbyte_cdk", figures.seconds)]
    if not imports:
        return []
    return [f"- `import airbyte_cdk` took {median(imports):.2f} s; 1.0 s where the aims were set"]


def _section(outcome: Outcome) -> list[str]:
    note = [outcome.case.note, ""] if outcome.case.note else []
    return [f"## {outcome.case.title}", "", _job(outcome), "", *note, table(outcome), ""]


def _job(outcome: Outcome) -> str:
    datasets = {entry.dataset for entry in outcome.case.entries if entry.dataset}
    if not datasets:
        return f"Case `{outcome.case.name}`."
    sizes = ", ".join(f"{data.rows:,} rows over {data.days} days" for data in sorted(datasets, key=lambda d: -d.rows))
    return f"Case `{outcome.case.name}`: {sizes}.".replace("over 1 days", "over 1 day")
