"""What only a whole sync shows of its vendor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from cdr.reading.asking.scout import Scout
from cdr.reading.context import Sync
from cdr.reading.findings import Finding, newest_day_only
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

_DAY: Final = timedelta(days=1)
_A_WHILE: Final = timedelta(days=3)
_A_FEW: Final = 2
_SHARE_OF_A_HABIT: Final = 0.1


def conclusions(
    stream: Stream, sync: Sync | None, received: Mapping[Period, int], issues: Counter[str], scout: Scout
) -> Iterator[Finding]:
    """The findings of a sync that has ended: `received` rows a window, and what their `issues` say."""
    odd, rows = issues["time_unreadable"] + issues["time_mismatch"], sum(received.values())
    if odd and not scout.zone:
        many = odd > rows * _SHARE_OF_A_HABIT
        yield Finding(
            "date_order",
            "times that can be read and agree with the ids of their calls",
            f"prints {odd} times that cannot be read, or that the ids contradict",
            evidence="so many that it may print the day before the month" if many else None,
            effect="these rows have `time_unreadable` or `time_mismatch`",
        )
    if sync is None or not sync.windows:
        return
    if stream.kept is not None and sync.now is not None and sync.reads.start < sync.now - stream.kept:
        yield Finding(
            "retention",
            "calls since `start_date`",
            f"keeps {stream.kept.days} days",
            effect="what is older is asked for all the same, but may have been archived, and would then be missing "
            "here without any error",
        )
    if sync.reads.length >= _A_WHILE:
        yield from _over_days(sync, received, scout)


def _over_days(sync: Sync, received: Mapping[Period, int], scout: Scout) -> Iterator[Finding]:
    rows = sum(received.values())
    newest = sum(count for window, count in received.items() if window.end > sync.reads.end - _DAY)
    if rows == 0 and scout.account_has_calls:
        yield Finding(
            "filter",
            "calls of the period asked for",
            f"sent nothing for {sync.reads}, although it states that the account has calls",
            advice="check `start_date` and the rights of the user",
        )
    if rows - newest <= _A_FEW < newest and len(received) > 1:
        yield newest_day_only(str(sync.reads))
