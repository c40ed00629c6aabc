"""A full refresh: read anew from the beginning, in as many attempts as it takes.

A platform hands the last state of an attempt that was cut off to the next one, which goes on from it. The last state of
all says that the refresh is complete; a refresh that is given that one begins anew, as it does with the state of syncs
that read what was new: to read nothing would look like lost data.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition

from cdr.airbyte.cursor import COMPLETE, WindowCursor
from cdr.reading.accounting.lookback import RecentRows
from cdr.vendor.windows import Period


class RefreshCursor(WindowCursor):
    """The cursor of a full refresh.

    No sync comes after it that would look back, so each attempt does: from where the last window ended that any attempt
    has closed, as far as the stream's lookback. Calls that were in progress at the break began there.
    """

    lookback: RecentRows
    _memory = RecentRows

    @staticmethod
    def may_go_on_from(state: Mapping[str, Any]) -> bool:
        """Whether a state is of a sync that began from nothing and was cut off."""
        return state.get(COMPLETE) is False

    def _look_back(self, last: datetime, *, has_state: bool) -> None:
        self._resumes = False
        start = self._sync.start if self._sync else last
        self._synced_until = max(last, start)
        self._open_again_from(self._horizon(last))
        self.lookback.keeps_from = self._read_again_from(self._synced_until)

    @property
    def state(self) -> MutableMapping[str, Any]:
        state = super().state
        if self._handed_back is None and self._is_complete():
            state[COMPLETE] = True
        return state

    def close_partition(self, partition: Partition) -> None:
        period = getattr(partition, "period", None)
        if isinstance(period, Period) and not getattr(partition, "given_up", False):
            self._synced_until = max(self._synced_until, period.end)
            self.lookback.move_to(self._read_again_from(self._synced_until))
        super().close_partition(partition)
