"""Rows that their record holds as a list: one row a leg, while the vendor pages, filters and counts records."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdr.normaliser import exact_json, values
from cdr.normaliser.derivations import derived
from cdr.normaliser.fields import Reader, Row, Setting
from cdr.normaliser.normaliser import Normaliser
from cdr.normaliser.readers import as_sent, text
from cdr.normaliser.values import value_at
from cdr.schema.columns import ISSUES

PARENT: Final = "parent"
PLACE: Final = "place"


class _OddLeg(dict[str, Any]):
    """A leg that is no object: what it is stands under `value`."""


@dataclass(frozen=True)
class Legs:
    """Where a record holds its legs: `{"id": "Abc", "sessionId": "17", "legs": [{"direction": "Inbound"}, {…}]}`.

    Readers see the keys of the leg, the record without its legs behind `parent.`, and from 0 the leg's `place`. `raw`
    is the leg as it was sent. A leg belongs to the window of its record: the reader of the cursor reads both.

    path: the list; id: what identifies a record
    """

    path: str = "legs"
    id: str = "id"

    def of(self, records: Sequence[Any]) -> list[Any]:
        """The rows of these records. A record that is no object is a row, which shows that it cannot be read."""
        rows: list[Any] = []
        for record in records:
            if not isinstance(record, dict):
                rows.append(record)
                continue
            parent = {key: value for key, value in record.items() if key != self.path}
            for place, leg in enumerate(_listed(value_at(record, self.path))):
                row = dict(leg) if isinstance(leg, dict) else _OddLeg(value=leg)
                row[PARENT], row[PLACE] = parent, place
                rows.append(row)
        return rows

    def ids(self, records: Sequence[Any]) -> list[str]:
        """What tells these records apart, for counting them."""
        return [values.text(value_at(record, self.id), []) or _digest(record) for record in records]


def _listed(legs: Any) -> list[Any]:
    if legs is None:
        return []
    return legs if isinstance(legs, list) else [legs]


def _digest(record: Any) -> str:
    return hashlib.sha256(exact_json.dumps(record, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(eq=False)
class LegNormaliser(Normaliser):
    """Turns legs into canonical rows. The time that a leg is placed by is its record's: the vendor filters on it."""

    @property
    def call_is_lost(self) -> bool:
        """Always: what the vendor says of the record is not in `raw`."""
        return self.privacy.mode == "none"

    def read(self, vendor_row: Any) -> tuple[Row, str | None]:
        row, printed = super().read(vendor_row)
        if not isinstance(vendor_row, dict):
            return row, printed
        if row.get("raw") is not None:
            row["raw"] = {key: value for key, value in vendor_row.items() if key not in (PARENT, PLACE)}
        if isinstance(vendor_row, _OddLeg) and "issues" in row:
            row["issues"] = [issue for issue in ISSUES if issue in row["issues"] or issue == "value_unreadable"]
        return row, self._began(vendor_row)

    def clocks(self, vendor_row: Any, row: Row) -> tuple[str, ...]:
        began = self._began(vendor_row) if isinstance(vendor_row, dict) else None
        return () if began is None else (began,)

    def _compile(self) -> Any:
        reader = self.fields.get(self.cursor or "")
        if reader is not None and reader.needs:
            raise ValueError(f"{self.vendor}: the time of a record cannot be read from {', '.join(reader.needs)}")
        setting = Setting(zone=self.zone, origin=self.origin, zone_found=self.zone_found)
        self._read_time = reader.compile(setting) if reader is not None else None
        return super()._compile()

    def _began(self, vendor_row: Row) -> str | None:
        """When the record of a leg began."""
        record = vendor_row.get(PARENT) or {}
        began: str | None = self._read_time(record, {"issues": []}) if self._read_time else None
        return began


def _leg_id(record: str | None, place: int) -> str | None:
    return None if record is None else f"{record}/{place}"


def leg_id(path: str = "id") -> Reader:
    """The id of the record at that path, `/` and the place of the leg in it: `Abc/0`."""
    return derived(_leg_id, text(f"{PARENT}.{path}"), as_sent(PLACE))
