"""What the calls themselves show: ids, words, numbers, columns. Only counts and a vendor's words leave this module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from cdr.doctor.asking import Asker, Call
from cdr.doctor.sample import Sample
from cdr.normaliser.clocks import epoch_of_uuid
from cdr.normaliser.fields import Field, at_path
from cdr.normaliser.phone_numbers import resolve_number
from cdr.normaliser.timestamps import epoch_of
from cdr.reading.findings import ACTION, OK, Finding

# A word of a vendor's list, nobody's name or number: those of more than a few letters and no digits in a row.
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z]*(?:[ _./-][A-Za-z0-9]{1,24}){0,5}")
_LONGEST_WORD: Final = 40
_MOST_WORDS: Final = 12
_FEW_UNKNOWN: Final = 0.5
_NEEDED: Final = ("started_at", "direction", "disposition", "from_number", "to_number", "duration_seconds")
_ENOUGH: Final = 20
_REGIONS: Final = (
    *("US", "GB", "IN", "FR", "ES", "NL", "BE", "IE", "CH", "PT", "PL", "NO", "DK", "AU", "NZ", "ZA", "SG", "HK"),
    *("MX", "BR", "AE", "JP", "SE", "FI", "IT", "AT", "DE"),
)
_SIDES: Final = ("from_number", "to_number")
_PEOPLE: Final = ("from_user", "to_user", "from_extension", "to_extension")
_KINDS: Final = {"e164": "valid", "unparsed": "not valid", "anonymous": "hidden", "extension": "extensions"}
_BETTER: Final = 0.6
_LONGEST_NATIONAL: Final = 10
_NEARLY: Final = 0.8
_FEWEST_UNPARSED: Final = 10


def call_findings(asker: Asker, sample: Sample, more: Sequence[Call] = ()) -> Iterator[Finding]:
    """Everything that the rows of a sample, and `more` of other days, show."""
    calls = sample.calls
    yield from _ids(asker, [*calls, *more])
    yield _words(calls)
    yield _numbers(asker, calls)
    yield _columns(asker, calls)
    yield from _date_order(asker, calls)
    yield from _role(asker, calls)


def _ids(asker: Asker, calls: list[Call]) -> Iterator[Finding]:
    calls = list({call.key: call for call in calls}.values())
    expected, evidence = "an id of its own for every call", f"{len(calls)} calls"
    missing = sum("id_missing" in call.issues for call in calls)
    repeated = sum(count - 1 for count in Counter(call.id for call in calls).values())
    if missing:
        effect = "a digest of the row stands for the id; `id_missing` marks it"
        yield Finding("ids", expected, f"sends {missing} calls without an id", evidence, effect)
    if repeated:
        effect = "both calls are kept; `id_repeated` marks the second"
        yield Finding("ids", expected, f"gives one id to two calls, {repeated} times", evidence, effect)
    reader: Any = asker.stream.fields.get("started_at")
    tells_time = getattr(reader, "witness", None) or getattr(reader, "evidence", None)
    if tells_time and not any(_tells_time(call, tells_time) for call in calls):
        effect = "the zone of the printed times cannot be proven from the calls"
        yield Finding("ids", "ids that carry the time of their call", "sends ids that tell no time", evidence, effect)
    elif not missing and not repeated:
        yield Finding("ids", expected, expected, evidence, severity=OK)


def _tells_time(call: Call, path: str) -> bool:
    """Whether an id carries a time, whatever the row prints."""
    value = at_path(path)(call.source) if isinstance(call.source, dict) else None
    return epoch_of_uuid(value) is not None or epoch_of(str(value or "")) is not None


def _words(calls: list[Call]) -> Finding:
    expected = "words that are known"
    unknown: Counter[str] = Counter()
    for call in calls:
        for column in ("direction", "disposition"):
            word = call.row.get(f"{column}_raw")
            if call.row.get(column) == "unknown" and word:
                unknown[f"{column} {_plain(str(word))}"] += 1
    known = Counter(f"{call.row.get('direction')}, {call.row.get('disposition')}" for call in calls)
    if not unknown:
        seen = "; ".join(f"{pair} {count}" for pair, count in known.most_common(_MOST_WORDS))
        return Finding("words", expected, expected, f"{len(calls)} calls: {seen}", severity=OK)
    named = "; ".join(f"{word} ({count})" for word, count in unknown.most_common(_MOST_WORDS))
    if unknown.total() <= _FEW_UNKNOWN * len(calls):
        # No vendor lists all of its words.
        return Finding("words", expected, f"{expected}, but for {named}", f"{len(calls)} calls", severity=OK)
    return Finding(
        "words",
        expected,
        f"uses words that are not known: {named}",
        evidence=f"{unknown.total()} of {len(calls)} calls",
        effect="the column says `unknown`, and the `_raw` column keeps the word",
        advice="report them with this table, with what they mean",
    )


def _plain(word: str) -> str:
    """A word that can be shown; another kind of text stays here."""
    is_word = _WORD.fullmatch(word) and len(word) <= _LONGEST_WORD and not re.search(r"\d{3}", word)
    return f"“{word}”" if is_word else "(a text that may name somebody)"


def _numbers(asker: Asker, calls: list[Call]) -> Finding:
    sides = [(call.row.get(column), call.row.get(f"{column}_kind")) for call in calls for column in _SIDES]
    kinds = Counter(str(kind) for _, kind in sides if kind != "absent")
    total = kinds.total()
    ambiguous = sum("number_ambiguous" in call.issues for call in calls)
    region = asker.plan.normaliser.region
    counts = [f"{_KINDS.get(kind, kind)} {count * 100 // total} %" for kind, count in kinds.most_common()]
    shares = ", ".join(counts) or "none"
    evidence = f"{total} numbers: {shares}" + (
        f"; {ambiguous} calls with a number of two readings" if ambiguous else ""
    )
    expected = f"numbers of {region}" if region else "numbers with their country code"
    better = _better_region(asker, [(str(number), str(kind)) for number, kind in sides if number])
    if better is not None and region is None:
        name, count = better
        found = f"{count} numbers without a country code; with `default_region` {name} they are read"
        return Finding("numbers", expected, found, evidence, severity=OK)
    if better is not None:
        name, count = better
        return Finding(
            "numbers",
            expected,
            f"sends {count} numbers without a country code that are none of {region or 'any country'}, but of {name}",
            evidence=evidence,
            effect="they have no E.164 form, and `number_unparsed`",
            advice=f"set `default_region` to {name}",
            severity=ACTION,
        )
    return Finding("numbers", expected, expected if total else "no numbers", evidence, severity=OK)


def _better_region(asker: Asker, numbers: list[tuple[str, str]]) -> tuple[str, int] | None:
    """The region of most numbers without a country code, where the one that is set is not: with their number."""
    national = [(number, kind) for number, kind in numbers if _is_national(number)]
    unparsed = [number for number, kind in national if kind == "unparsed"]
    explained = sum(kind == "e164" for _, kind in national)
    if len(unparsed) < _FEWEST_UNPARSED:
        return None
    bare = asker.plan.normaliser.bare_country_codes
    counted = {
        name: sum(resolve_number(number, name, bare).e164 is not None for number in unparsed) for name in _REGIONS
    }
    most = max(counted.values())
    # Some countries have numbers of any length: where others explain nearly as many, those are meant.
    best = next(name for name in _REGIONS if counted[name] >= _NEARLY * most)
    return (best, counted[best]) if counted[best] > explained and counted[best] >= _BETTER * len(unparsed) else None


def _is_national(number: str) -> bool:
    """Whether a number looks like one without its country code."""
    digits = re.sub(r"[ ().-]", "", number)
    return digits.isdigit() and digits[:2] != "00" and (digits[:1] == "0" or len(digits) <= _LONGEST_NATIONAL)


def _columns(asker: Asker, calls: list[Call]) -> Finding:
    mapped = [name for name in asker.stream.fields if name in calls[0].row] if calls else []
    empty = [name for name in mapped if all(call.row[name] in (None, "unknown") for call in calls)]
    unreadable = any("time_unreadable" in call.issues for call in calls)
    needed = [name for name in _NEEDED if name in empty and not (unreadable and name == "started_at")]
    expected, evidence = "a value in each column that the vendor has a field for", f"{len(calls)} calls"
    if needed and len(calls) >= _ENOUGH:
        return Finding(
            "columns",
            expected,
            f"sends nothing that fills {', '.join(needed)}",
            evidence=evidence,
            effect="these columns are empty in every row",
            advice="report this with the table: the vendor's fields may have other names now",
            severity=ACTION,
        )
    without_end = _without_end(asker, calls)
    if without_end:
        effect = "`ended_at` is as sent; calls are found by their start"
        return Finding("columns", "an end for every call", without_end, evidence, effect)
    found = f"always empty here: {', '.join(empty)}" if empty else "none is always empty"
    return Finding("columns", expected, found, evidence, severity=OK)


def _without_end(asker: Asker, calls: list[Call]) -> str | None:
    """What is odd about the ends that the vendor itself sends."""
    if not isinstance(asker.stream.fields.get("ended_at"), Field):
        return None
    lasting = [call for call in calls if (call.row.get("duration_seconds") or 0) > 0]
    ended = [call for call in calls if not asker.stream.ends_if_answered or call.row["disposition"] == "answered"]
    missing = sum(call.row.get("ended_at") is None for call in ended)
    same = sum(call.row.get("ended_at") == call.row.get("started_at") for call in lasting)
    if missing * 10 > len(ended):
        return f"sends {missing} of {len(ended)} calls without an end"
    if lasting and same * 2 > len(lasting):
        return f"prints the start as the end of {same} calls that lasted"
    return None


def _date_order(asker: Asker, calls: list[Call]) -> Iterator[Finding]:
    """Whether the day stands before the month, in digits: unreadable times, or epochs that agree only so."""
    reader: Any = asker.stream.fields.get("started_at")
    if "%m/%d/" not in str(getattr(reader, "format", "")):
        return
    expected = "the month before the day"
    unreadable = sum("time_unreadable" in call.issues for call in calls)
    swapped = sum(_agrees_swapped(call) for call in calls)
    if unreadable > len(calls) // 10 or swapped > len(calls) // 2:
        yield Finding(
            "date_order",
            f"{expected}, as in the vendor's samples",
            "prints the day before the month",
            evidence=f"{unreadable} times that cannot be read, {swapped} that the calls' ids contradict",
            effect="no call is lost; their times are missing or wrong, with `time_unreadable` or `time_mismatch`",
            advice="report this with the table: the connector has no setting for it yet",
            severity=ACTION,
        )
    else:
        yield Finding("date_order", expected, expected, f"{len(calls)} calls", severity=OK)


def _agrees_swapped(call: Call) -> bool:
    """Whether the epoch in the id agrees with the printed time only if day and month change places."""
    if call.evidence is None:
        return False
    wall, epoch = call.evidence.wall, datetime.fromtimestamp(call.evidence.epoch, timezone.utc).replace(tzinfo=None)
    if abs(wall - epoch) <= timedelta(days=2):
        return False
    try:
        other = wall.replace(month=wall.day, day=wall.month)
    except ValueError:
        return False
    return abs(other - epoch) <= timedelta(days=2)


def _role(asker: Asker, calls: list[Call]) -> Iterator[Finding]:
    """Whether all calls have one person in common: then the user may see its own calls only."""
    columns = [name for name in _PEOPLE if name in asker.stream.fields]
    if not columns:
        return
    sides = [{call.row[name] for name in columns if call.row.get(name)} for call in calls]
    expected = "the calls of all users"
    common = set.intersection(*sides) if sides else set()
    people = set().union(*sides) if sides else set()
    if len(calls) >= _ENOUGH and common:
        yield Finding(
            "role",
            expected,
            "sends calls of one user only",
            evidence=f"one user, or extension, is part of all {len(calls)} calls",
            effect="the calls of everybody else are missing, without any error",
            advice=asker.stream.advice.get(403)
            or "give the user of `credentials` a role that sees the calls of all users",
            severity=ACTION,
        )
    else:
        yield Finding(
            "role", expected, f"calls of {len(people)} users or extensions", f"{len(calls)} calls", severity=OK
        )
