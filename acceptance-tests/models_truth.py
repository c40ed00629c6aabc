"""What the models of the dbt package have to hold, worked out in Python from the rows as the simulators know them.

Nothing here is taken from the SQL: legs are united with a union-find, and days are counted one call at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Key = tuple[Any, ...]

ZONE = ZoneInfo("Europe/London")
OPEN = dict.fromkeys(range(1, 6), (8 * 60, 18 * 60 + 30))
SERVICE_LEVEL = 25  # not the default: the package's own tests have to bear it
PAUSE = timedelta(minutes=30)
NO_DAY = date(1970, 1, 1)
OUTSIDE = {"e164", "unparsed", "sip_uri"}
GIVEN_UP = {"abandoned", "canceled"}


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def seconds(earlier: datetime | None, later: datetime | None) -> int | None:
    """From one full second to the other."""
    return int(later.timestamp() // 1 - earlier.timestamp() // 1) if earlier and later else None


def first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


class Leg:
    """A row with its times read."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.id: str = row["record_id"]
        self.start, self.answer, self.end = (moment(row[name]) for name in ("started_at", "answered_at", "ended_at"))
        self.begins = self.start or self.answer or self.end
        self.until = self.end or self.answer or self.start
        self.answered = row["disposition"] == "answered"
        self.talk: int | None = row["talk_seconds"] if self.answered else 0

    @property
    def keys(self) -> list[Key]:
        """What it shares with the legs of its call, its own key first."""
        row, account = self.row, (self.row["vendor"], self.row["account_id"])
        named = [("group", row["call_group_id"]), ("sip", row["sip_call_id"]), ("row", row["record_id"])]
        own = next(pair for pair in named if pair[1])
        others = [("group", row["previous_leg_id"]), ("group", row["next_leg_id"])]
        others += [("sip", row["sip_call_id"])] if own[0] == "group" else []
        return [(*account, *pair) for pair in (own, *others) if pair[1]]

    @property
    def contact(self) -> tuple[str | None, str | None]:
        """The number outside, and its country."""
        side = {"inbound": "from", "transit": "from", "outbound": "to"}.get(self.row["direction"])
        if side is None:
            return None, None
        number = first(self.row[f"{side}_number_e164"], self.row[f"{side}_number"])
        return (number if self.row[f"{side}_number_kind"] in OUTSIDE else None), self.row[f"{side}_country"]

    @property
    def ours(self) -> str | None:
        row = self.row
        if row["direction"] == "inbound":
            same = row["did_number"] is not None and row["did_number"] == row["to_number"]
            found = row["to_number_e164"] if same and row["to_number_e164"] else row["did_number"]
            return first(found, row["to_number_e164"], row["to_number"])
        if row["direction"] == "outbound":
            same = row["presented_number"] is not None and row["presented_number"] == row["from_number"]
            found = row["from_number_e164"] if same and row["from_number_e164"] else row["presented_number"]
            return first(found, row["from_number_e164"], row["from_number"])
        return None


def calls(rows: Iterable[Row]) -> list[list[Leg]]:
    """The legs of each call, in their order."""
    parent: dict[Key, Key] = {}

    def root(key: Key) -> Key:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    legs = [Leg(row) for row in rows]
    for leg in legs:
        for key in leg.keys:
            parent[root(key)] = root(leg.keys[0])
    chains: dict[Key, list[Leg]] = defaultdict(list)
    for leg in legs:
        chains[root(leg.keys[0])].append(leg)
    return [call for chain in chains.values() for call in _parted(chain)]


def _parted(chain: list[Leg]) -> Iterator[list[Leg]]:
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    call: list[Leg] = []
    for leg in sorted(chain, key=lambda leg: (leg.begins or epoch, leg.id)):
        ends = [other.until for other in call if other.until]
        if ends and leg.begins and (seconds(max(ends), leg.begins) or 0) > PAUSE.total_seconds():
            yield call
            call = []
        call.append(leg)
    yield call


def own_talk(call: list[Leg]) -> list[int | None]:
    """The talk of each leg that no earlier one covers."""
    found: list[int | None] = []
    covered: datetime | None = None
    for leg in call:
        talk = leg.talk
        if leg.answered and covered and leg.answer and covered > leg.answer:
            talk = 0 if leg.end and covered >= leg.end else seconds(covered, leg.end)
        found.append(talk)
        if leg.answered and leg.end:
            covered = max(covered or leg.end, leg.end)
    return found


def call_row(call: list[Leg]) -> Row:
    """The row of `calls`."""
    answered = [leg for leg in call if leg.answered]
    named = [leg.row["answered_by"] for leg in answered if leg.row["answered_by"]]
    talks = own_talk(call)
    outside = [leg for leg in call if leg.row["direction"] in {"inbound", "outbound", "transit"}]
    internal = [leg for leg in call if leg.row["direction"] == "internal"]
    lead = (outside or internal or call)[0]
    told = [leg.row["disposition"] for leg in call if leg.row["disposition"] != "unknown"]
    begins = min((leg.begins for leg in call if leg.begins), default=None)
    local = begins.astimezone(ZONE) if begins else None
    answers = [leg.answer for leg in answered if leg.answer]
    ends = [leg.end for leg in call if leg.end]
    wait = seconds(begins, min(answers, default=None))
    if not answered:
        wait = first(seconds(begins, max(ends, default=None)), call[0].row["duration_seconds"])
    elif len(call) == 1:
        wait = first(call[0].row["ring_seconds"], wait)
    else:
        wait = first(wait, answered[0].row["ring_seconds"])
    minute = local.hour * 60 + local.minute if local else 0
    hours = OPEN.get(local.isoweekday(), (0, 0)) if local else (0, 0)
    known = [talk for talk in talks if talk is not None]
    contact, country = lead.contact
    return {
        "call_id": call[0].id,
        "vendor": lead.row["vendor"],
        "account_id": lead.row["account_id"],
        "call_day": local.date() if local else NO_DAY,
        "weekday": local.isoweekday() if local else None,
        "hour": local.hour if local else None,
        "is_in_opening_hours": hours[0] <= minute < hours[1] if local else None,
        "started_at": begins,
        "first_answered_at": min(answers, default=None),
        "ended_at": max(ends, default=None),
        "legs": len(call),
        "transfers": max(len([1 for leg, talk in zip(call, talks, strict=True) if leg.answered and talk != 0]) - 1, 0),
        "direction": lead.row["direction"],
        "disposition": "answered" if answered else (told or ["unknown"])[-1],
        "is_answered": bool(answered),
        "answered_by": (named or [None])[0],
        "last_answered_by": (named or [None])[-1],
        "contact_number": contact,
        "contact_country": country,
        "our_number": lead.ours,
        "wait_seconds": wait,
        "is_within_service_level": wait <= SERVICE_LEVEL if answered and wait is not None else None,
        "talk_seconds": sum(known) if known else None,
        "is_queue_call": _any(leg.row["is_queue_call"] for leg in call),
        "is_recorded": _any(leg.row["is_recorded"] for leg in call),
        "legs_with_issues": len([1 for leg in call if leg.row["issues"]]),
    }


def _any(flags: Iterable[bool | None]) -> bool | None:
    known = [flag for flag in flags if flag is not None]
    return any(known) if known else None


def _grouped(rows: Iterable[Row], by: Callable[[Row], Key]) -> Iterator[tuple[Key, list[Row]]]:
    found = defaultdict(list)
    for row in rows:
        found[by(row)].append(row)
    yield from found.items()


def _sum(rows: Iterable[Row], name: str) -> int:
    return sum(row[name] or 0 for row in rows)


def contacts_daily(rows: list[Row]) -> dict[Key, Key]:
    """Calls, missed, missed and called back, talk by day and number outside; from rows of `calls`."""
    known = [row for row in rows if row["contact_number"] and row["direction"] in {"inbound", "outbound"}]
    found = {}
    for key, of in _grouped(known, lambda row: (row["call_day"], row["contact_number"])):
        out = [row["started_at"] for row in of if row["direction"] == "outbound" and row["started_at"]]
        missed = [
            row for row in of if row["direction"] == "inbound" and row["disposition"] not in {"answered", "unknown"}
        ]
        back = [row for row in missed if out and row["started_at"] and max(out) >= row["started_at"]]
        found[key] = (len(of), len(missed), len(back), _sum(of, "talk_seconds"))
    return found


def numbers_daily(rows: list[Row]) -> dict[Key, Key]:
    """Offered, answered, abandoned, within the service level, waits, talk by day and number of ours."""
    found = {}
    inbound = [row for row in rows if row["direction"] == "inbound"]
    for key, of in _grouped(inbound, lambda row: (row["call_day"], row["vendor"], row["our_number"] or "not said")):
        answered = [row for row in of if row["is_answered"]]
        good = len([1 for row in answered if row["is_within_service_level"]])
        waits = [row["wait_seconds"] for row in answered if row["wait_seconds"] is not None]
        given_up = len([1 for row in of if row["disposition"] in GIVEN_UP])
        found[key] = (len(of), len(answered), given_up, good, sum(waits), _sum(of, "talk_seconds"))
    return found


def calls_hourly(rows: list[Row]) -> dict[Key, Key]:
    """Calls, incoming, answered, outgoing by day, hour and vendor."""
    timed = [row for row in rows if row["hour"] is not None]
    found = {}
    for key, of in _grouped(timed, lambda row: (row["call_day"], row["hour"], row["vendor"])):
        inbound = [row for row in of if row["direction"] == "inbound"]
        out = len([1 for row in of if row["direction"] == "outbound"])
        found[key] = (len(of), len(inbound), len([1 for row in inbound if row["is_answered"]]), out)
    return found


def agents_daily(united: list[list[Leg]]) -> dict[Key, Key]:
    """Legs and talk by day, vendor and who answered."""
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for call in united:
        day = call_row(call)["call_day"]
        for leg, talk in zip(call, own_talk(call), strict=True):
            if leg.answered and leg.row["direction"] in {"inbound", "internal"}:
                sums = found[day, leg.row["vendor"], leg.row["answered_by"] or "not said"]
                sums[0] += 1
                sums[1] += talk or 0
    return {key: tuple(sums) for key, sums in found.items()}


def spend(united: list[list[Leg]]) -> dict[Key, Key]:
    """Legs and charges by day, vendor, direction, country and currency."""
    found: dict[Key, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for call in united:
        day = call_row(call)["call_day"]
        for leg in call:
            if leg.row["charge_amount"] is not None:
                country = leg.contact[1] or "not known"
                currency = leg.row["charge_currency"] or "not said"
                sums = found[day, leg.row["vendor"], leg.row["direction"], country, currency]
                sums[0] += 1
                sums[1] += Decimal(leg.row["charge_amount"])
    return {key: tuple(sums) for key, sums in found.items()}


def issues_daily(united: list[list[Leg]]) -> dict[Key, int]:
    """Rows by day, vendor and issue."""
    found: Counter[Key] = Counter()
    for call in united:
        day = call_row(call)["call_day"]
        for leg in call:
            words = [*leg.row["issues"], "any"] if leg.row["issues"] else []
            found.update((day, leg.row["vendor"], word) for word in words)
    return dict(found)
