"""From accounts and a period to tasks: each a stretch of closed windows of one account, read whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from cdr.reading.context import FoundClock
from cdr.schema.errors import ConfigError
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period, split, step_for
from cdr_spark.accounts import Account, Place

_FAR = datetime(9999, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Task:
    """What one partition reads. It is pickled and sent to a worker; no secret is in it where the place is a file.

    label:   the account, for messages
    period:  whole windows, one behind the other; None for a list that is read whole
    step:    how wide the windows are
    whole:   everything that this task and others read of the account
    share:   how many requests a minute this task may send; None where the account has no budget
    dialect: what is known of the vendor, as the state of a sync keeps it
    scouted: what the planner found out of its clock; None where the task has to find it out itself
    """

    place: Place
    connector: str
    stream: str
    label: str
    period: Period | None = None
    step: timedelta = timedelta(0)
    whole: Period | None = None
    share: int | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    found_clock: FoundClock | None = None

    def windows(self, zone: str) -> list[Period]:
        """The windows of the task, in order. The cuts lie on a grid, so these are the ones that were planned."""
        return list(split(self.period, self.step, zone)) if self.period else []


@dataclass(frozen=True)
class Cut:
    """How finely a query is cut.

    windows: windows of an account in one partition
    shares:  into how many partitions at most the windows of an account with a budget go; each keeps to an equal share
             of it, so that the budget holds even where all of them run at once
    """

    windows: int = 1
    shares: int = 4


def tasks(
    account: Account, stream_name: str, period: Period | None, cut: Cut, whole: Period | None = None
) -> Iterator[Task]:
    """The partitions of one account, in order; none where the period is empty and the stream has a cursor.

    whole: what the period is a part of, where other queries or micro-batches read the rest
    """
    stream = account.stream(stream_name)
    budget = account.config.optional_integer("requests_per_minute")
    if budget is not None:
        budget = max(1, budget // account.sharing)
    task = Task(account.place, account.connector, stream_name, str(account), share=budget)
    if stream.cursor is None:
        yield task
        return
    if period is None:
        return
    step = step_for(period, stream.window, account.config.integer("num_workers"))
    windows = list(split(period, step, stream.zone))
    size, share = cut.windows, None
    if budget is not None:
        size = -(-len(windows) // min(cut.shares, budget))
        share = budget // -(-len(windows) // size)
    for index in range(0, len(windows), size):
        part = windows[index : index + size]
        reads = Period(part[0].start, part[-1].end)
        yield replace(task, period=reads, step=step, whole=whole or period, share=share)


def asked_for(account: Account, stream: Stream) -> Period:
    """Everything that the configuration asks for, whether or not it has settled yet."""
    period = account.config.period(_FAR, stream.window.granularity)
    if period is None:
        raise ConfigError(f"{account}: `start_date` lies too far in the future.")
    return period


def shared(one: Period, other: Period) -> Period | None:
    """What two periods have in common; None where that is nothing."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Period(start, end) if start < end else None


def trailing(account: Account, stream: Stream) -> timedelta:
    """How far behind now an account is complete: late calls have come by then, as far as they are looked for."""
    return timedelta(seconds=account.config.integer("settling_delay_seconds")) + stream.lookback
