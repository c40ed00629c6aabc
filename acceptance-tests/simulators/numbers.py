"""Phone numbers whose reading is known by construction: reserved for fiction, so nobody's phone rings.

+44 20 7946 0xxx and +1 202 555 01xx are valid to libphonenumber; +44 1632 960xxx is reserved too, but not valid.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

_CODES: Final = {"GB": "44", "US": "1", "": "44"}
_TRUNKS: Final = {"GB": "0", "US": "", "": "0"}


class Number(NamedTuple):
    """What a party is reached at; for e164 and unparsed the national number, without trunk prefix."""

    kind: str
    text: str | None
    country: str = ""


ABSENT: Final = Number("absent", None)


class Spelled(NamedTuple):
    """A number as a vendor prints it, and how it has to be read. `region` is the one it cannot be read without."""

    text: str | None
    kind: str = "absent"
    e164: str | None = None
    country: str | None = None
    region: str | None = None


def spell(number: Number, style: str, *, bare_is_known: bool = False) -> Spelled:
    """Print a number as `bare` (country code, no +), `plus`, `zeros`, `spaced` or `national` digits.

    `bare_is_known` says that the vendor is known to leave the + out; else bare digits are read by the region alone.
    """
    if number.kind not in {"e164", "unparsed"}:
        return Spelled(number.text, number.kind)
    code, digits = _CODES[number.country], number.text or ""
    text = {
        "bare": code + digits,
        "plus": f"+{code}{digits}",
        "zeros": f"00{code}{digits}",
        "spaced": f"+{code} {digits[:2]} ({digits[2:6]}) {digits[6:]}",
        "national": _TRUNKS[number.country] + digits,
    }[style]
    if number.kind == "unparsed":
        return Spelled(text, "unparsed")
    region = number.country if style == "national" or (style == "bare" and not bare_is_known) else None
    return Spelled(text, "e164", f"+{code}{digits}", number.country, region)


def unreadable(spelled: Spelled) -> Spelled:
    """The same text where the vendor's rules cannot read it, such as digits whose country nobody knows."""
    return Spelled(spelled.text, "unparsed") if spelled.kind == "e164" else spelled


def columns(side: str, spelled: Spelled, region: str | None, *, kind: bool = True) -> dict[str, Any]:
    """Return the canonical columns of one side. `region` is the region that the reader was configured with."""
    if spelled.region is not None and spelled.region != region:
        spelled = unreadable(spelled)
    row: dict[str, Any] = {f"{side}_number": spelled.text, f"{side}_number_e164": spelled.e164}
    if kind:
        row |= {f"{side}_number_kind": spelled.kind, f"{side}_country": spelled.country}
    return row
