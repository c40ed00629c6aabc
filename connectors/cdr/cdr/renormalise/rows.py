"""A loaded row, read anew from what the vendor sent. Pure: where the row lies is the affair of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cdr.http.bodies import parse
from cdr.normaliser.clocks import zone_shown
from cdr.normaliser.fields import Row
from cdr.normaliser.normaliser import Normaliser
from cdr.schema.columns import COLUMNS, ISSUES
from cdr.schema.errors import BodyError
from cdr.vendor.stream import Stream

WITHOUT_RAW: Final = "without `raw`"
OTHER_VENDOR: Final = "of another vendor"
OTHER_ACCOUNT: Final = "of another account"
UNREADABLE_RAW: Final = "whose `raw` is no object"

# What a row is called, and whose it is, stays: it is found by that, wherever it was loaded to.
_IDENTITY: Final = frozenset({"record_id", "recording_id", "vendor_record_id", "vendor", "account_id"})
# What the row alone does not tell: its neighbours, its key and the dates of the sync did.
_KEPT_ISSUES: Final = frozenset({"id_repeated", "id_missing", "time_outside_window"})
_ISSUES_OF_DETAILS: Final = frozenset({"value_unreadable", "amount_unreadable"})
# A character that could not be read, as it is or escaped.
_DAMAGED: Final = re.compile(r"\ufffd|\\ufffd", re.IGNORECASE)


class Stored(NamedTuple):
    """A row as it was loaded.

    place:  where it lies in its table
    issues: what its `issues` hold
    raw:    the text of its `raw`; None where it has none
    """

    place: Any
    vendor: str | None
    account_id: str | None
    issues: list[str]
    raw: str | None


class Renewer:
    """Reads the rows of one stream of one account anew.

    dialect: what a sync found out about the vendor, from its state
    sample:  some rows; where the dialect tells no zone, they tell in which one the vendor prints its times
    """

    def __init__(self, stream: Stream, dialect: Mapping[str, Any], sample: Iterable[Stored] = ()) -> None:
        self._stream = stream
        self._account = stream.account_id()
        asked = _zone_asked(stream, dialect)
        known = dialect.get("zone")
        self.zone: str | None = known if isinstance(known, str) else None
        self._normaliser: Normaliser = stream.normaliser(self.zone, asked)
        if self.zone is None:
            self._find_zone(sample, asked)
        # Such a column was filled from elsewhere, a detail for example: `raw` does not hold it.
        filled_elsewhere = stream.fields.keys() - self._normaliser.fields.keys()
        self._kept_issues = _KEPT_ISSUES | (_ISSUES_OF_DETAILS if filled_elsewhere else frozenset())
        keeps_raw = self._normaliser.include_raw and self._normaliser.privacy.mode == "none"
        self.columns: tuple[str, ...] = tuple(
            column
            for column in COLUMNS[stream.name]
            if column not in _IDENTITY | filled_elsewhere and not (column == "raw" and keeps_raw)
        )
        """The columns that are written; `raw` among them where the settings say that it shall go."""

    def _find_zone(self, sample: Iterable[Stored], asked: str | None) -> None:
        rows = [row for stored in sample if isinstance(row := self._vendor_row(stored), dict)]
        evidence = [found for row in rows if (found := self._normaliser.evidence(row))]
        asked_for = asked or self._stream.zone
        zone = zone_shown(evidence, asked_for, self._stream.zones)
        if zone not in (None, asked_for):
            self.zone = zone
            self._normaliser = self._stream.normaliser(zone, asked)

    def _vendor_row(self, stored: Stored) -> dict[str, Any] | str:
        """What the vendor sent, or why it is not known."""
        if stored.vendor != self._stream.vendor:
            return OTHER_VENDOR
        if stored.account_id != self._account:
            return OTHER_ACCOUNT
        if stored.raw is None:
            return WITHOUT_RAW
        try:
            row, _ = parse(stored.raw.encode("utf-8", "surrogatepass"))
        except BodyError:
            return UNREADABLE_RAW
        if row is None:
            return WITHOUT_RAW
        return row if isinstance(row, dict) else UNREADABLE_RAW

    def renewed(self, stored: Stored) -> Row | str:
        """The columns as this version reads them, or why the row is left as it is."""
        vendor_row = self._vendor_row(stored)
        if isinstance(vendor_row, str):
            return vendor_row
        row = self._normaliser.row(vendor_row)
        kept = self._kept_issues
        if stored.raw is not None and _DAMAGED.search(stored.raw):
            kept |= {"value_unreadable"}  # of characters that were repaired before the row became `raw`
        noted = {*row["issues"], *(kept & {*stored.issues})}
        row["issues"] = [issue for issue in ISSUES if issue in noted]
        return {column: row[column] for column in self.columns}


def _zone_asked(stream: Stream, dialect: Mapping[str, Any]) -> str | None:
    """The zone that requests asked for, where the vendor takes another than the documented one."""
    forms = dialect.get("forms")
    chosen = forms if isinstance(forms, Mapping) else {}
    for part in stream.uncertain:
        index = chosen.get(part.point, 0)
        if type(index) is int and 0 <= index < len(part.forms) and part.forms[index].zone:
            return part.forms[index].zone
    return None
