"""calls.html: the answers of examples/queries as one page that needs no server and no network.

    python -m tools.use.page calls.duckdb calls.html

The page carries the plotting library with it and forbids itself to fetch anything.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from tools.install import ROOT
from tools.maintain.boilerplate import connector_folders, facts_of
from tools.use.charts import chart
from tools.use.headlines import headline
from tools.use.models import SCHEMA

QUERIES = ROOT / "examples" / "queries"
TEMPLATE = Path(__file__).with_name("page.html")
SIMULATED = "simulated_"
_LONG = 8  # rows from which on a table is folded away below its chart

VENDORS = {facts.vendor: facts.title for facts in map(facts_of, connector_folders())}
"""How people write the vendors' names."""

_OVERALL = """
SELECT count(*) AS calls, min(started_at) AS first, max(started_at) AS last,
       count(*) FILTER (WHERE direction = 'inbound') AS inbound,
       100.0 * count(*) FILTER (WHERE direction = 'inbound' AND disposition = 'answered')
           / nullif(count(*) FILTER (WHERE direction = 'inbound'), 0) AS answered,
       sum(talk_seconds) / 3600.0 AS hours,
       median(ring_seconds) FILTER (WHERE direction = 'inbound' AND disposition = 'answered') AS ring
FROM call_records
"""


class PageError(Exception):
    """The page cannot be written. The message is one sentence for a person."""


@dataclass(frozen=True)
class Answer:
    """A query's question, what to know about it, and its rows by column."""

    name: str
    question: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows by column, with the vendors' names as people write them and times as text."""
        return [{name: _plain(name, value) for name, value in zip(self.columns, row, strict=True)} for row in self.rows]


def queries() -> list[Path]:
    """Return the queries in the order of the page."""
    return sorted(QUERIES.glob("*.sql"))


def ask(database: duckdb.DuckDBPyConnection, query: Path) -> Answer:
    """Run a query. Its first line is the question, the other comment lines in front are the note."""
    sql = query.read_text(encoding="utf-8")
    comments = [line[3:] for line in re.match(r"(?:-- .*\n)+", sql + "\n-- ")[0].splitlines()]  # type: ignore[index]
    found = database.execute(sql)
    columns = tuple(column[0] for column in found.description or ())
    return Answer(query.stem, comments[0], " ".join(comments[1:]), columns, tuple(found.fetchall()))


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON can hold it: exact decimals as numbers for a chart, times as text."""
    if name == "vendor":
        return VENDORS.get(value, value)
    if isinstance(value, datetime):
        zoned = value.astimezone(timezone.utc) if value.tzinfo else value
        return f"{zoned:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def shown(name: str, value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "\N{EN DASH}"
    if name == "hour":
        return f"{value:02}:00"
    if isinstance(value, (str, date)):  # a datetime is a date too
        return str(_plain(name, value))
    if name.endswith("_percent"):
        return f"{value:.1f} %"
    places = 2 if name == "cost" or name.endswith("mos") else 1
    return f"{value:,.{places}f}" if isinstance(value, (float, Decimal)) else f"{value:,}"


def heading(name: str) -> str:
    """Return a column's name for people."""
    words = name.replace("below_3_5", "below 3.5").replace("_at", "").replace("_percent", ", %").replace("_", " ")
    words = words.replace(" seconds", ", s").replace("talk hours", "talk, h").replace("mos", "MOS")
    return words[:1].upper() + words[1:]


def _cells(answer: Answer) -> str:
    numeric = [
        all(not isinstance(row[index], (str, date)) for row in answer.rows) and name != "hour"
        for index, name in enumerate(answer.columns)
    ]
    classes = [' class="n"' if number else "" for number in numeric]
    head = "".join(f"<th{c}>{escape(heading(n))}</th>" for n, c in zip(answer.columns, classes, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{c}>{escape(shown(n, v).removesuffix(' %'))}</td>"
            for n, v, c in zip(answer.columns, row, classes, strict=True)
        )
        + "</tr>\n"
        for row in answer.rows
    )
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'


def _card(number: int, answer: Answer) -> str:
    table = _cells(answer) if answer.rows else '<p class="none">No calls to answer this from.</p>'
    if len(answer.rows) > _LONG:
        table = f"<details><summary>{len(answer.rows)} rows</summary>{table}</details>"
    drawing = f'<div class="chart" id="chart-{answer.name}"></div>' if answer.rows else ""
    said = headline(answer.name, answer.records())
    question = f'<p class="question">{escape(answer.question)}</p>' if said else ""
    title = f"<h2>{escape(said or answer.question)}</h2>"
    return (
        f'<section id="{answer.name}"><p class="number">{number}</p>{question}{title}'
        f'<p class="note">{escape(answer.note)}</p>{drawing}{table}</section>'
    )


def _figures(overall: Mapping[str, Any]) -> str:
    known = [
        ("calls", f"{overall['calls']:,}"),
        ("incoming", f"{overall['inbound']:,}"),
        ("incoming answered", None if overall["answered"] is None else f"{overall['answered']:.0f} %"),
        ("rings until answered, median", None if overall["ring"] is None else f"{overall['ring']:.0f} s"),
        ("talked", None if overall["hours"] is None else f"{overall['hours']:,.0f} h"),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in known if text)


def page(database: duckdb.DuckDBPyConnection, *, simulated: bool) -> str:
    """Return the page over the view `call_records`. Times and days are UTC."""
    database.execute("SET TimeZone = 'UTC'")
    found = database.execute(_OVERALL)
    overall = dict(zip([column[0] for column in found.description or ()], found.fetchone() or (), strict=True))
    vendors = [name for (name,) in database.execute("SELECT DISTINCT vendor FROM call_records ORDER BY 1").fetchall()]
    answers = [ask(database, query) for query in queries()]
    charts = {answer.name: chart(answer.name, answer.records()) for answer in answers if answer.rows}
    parts = {
        "PERIOD": _period(overall["first"], overall["last"]),
        "VENDORS": escape(_listed([VENDORS.get(name, name) for name in vendors])),
        "BANNER": '<p class="banner">Simulated: these calls are invented.</p>' if simulated else "",
        "FIGURES": _figures(overall),
        "PEOPLE": _as_people_count(database, overall["calls"]),
        "CARDS": "\n".join(_card(number, answer) for number, answer in enumerate(answers, 1)),
        "CHARTS": json.dumps(charts).replace("<", "\\u003c"),
        "LIBRARY": _library(),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], TEMPLATE.read_text(encoding="utf-8"))


def _as_people_count(database: duckdb.DuckDBPyConnection, rows: int) -> str:
    """Say how many calls the rows are for a person, where dbt has built its models from the same rows."""
    built = "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = 'calls'"
    if not database.execute(built, [SCHEMA]).fetchall():
        return ""
    calls, legs = database.execute(f"SELECT count(*), sum(legs) FROM {SCHEMA}.calls").fetchone() or (0, 0)  # noqa: S608
    if legs != rows:  # built before the last sync, or from other rows
        return ""
    one = "A call that was put through, overflowed or rang at several desks has a row for each leg"
    said = f"{one}: these {rows:,} rows are {calls:,} calls. The cards count rows; dbt's models count calls."
    return f'<p class="sub">{said}</p>'


def _period(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return "no calls yet"
    days = [moment.astimezone(timezone.utc) if moment.tzinfo else moment for moment in (first, last)]
    start, end = (f"{day.day} {day:%B %Y}" for day in days)
    return start if start == end else f"{start} \N{EN DASH} {end}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), "".join(names[-1:])) if part)


def _library() -> str:
    """Return plotly's JavaScript, which lies in its wheel; plotly itself need not be imported for it."""
    found = importlib.util.find_spec("plotly")
    for folder in (found and found.submodule_search_locations) or ():
        text = (Path(folder) / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
        return text.replace("</script", "<\\/script")
    raise PageError("The page needs plotly, which is not installed: `make install` installs it.")


def write(database: Path, target: Path) -> Path:
    """Write the page about a file that `make sync` filled, and return where it is."""
    with duckdb.connect(str(database), read_only=True) as connection:
        schemas = connection.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
        text = page(connection, simulated=any(name.startswith(SIMULATED) for (name,) in schemas))
    target.write_text(text, encoding="utf-8")
    return target


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), Path(sys.argv[2])))
