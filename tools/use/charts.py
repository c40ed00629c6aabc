"""The charts of calls.html: for each query, what plotly draws of its rows.

A colour is the name of a CSS variable of the page, `--c1` and so on: the page puts in what it is in light, in dark and
on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Rows = Sequence[dict[str, Any]]
Chart = dict[str, Any]

MAIN, REST, LINE, WARN, FOURTH, CARD = "--c1", "--c2", "--c3", "--c4", "--c5", "--card"


def chart(name: str, rows: Rows) -> Chart:
    """Return data and layout for the answer to a query; a query without a drawing of its own gets bars."""
    return _CHARTS.get(name, _plain_bars)(rows)


def _column(rows: Rows, name: str) -> list[Any]:
    return [row[name] for row in rows]


def _bars(x: list[Any], y: list[Any], name: str, colour: str, **more: Any) -> Chart:
    return {"type": "bar", "x": x, "y": y, "name": name, "marker": {"color": colour}, **more}


def _flat(labels: list[Any], values: list[Any], name: str, colour: str, **more: Any) -> Chart:
    """Bars that lie, the first row on top."""
    texts = [str(label) for label in labels]
    return _bars(values, texts, name, colour, orientation="h", **more)


def _line(x: list[Any], y: list[Any], name: str, **more: Any) -> Chart:
    kept = {"type": "scatter", "mode": "lines+markers", "marker": {"color": LINE, "size": 5}, "yaxis": "y2"}
    return {**kept, "x": x, "y": y, "name": name, "line": {"color": LINE, "width": 2}, **more}


def _percent() -> Chart:
    steps = [0, 25, 50, 75, 100]
    return {"range": [0, 102], "tickmode": "array", "tickvals": steps, "ticktext": [f"{step} %" for step in steps]}


def _right(**more: Any) -> Chart:
    return {"overlaying": "y", "side": "right", "showgrid": False, "tickmode": "auto", "nticks": 5, **more}


def _made(*data: Chart, **layout: Any) -> Chart:
    return {"data": list(data), "layout": layout}


def _lying(*data: Chart, rows: Rows, **layout: Any) -> Chart:
    axis = {"autorange": "reversed", "type": "category", "automargin": True, "ticksuffix": "  ", "dtick": 1}
    titled = 20 if "title" in layout.get("xaxis", {}) else 0
    height = 54 + titled + 24 * max(len(rows), 3)
    across = {"rangemode": "tozero", "separatethousands": True, **layout.pop("xaxis", {})}
    return _made(*data, yaxis=axis, height=height, barmode="stack", xaxis=across, **layout)


def _answer_rate(rows: Rows) -> Chart:
    hours = [f"{row['hour']:02}" for row in rows]
    missed = [row["calls"] - row["answered"] for row in rows]
    return _made(
        _bars(hours, _column(rows, "answered"), "answered", MAIN),
        _bars(hours, missed, "not answered", REST),
        _line(hours, _column(rows, "answered_percent"), "answered, % (right)", hovertemplate="%{y:.1f} %"),
        barmode="stack",
        xaxis={"type": "category", "title": {"text": "hour of the day"}, "tickangle": 0, "dtick": 2},
        yaxis2=_right(**_percent()),
    )


def _abandoned(rows: Rows) -> Chart:
    days = _column(rows, "day")
    return _made(
        _bars(days, _column(rows, "abandoned"), "callers who gave up", WARN),
        _line(days, _column(rows, "average_wait_seconds"), "average wait, s (right)", hovertemplate="%{y:.1f} s"),
        xaxis=_days(rows),
        yaxis2=_right(rangemode="tozero", ticksuffix=" s"),
    )


def _days(rows: Rows) -> Chart:
    if len(rows) <= 7:  # noqa: PLR2004  a week: each day has room for its name
        return {"type": "category"}
    return {"type": "date", "tickformat": "%-d %b"}


def _talk(rows: Rows) -> Chart:
    texts = [f"{int(value) // 60}:{int(value) % 60:02} min" for value in _column(rows, "average_talk_seconds")]
    minutes = [round(value / 60, 2) for value in _column(rows, "average_talk_seconds")]
    bars = _flat(
        _column(rows, "direction"),
        minutes,
        "average minutes",
        MAIN,
        text=texts,
        textposition="auto",
        insidetextfont={"color": CARD},
    )
    return _lying(bars, rows=rows, xaxis={"title": {"text": "minutes"}})


def _time_to_answer(rows: Rows) -> Chart:
    steps = _column(rows, "rang")
    return _made(
        _bars(steps, _column(rows, "calls"), "calls", MAIN),
        _line(
            steps, _column(rows, "answered_by_then_percent"), "answered by then, % (right)", hovertemplate="%{y:.1f} %"
        ),
        xaxis={"type": "category"},
        yaxis2=_right(**_percent()),
    )


def _cost(rows: Rows) -> Chart:
    several = len({row["currency"] for row in rows}) > 1
    top = rows[:12]
    labels = [f"{row['country']}, {row['currency']}" if several else row["country"] for row in top]
    texts = [f"{row['cost']:,.2f}" for row in top]
    bars = _flat(
        labels, _column(top, "cost"), "cost", MAIN, text=texts, textposition="auto", insidetextfont={"color": CARD}
    )
    return _lying(bars, rows=top)


def _busiest(rows: Rows) -> Chart:
    labels = _column(rows, "number")
    missed = [row["calls"] - row["answered"] for row in rows]
    return _lying(
        _flat(labels, _column(rows, "answered"), "answered", MAIN),
        _flat(labels, missed, "not answered", REST),
        rows=rows,
    )


def _recordings(rows: Rows) -> Chart:
    labels = _column(rows, "vendor")
    return _lying(
        _flat(labels, _column(rows, "recorded"), "recorded", MAIN),
        _flat(labels, _column(rows, "not_recorded"), "not recorded", WARN),
        _flat(labels, _column(rows, "not_said"), "not said", REST),
        rows=rows,
    )


def _missed(rows: Rows) -> Chart:
    bars = _flat(_column(rows, "number"), _column(rows, "missed_calls"), "missed calls", WARN)
    return _lying(
        bars,
        rows=rows,
        xaxis={"tickformat": "d", "nticks": 6, "title": {"text": "missed calls"}},
    )


def _quality(rows: Rows) -> Chart:
    days = _column(rows, "day")
    axis = _right(range=[1, 5.08], tickmode="array", tickvals=[1, 2, 3, 4, 5])
    return _made(
        _bars(days, _column(rows, "below_3_5_percent"), "below 3.5, %", WARN, hovertemplate="%{y:.1f} %"),
        _line(days, _column(rows, "average_mos"), "average MOS (right)", hovertemplate="%{y:.2f}"),
        xaxis=_days(rows),
        yaxis=_percent(),
        yaxis2=axis,
    )


def _vendors(rows: Rows) -> Chart:
    labels = _column(rows, "vendor")
    colours = {"inbound": MAIN, "outbound": LINE, "internal": FOURTH, "other": REST}
    return _lying(*(_flat(labels, _column(rows, name), name, colour) for name, colour in colours.items()), rows=rows)


def _plain_bars(rows: Rows) -> Chart:
    """Draw the first column that holds numbers over the first column."""
    first = next(iter(rows[0]))
    numbers = [name for name in rows[0] if name != first and isinstance(rows[0][name], int | float)]
    return _lying(_flat(_column(rows, first), _column(rows, numbers[0]), numbers[0], MAIN), rows=rows)


_CHARTS: dict[str, Callable[[Rows], Chart]] = {
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
