"""The words, parties and times that RingCentral's call log is printed with, and how each has to be read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from simulators.calls import MICRO, STAFF, Call, Party, amount, number_in_json, stamp
from simulators.numbers import Number, Spelled, spell

_MILLI: Final = 1000
DIRECTIONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "inbound": ("Inbound",),
    "outbound": ("Outbound",),
    "internal": ("Outbound", "Inbound"),  # the vendor has no word for calls inside
    "other": ("Conference", None),
}
MEANT: Final[Mapping[str | None, str]] = {"Inbound": "inbound", "Outbound": "outbound"}
# What became of a call: the result, the reason, and what the mapping makes of the result.
RESULTS: Final[Mapping[str, tuple[tuple[str | None, str | None, str], ...]]] = {
    "answered": (("Accepted", None, "answered"), ("Call connected", "Accepted", "answered")),
    "no_answer": (
        ("Missed", None, "no_answer"),
        ("No Answer", "Not Answered", "no_answer"),
        ("Answered Not Accepted", "Connected", "no_answer"),
    ),
    "busy": (("Busy", "Line Busy", "busy"),),
    "rejected": (("Rejected", None, "rejected"), ("Declined", None, "rejected"), ("Blocked", None, "rejected")),
    "canceled": (("Hang Up", "Hang Up", "canceled"), ("Stopped", "Stopped", "canceled")),
    "abandoned": (("Abandoned", None, "abandoned"),),
    "voicemail": (("Voicemail", None, "voicemail"), ("Sent to Voicemail", None, "voicemail")),
    "congestion": (("Network Congestion", "Max Call Limit", "unknown"),),  # a word that nobody documents
    "failed": (
        ("Call Failed", "Failed Try Again", "failed"),
        ("IP Phone Offline", "No Digital Line", "failed"),
        ("Wrong Number", "Bad Number", "failed"),
        ("International Restricted", "International Restricted", "failed"),
    ),
    "unknown": (("In Progress", None, "unknown"), ("Unknown", None, "unknown"), (None, None, "unknown")),
}
# Where a call went by the vendor's own types: the word, whether it is toll-free, whether international.
TYPES: Final[tuple[tuple[str | None, bool | None, bool | None], ...]] = (
    *(("Local", False, False), ("LongDistance", False, False), ("International", False, True)),
    *(("TollFreeNumber", True, False), ("Sip", None, None), (None, None, None)),
)
LEG_TYPES: Final = ("Accept", "PstnToSip", "FindMe")
FIND_ME_SECONDS: Final = 4
API: Final = "https://platform.ringcentral.com/restapi/v1.0/account/400129284008"


class Leg(NamedTuple):
    """A leg of a call: its place, how long after the call it began, and the words for it."""

    call: Call
    place: int
    late: int
    direction: str | None
    result: tuple[str | None, str | None, str]

    @property
    def duration(self) -> int:
        return self.call.duration - self.late


class Told(NamedTuple):
    """A party as it is printed, and how it has to be read."""

    printed: dict[str, Any] | None
    number: Spelled
    extension: str | None
    user: str | None
    name: str | None


@cache
def published_samples() -> dict[str, Any]:
    """Return the vendor's own samples, and the truth about them, both written by hand."""
    content: dict[str, Any] = orjson.loads(Path(__file__).with_name("ringcentral.published.json").read_bytes())
    return content


def record_id(call: Call) -> str:
    """Fifteen letters and digits, as the vendor's samples have them."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(letters[call.ident >> 6 * place & 63] for place in range(15))


def session_id(call: Call) -> str:
    return str(10**12 + call.ident % 10**12)


def started(call: Call) -> int:
    """The start in microseconds: the vendor's clock counts milliseconds."""
    return call.start * MICRO + call.micros // _MILLI * _MILLI


def as_printed(at: int) -> str:
    """As the vendor prints times: always three digits of a fraction."""
    seconds, rest = divmod(at, MICRO)
    return f"{stamp(seconds)[:-1]}.{rest // _MILLI:03}Z"


def as_read(at: int) -> str:
    """As times have to be read: a fraction of zeros is none."""
    return as_printed(at).replace(".000Z", "Z")


def on_clock(at: int, zone: ZoneInfo) -> str:
    if zone.key == "UTC":
        return as_printed(at)
    seconds, rest = divmod(at, MICRO)
    return datetime.fromtimestamp(seconds, zone).replace(microsecond=rest).isoformat(timespec="milliseconds")


def party_of(call: Call, party: Party, slot: int) -> Told:
    inside = party.extension is not None
    user = str(62_264_425_000 + STAFF.index(_staff(party))) if inside and call.chance(slot, 80) else None
    if inside and call.direction == "internal":
        printed = {"extensionNumber": party.extension, "extensionId": user, "name": party.name}
        number = spell(Number("extension", party.extension), "plus")
        return Told(printed, number, party.extension, user, party.name or None)
    number = spell(party.number, call.pick(slot, ("plus",) * 5 + ("bare", "spaced")), bare_is_known=True)
    if number.text is None and not party.name:
        return Told(call.pick(slot, ({}, None)), number, None, None, None)
    extension = party.extension if inside and call.chance(slot + 4, 30) else None
    printed = {"phoneNumber": number.text, "name": party.name, "location": "London"}
    if inside:
        printed |= {"extensionNumber": extension} if extension else {}
        printed |= {"extensionId": user} if user else {}
    return Told(printed, number, extension, user, party.name or None)


def _staff(party: Party) -> Party:
    return next(one for one in STAFF if one.extension == party.extension)


def cost_of(call: Call) -> tuple[dict[str, Any], str | None]:
    """What billing prints, and what the call cost beyond the plan."""
    included = number_in_json(call.charge // 3)
    if call.chance(9, 6):
        return {"costIncluded": included}, None
    return {"costIncluded": included, "costPurchased": number_in_json(call.charge)}, amount(call.charge)


def recording_of(call: Call) -> dict[str, Any] | None:
    if not call.recorded:
        return None
    name = str(call.ident % 10**10)
    link = f"https://media.ringcentral.com/restapi/v1.0/account/400129284008/recording/{name}/content"
    return {"uri": f"{API}/recording/{name}", "id": name, "type": "OnDemand", "contentUri": link}
