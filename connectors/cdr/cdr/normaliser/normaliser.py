"""The normaliser: a telephony vendor's row in, the canonical row out. Pure, but for bounded caches.

No JSON value makes it raise, and no row is lost; the same row always gives the same bytes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, Final, NamedTuple

import orjson

from cdr.normaliser import exact_json
from cdr.normaliser.calls import Call, compile_call, start_of
from cdr.normaliser.clocks import Clock, Evidence
from cdr.normaliser.derivations import ends_before_start
from cdr.normaliser.fields import Field, Fields, Read, Row, Setting
from cdr.normaliser.phone_numbers import Number, resolve_number
from cdr.normaliser.privacy import Privacy
from cdr.normaliser.values import Convert
from cdr.schema.columns import DEFAULTS, ISSUES

Step = Callable[[Row, Row], None]
"""(vendor row, canonical row): fills one column or more."""

_NUMBERS: Final = {
    "from_number": ("from_number_e164", "from_number_kind", "from_country"),
    "to_number": ("to_number_e164", "to_number_kind", "to_country"),
}
_FAR_SIDES: Final = {"from_number": "inbound", "to_number": "outbound"}
"""The direction of a call whose far side is in that column."""
_PART_OF: Final = {part: number for number, parts in _NUMBERS.items() for part in parts}
_KEYS: Final = ("record_id", "recording_id", "recording_file_id")
_FILLED_HERE: Final = frozenset({*_KEYS, "vendor", "account_id", "issues", "raw", "schema_version", *_PART_OF})


class _CompiledFields(NamedTuple):
    template: Row
    direct: tuple[tuple[str, str, Convert], ...]
    steps: tuple[Step, ...]
    identity: str
    key: str | None
    key_prefix: str
    keeps_raw: bool
    keeps_issues: bool
    keeps_order: bool
    hide: Callable[[Row], None] | None
    call: Callable[[Any], Call]
    clock: Clock | None
    """Of the column `cursor`."""
    witness: Clock | None
    """Of the column that says when the call, or the recording, began."""

    def read(self, source: Row, row: Row, issues: list[str]) -> None:
        for column, key, convert in self.direct:
            value = source.get(key)
            if value is not None:
                row[column] = convert(value, issues)
        for step in self.steps:
            step(source, row)
        if self.keeps_order and ends_before_start(row):
            issues.append("end_before_start")


@dataclass(eq=False)
class Normaliser:
    """Turns one account's rows of one stream into canonical rows. Threads may share it; it can be pickled.

    Raises ValueError where the mapping names a column that is not the vendor's to fill, or columns that need
    each other.
    """

    fields: Fields
    """The vendor's mapping."""
    _: KW_ONLY
    columns: tuple[str, ...]
    """The stream's columns, in the order of the contract."""
    vendor: str
    account_id: str | None
    region: str | None = None
    """ISO 3166-1 alpha-2 country of phone numbers without a country code."""
    zone: str = "UTC"
    """IANA zone of times that name none."""
    zone_found: str | None = None
    """IANA zone, or constant offset such as `+05:30`, that the rows show their times to be printed in."""
    bare_country_codes: bool = False
    """Whether the vendor sends country codes without `+`."""
    spells_withheld: bool = False
    """Whether the vendor prints a withheld caller as digits that spell a word."""
    cursor: str | None = "started_at"
    """The column with the time that the vendor's server filters on."""
    include_raw: bool = True
    privacy: Privacy = field(default_factory=Privacy)
    origin: str = ""
    """Scheme, host and port of links that name none."""

    def __post_init__(self) -> None:
        self._plan = self._compile()

    def __getstate__(self) -> dict[str, Any]:
        # The plan's functions cannot be pickled; what they were made from can.
        return {argument.name: getattr(self, argument.name) for argument in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._plan = self._compile()

    def row(self, vendor_row: Any) -> Row:
        """The canonical row: every column, in the order of the contract."""
        return self.read(vendor_row)[0]

    def read(self, vendor_row: Any) -> tuple[Row, str | None]:
        """The canonical row, and its `cursor` time as the vendor printed it: canonical text in UTC, None if unreadable.

        A time that was corrected from an epoch is given uncorrected: the server filtered on what it printed.
        """
        plan = self._plan
        row = plan.template.copy()
        issues: list[str] = []
        row["issues"] = issues
        if isinstance(vendor_row, dict):
            plan.read(vendor_row, row, issues)
        else:
            issues.append("value_unreadable")
        if row[plan.identity] is None:
            row[plan.identity] = f"sha256:{_digest(vendor_row)}"
            issues.append("id_missing")
        if plan.key is not None:
            row[plan.key] = plan.key_prefix + row[plan.identity]
        if plan.keeps_raw:
            row["raw"] = vendor_row if isinstance(vendor_row, dict) else {"value": vendor_row}
        printed = None if self.cursor is None else row.get(self.cursor)
        if issues:
            if plan.clock is not None and "time_mismatch" in issues:
                printed = plan.clock.printed(vendor_row)
            row["issues"] = [issue for issue in ISSUES if issue in issues]
        if plan.hide is not None:
            plan.hide(row)
        if not plan.keeps_issues:
            del row["issues"]
        return row, printed

    @property
    def key_prefix(self) -> str:
        """What the key of a row has in front of the vendor's id."""
        return self._plan.key_prefix if self._plan.key is not None else ""

    @property
    def call_is_lost(self) -> bool:
        """Whether a canonical row does not hold what the vendor said of its call, although none of it is private."""
        return not self._plan.keeps_raw and self.privacy.mode == "none"

    def call(self, vendor_row: Any) -> Call:
        """Start, from, to and direction as the vendor sent them; None for what is missing, null or empty text."""
        return self._plan.call(vendor_row)

    def evidence(self, vendor_row: Any) -> Evidence | None:
        """What a row proves about the zone that its vendor prints in; None where it proves nothing."""
        witness = self._plan.witness
        return witness.evidence(vendor_row) if witness is not None and isinstance(vendor_row, dict) else None

    def clocks(self, vendor_row: Any, row: Row) -> tuple[str, ...]:
        """Everything that tells the `cursor` time of a row that was read, in UTC: printed, corrected, found, in its id.

        Slow: for rows whose printed time lies outside what was asked for.
        """
        plan, cursor = self._plan, self.cursor
        if cursor is None or not isinstance(vendor_row, dict):
            return ()
        texts = [] if row.get(cursor) is None else [row[cursor]]
        if plan.clock is not None:
            texts += plan.clock.texts(vendor_row)
        if plan.witness is not None and cursor == "ended_at":
            # The id has the time of the start; the end is later by the duration.
            texts += plan.witness.in_id(vendor_row, row.get("duration_seconds"))
        return tuple(dict.fromkeys(texts))

    def _compile(self) -> _CompiledFields:
        allowed = frozenset(self.columns) - _FILLED_HERE
        if unknown := [column for column in self.fields if column not in allowed]:
            raise ValueError(f"{self.vendor}: no field fills {', '.join(unknown)}")
        setting = Setting(zone=self.zone, origin=self.origin, zone_found=self.zone_found)
        start = start_of(self.fields)
        template: Row = {column: DEFAULTS.get(column) for column in self.columns}
        template |= {"vendor": self.vendor, "account_id": self.account_id, "issues": None}
        direct = []
        steps: list[Step] = []
        for column in self._in_order():
            reader = self.fields[column]
            if isinstance(reader, Field) and "." not in reader.path:
                template[column] = reader.absent
                convert = reader.converter(setting)
                direct.append((column, reader.path, convert))
            else:
                steps.append(_fill(column, reader.compile(setting)))
            if column in _NUMBERS:
                steps.append(self._fill_parts(column))
        cursor = self.fields.get(self.cursor) if self.cursor is not None else None
        return _CompiledFields(
            template=template,
            direct=tuple(direct),
            steps=tuple(steps),
            identity="vendor_record_id" if "vendor_record_id" in self.columns else "id",
            key=next((key for key in _KEYS if key in self.columns), None),
            key_prefix=f"{self.vendor}:{self.account_id or ''}:",
            keeps_raw=self.include_raw and self.privacy.mode == "none" and "raw" in self.columns,
            keeps_issues="issues" in self.columns,
            keeps_order="started_at" in self.fields and "ended_at" in self.fields,
            hide=self.privacy.compile(self.columns, self._resolve),
            call=compile_call(self.fields),
            clock=cursor.compile_clock(setting) if cursor is not None else None,
            witness=self.fields[start].compile_clock(setting) if start is not None else None,
        )

    def _in_order(self) -> Iterator[str]:
        """The mapped columns, each after those that it needs."""
        done: dict[str, bool] = {}

        def visit(column: str) -> Iterator[str]:
            if column in done or column not in self.fields:
                return
            done[column] = False
            for need in (*self.fields[column].needs, *(self._evidence_of_numbers() if column in _NUMBERS else ())):
                needed = _PART_OF.get(need, need)
                if needed not in self.columns or done.get(needed) is False:
                    raise ValueError(f"{self.vendor}: {column} cannot be read from {needed}")
                yield from visit(needed)
            done[column] = True
            yield column

        for column in self.columns:
            yield from visit(column)

    def _resolve(self, text: str | None) -> Number:
        return resolve_number(text, self.region, self.bare_country_codes, self.spells_withheld)

    def _evidence_of_numbers(self) -> tuple[str, ...]:
        """The columns that say, of a number that is valid with its country code first and without, which one it is."""
        columns = ("direction", "is_international")
        return columns if self.bare_country_codes and all(column in self.fields for column in columns) else ()

    def _fill_parts(self, column: str) -> Step:
        e164, kind, country = _NUMBERS[column]
        full = kind in self.columns
        given = self.region, self.bare_country_codes, self.spells_withheld
        # The far side of an international call is a number with its country code.
        far = _FAR_SIDES[column] if self._evidence_of_numbers() else None

        def fill(_: Row, row: Row) -> None:
            number = resolve_number(row[column], *given)
            if number.other is not None:
                if far is not None and row["is_international"] and row["direction"] == far:
                    number = number.other
                else:
                    row["issues"].append("number_ambiguous")
            row[e164] = number.e164
            if full:
                row[kind] = number.kind
                row[country] = number.country
            if number.kind == "unparsed":
                row["issues"].append("number_unparsed")

        return fill


def _fill(column: str, read: Read) -> Step:
    def fill(source: Row, row: Row) -> None:
        row[column] = read(source, row)

    return fill


def serialise(row: Row) -> bytes:
    """The JSON of one row, in UTF-8, without spaces.

    What orjson refuses (integers past 64 bits, lone surrogates, deep nesting) is written exactly, the slow way.
    """
    try:
        return orjson.dumps(row)
    except TypeError:
        return exact_json.dumps(row).encode()


def _digest(vendor_row: Any) -> str:
    try:
        canonical = json.dumps(vendor_row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        canonical = exact_json.dumps(vendor_row, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
