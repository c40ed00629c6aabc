"""What the queries in examples/queries have to answer, worked out in Python from the calls as the simulators know them.

An answer is a list of rows; a row is a tuple in the order of the query's columns. Shares and averages are not rounded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Call = dict[str, Any]
Rows = list[tuple[Any, ...]]


def time_of(call: Call) -> datetime:
    return datetime.fromisoformat(call["started_at"].replace("Z", "+00:00"))


def inbound(calls: Iterable[Call]) -> list[Call]:
    return [call for call in calls if call["direction"] == "inbound"]


def answered(calls: Iterable[Call]) -> list[Call]:
    return [call for call in calls if call["disposition"] == "answered"]


def grouped(calls: Iterable[Call], by: Callable[[Call], Any]) -> list[tuple[Any, list[Call]]]:
    found = defaultdict(list)
    for call in calls:
        found[by(call)].append(call)
    return sorted(found.items())


def share(part: Sequence[Any], whole: Sequence[Any]) -> float:
    return 100 * len(part) / len(whole)


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def answer_rate(calls: list[Call]) -> Rows:
    hours = grouped((call for call in inbound(calls) if call["started_at"]), lambda call: time_of(call).hour)
    return [(hour, len(of), len(answered(of)), share(answered(of), of)) for hour, of in hours]


def day(call: Call) -> date:
    return time_of(call).date()


def abandoned(calls: list[Call]) -> Rows:
    rows: Rows = []
    for when, of in grouped((call for call in inbound(calls) if call["started_at"]), day):
        gone = [call for call in of if call["disposition"] in {"abandoned", "canceled"}]
        waits = [call["duration_seconds"] if call["ring_seconds"] is None else call["ring_seconds"] for call in gone]
        rows.append((when, len(of), len(gone), share(gone, of), mean([wait for wait in waits if wait is not None])))
    return rows


def talk_time(calls: list[Call]) -> Rows:
    known = [call for call in answered(calls) if call["talk_seconds"] is not None]
    rows: Rows = []
    for direction, of in grouped(known, lambda call: call["direction"]):
        seconds = [call["talk_seconds"] for call in of]
        rows.append((direction, len(of), mean(seconds), sum(seconds) / 3600))
    return rows


def time_to_answer(calls: list[Call]) -> Rows:
    rings = [call["ring_seconds"] for call in answered(inbound(calls)) if call["ring_seconds"] is not None]
    steps = {
        "under 5 s": range(5),
        "5 to 9 s": range(5, 10),
        "10 to 19 s": range(10, 20),
        "20 to 29 s": range(20, 30),
        "30 to 59 s": range(30, 60),
        "1 minute and more": range(60, 10**9),
    }
    rows: Rows = []
    for name, step in steps.items():
        if within := [ring for ring in rings if ring in step]:
            rows.append((name, len(within), share([ring for ring in rings if ring < step.stop], rings)))
    return rows


def cost(calls: list[Call]) -> Rows:
    charged = [call for call in calls if call["direction"] == "outbound" and call["charge_amount"] is not None]
    by = grouped(charged, lambda call: (call["to_country"] or "not known", call["charge_currency"] or "not said"))
    rows = [(*names, len(of), sum(Decimal(call["charge_amount"]) for call in of)) for names, of in by]
    return sorted(rows, key=lambda row: (-row[3], row[0], row[1]))


def busiest(calls: list[Call]) -> Rows:
    def number(call: Call) -> str:
        return str(call["did_number"] or call["to_number_e164"] or call["to_number"] or "")

    of_number = [pair for pair in grouped(inbound(calls), number) if pair[0]]
    rows = [(name, len(of), len(answered(of)), share(answered(of), of)) for name, of in of_number]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:10]


def recordings(calls: list[Call]) -> Rows:
    rows: Rows = []
    for vendor, of in grouped(answered(calls), lambda call: call["vendor"]):
        kinds = Counter(call["is_recorded"] for call in of)
        rows.append((vendor, len(of), kinds[True], kinds[False], kinds[None]))
    return rows


def missed(calls: list[Call]) -> Rows:
    last: dict[str, datetime] = {}
    for call in calls:
        if call["direction"] == "outbound" and call["to_number_e164"] and call["started_at"]:
            number = call["to_number_e164"]
            last[number] = max(last.get(number, time_of(call)), time_of(call))
    lost = [
        call
        for call in inbound(calls)
        if call["disposition"] not in {"answered", "unknown"}
        and (number := call["from_number_e164"])
        and call["started_at"]
        and (number not in last or last[number] < time_of(call))
    ]
    of_number = grouped(lost, lambda call: call["from_number_e164"])
    rows = [(number, len(of), max(time_of(call) for call in of)) for number, of in of_number]
    return sorted(rows, key=lambda row: (-row[1], -row[2].timestamp(), row[0]))[:15]


def quality(calls: list[Call]) -> Rows:
    rows: Rows = []
    for when, of in grouped((call for call in calls if call["mos"] is not None and call["started_at"]), day):
        scores = [float(call["mos"]) for call in of]
        bad = [score for score in scores if score < 3.5]
        rows.append((when, len(of), len(bad), share(bad, of), mean(scores), min(scores)))
    return rows


def spread(calls: list[Call]) -> Rows:
    rows: Rows = []
    for vendor, of in grouped(calls, lambda call: call["vendor"]):
        ways = Counter(call["direction"] for call in of)
        named = [ways[name] for name in ("inbound", "outbound", "internal")]
        talked = [call["talk_seconds"] for call in of if call["talk_seconds"] is not None]
        hours = sum(talked) / 3600 if talked else None
        rows.append((vendor, len(of), *named, len(of) - sum(named), share(answered(of), of), hours))
    return rows


EXPECTED: dict[str, Callable[[list[Call]], Rows]] = {
    "01_answer_rate_by_hour": answer_rate,
    "02_abandoned_calls": abandoned,
    "03_average_talk_time": talk_time,
    "04_time_to_answer": time_to_answer,
    "05_cost_by_country": cost,
    "06_busiest_numbers": busiest,
    "07_calls_without_recording": recordings,
    "08_missed_never_called_back": missed,
    "09_quality_below_3_5": quality,
    "10_spread_by_vendor": spread,
}


def assert_same(got: Rows, expected: Rows) -> None:
    """Hold rows against the answer: numbers may be rounded to one decimal, everything else is equal."""
    assert len(got) == len(expected)
    for row, right in zip(got, expected, strict=True):
        assert len(row) == len(right)
        for value, other in zip(row, right, strict=True):
            if isinstance(other, float):
                assert abs(float(value) - other) <= 0.0501, (row, right)
            else:
                assert value == other, (row, right)
