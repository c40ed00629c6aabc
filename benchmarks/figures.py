"""Figures of a run: medians, spreads, and ratios round by round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from benchmarks.measure import Cost
from benchmarks.plan import Case, Entry

_PER = 100_000
_SHORTEST = 0.001  # seconds; a handful of rows may take as long as a few thousand
# What the contract allows a state: bytes, and bytes for a row in the lookback.
_STATE, _STATE_A_ROW, _MOST_STATE = 2048, 10, 256 * 1024


@dataclass(frozen=True)
class Outcome:
    """A case, and what each of its entries cost in each round."""

    case: Case
    costs: dict[str, list[Cost]] = field(default_factory=dict)

    def entry(self, name: str) -> Entry | None:
        return next((entry for entry in self.case.entries if entry.name == name and self.costs.get(name)), None)


class Spread(NamedTuple):
    """The middle of several figures, and the least and the most of them."""

    middle: float
    least: float
    most: float

    def text(self, form: str) -> str:
        return f"{self.middle:{form}} ({self.least:{form}} to {self.most:{form}})"


def spread(figures: list[float]) -> Spread:
    """Return the median of figures, and their ends."""
    return Spread(median(figures), min(figures), max(figures))


Figure = Callable[[Entry, Cost], float]


def rows_a_second(entry: Entry, cost: Cost) -> float:
    """Rows by the time of the whole process without its start-up."""
    return entry.dataset.rows / max(cost.seconds - cost.start_seconds, _SHORTEST) if entry.dataset else 0.0


def cpu_of_rows(entry: Entry, cost: Cost) -> float:
    """Seconds of processor time for 100,000 rows, helper processes included and the start-up not."""
    return max(cost.cpu - cost.start_cpu, _SHORTEST) * _PER / entry.dataset.rows if entry.dataset else 0.0


def start_up(_: Entry, cost: Cost) -> float:
    """Seconds for a handful of rows."""
    return cost.start_seconds


def written(_: Entry, cost: Cost) -> float:
    """Megabytes of rows that were left behind."""
    return cost.written / 1_000_000


def state(_: Entry, cost: Cost) -> float:
    """Bytes of the last state."""
    return float(cost.state)


def state_of_allowed(_: Entry, cost: Cost) -> float:
    """The last state, as a part of what the contract allows it."""
    return cost.state / min(_STATE + _STATE_A_ROW * cost.lookback, _MOST_STATE)


def seconds(_: Entry, cost: Cost) -> float:
    """Seconds from start to end."""
    return cost.seconds


def main_memory(_: Entry, cost: Cost) -> float:
    """MiB of the main process."""
    return cost.main_mib


def helper_memory(_: Entry, cost: Cost) -> float:
    """MiB of the largest helper process."""
    return cost.helper_mib


def helpers(_: Entry, cost: Cost) -> float:
    """How many helper processes were seen."""
    return float(cost.helpers)


def all_of(outcome: Outcome, name: str, figure: Figure) -> list[float]:
    """Return a figure of an entry for each round; nothing where the entry was not run."""
    entry = outcome.entry(name)
    return [figure(entry, cost) for cost in outcome.costs[name]] if entry else []


def ratio(outcome: Outcome, name: str, other: str, figure: Figure) -> Spread | None:
    """Return by how much an entry's figure exceeds another's, round by round; None where one was not run."""
    pairs = zip(all_of(outcome, name, figure), all_of(outcome, other, figure), strict=False)
    found = [one / another for one, another in pairs if another]
    return spread(found) if found else None
