"""What has to be reached, and which figure of a run says whether it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figure, Outcome, Spread, all_of, ratio, spread

Measure = Callable[[Outcome], Spread | None]


@dataclass(frozen=True)
class Instead:
    """A second figure by which an aim is met as well, where the first one is at the machine's limit."""

    text: str
    measure: Measure
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, figure: float) -> bool:
        return (self.at_least is None or figure >= self.at_least) and (self.at_most is None or figure <= self.at_most)

    def wanted(self) -> str:
        return f"{self.text} {_bound(self.at_least, self.at_most)}"


@dataclass(frozen=True)
class Aim:
    """One aim.

    case:    the case that it is measured in
    measure: the figure, None where the run lacks it
    at_least, at_most: what the median is held against; a line without either is there to be compared with
    instead: another figure by which it is met
    """

    text: str
    case: str
    measure: Measure
    at_least: float | None = None
    at_most: float | None = None
    instead: Instead | None = None

    def is_met(self, figure: float, other: Spread | None = None) -> bool | None:
        if self.at_least is None and self.at_most is None:
            return None
        if self.instead is not None and other is not None and self.instead.is_met(other.middle):
            return True
        return (self.at_least is None or figure >= self.at_least) and (self.at_most is None or figure <= self.at_most)

    def wanted(self) -> str:
        wanted = _bound(self.at_least, self.at_most)
        return f"{wanted}, or {self.instead.wanted()}" if self.instead else wanted


def _bound(at_least: float | None, at_most: float | None) -> str:
    if at_least is not None:
        return f"at least {at_least:g}"
    return "no aim" if at_most is None else f"at most {at_most:g}"


def _times(other: str, name: str = "ours", figure: Figure = figures.rows_a_second) -> Measure:
    return lambda outcome: ratio(outcome, name, other, figure)


def _of(name: str, figure: Figure) -> Measure:
    def measure(outcome: Outcome) -> Spread | None:
        found = all_of(outcome, name, figure)
        return spread(found) if found else None

    return measure


_LARGE, _MIDDLE = "2,000,000 rows", "200,000 rows"


def _large_to_middle(figure: Figure) -> Measure:
    return _times(_MIDDLE, _LARGE, figure)


def _workers(case: str, text: str) -> Aim:
    twenty, ten = "ours, 20 workers", "ours, 10 workers"
    return Aim(
        f"50 ms, pages of 100, {text}: 20 workers, times 10 workers",
        case,
        _times(ten, twenty),
        1.7,
        instead=Instead("CPU a row", _times(ten, twenty, figures.cpu_of_rows), at_most=1.05),
    )


def _start_up(outcome: Outcome) -> Spread | None:
    """The start of every connector, times the import of the CDK, round by round."""
    alone, *specs = (all_of(outcome, entry.name, figures.seconds) for entry in outcome.case.entries)
    found = [one / least for seconds in specs for one, least in zip(seconds, alone, strict=False)]
    return spread(found) if found else None


AIMS: tuple[Aim, ...] = (
    Aim(
        "size: CPU a row at 2,000,000 rows, times 200,000", "size", _large_to_middle(figures.cpu_of_rows), at_most=1.05
    ),
    Aim("the same, memory of the main process", "size", _large_to_middle(figures.main_memory), at_most=1.05),
    Aim("the same, memory of the largest helper", "size", _large_to_middle(figures.helper_memory), at_most=1.05),
    Aim(
        "size: the last state at 2,000,000 rows, as a part of what it may take",
        "size",
        _of(_LARGE, figures.state_of_allowed),
        at_most=1,
    ),
    Aim(
        "0 ms: times dlt, not compressed and not normalising",
        "vonage-0ms",
        _times("dlt, not compressed"),
        1.3,
        instead=Instead("its CPU a row", _times("ours", "dlt, not compressed", figures.cpu_of_rows), at_least=1.3),
    ),
    Aim(
        "50 ms, 10 workers: times dlt with parallel days, not normalising",
        "vonage-50ms",
        _times("dlt, parallel days"),
        2,
    ),
    _workers("acefone-30", "30 windows"),
    _workers("acefone-1", "one window"),
    Aim("start-up: `spec` of every connector, times import airbyte_cdk", "start-up", _start_up, at_most=1.1),
    Aim(
        "VOXO, 300,000 rows in one answer: memory of the main process, times 20,000 rows",
        "voxo-300k",
        _times("20,000 rows", "300,000 rows", figures.main_memory),
    ),
    Aim(
        "PortSIP without a filter: memory of the main process, 3,000,000 rows, times 30,000",
        "portsip-no-filter",
        _times("30,000 rows", "3,000,000 rows", figures.main_memory),
    ),
    Aim("one core, 50 ms: 40 workers, times 4 workers", "forty-workers", _times("ours, 4 workers", "ours, 40 workers")),
    Aim("0 ms, same job: times dlt", "vonage-0ms", _times("dlt, normalising")),
    Aim("0 ms, same job: times dlt, not compressed", "vonage-0ms", _times("dlt, not compressed, normalising")),
    Aim("0 ms, same job: times singer-sdk", "vonage-0ms", _times("singer-sdk, normalising")),
    Aim("0 ms, same job: times CDK declarative", "vonage-0ms", _times("cdk, normalising")),
    Aim("one core: part of the floor's rows/s, 1 thread", "one-core", _times("floor, 1 thread")),
)
