"""The generator of truth: calls of an invented office, the same for the same seed, vendor and hour of UTC.

A vendor's module prints a call as that vendor does and says, from the call and not from what it printed, what the
canonical row has to be. So the truth never passes through the code that it judges.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from simulators.numbers import ABSENT, Number

MICRO: Final = 1_000_000
HOUR: Final = 3600
T = TypeVar("T")

# Share of a day's calls in each hour of UTC, in thousandths: an office that opens at eight.
_SHAPE: Final = (5, 4, 3, 3, 4, 6, 14, 40, 88, 104, 106, 98, 84, 92, 102, 98, 72, 36, 14, 9, 7, 5, 3, 3)
# What the seven days of a week, from Sunday on, are shuffled from: no two days of an account are alike, and a whole
# week has as many calls as seven even days.
_DAYS: Final = (0.35, 0.6, 0.85, 1.05, 1.2, 1.35, 1.6)
_SUNDAY: Final = 3  # 1970-01-04
_CHANGING_ZONES: Final = tuple(map(ZoneInfo, ("Europe/London", "America/New_York")))

BLANK: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("record_id", "vendor", "account_id", "vendor_record_id", "call_group_id", "previous_leg_id")),
    **dict.fromkeys(("next_leg_id", "sip_call_id", "started_at", "ringing_at", "answered_at", "ended_at")),
    **dict.fromkeys(("duration_seconds", "ring_seconds", "talk_seconds", "billed_seconds")),
    "direction": "unknown",
    "direction_raw": None,
    "disposition": "unknown",
    "disposition_raw": None,
    **dict.fromkeys(("hangup_party", "hangup_cause", "q850_cause", "sip_status_code", "from_number")),
    "from_number_e164": None,
    "from_number_kind": "absent",
    "from_country": None,
    "from_name": None,
    **dict.fromkeys(("from_extension", "from_user", "to_number", "to_number_e164")),
    "to_number_kind": "absent",
    "to_country": None,
    "to_name": None,
    "to_extension": None,
    "to_user": None,
    **dict.fromkeys(("did_number", "presented_number", "answered_by", "forwarded_to", "trunk", "carrier")),
    **dict.fromkeys(("charge_amount", "charge_currency", "billed_account", "is_international", "is_on_net")),
    **dict.fromkeys(("is_toll_free", "is_queue_call", "is_recorded", "mos", "jitter_percent")),
    **dict.fromkeys(("packet_loss_percent", "recording_url", "recording_expires_at", "tag", "notes", "dtmf")),
    "user_data": None,
    "issues": (),
    "raw": None,
    "schema_version": 1,
}
"""A canonical call record about which nothing is known: every column of the contract, in its order."""


class Party(NamedTuple):
    """One side of a call; what is not known of a stranger is None."""

    number: Number
    name: str | None = None
    user: str | None = None
    extension: str | None = None


_NAMES: Final = (
    *("Ada Example", "Zoë Ångström", "Bob O'Sample", "Łukasz Muster", "Chloé Exemple", "José Núñez", "Dan Specimen"),
    *("Eve Template", "美咲 例", "Finn Pattern", "Grace Instance", "Hugo Sample-Jones"),
)
STAFF: Final = tuple(
    Party(
        Number("e164", f"20794600{index:02}", "GB"),
        name,
        name.split()[0].lower(),
        ("100", "101", "102", "0042", "104", "2001", "106", "107", "9123", "109", "110", "111")[index],
    )
    for index, name in enumerate(_NAMES)
)
OUTSIDERS: Final = ("Olive Outside", "Pär Fremd", None, "Quentin Caller", None, "Rosa Müller", "", "Smith & Söhne")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. Times are seconds since 1970 in UTC; `micros` is how far into its second it began."""

    ident: int
    start: int
    micros: int
    ring: int
    talk: int
    outcome: str
    direction: str
    caller: Party
    callee: Party
    recorded: bool
    charge: int
    """In ten-thousandths of whatever currency."""
    dice: int
    """Random bits that decide how the vendor prints this call, see `pick`."""

    @property
    def duration(self) -> int:
        return self.ring + self.talk

    @property
    def end(self) -> int:
        return self.start + self.ring + self.talk

    @property
    def answered(self) -> bool:
        return self.outcome == "answered"

    def pick(self, slot: int, options: Sequence[T]) -> T:
        """Return one of at most 100 options; the same slot always decides the same way."""
        return options[(self.dice >> (8 * slot) & 0xFFFF) % len(options)]

    def chance(self, slot: int, percent: float) -> bool:
        """Whether something that happens to that share of calls happens to this one."""
        return (self.dice >> (8 * slot) & 0xFFFF) < percent * 655.36

    @property
    def uuid4(self) -> str:
        return str(UUID(int=self.ident, version=4))


def stamp(seconds: int, micros: int | None = None) -> str:
    """RFC 3339 in UTC, with six digits of a fraction where `micros` is given."""
    text = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}Z" if micros is None else f"{text}.{micros:06}Z"


def micros(text: str) -> int:
    """Read RFC 3339 in UTC, with or without a fraction, as microseconds since 1970."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * MICRO + int(fraction.ljust(6, "0")[:6] or 0)


def plain(seconds: int) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def amount(ten_thousandths: int) -> str:
    """An amount as decimal text without needless zeros."""
    whole, part = divmod(ten_thousandths, 10_000)
    return f"{whole}.{part:04}".rstrip("0").rstrip(".")


def number_in_json(ten_thousandths: int) -> int | float:
    """The same amount as a JSON number."""
    return float(amount(ten_thousandths)) if ten_thousandths % 10_000 else ten_thousandths // 10_000


def generate(vendor: str, seed: int, first: datetime, last: datetime, calls_per_day: float) -> Iterator[Call]:
    """Yield the calls that began in the hours of UTC from that of `first` up to that of `last`, hour by hour."""
    for hour in range(int(first.timestamp()) // HOUR, -(-int(last.timestamp()) // HOUR)):
        busy = _busy(vendor, seed, hour // 24)
        yield from _calls_of_hour(random.Random(f"{seed}/{vendor}/{hour}"), hour, calls_per_day * busy)


@cache
def _busy(vendor: str, seed: int, day: int) -> float:
    """How many calls a day has, of an even day's."""
    week, weekday = divmod(day - _SUNDAY, 7)
    return random.Random(f"{seed}/{vendor}/week {week}").sample(_DAYS, 7)[weekday]


def _calls_of_hour(rng: random.Random, hour: int, calls_per_day: float) -> Iterator[Call]:
    base = hour * HOUR
    expected = calls_per_day * _SHAPE[hour % 24] / 1000
    count = int(expected) + (rng.random() < expected % 1)
    if calls_per_day and hour % 6 == 0:
        # The edges that windows are cut at: a call that begins on the hour, one that ends on it, one a second before.
        yield _moved(_call(rng, base, "answered"), base)
        edge = _call(rng, base, "answered")
        yield _moved(edge, base - edge.duration)
        last = _call(rng, base, "no_answer")
        yield _moved(last, base - 1 - last.duration)
    if calls_per_day and _clocks_change_near(hour):
        for minute in (0, 12, 29, 30, 47, 59):
            yield _call(rng, base + 60 * minute + rng.randrange(60), "answered")
    previous = base
    for _ in range(count):
        # Some calls share their second with another one.
        start = previous if rng.random() < 0.04 else base + rng.randrange(HOUR)
        previous = start
        yield _call(rng, start)


def _moved(call: Call, start: int) -> Call:
    return Call(call.ident, start, 0, *(getattr(call, name) for name in Call.__slots__[3:]))


@cache
def _clocks_change_near(hour: int) -> bool:
    """Whether a clock of London or New York is changed within an hour of this one."""
    moment = datetime.fromtimestamp(hour * HOUR, timezone.utc)
    if moment.month not in {3, 10, 11} or moment.weekday() != 6 or moment.hour > 8:
        return False
    around = timedelta(hours=1), timedelta(hours=2)
    return any(
        (moment - around[0]).astimezone(zone).utcoffset() != (moment + around[1]).astimezone(zone).utcoffset()
        for zone in _CHANGING_ZONES
    )


_DIRECTIONS: Final = ("inbound",) * 45 + ("outbound",) * 38 + ("internal",) * 12 + ("other",) * 5
_OUTCOMES: Final = (
    *(("answered",) * 66 + ("no_answer",) * 14 + ("busy",) * 5 + ("rejected",) * 3 + ("canceled",) * 4),
    *(("abandoned",) + ("voicemail",) * 3 + ("congestion",) + ("failed",) * 2 + ("unknown",)),
)


def _outsider(rng: random.Random, *, calling: bool) -> Party:
    dice = rng.random()
    name = rng.choice(OUTSIDERS)
    if dice < 0.50:
        return Party(Number("e164", f"207946{rng.randrange(100, 1000):04}", "GB"), name)
    if dice < 0.82:
        return Party(Number("e164", f"20255501{rng.randrange(100):02}", "US"), name)
    if dice < 0.92 or not calling:
        return Party(Number("unparsed", f"1632960{rng.randrange(1000):03}"), name)
    if dice < 0.96:
        return Party(Number("anonymous", rng.choice(("anonymous", "Private", "UNAVAILABLE", "withheld"))))
    if dice < 0.98:
        return Party(Number("sip_uri", f"sip:guest{rng.randrange(100)}@voip.example.com"), name)
    return Party(ABSENT)


def _call(rng: random.Random, start: int, outcome: str = "") -> Call:
    direction = rng.choice(_DIRECTIONS)
    outcome = outcome or rng.choice(_OUTCOMES)
    ring, talk = rng.randrange(1, 40), 0
    if outcome in {"answered", "voicemail"}:
        talk = min(int(rng.expovariate(1 / 170)) + 1, 7200)
        if rng.random() < 0.004:
            talk = rng.randrange(3 * HOUR, 8 * HOUR)
    if rng.random() < 0.02:
        ring = talk = 0
    staff = STAFF[rng.randrange(len(STAFF))]
    if direction == "inbound":
        caller, callee = _outsider(rng, calling=True), staff
    elif direction == "outbound":
        caller, callee = staff, _outsider(rng, calling=False)
    elif direction == "internal":
        other = STAFF[(STAFF.index(staff) + rng.randrange(1, len(STAFF))) % len(STAFF)]
        caller, callee = (
            Party(Number("extension", side.extension), side.name, side.user, side.extension) for side in (staff, other)
        )
    else:
        caller, callee = _outsider(rng, calling=True), _outsider(rng, calling=False)
    return Call(
        ident=rng.getrandbits(128),
        start=start,
        micros=rng.randrange(MICRO),
        ring=ring,
        talk=talk,
        outcome=outcome,
        direction=direction,
        caller=caller,
        callee=callee,
        recorded=talk > 0 and rng.random() < 0.4,
        charge=rng.choice((0, 0, rng.randrange(1, 900), rng.randrange(1, 99) * 100, rng.randrange(1, 4) * 10_000)),
        dice=rng.getrandbits(160),
    )
