"""The headlines of calls.html: for each query, one sentence that says what its rows come to.

A headline says nothing that the rows do not hold; where they are too few or too empty for a sentence, there is none,
and the question stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

Rows = Sequence[dict[str, Any]]


def headline(name: str, rows: Rows) -> str:
    """Return the sentence for the answer to a query, or nothing: a query without a sentence of its own has none."""
    said = _HEADLINES[name](rows) if rows and name in _HEADLINES else ""
    return re.sub(r"(?<=\d) (?=%|s\b|min\b)", "\N{NO-BREAK SPACE}", said)


def _total(rows: Rows, name: str) -> Any:
    return sum(row[name] or 0 for row in rows)


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def _mean(rows: Rows, value: str, weight: str) -> float | None:
    known = [row for row in rows if row[value] is not None and row[weight]]
    return sum(row[value] * row[weight] for row in known) / _total(known, weight) if known else None


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02} min"


def _answer_rate(rows: Rows) -> str:
    busiest = max(rows, key=lambda row: row["calls"])
    return (
        f"We answer {_share(_total(rows, 'answered'), _total(rows, 'calls'))} of incoming calls, and "
        f"{busiest['answered_percent']:.0f} % in the busiest hour, from {busiest['hour']:02}:00"
    )


def _abandoned(rows: Rows) -> str:
    gone, wait = _total(rows, "abandoned"), _mean(rows, "average_wait_seconds", "abandoned")
    said = f"{gone:,} callers gave up, {_share(gone, _total(rows, 'calls'))} of incoming calls"
    return said if wait is None or not gone else f"{said}, after about {wait:.0f} s"


def _talk(rows: Rows) -> str:
    mean = _mean(rows, "average_talk_seconds", "calls")
    hours = f"{_total(rows, 'talk_hours'):,.0f}"
    return "" if mean is None else f"We talk {_clock(mean)} on average, {hours} hour{'s' * (hours != '1')} in all"


_WITHIN = {"under 5 s": "5 s", "5 to 9 s": "10 s", "10 to 19 s": "20 s", "20 to 29 s": "30 s", "30 to 59 s": "a minute"}


def _time_to_answer(rows: Rows) -> str:
    known = [row for row in rows if row["rang"] in _WITHIN]
    half = next((row for row in known if row["answered_by_then_percent"] >= 50), None)  # noqa: PLR2004  half of them
    if half is None:
        return "Most answered calls ring for a minute and more"
    return f"{half['answered_by_then_percent']:.0f} % of answered calls are picked up within {_WITHIN[half['rang']]}"


def _cost(rows: Rows) -> str:
    known = [row for row in rows if row["country"] != "not known"]
    if not known:
        return ""
    top = max(known, key=lambda row: row["cost"])
    currency = "in a currency not said" if top["currency"] == "not said" else top["currency"]
    whole = _total([row for row in rows if row["currency"] == top["currency"]], "cost")
    of = "" if not whole else f", {_share(top['cost'], whole)} of all charges"
    if len({row["currency"] for row in rows}) > 1:
        of += " in it"
    return f"Calls to {top['country']} cost most: {top['cost']:,.2f} {currency}{of}"


def _busiest(rows: Rows) -> str:
    top = rows[0]
    return f"{top['number']} rings most: {top['calls']:,} calls, {top['answered_percent']:.0f} % of them answered"


def _recordings(rows: Rows) -> str:
    missing, said = _total(rows, "not_recorded"), _total(rows, "not_recorded") + _total(rows, "recorded")
    if not said:
        return "No vendor says whether it recorded"
    return f"{missing:,} answered calls have no recording, {_share(missing, said)} of those where the vendor says so"


def _missed(rows: Rows) -> str:
    top = rows[0]["missed_calls"]
    most = sum(row["missed_calls"] == top for row in rows)
    if top == 1:
        return "Nobody was missed twice without being called back"
    who = f"{rows[0]['number']} was" if most == 1 else f"{most} callers were"
    return f"{who} missed {top} times and never called back"


def _quality(rows: Rows) -> str:
    bad, all_, mean = _total(rows, "below_3_5"), _total(rows, "measured"), _mean(rows, "average_mos", "measured")
    said = f"{_share(bad, all_)} of measured calls sounded bad"
    return said if mean is None else f"{said}; the average MOS is {mean:.1f}"


def _vendors(rows: Rows) -> str:
    top = max(rows, key=lambda row: row["calls"])
    if len(rows) == 1:
        return f"All {top['calls']:,} calls went over {top['vendor']}"
    calls = _total(rows, "calls")
    return f"{top['vendor']} carries most: {_share(top['calls'], calls)} of {calls:,} calls"


_HEADLINES: dict[str, Callable[[Rows], str]] = {
    "01_answer_rate_by_hour": _answer_rate,
    "02_abandoned_calls": _abandoned,
    "03_average_talk_time": _talk,
    "04_time_to_answer": _time_to_answer,
    "05_cost_by_country": _cost,
    "06_busiest_numbers": _busiest,
    "07_calls_without_recording": _recordings,
    "08_missed_never_called_back": _missed,
    "09_quality_below_3_5": _quality,
    "10_spread_by_vendor": _vendors,
}
