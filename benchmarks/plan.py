"""What is measured: cases, and the entries that run against each other in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.calls import Dataset
from tools.maintain.boilerplate import connector_folders, facts_of

PEERS = ("singer-sdk", "dlt", "cdk")
VENDORS = tuple(facts_of(folder).name for folder in connector_folders())


@dataclass(frozen=True)
class Entry:
    """One contender in one form.

    name:      how tables and aims call it, once a case
    contender: ours, floor, drain, singer-sdk, dlt, cdk, or for the start-up: spec, import
    dataset:   what it reads, None where it reads nothing
    latency:   milliseconds before each answer
    workers:   requests at once, where the contender can
    same:      whether it normalises; ours always does
    cores:     how many cores it is held to, 0 for all
    environment: variables that set it up
    rounds:    in how many rounds it runs at most, 0 for all of them
    """

    name: str
    contender: str
    dataset: Dataset | None
    latency: int = 0
    workers: int = 1
    same: bool = True
    cores: int = 0
    environment: tuple[tuple[str, str], ...] = ()
    rounds: int = 0


@dataclass(frozen=True)
class Case:
    """Entries that run in turn, round by round. Ratios are to the first one.

    of_sizes: whether the sizes of output and state are shown
    times:    how often a round runs it: what takes two seconds is measured more often
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    note: str = ""
    of_sizes: bool = False
    times: int = 1


def _peers(dataset: Dataset, latency: int, workers: int, *, same: bool) -> tuple[Entry, ...]:
    suffix = ", normalising" if same else ""
    alone = {"singer-sdk": 1, "dlt": 1, "cdk": workers}
    return tuple(Entry(peer + suffix, peer, dataset, latency, alone[peer], same) for peer in PEERS)


def _dlt_uncompressed(dataset: Dataset, *, same: bool) -> Entry:
    name = f"dlt, not compressed{', normalising' if same else ''}"
    return Entry(name, "dlt", dataset, same=same, environment=(("DATA_WRITER__DISABLE_COMPRESSION", "true"),))


def _by_workers(dataset: Dataset, counts: tuple[int, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(f"ours, {workers} workers", "ours", dataset, 50, workers) for workers in counts)


SIZES = (20_000, 200_000, 2_000_000)
_LARGE = 3_000_000


def sized(rows: int) -> Entry:
    """Our connector, and so many calls of Vonage over 90 days. Millions are read in one round: they take minutes."""
    dataset = Dataset("vonage_business", rows, 90)
    return Entry(f"{rows:,} rows", "ours", dataset, workers=4, rounds=int(rows > _LARGE))


# No number of calls on a day is round: such an answer might have been cut off, and is doubted.
def _heavy(month: Dataset) -> tuple[Case, ...]:
    return (
        Case(
            "size",
            "Size: Vonage, 90 days, pages of 1,000, no latency, 4 workers",
            tuple(sized(rows) for rows in SIZES),
            "The last state is of a complete sync, as compact JSON; it remembers the calls of the last day.",
            of_sizes=True,
        ),
        Case(
            "voxo-300k",
            "VOXO, one day with 300,000 calls in one answer, no latency",
            (
                Entry("300,000 rows", "ours", Dataset("voxo", 300_023, 1), workers=4),
                Entry("20,000 rows", "ours", Dataset("voxo", 20_011, 1), workers=4),
            ),
            "An answer is read up to a bound; one that is larger is given up and asked for in halves.",
            of_sizes=True,
        ),
        Case(
            "portsip-no-filter",
            "PortSIP, 90 days, pages of 100, a server that ignores its filter, no latency",
            (
                Entry("3,000,000 rows", "ours", Dataset("portsip", _LARGE, 90), workers=4, rounds=1),
                Entry("30,000 rows", "ours", Dataset("portsip", 30_000, 90), workers=4),
            ),
            "Everything is read once, in order, for all windows.",
            of_sizes=True,
        ),
        Case(
            "forty-workers",
            "Vonage, 30 days, pages of 1,000, 50 ms a response, on one core: 40 workers",
            tuple(Entry(f"ours, {workers} workers", "ours", month, 50, workers, cores=1) for workers in (40, 10, 4)),
            "The mock server has the other core.",
        ),
    )


def _cases() -> tuple[Case, ...]:
    month = Dataset("vonage_business", 200_000, 30)
    shorter = Dataset("vonage_business", 100_000, 30)
    day = Dataset("vonage_business", 20_011, 1)
    return (
        Case(
            "vonage-0ms",
            "Vonage, 30 days, pages of 1,000, no latency",
            (
                Entry("ours", "ours", month, workers=4),
                Entry("floor, 1 thread", "floor", month),
                Entry("floor, 4 threads", "floor", month, workers=4),
                *_peers(month, 0, 4, same=True),
                _dlt_uncompressed(month, same=True),
                *_peers(month, 0, 4, same=False),
                _dlt_uncompressed(month, same=False),
                Entry("server alone", "drain", month, same=False),
            ),
            "`server alone` takes the bytes and drops them: what the mock server could serve at most. dlt compresses "
            "its files unless it is told not to; both forms are here.",
        ),
        Case(
            "one-core",
            "The same, held to one core",
            (Entry("ours", "ours", month, workers=4, cores=1), Entry("floor, 1 thread", "floor", month, cores=1)),
            "The mock server has the other core.",
        ),
        Case(
            "vonage-50ms",
            "Vonage, 30 days, pages of 1,000, 50 ms a response, 10 workers: a backfill",
            (
                Entry("ours", "ours", shorter, 50, 10),
                Entry("floor, 10 threads", "floor", shorter, 50, 10),
                *_peers(shorter, 50, 10, same=False),
                Entry("dlt, parallel days", "dlt", shorter, 50, 10, same=False),
            ),
            "`dlt` reads one resource page by page; `dlt, parallel days` has the days as a parent resource and reads "
            "them with `parallelized` and 10 workers. The Singer SDK has no parallel form.",
        ),
        Case(
            "daily-50ms",
            "Vonage, one day, pages of 1,000, 50 ms a response, 10 workers: a daily sync",
            (Entry("ours", "ours", day, 50, 10), *_peers(day, 50, 10, same=False)),
        ),
        Case(
            "acefone-30",
            "Acefone, 30 windows, pages of 100, 50 ms a response",
            _by_workers(Dataset("acefone", 60_000, 30), (10, 2, 4, 20)),
        ),
        Case(
            "acefone-1",
            "Acefone, one day, pages of 100, 50 ms a response",
            _by_workers(Dataset("acefone", 60_023, 1), (10, 2, 4, 20)),
        ),
        Case(
            "voxo-30",
            "VOXO, 30 days, no pages, 50 ms a response",
            _by_workers(Dataset("voxo", 60_000, 30), (4, 10)),
        ),
        Case("voxo-1", "VOXO, one day, no pages, 50 ms a response", _by_workers(Dataset("voxo", 20_011, 1), (4, 10))),
        *_heavy(shorter),
        Case(
            "memory",
            "Memory: 30 days and 5 days with as many rows a day, 4 workers",
            (
                Entry("ours, 30 days", "ours", month, workers=4),
                Entry("ours, 5 days", "ours", Dataset("vonage_business", month.rows // 6 + 5, 5), workers=4),
            ),
        ),
        Case(
            "few-pages",
            "A sync of three pages",
            (Entry("ours", "ours", Dataset("vonage_business", 2_503, 1), workers=4),),
        ),
        Case(
            "start-up",
            "Start-up: `spec`, and the import of the CDK alone",
            (
                Entry("import airbyte_cdk", "import", None),
                *(Entry(f"spec, {vendor}", f"spec {vendor}", None) for vendor in VENDORS),
            ),
            "Each is started five times a round.",
            times=5,
        ),
    )


CASES = _cases()


def chosen(names: list[str], only: list[str], rows: int | None, sizes: Sequence[int] = ()) -> list[Case]:
    """Return the cases of these names with the contenders of `only`, and so many rows; empty lists choose all.

    sizes: numbers of rows that the case `size` has beside its own

    Raises ValueError for a name that no case, or no contender, has.
    """
    known = {case.name for case in CASES}
    if unknown := set(names) - known:
        raise ValueError(f"no case {', '.join(sorted(unknown))}: there are {', '.join(case.name for case in CASES)}")
    found = []
    for case in CASES:
        more = [sized(size) for size in sizes] if case.name == "size" else []
        entries = [entry for entry in [*case.entries, *more] if not only or entry.contender.split()[0] in only]
        if (not names or case.name in names) and entries:
            found.append(replace(case, entries=tuple(_with_rows(entry, rows) for entry in entries)))
    if not found:
        raise ValueError(f"no contender {', '.join(only)}")
    return found


def _with_rows(entry: Entry, rows: int | None) -> Entry:
    if rows is None or entry.dataset is None:
        return entry
    return replace(entry, dataset=replace(entry.dataset, rows=rows))
