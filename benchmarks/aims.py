"""What has to be reached, and which figure of a run says whether it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figure, Outcome, Spread, all_of, ratio, spread
from benchmarks.plan import VENDORS


@dataclass(frozen=True)
class Aim:
    """One aim.

    case:    the case that it is measured in
    measure: the figure, None where the run lacks it
    at_least, at_most: what the median is held against; a line without either is there to be compared with
    """

    text: str
    case: str
    measure: Callable[[Outcome], Spread | None]
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, figure: float) -> bool | None:
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or figure >= self.at_least) and (self.at_most is None or figure <= self.at_most)

    def wanted(self) -> str:
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "no aim" if self.at_most is None else f"at most {self.at_most:g}"


Measure = Callable[[Outcome], Spread | None]


def _times(other: str, name: str = "ours", figure: Figure = figures.rows_a_second) -> Measure:
    return lambda outcome: ratio(outcome, name, other, figure)


def _of(name: str, figure: Figure) -> Measure:
    def measure(outcome: Outcome) -> Spread | None:
        found = all_of(outcome, name, figure)
        return spread(found) if found else None

    return measure


def _best_of(*names: str) -> Measure:
    """Against the fastest of several: the smallest ratio."""

    def measure(outcome: Outcome) -> Spread | None:
        found = [times for name in names if (times := ratio(outcome, "ours", name, figures.rows_a_second))]
        return min(found, default=None)

    return measure


def _slowest_start(outcome: Outcome) -> Spread | None:
    names = [f"spec, {vendor}" for vendor in VENDORS]
    found = [times for name in names if (times := ratio(outcome, name, "import airbyte_cdk", figures.seconds))]
    return max(found, default=None)


AIMS: tuple[Aim, ...] = (
    Aim("0 ms, same job: times dlt extract", "vonage-0ms", _times("dlt, normalising"), 2),
    Aim("the same, where dlt's files are not compressed", "vonage-0ms", _times("dlt, not compressed, normalising")),
    Aim("0 ms, same job: times singer-sdk", "vonage-0ms", _times("singer-sdk, normalising"), 3),
    Aim("0 ms, same job: times CDK declarative", "vonage-0ms", _times("cdk, normalising"), 4),
    Aim("0 ms, peers not normalising: times dlt extract", "vonage-0ms", _times("dlt"), 1.3),
    Aim("the same, where dlt's files are not compressed", "vonage-0ms", _times("dlt, not compressed")),
    Aim("0 ms, peers not normalising: times singer-sdk (msgspec)", "vonage-0ms", _times("singer-sdk"), 1.0),
    Aim("0 ms, peers not normalising: times CDK declarative", "vonage-0ms", _times("cdk"), 3),
    Aim("one core: part of the floor's rows/s, 1 thread", "one-core", _times("floor, 1 thread"), 0.8),
    Aim("one core: CPU s for 100,000 rows", "one-core", _of("ours", figures.cpu_of_rows), at_most=3.5),
    Aim(
        "50 ms, 10 workers, peers not normalising: times the best of dlt and singer-sdk",
        "vonage-50ms",
        _best_of("dlt", "singer-sdk"),
        3.5,
    ),
    Aim("the same against dlt with parallel days", "vonage-50ms", _times("dlt, parallel days")),
    Aim("50 ms, 10 workers, peers not normalising: times CDK declarative", "vonage-50ms", _times("cdk"), 2.3),
    Aim(
        "50 ms, pages of 100, 30 windows: 10 workers, times 2 workers",
        "acefone-30",
        _times("ours, 2 workers", "ours, 10 workers"),
        3.5,
    ),
    Aim(
        "50 ms, pages of 100, one window: 10 workers, times 2 workers",
        "acefone-1",
        _times("ours, 2 workers", "ours, 10 workers"),
        3.5,
    ),
    Aim(
        "memory of the main process: 30 days, times 5 days",
        "memory",
        _times("ours, 5 days", "ours, 30 days", figures.main_memory),
        at_most=1.3,
    ),
    Aim("MiB of the main process, 4 workers", "memory", _of("ours, 30 days", figures.main_memory), at_most=150),
    Aim("MiB of the largest helper, 4 workers", "memory", _of("ours, 30 days", figures.helper_memory), at_most=80),
    Aim("`spec` of the slowest connector, times `import airbyte_cdk`", "start-up", _slowest_start, at_most=1.15),
    Aim("helper processes of a sync of a few pages", "few-pages", _of("ours", figures.helpers), at_most=0),
)
