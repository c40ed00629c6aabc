"""Simulated accounts that both sides read, on a clock of their own, and what is right at the end.

Every account has two days of answered calls and two particular ones around the second midnight: one that has ended
when the first sync comes ten minutes past midnight, and one that is the question of a case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from threading import local
from typing import Any, Final

import orjson

from simulators import Simulator, simulator_class
from simulators.calls import Call, generate
from simulators.exchange import Route
from simulators.faults import Response
from simulators.server import Request
from simulators.tables import Row
from simulators.twilio import Twilio

DAYS: Final = 2
MIDNIGHT: Final = timedelta(days=DAYS)
SYNCS: Final = tuple(MIDNIGHT + timedelta(days=day, minutes=10) for day in range(3))
"""When the three syncs of a case come, from the start of the account: daily, ten minutes past midnight."""

JUDGED: Final[Mapping[str, tuple[str, ...]]] = {
    "twilio": ("start_time", "end_time", "duration", "status", "price"),
    "aircall": ("started_at", "ended_at", "duration", "status", "cost"),
}
"""What the vendor says of a call that has to be right; contacts and links are no matter of completeness."""

STREAM: Final = "call_records"
_MINUTE: Final = timedelta(minutes=1)
# So many calls are made for each that is wanted: two thirds are answered, and some days are quiet.
_MADE: Final = 4
# Twilio prints a second row where the dice say that a call was dialled on.
_HAS_SECOND_LEG: Final = (1, 4)


@dataclass(frozen=True)
class Case:
    """One account and what happens to it.

    calls:    how many it has
    special:  when the call in question begins and ends, from the midnight before the first sync
    served:   when its row is first served, from that midnight; None as soon as it begins
    options:  of the simulator
    broken:   how many requests for calls pass before one is answered with 404; None without that
    """

    vendor: str
    title: str
    calls: int
    special: tuple[timedelta, timedelta] = (-30 * _MINUTE, -20 * _MINUTE)
    served: timedelta | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    broken: int | None = None


class Account(Simulator):
    """What is mixed into a vendor's simulator: the calls of a case, and nothing else."""

    case: Case

    def __enter__(self) -> Account:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def calls(self) -> Iterator[Call]:
        midnight = int((self.start + MIDNIGHT).timestamp())
        wanted = self.case.calls
        made = generate(self.vendor, self.seed, self.start, self.start + MIDNIGHT, _MADE * wanted / DAYS)
        fitting = [
            call for call in made if call.answered and call.end < midnight - 3600 and not call.chance(*_HAS_SECOND_LEG)
        ]
        if len(fitting) < wanted:
            raise ValueError(f"only {len(fitting)} calls could be made, not {wanted}")
        chosen = [fitting[place * len(fitting) // wanted] for place in range(wanted)]
        begins, ends = (midnight + int(moment.total_seconds()) for moment in self.case.special)
        yield replace(chosen[0], start=begins, ring=0, talk=ends - begins)
        yield replace(chosen[1], start=midnight - 60, ring=0, talk=360)
        yield from chosen[2:]

    def right(self) -> dict[str, tuple[Any, ...]]:
        """Return what the vendor says of each call now, by its id."""
        rows = self.table(STREAM).rows
        printed = [orjson.loads(self.spoken(row)) for row in rows if row.visible <= self.now()]
        return {str(row[self.id_key]): judged(self.vendor, row) for row in printed}


class _FilteredByEnd(Account, Twilio):
    """Twilio, whose filter on the end Airbyte's connector uses. A call that has not ended is not found by it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._asked = local()

    def calls_of_account(self, request: Request, route: Route, **account: str) -> Response:
        self._asked.query = request.query
        return super().calls_of_account(request, route, **account)

    def selected(self, stream: str, low: int, high: int) -> list[Row]:
        found, query = super().selected(stream, low, high), self._asked.query
        if not {"EndTime>", "EndTime<"} & query.keys():
            return found
        earliest = self._bound(query.get("EndTime>"), 0)
        latest = self._bound(query.get("EndTime<"), 1 << 40, last=True)
        return [row for row in found if row.item.call.end <= self.now() and earliest <= row.item.call.end < latest]


def judged(vendor: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what is compared of a vendor's row."""
    return tuple(row.get(name) for name in JUDGED[vendor])


def open_account(case: Case) -> Account:
    """Start the simulated account of a case, as it is at its start. It began five days before this day, in UTC."""
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    parents = (_FilteredByEnd,) if case.vendor == "twilio" else (Account, simulator_class(case.vendor))
    made: Account = type("Opened", parents, {"case": case})(
        start=today - timedelta(days=5),
        validate=False,  # the document of our specs has no filter on the end
        published_samples=False,
        shows_ongoing=True,
        **case.options,
    )
    special, *others = made.rows(STREAM)
    if case.served is not None:
        special = replace(special, visible=(made.start + MIDNIGHT + case.served).timestamp())
    made.put_rows(STREAM, [special, *others])
    if case.broken is not None:
        made.fault("not_found", at=STREAM, after=case.broken)
    return made


def pass_to(account: Account, moment: datetime) -> None:
    """Let it be that time in the account."""
    account.moment = moment.timestamp()
