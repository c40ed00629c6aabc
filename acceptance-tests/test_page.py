"""calls.html says what the queries answer, needs nothing but itself, and draws its charts in a real browser."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from test_queries import calls, file_of_calls, filled
from tools.use.headlines import headline
from tools.use.page import VENDORS, PageError, ask, page, queries, shown, write

__all__ = ["calls", "file_of_calls"]  # fixtures

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"),
)
needs_plotly = pytest.mark.skipif(importlib.util.find_spec("plotly") is None, reason="plotly is not installed")


@pytest.fixture(scope="module")
def database(file_of_calls: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(filled(file_of_calls.with_name("page.duckdb"), file_of_calls))) as connection:
        yield connection


@pytest.fixture(scope="module")
def written(database: duckdb.DuckDBPyConnection, file_of_calls: Path) -> Path:
    path = file_of_calls.with_name("calls.html")
    path.write_text(page(database, simulated=True), encoding="utf-8")
    return path


class Reader(HTMLParser):
    """Texts of the cells by card, of the header, and every address that the page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.header = ""
        self._card, self._tags = "", list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.addresses += [value or "" for name, value in attributes if name in {"src", "href", "srcset", "data"}]
        if tag == "section":
            self._card = given["id"] or ""
            self.cells[self._card] = []
        if tag == "tr" and "tbody" in self._tags:
            self.cells[self._card].append([])
        if tag == "td":
            self.cells[self._card][-1].append("")
        if tag == "script":
            self.scripts.append("")
        if tag != "meta":
            self._tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._tags:
            del self._tags[len(self._tags) - 1 - self._tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if "td" in self._tags:
            self.cells[self._card][-1][-1] += data
        elif "header" in self._tags:
            self.header += data
        elif self._tags and self._tags[-1] == "script":
            self.scripts[-1] += data


@needs_plotly
def test_every_number_of_every_query_is_in_the_page(database: duckdb.DuckDBPyConnection, written: Path) -> None:
    cells = Reader(written.read_text(encoding="utf-8")).cells
    assert list(cells) == [query.stem for query in queries()]
    for query in queries():
        answer = ask(database, query)
        assert answer.rows
        expected = [
            [shown(name, value).removesuffix(" %") for name, value in zip(answer.columns, row, strict=True)]
            for row in answer.rows
        ]
        assert cells[query.stem] == expected


@needs_plotly
def test_the_heading_says_period_calls_vendors_and_that_they_are_invented(
    calls: list[dict[str, Any]], database: duckdb.DuckDBPyConnection, written: Path
) -> None:
    header = Reader(written.read_text(encoding="utf-8")).header
    days = sorted(call["started_at"][:10] for call in calls if call["started_at"])
    assert f"{int(days[0][8:])} June 2026 \N{EN DASH} {int(days[-1][8:])} June 2026" in header
    assert f"{len(calls):,}" in header
    assert all(name in header for name in VENDORS.values())
    assert "Simulated: these calls are invented." in header
    assert "Simulated" not in Reader(page(database, simulated=False)).header


@needs_plotly
def test_the_page_fetches_nothing(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    read = Reader(text)
    assert read.addresses == []
    assert "default-src 'none'" in text
    data, library, own = read.scripts
    assert len(library) > 1_000_000
    rest = text.replace(library, "")
    assert re.findall(r"https?://|@import|url\(", rest) == []
    assert len(rest) < 100_000
    assert len(json.loads(data)) == len(queries())
    assert "Plotly.react" in own


@needs_plotly
def test_every_card_says_its_answer_above_its_chart(database: duckdb.DuckDBPyConnection, written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    for query in queries():
        said = headline(query.stem, ask(database, query).records())
        assert said
        assert f"<h2>{escape(said)}</h2>" in text


ROW = {"calls": 40, "answered": 30, "answered_percent": 75.0}


@pytest.mark.parametrize(
    ("query", "rows", "said"),
    [
        ("01_answer_rate_by_hour", [{**ROW, "hour": 9},
                                    {"calls": 60, "answered": 20, "answered_percent": 33.3, "hour": 13}],
         "We answer 50 % of incoming calls, and 33 % in the busiest hour, from 13:00"),
        ("02_abandoned_calls", [{"calls": 80, "abandoned": 4, "average_wait_seconds": 10.0},
                                {"calls": 20, "abandoned": 1, "average_wait_seconds": 60.0},
                                {"calls": 25, "abandoned": 0, "average_wait_seconds": None}],
         "5 callers gave up, 4 % of incoming calls, after about 20 s"),
        ("02_abandoned_calls", [{"calls": 80, "abandoned": 0, "average_wait_seconds": None}],
         "0 callers gave up, 0 % of incoming calls"),
        ("03_average_talk_time", [{"calls": 3, "average_talk_seconds": 60.0, "talk_hours": 1.0},
                                  {"calls": 1, "average_talk_seconds": 160.0, "talk_hours": None}],
         "We talk 1:25 min on average, 1 hour in all"),
        ("04_time_to_answer", [{"rang": "under 5 s", "answered_by_then_percent": 20.0},
                               {"rang": "5 to 9 s", "answered_by_then_percent": 51.2}],
         "51 % of answered calls are picked up within 10 s"),
        ("04_time_to_answer", [{"rang": "1 minute and more", "answered_by_then_percent": 100.0}],
         "Most answered calls ring for a minute and more"),
        ("05_cost_by_country", [{"country": "GB", "currency": "GBP", "cost": 30.0},
                                {"country": "US", "currency": "USD", "cost": 9.0},
                                {"country": "FR", "currency": "GBP", "cost": 10.0}],
         "Calls to GB cost most: 30.00 GBP, 75 % of all charges in it"),
        ("05_cost_by_country", [{"country": "not known", "currency": "not said", "cost": 0.0}],
         ""),
        ("06_busiest_numbers", [{"number": "+442079460001", **ROW}],
         "+442079460001 rings most: 40 calls, 75 % of them answered"),
        ("07_calls_without_recording", [{"recorded": 1, "not_recorded": 3, "not_said": 6}],
         "3 answered calls have no recording, 75 % of those where the vendor says so"),
        ("07_calls_without_recording", [{"recorded": 0, "not_recorded": 0, "not_said": 6}],
         "No vendor says whether it recorded"),
        ("08_missed_never_called_back", [{"number": "+442079460001", "missed_calls": 3},
                                         {"number": "b", "missed_calls": 1}],
         "+442079460001 was missed 3 times and never called back"),
        ("08_missed_never_called_back", [{"number": "a", "missed_calls": 3}, {"number": "b", "missed_calls": 3}],
         "2 callers were missed 3 times and never called back"),
        ("08_missed_never_called_back", [{"number": "a", "missed_calls": 1}],
         "Nobody was missed twice without being called back"),
        ("09_quality_below_3_5", [{"below_3_5": 1, "measured": 4, "average_mos": 4.0}],
         "25 % of measured calls sounded bad; the average MOS is 4.0"),
        ("10_spread_by_vendor", [{"vendor": "VOXO", "calls": 30}, {"vendor": "BICS", "calls": 10}],
         "VOXO carries most: 75 % of 40 calls"),
        ("10_spread_by_vendor", [{"vendor": "VOXO", "calls": 30}], "All 30 calls went over VOXO"),
        ("11_a_query_of_your_own", [{"calls": 1}], ""),
        ("01_answer_rate_by_hour", [], ""),
    ],
)  # fmt: skip
def test_a_headline_adds_up_its_rows(query: str, rows: list[dict[str, Any]], said: str) -> None:
    assert headline(query, rows).replace("\N{NO-BREAK SPACE}", " ") == said


@needs_plotly
def test_a_chart_is_one_that_plotly_knows(written: Path) -> None:
    graph_objects = importlib.import_module("plotly.graph_objects")
    charts = json.loads(Reader(written.read_text(encoding="utf-8")).scripts[0])
    for chart in charts.values():
        text = re.sub(r'"--\w+"', '"#123456"', json.dumps(chart))
        graph_objects.Figure(json.loads(text))  # raises on what it does not know


@needs_plotly
def test_markup_in_a_number_stays_text(file_of_calls: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    with duckdb.connect(str(filled(file_of_calls.with_name("evil.duckdb"), file_of_calls))) as database:
        database.execute("UPDATE call_records SET did_number = ? WHERE direction = 'inbound'", [evil])
        text = page(database, simulated=False)
    assert evil not in text
    read = Reader(text)
    assert len(read.scripts) == 3
    assert read.cells["06_busiest_numbers"][0][0] == evil


@needs_plotly
def test_a_file_without_calls_still_makes_a_page(file_of_calls: Path) -> None:
    with duckdb.connect(str(filled(file_of_calls.with_name("empty.duckdb"), file_of_calls))) as database:
        database.execute("DELETE FROM call_records")
        text = page(database, simulated=False)
    assert "no calls yet" in text
    assert text.count("No calls to answer this from.") == len(queries())


def test_without_plotly_one_sentence_says_so(file_of_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(file_of_calls.with_name("bare.duckdb"), file_of_calls)
    monkeypatch.setattr("tools.use.page.importlib.util.find_spec", lambda name: None)
    with pytest.raises(PageError, match="plotly, which is not installed"):
        write(path, path.with_suffix(".html"))
    assert not path.with_suffix(".html").exists()


def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    return found


def opened(path: Path, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [browser(), *QUIET, f"--user-data-dir={home}", "--virtual-time-budget=20000", *options, path.as_uri()]
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


@needs_plotly
def test_a_browser_draws_every_chart_and_complains_of_nothing(written: Path, tmp_path: Path) -> None:
    done = opened(written, tmp_path / "profile", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom")
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.findall(r".*CONSOLE.*", done.stderr) == []
    assert f'data-drawn="{len(queries())}"' in done.stdout
    for query in queries():
        card = done.stdout.split(f'<section id="{query.stem}"')[1].split("</section>")[0]
        assert "main-svg" in card
        assert len(re.findall(r'<g class="point">', card)) > 0


@needs_plotly
@pytest.mark.parametrize("width", [1320, 500])
def test_nothing_is_wider_than_the_window(written: Path, tmp_path: Path, width: int) -> None:
    measure = """<script>setTimeout(() => {
        const wide = [document.documentElement, ...document.querySelectorAll(innerWidth > 1000 ? ".table" : "h2")];
        document.documentElement.dataset.wide = wide.filter(one => one.scrollWidth > one.clientWidth).length;
    }, 5000)</script>"""
    path = tmp_path / "measured.html"
    path.write_text(written.read_text(encoding="utf-8").replace("</body>", f"{measure}</body>"), encoding="utf-8")
    done = opened(path, tmp_path / "profile", f"--window-size={width},3000", "--dump-dom")
    assert 'data-wide="0"' in done.stdout


@needs_plotly
@pytest.mark.parametrize("width", [1320, 500])
def test_the_page_has_a_picture(written: Path, tmp_path: Path, width: int) -> None:
    picture = tmp_path / "calls.png"
    done = opened(written, tmp_path / "profile", f"--window-size={width},3000", f"--screenshot={picture}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size > 50_000  # a blank page of that size has a few thousand bytes
