"""`make sync` does what the README shows: calls of all vendors in one view, and a second run brings what is new."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from folders import WRITTEN
from tools.install import ROOT
from tools.maintain.boilerplate import facts_of
from tools.use.summary import Summary, Vendor, print_summary, unite

VENDORS = {facts_of(folder).vendor for folder in WRITTEN}


def sync(database: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    named = {"DATABASE": str(database), "CONNECTOR": "", "CONFIG": "", "ARGS": "", "MODELS": "no"}
    environment = {**os.environ, **named, **variables}
    return subprocess.run(
        [sys.executable, "-m", "tools.use.sync"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def held(database: Path) -> tuple[int, int, set[str]]:
    """Rows, distinct ids and vendors of the view."""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT record_id), list(DISTINCT vendor) FROM call_records")
        rows, ids, vendors = row.fetchone() or (0, 0, [])
    return rows, ids, set(vendors)


needs_pyairbyte = pytest.mark.skipif(
    importlib.util.find_spec("airbyte") is None, reason="PyAirbyte supports Python 3.10 to 3.12"
)


@needs_pyairbyte
def test_a_second_sync_adds_only_what_is_new(tmp_path: Path) -> None:
    database = tmp_path / "calls.duckdb"
    first = sync(database, ARGS="--days 2")
    assert first.returncode == 0, first.stderr
    assert re.search(r"^[\d,]+ rows, all new\.$", first.stdout, re.MULTILINE)
    rows, ids, vendors = held(database)
    assert vendors == VENDORS
    assert rows == ids
    with duckdb.connect(str(database), read_only=True) as connection:
        types = {name: str(kind) for name, kind, *_ in connection.execute("DESCRIBE call_records").fetchall()}
    assert types["started_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["charge_amount"] == "VARCHAR"
    assert database.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"Charts and tables: {database.with_suffix('.html')}" in first.stdout

    second = sync(database, CONNECTOR=WRITTEN[0].name, ARGS="--days 2")  # one is enough: each run starts processes
    assert second.returncode == 0, second.stderr
    assert re.search(r"^(Nothing new|Only what is new)", second.stdout, re.MULTILINE)
    more, ids, _ = held(database)
    assert more == ids
    assert rows <= more < 1.1 * rows

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for text, shown in ((readme, "record_id"), (second.stdout, "count_star()")):
        (query,) = re.findall(r'^\.venv/bin/python -c "(.+)"$', text, re.MULTILINE)
        done = subprocess.run([sys.executable, "-c", query], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert shown in done.stdout, done.stderr


@needs_pyairbyte
def test_invented_calls_make_way_for_those_of_an_account(
    simulator_configs: Mapping[str, dict[str, Any]], tmp_path: Path
) -> None:
    database = tmp_path / "calls.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE SCHEMA simulated_bics; CREATE TABLE simulated_bics.call_records (vendor VARCHAR)")
    (tmp_path / "voxo.json").write_text(json.dumps(simulator_configs["voxo"]), encoding="utf-8")
    done = sync(database, CONNECTOR="source-voxo", CONFIG=str(tmp_path / "voxo.json"))
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        schemas = [
            name for (name,) in connection.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
        ]
    assert [re.sub("_[0-9a-f]{8}$", "", name) for name in schemas] == ["voxo"]
    assert held(database)[2] == {"voxo"}
    assert "invented" not in database.with_suffix(".html").read_text(encoding="utf-8").partition("<main>")[0]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"CONNECTOR": "source-nobody"}, "CONNECTOR=source-nobody has to be one of "),
        ({"CONNECTOR": WRITTEN[0].name, "CONFIG": "secrets/absent.json"}, "CONFIG=secrets/absent.json does not exist."),
        ({"CONFIG": "secrets/absent.json"}, "CONNECTOR=… has to be one of "),
    ],
)
def test_a_wrong_variable_is_told_in_one_sentence(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    done = sync(tmp_path / "calls.duckdb", **variables)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "calls.duckdb").exists()


def test_invented_calls_are_refused_beside_real_ones(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "calls.duckdb")) as database:
        database.execute("CREATE SCHEMA voxo_0a1b2c3d; CREATE TABLE voxo_0a1b2c3d.call_records (record_id VARCHAR)")
    code = "import tools.use.sync as s; s.keep_apart('simulated_voxo')"
    environment = {**os.environ, "DATABASE": str(tmp_path / "calls.duckdb")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert "holds calls of a real account" in done.stderr


def test_the_view_unites_every_vendor_and_the_summary_counts_them() -> None:
    columns = "vendor VARCHAR, started_at TIMESTAMP, disposition VARCHAR, talk_seconds BIGINT, issues JSON"
    with duckdb.connect() as database:
        assert unite(database) == Summary()
        for vendor, talk in (("voxo", 60), ("bics", 120)):
            database.execute(f"CREATE SCHEMA {vendor}_1")
            database.execute(f"CREATE TABLE {vendor}_1.call_records ({columns}, _airbyte_raw_id VARCHAR)")
            calls = [
                [vendor, "2026-01-01", "answered", talk, '["number_ambiguous"]'],
                [vendor, "2026-01-02", "busy", None, '["number_ambiguous","id_missing"]'],
            ]
            database.executemany(f"INSERT INTO {vendor}_1.call_records VALUES (?, ?, ?, ?, ?, 'x')", calls)  # noqa: S608
        summary = unite(database).since(Summary(), read=5)
        assert [vendor.name for vendor in summary.vendors] == ["bics", "voxo"]
        issues = (("number_ambiguous", 2), ("id_missing", 1))
        assert [(v.calls, v.answered, v.talk_minutes, v.issues) for v in summary.vendors] == [
            (2, 0.5, 2.0, issues),
            (2, 0.5, 1.0, issues),
        ]
        assert (summary.new, summary.read) == (4, 5)


def test_the_table_names_the_three_most_frequent_issues_of_a_vendor() -> None:
    issues = (("number_unparsed", 1790), ("number_ambiguous", 20), ("time_mismatch", 3), ("id_missing", 1))
    vendor = Vendor("voxo", 2000, None, None, 0.5, None, issues)
    console = Console(width=160, record=True, file=StringIO())
    print_summary(Summary((vendor,)), console, Path("calls.duckdb"))
    text = console.export_text()
    assert all(
        words in text for words in ("number_unparsed 1,790", "number_ambiguous 20", "time_mismatch 3", "and 1 more")
    )
    assert "id_missing" not in text


def test_the_times_of_an_older_file_get_their_zone() -> None:
    columns = "vendor VARCHAR, started_at TIMESTAMP, disposition VARCHAR, talk_seconds BIGINT, issues JSON"
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'America/New_York'")
        database.execute(f"CREATE SCHEMA voxo_1; CREATE TABLE voxo_1.call_records ({columns}, _airbyte_at TIMESTAMP)")
        database.execute("INSERT INTO voxo_1.call_records (vendor, started_at) VALUES ('voxo', '2026-01-01 12:00')")
        unite(database)
        unite(database)
        question = "SELECT typeof(started_at), started_at = TIMESTAMPTZ '2026-01-01 12:00:00+00', typeof(_airbyte_at)"
        (row,) = database.execute(f"{question} FROM voxo_1.call_records").fetchall()
    assert row == ("TIMESTAMP WITH TIME ZONE", True, "TIMESTAMP")
