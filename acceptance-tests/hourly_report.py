"""What hourly syncs come to: what each sent and asked, what arrived in the end, and what the contract allows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from vendors import known

# VOXO has no pages; what limits an answer there is the memory of a window.
_MOST_ROWS = 10_000
LOOKBACK = {name: vendor.lookback for name, vendor in known().items()}
PAGE = {name: min(vendor.page_rows, _MOST_ROWS) for name, vendor in known().items()}
# What the contract allows.
FEW_REQUESTS = 4
PAGES_TWICE = 2
STATE_BYTES, STATE_BYTES_A_ROW, MOST_STATE_BYTES = 2048, 10, 256 * 1024
# The evidence for a zone is not counted, and looks like any other request here. Nor are the halves of a window that
# brought fewer rows than the last sync found in it, and their second reading.
SCOUTING = 2
HALVES_TWICE = 4

_QUERY_OF_A_LINK = re.compile(rb'(https?://[^"?]*)\?[^"]*')


@dataclass
class Sync:
    """One sync: what it was, what came of it.

    outcome:  complete, killed or down
    rows:     records that came
    again:    of these, unchanged since a complete sync sent them
    repeated: of these, unchanged since a sync sent them that was cut off
    returned: of these, unchanged, but they had vanished in between
    pages:    what the stretch needs, as the vendor's filter can express it
    covered:  rows behind the cursor that the next sync will ask for
    vanished: rows that the vendor took away since the sync before
    """

    at: datetime
    outcome: str = "complete"
    rows: int = 0
    again: int = 0
    repeated: int = 0
    returned: int = 0
    requests: int = 0
    pages: int = 0
    covered: int = 0
    vanished: int = 0
    state_bytes: int = 0
    seconds: float = 0.0

    @property
    def requests_allowed(self) -> int:
        return max(FEW_REQUESTS, PAGES_TWICE * self.pages) + SCOUTING + HALVES_TWICE * (self.vanished > 0)

    @property
    def state_allowed(self) -> int:
        return min(STATE_BYTES + STATE_BYTES_A_ROW * self.covered, MOST_STATE_BYTES)


@dataclass
class Report:
    """All syncs; the first one reads the history and is no measure for the others."""

    vendor: str
    calls_per_day: float
    syncs: list[Sync] = field(default_factory=list)
    truth: int = 0
    missing: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changes: int = 0
    failed: list[str] = field(default_factory=list)
    """Syncs that failed although nothing befell them."""

    @property
    def later(self) -> list[Sync]:
        return self.syncs[1:]

    def total(self, what: str) -> int:
        """A figure of all syncs together."""
        return sum(getattr(sync, what) for sync in self.syncs)

    def mean(self, what: str) -> float:
        """A figure of a sync, on average."""
        return float(sum(getattr(sync, what) for sync in self.later)) / max(1, len(self.later))

    def lost(self) -> dict[str, Any]:
        """What no sync may do, whatever befalls it: how often, and examples. Empty is right."""
        found = {
            "never arrived": self.missing,
            "arrived in an older version only": self.outdated,
            "nobody's": self.unknown,
            "twice in one sync": self.doubled,
            "failed": self.failed,
        }
        return {what: (len(names), names[:3]) for what, names in found.items() if names}

    def wasted(self) -> dict[str, Any]:
        """What an undisturbed sync may not do: send again, ask too often, remember too much."""
        asked = [
            (sync.at.isoformat(), sync.requests, sync.requests_allowed)
            for sync in self.later
            if sync.requests > sync.requests_allowed
        ]
        found = {
            "again": self.total("again"),
            "requests": (len(asked), asked[:3]) if asked else None,
            "state": self.too_large(),
        }
        return {what: figure for what, figure in found.items() if figure}

    def too_large(self) -> list[tuple[str, int, int]]:
        """The first states of complete syncs that are larger than they may be."""
        return [
            (sync.at.isoformat(), sync.state_bytes, sync.state_allowed)
            for sync in self.later
            if sync.outcome == "complete" and sync.state_bytes > sync.state_allowed
        ][:3]

    @property
    def cut_off(self) -> list[Sync]:
        """The syncs that were killed or met a vendor that was down."""
        return [sync for sync in self.syncs if sync.outcome != "complete"]


class Ledger:
    """What has arrived: the last content of every row, and the number of the sync that brought it."""

    def __init__(self) -> None:
        self._contents: dict[str, int] = {}
        self._raws: dict[str, int] = {}
        self._brought: dict[str, int] = {}

    def take(self, record: dict[str, Any], number: int) -> tuple[str, int]:
        """Note a record. Returns what it is (new, changed, unchanged), and which sync brought it before, or -1."""
        name, content = record["vendor_record_id"], digest(record)
        known, before = self._contents.get(name), self._brought.get(name, -1)
        self._contents[name], self._brought[name] = content, number
        self._raws[name] = digest(record["raw"])
        if known is None:
            return "new", before
        return "changed" if known != content else "unchanged", before

    def has(self, name: str) -> bool:
        return name in self._raws

    def is_last(self, name: str, body: bytes) -> bool:
        return self._raws.get(name) == digest(orjson.loads(body))

    def names(self) -> set[str]:
        return set(self._raws)


def digest(content: Any) -> int:
    """A link is compared without its query: a new signature is no change."""
    return hash(_QUERY_OF_A_LINK.sub(rb"\1", orjson.dumps(content, option=orjson.OPT_SORT_KEYS)))
