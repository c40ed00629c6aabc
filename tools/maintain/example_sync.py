"""Two daily syncs of VOXO worked through with the real cursor, for the arithmetic in docs/time.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, cast

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import StreamSlice

from cdr.airbyte.cursor import WindowCursor, as_slice
from cdr.reading.accounting.kept_rows import KeptRow
from cdr.vendor.config import Config
from cdr.vendor.windows import Period, utc_text
from tools.maintain import matrix
from tools.maintain.boilerplate import connector_folders, facts_of

_CONFIG = {
    "start_date": "2026-11-01",
    "credentials": {"auth_type": "access_token", "access_token": "EXAMPLE"},
    "account": {"account_type": "tenant", "tenant_id": 1234},
}
_MINUTE = timedelta(minutes=1)
_CALLS_AN_HOUR = 4


@dataclass
class _Read:
    """A window that was read to its end, as far as the cursor looks at one."""

    period: Period
    given_up: bool = False

    def to_slice(self) -> StreamSlice:
        return as_slice(self.period)


def worked_through() -> str:
    """Return the two syncs in words, the state between them, and the windows of the second."""
    folder = next(folder for folder in connector_folders() if facts_of(folder).name == "voxo")
    config = Config(_CONFIG, matrix.specification(folder))
    stream = matrix.streams_of(folder)[0](config)
    first_now, second_now = (datetime(2026, 11, day, 6, tzinfo=timezone.utc) for day in (20, 21))

    def cursor(state: dict[str, Any], now: datetime) -> WindowCursor:
        return WindowCursor(
            stream=stream,
            state=state,
            period=config.period(now, stream.window.granularity),
            now=now,
            workers=config.integer("num_workers"),
            repository=InMemoryMessageRepository(),
            manager=ConnectorStateManager(),
        )

    first = cursor({}, first_now)
    asked = first.periods()
    for period in asked:
        times = [moment for moment in _calls(period) if moment >= first.lookback.keeps_from]
        texts = [utc_text(moment) for moment in times]
        digests = [int.from_bytes(sha256(text.encode()).digest()[:7], "big") for text in texts]
        first.lookback.keep(period, [KeptRow(*row, row[1]) for row in zip(digests, texts, strict=True)])
        first.close_partition(cast("Partition", _Read(period)))
    state = cast("dict[str, Any]", json.loads(json.dumps(first.state, default=str)))
    until = datetime.fromisoformat(state["synced_until"].replace("Z", "+00:00"))
    second = cursor(deepcopy(state), second_now).periods()
    again = [period for period in second if period.end <= until]
    new = [period for period in second if period.end > until]
    minutes = config.integer("lookback_window_minutes")
    return (
        f"1. The first sync starts on 2026-11-20 at 06:00:00. Less the settling delay of "
        f"{config.integer('settling_delay_seconds')} seconds it reads from 2026-11-01T00:00:00Z up to, not including, "
        f"{utc_text(until)}: {len(asked)} windows.\n"
        f"2. It leaves `synced_until` = {utc_text(until)}.\n"
        f"3. The second sync starts on 2026-11-21 at 06:00:00 and will read up to {utc_text(second[-1].end)}.\n"
        f"4. It looks back {minutes:,} minutes behind `synced_until`: {utc_text(until)} less "
        f"{minutes // 60} hours is {utc_text(until - minutes * _MINUTE)}. From there on it asks again.\n"
        f"5. So it asks for {len(second)} windows: {len(again)} of the lookback, from {utc_text(again[0].start)} to "
        f"{utc_text(again[-1].end)}, and {len(new)} with new time, from {utc_text(new[0].start)} to "
        f"{utc_text(new[-1].end)}.\n\n"
        f"The state between the two, where the account has {_CALLS_AN_HOUR} calls an hour, with most of `known` and "
        "`hours` left out:\n\n"
        f"```json\n{_shown(state)}\n```\n"
    )


def _calls(period: Period) -> Iterator[datetime]:
    """Yield the times of an account's calls: a few an hour, evenly spread."""
    apart = timedelta(hours=1) / _CALLS_AN_HOUR
    moment = period.start.replace(minute=0, second=0)
    while moment < period.end:
        if moment in period:
            yield moment.replace(microsecond=0)
        moment += apart


def _shown(state: dict[str, Any]) -> str:
    hours = state["hours"]
    kept = {**state, "known": f"{state['known'][:20]}…", "hours": [*hours[:3], "…", hours[-1]]}
    lines = [f'  "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in kept.items()]
    return "{\n" + ",\n".join(lines) + "\n}"
