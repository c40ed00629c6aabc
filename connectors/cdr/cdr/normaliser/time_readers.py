"""Readers of times: in the vendor's form or as ISO 8601 writes it, in the right zone as far as a row's id shows it.

The usual row is read on a short way; what is odd about a time is settled by the slower one behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cdr.normaliser import values
from cdr.normaliser.clocks import Clock, epoch_of_uuid
from cdr.normaliser.fields import Field, Read, Reader, Row, Setting, at_path
from cdr.normaliser.timestamps import (
    PARSERS,
    UTC,
    Parser,
    Printed,
    ResolvedTime,
    Zone,
    canonical,
    epoch_of,
    iso8601,
    printed_time,
    resolve_time,
    rfc3339,
    zone_named,
    zone_or_offset,
)
from cdr.normaliser.values import Convert


@dataclass(frozen=True)
class _Zones:
    """The zone that was asked for, and the one that the rows show instead."""

    asked: Zone
    found: Zone | None

    def settle(
        self, printed: Printed, epoch: int | None, chained: Callable[[], bool]
    ) -> tuple[ResolvedTime, str] | None:
        """The time of a row and its fraction, by everything that tells it; None past the calendar's end.

        A text with an offset needs no zone. The epoch of a row without a previous leg comes first, then the zone that
        the other rows show.
        """
        asked, found = (self.asked, self.found) if printed.offset is None else (printed.offset, None)
        resolved = resolve_time(printed.wall, asked, epoch)
        if resolved is None:
            return None
        mismatch = "time_mismatch" in resolved.issues
        if mismatch and resolved.instant != resolved.printed:
            if not chained():
                return resolved, ""  # the epoch's own time, which has no fraction
            resolved = resolve_time(printed.wall, asked, epoch, corrects=False) or resolved
        if found is not None and (mismatch or epoch is None):
            resolved = _read_by(found, printed, epoch, resolved)
        return resolved, printed.fraction


def _read_by(found: Zone, printed: Printed, epoch: int | None, resolved: ResolvedTime) -> ResolvedTime:
    """The time as the zone that was found has it; the vendor's filter still saw what was printed."""
    other = resolve_time(printed.wall, found, epoch, corrects=False)
    if other is None or other.instant == resolved.printed:
        return resolved
    issues = tuple(issue for issue in other.issues if issue != "time_mismatch")
    return ResolvedTime(other.instant, resolved.printed, (*issues, "time_mismatch"))


def _zones(zone: str | None, setting: Setting) -> _Zones:
    """A zone that the reader names itself is certain; the account's can turn out to be another one."""
    asked = zone_named(zone or setting.zone)
    found = setting.zone_found if zone is None and setting.zone_found != setting.zone else None
    return _Zones(asked, zone_or_offset(found) if found is not None else None)


def _never() -> bool:
    return False


def _parser(format: str) -> Parser:
    if format not in PARSERS:
        raise ValueError(f"no parser for the time format {format!r}; add one to cdr.normaliser.timestamps")
    return PARSERS[format]


@dataclass(frozen=True)
class _Timestamp(Field):
    first_year: str

    def converter(self, setting: Setting) -> Convert:
        zones = _zones(None, setting)

        def convert(value: Any, issues: list[str]) -> str | None:
            if type(value) is str:
                sent = value.strip()
                year = sent[:4]
                if not sent or (year < self.first_year and year.isdigit() and sent[4:5] == "-"):
                    return None
                if moment := rfc3339(sent):
                    return moment
                if (printed := iso8601(sent)) and (settled := zones.settle(printed, None, _never)):
                    return _written(settled, issues)
            issues.append("time_unreadable")
            return None

        return convert


def _written(settled: tuple[ResolvedTime, str], issues: list[str]) -> str:
    resolved, fraction = settled
    issues.extend(resolved.issues)
    return canonical(resolved.instant, fraction)


def timestamp(path: str, *, first_year: int = 0) -> Reader:
    """An RFC 3339 time, fractions kept; in the account's zone where it names none. Years before the first: not set."""
    return _Timestamp(path, f"{first_year:04}")


@dataclass(frozen=True)
class _Moment(Field):
    format: str
    zone: str | None
    evidence: str | None

    def __post_init__(self) -> None:
        _parser(self.format)

    def converter(self, setting: Setting) -> Convert:
        parse, zones = _parser(self.format), _zones(self.zone, setting)
        is_utc = zones.asked is UTC and zones.found is None
        is_canonical = is_utc and self.format == "%Y-%m-%d %H:%M:%S"

        def convert(value: Any, issues: list[str]) -> str | None:
            if type(value) is str:
                sent = value.strip()
                if not sent:
                    return None
                wall = parse(sent)
                if wall is not None and is_canonical:
                    return f"{sent[:10]}T{sent[11:]}Z"  # at half the cost of writing it anew
                if wall is not None and is_utc:
                    return f"{wall.isoformat()}Z"
                printed = Printed(wall) if wall is not None else iso8601(sent)
                if printed is not None and (settled := zones.settle(printed, None, _never)):
                    return _written(settled, issues)
            issues.append("time_unreadable")
            return None

        return convert

    def compile_clock(self, setting: Setting) -> Clock:
        parse, zones, get = _parser(self.format), _zones(self.zone, setting), at_path(self.path)
        get_id = at_path(self.evidence) if self.evidence else lambda _: None
        return Clock(
            read_printed=lambda source: _printed(get(source), parse),
            epoch=lambda source: epoch_of_uuid(get_id(source)),
            chained=lambda _: False,
            asked=zones.asked,
            found=zones.found,
            settles=False,
        )


def _printed(value: Any, parse: Parser) -> Printed | None:
    return printed_time(value.strip(), parse) if type(value) is str else None


@dataclass(frozen=True)
class _WitnessedMoment(Reader):
    path: str
    format: str
    zone: str | None
    witness: str
    previous_leg: str | None
    otherwise_paths: tuple[str, ...]

    def __post_init__(self) -> None:
        _parser(self.format)

    def compile_raw(self) -> Callable[[Row], Any]:
        """The function that finds what is printed: a blank field counts as missing."""
        get, others = at_path(self.path), [at_path(path) for path in self.otherwise_paths]

        def find(source: Row) -> Any:
            value = get(source)
            if others and (value is None or values.is_blank(value)):
                parts = [other(source) for other in others]
                is_told = all(type(part) is str and part.strip() for part in parts)
                return " ".join(part.strip() for part in parts) if is_told else next(filter(None, parts), None)
            return value

        return find

    def _epoch(self) -> Callable[[Row], int | None]:
        get_id = at_path(self.witness)

        def find(source: Row) -> int | None:
            asterisk_id = values.text(get_id(source), [])
            return epoch_of(asterisk_id) if asterisk_id else None

        return find

    def _chained(self) -> Callable[[Row], bool]:
        if self.previous_leg is None:
            return lambda _: False
        get = at_path(self.previous_leg)
        return lambda source: values.text(get(source), []) is not None

    def compile(self, setting: Setting) -> Read:
        parse, zones = _parser(self.format), _zones(self.zone, setting)
        get, find, epoch_in, chained = at_path(self.path), self.compile_raw(), self._epoch(), self._chained()
        asked, is_sure = zones.asked, zones.found is None

        def read(source: Row, row: Row) -> str | None:
            value = get(source)
            wall = parse(value.strip()) if type(value) is str else None
            if wall is not None and is_sure:
                resolved = resolve_time(wall, asked, epoch_in(source))
                if resolved is not None and not resolved.issues:
                    return canonical(resolved.instant)
            return read_oddity(source, row["issues"])

        def read_oddity(source: Row, issues: list[str]) -> str | None:
            value = find(source)
            if value is None or values.is_blank(value):
                return None
            printed = _printed(value, parse)
            settled = zones.settle(printed, epoch_in(source), lambda: chained(source)) if printed is not None else None
            if settled is None:
                issues.append("time_unreadable")
                return None
            return _written(settled, issues)

        return read

    def compile_clock(self, setting: Setting) -> Clock:
        parse, zones, find = _parser(self.format), _zones(self.zone, setting), self.compile_raw()
        return Clock(
            read_printed=lambda source: _printed(find(source), parse),
            epoch=self._epoch(),
            chained=self._chained(),
            asked=zones.asked,
            found=zones.found,
        )


def moment(
    path: str,
    format: str,
    *,
    zone: str | None = None,
    witness: str | None = None,
    previous_leg: str | None = None,
    otherwise: tuple[str, ...] = (),
    evidence: str | None = None,
) -> Reader:
    """A time in a fixed format, or as ISO 8601 writes it, in that zone, else in the zone of the account.

    `witness` is the path of an Asterisk id, whose epoch settles and corrects the time; not where `previous_leg` is
    there, for then it can be the epoch of that leg. `otherwise` are the paths to read where this one has nothing: of
    the whole time, or of date and time. `evidence` is the path of a UUID of version 1: it tells only something about
    many rows together.
    """
    if witness is None:
        if previous_leg or otherwise:
            raise ValueError("only a time with a witness has a previous leg, or other paths")
        return _Moment(path, format, zone, evidence)
    return _WitnessedMoment(path, format, zone, witness, previous_leg, otherwise)
