"""What is found out before the first row of a sync goes out: in which zone the vendor prints its times, in which it
reads a request, and whether an answer without rows can be believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

from cdr.normaliser.clocks import Evidence, zone_shown
from cdr.normaliser.timestamps import zone_or_offset
from cdr.reading.asking.requester import Requester
from cdr.reading.context import FoundClock
from cdr.reading.findings import Finding, Findings
from cdr.reading.pages.page import PageEvidence, evidence_in
from cdr.reading.pages.plan import StreamPlan
from cdr.schema.errors import SyncError, TooLargeError, TooSlowError
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period

_ENOUGH: Final = 3  # rows with an epoch and without a previous leg
_MOST_LOOKED_AT: Final = 9  # windows beside the newest
_LARGEST_KEPT: Final = 4 * 1024 * 1024
_WIDEST_SHIFT: Final = 26  # hours
_SECOND: Final = timedelta(seconds=1)
_SHORTEST: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


class Scout:
    """Looks at the newest window of a sync, and where that has too few rows at the oldest and at others, before they
    are read.

    zone:  the zone of the printed times, where it is another than the one asked for: an IANA name or an offset
    shift: how far the vendor's reading of a request can lie beside ours
    is_proven: whether the zone of the printed times is known
    has_brought_rows: whether some request of this form ever brought a row
    account_has_calls: whether the vendor states that there are calls at all
    """

    def __init__(self, stream: Stream, requester: Requester, findings: Findings, dialect: Mapping[str, Any]) -> None:
        self._stream = stream
        self._requester = requester
        self._findings = findings
        self.has_brought_rows = dialect.get("has_rows") is True
        known = dialect.get("zone")
        self.zone: str | None = known if isinstance(known, str) and _is_zone(known) else None
        self.shift = _hours(dialect.get("shift_hours")) if self.zone else timedelta(0)
        self.account_has_calls = False
        self._is_empty = False
        self.is_proven = self.zone is not None
        self._bodies: dict[tuple[Period | None, int], bytes] = {}

    def remembered(self) -> dict[str, Any]:
        """What is worth to be known by the next sync."""
        found: dict[str, Any] = {"zone": self.zone} if self.zone else {}
        if self.zone and self.shift:
            found["shift_hours"] = self.shift // _HOUR
        if self.has_brought_rows and any(part.if_empty for part in self._stream.uncertain):
            found["has_rows"] = True
        return found

    @property
    def found_clock(self) -> FoundClock:
        """What was found out, for readers elsewhere."""
        return FoundClock(self.zone, self.shift, self.is_proven)

    def take(self, found_clock: FoundClock) -> None:
        """Take over what another reader found out."""
        self.zone, self.shift, self.is_proven = found_clock.zone, found_clock.shift, found_clock.is_proven

    def kept_body(self, period: Period | None, index: int) -> bytes | None:
        """The body of a page that was asked for here, once."""
        return self._bodies.pop((period, index), None)

    def look(self, windows: Sequence[Period], plan: StreamPlan) -> None:
        """Find out what the first pages of the newest and the oldest window show, and of more where these are empty.

        No request is lost by it: whoever reads a window takes the page that was seen.
        """
        stream = self._stream
        if not windows or not (stream.zones or any(part.if_empty for part in stream.uncertain)):
            return
        seen = self._seen(windows[-1], plan)
        evidence = seen.evidence
        others = [*windows[:1], *reversed(windows[1:-1])] if len(windows) > 1 else []
        for number, window in enumerate(others[:_MOST_LOOKED_AT]):
            proves_nothing = number > 0 and seen.info.rows and not evidence
            if len(_unchained(evidence)) >= _ENOUGH or proves_nothing:
                break
            other = self._seen(window, plan)
            evidence = [*evidence, *other.evidence]
            seen = other if other.info.rows else seen
        self.has_brought_rows = self.has_brought_rows or seen.info.rows > 0
        if not seen.info.rows:
            self._doubt_emptiness(Period(windows[0].start, windows[-1].end), plan)
        self._find_zone(evidence, plan)

    def _seen(self, period: Period, plan: StreamPlan) -> PageEvidence:
        def read(body: bytes) -> PageEvidence:
            seen = evidence_in(body, plan, self._stream.account_total)
            if len(body) <= _LARGEST_KEPT:
                self._bodies[period, 0] = body
            return seen

        try:
            seen = self._requester.page(period, 0, read)
        except (TooLargeError, TooSlowError):
            if period.length <= _SHORTEST:
                raise
            # What is too large is read in halves, later. One of them shows as much.
            return self._seen(period.halves(_SECOND)[1], plan)
        if (seen.account_total or seen.info.total or seen.info.rows) > 0:
            self.account_has_calls = True
        self._is_empty = seen.account_total == 0
        return seen

    def _doubt_emptiness(self, whole: Period, plan: StreamPlan) -> None:
        """Nothing came, and nobody says that the account has no calls: perhaps this form of the request finds none."""
        if self.has_brought_rows or self._is_empty or not any(part.if_empty for part in self._stream.uncertain):
            return

        def finds(once: bool) -> bool:
            try:
                return self._requester.page(whole, 0, lambda body: evidence_in(body, plan, ()), once=once).info.rows > 0
            except SyncError:
                return False

        if finds(once=False):
            return
        for _ in self._requester.others_if_empty():
            if finds(once=True):
                self.has_brought_rows = True
                self._bodies.clear()
                self._requester.keep()
                return

    def _find_zone(self, evidence: Sequence[Evidence], plan: StreamPlan) -> None:
        asked = self._requester.zone or plan.normaliser.zone
        zone = zone_shown(evidence, asked, self._stream.zones)
        self.is_proven = self.is_proven or zone is not None
        if zone == asked:
            self.zone = None
        elif zone is not None:
            self.zone = zone
        if self.zone is None:
            return
        self._findings.add(
            Finding(
                "zone",
                f"its times in {asked}, as asked",
                f"prints its times in {self.zone}",
                evidence=f"{len(evidence)} calls whose ids carry their time"
                if evidence
                else "found by an earlier sync",
                effect="times are read by it, with `time_mismatch`",
            )
        )
        if _unchained(evidence) and not self._stream.window.knows_days_only:
            self._find_shift(evidence, asked, plan)

    def _find_shift(self, evidence: Sequence[Evidence], asked: str, plan: StreamPlan) -> None:
        """Ask for the very second of a call: where it does not come, the request is read in another zone as well."""
        witness = max(_unchained(evidence), key=lambda one: one.epoch)
        moment = datetime.fromtimestamp(witness.epoch, timezone.utc)
        try:
            seen = self._requester.page(
                Period(moment - _SECOND, moment + _SECOND), 0, lambda body: evidence_in(body, plan, ()), once=True
            )
        except SyncError:
            return
        if any(one.epoch == witness.epoch for one in seen.evidence):
            self.shift = timedelta(0)
            return
        zone = ZoneInfo(asked)
        apart = max(abs(one.wall.replace(tzinfo=zone).timestamp() - one.epoch) for one in evidence)
        self.shift = -(-timedelta(seconds=apart) // _HOUR) * _HOUR
        self._findings.add(
            Finding(
                "zone",
                f"the period asked for, in {asked}",
                "reads the period asked for in another zone as well",
                effect="what that leaves out is asked for too",
            )
        )


def _unchained(evidence: Sequence[Evidence]) -> list[Evidence]:
    return [one for one in evidence if not one.chained]


def _hours(number: Any) -> timedelta:
    return number * _HOUR if type(number) is int and 0 < number <= _WIDEST_SHIFT else timedelta(0)


def _is_zone(text: str) -> bool:
    try:
        zone_or_offset(text)
    except (KeyError, ValueError, OSError):
        return False
    return True
