"""The dbt package: its models hold the simulators' truth in DuckDB and in PostgreSQL, and compile for others."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import models_truth as truth
from answers import EXPECTED, assert_same
from cdr.schema.columns import ISSUES
from folders import ALL
from models_builds import EMITTED, FIRST, Built, Data, DuckDB, Worker, build, data, needs_dbt, postgresql
from models_truth import Key
from tools.install import ROOT, python_of
from tools.naming import vendor_of
from tools.use import models
from tools.use.page import page
from tools.use.summary import unite

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks")
KINDS = ("duckdb", "postgresql")
every_warehouse = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_dbt()
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def worker(home: Path) -> Iterator[Worker]:
    started = Worker(home)
    yield started
    started.close()


@pytest.fixture(scope="module")
def given() -> Data:
    needs_dbt()
    return data()


@pytest.fixture(scope="module")
def united(given: Data) -> list[list[truth.Leg]]:
    return truth.calls(given.all())


@pytest.fixture(scope="module")
def dialects(home: Path, given: Data) -> Iterator[subprocess.Popen[str]]:
    """The compiler for the other warehouses, which runs beside the builds."""
    script = str(ROOT / "acceptance-tests" / "models_dialects.py")
    command = [python_of(models.VENV), script, str(home), json.dumps(given.variables), *DIALECTS]
    with (
        (home / "dialects.log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        yield process


@pytest.fixture(scope="module")
def in_duckdb(worker: Worker, home: Path, given: Data, dialects: subprocess.Popen[str]) -> Built:
    return build(worker, DuckDB(home / "calls.duckdb"), given)


@pytest.fixture(scope="module")
def in_postgresql(worker: Worker, given: Data) -> Iterator[Built]:
    with postgresql() as warehouse:
        yield build(worker, warehouse, given)


@pytest.fixture
def built(kind: str, request: pytest.FixtureRequest) -> Built:
    found: Built = request.getfixturevalue(f"in_{kind}")
    return found


def by_key(rows: list[tuple[Any, ...]], keys: int) -> dict[Key, Key]:
    """Rows by their first columns. A key that is there twice fails."""
    found = {row[:keys]: row[keys:] for row in rows}
    assert len(found) == len(rows), "a key is there twice"
    return found


@every_warehouse
def test_every_test_of_the_package_passes_twice(built: Built) -> None:
    for answer in built.builds[:2]:
        assert answer.success, answer.said
        assert sum(name.startswith("test.") and word == "pass" for name, word in answer.nodes.items()) > 60
    assert sum(name.startswith("unit_test.") for name in built.builds[0].nodes) > 10


@every_warehouse
def test_of_two_readings_of_a_row_the_newest_is_kept(built: Built, given: Data) -> None:
    expected = {row["record_id"]: (row["disposition"], row["charge_amount"]) for row in given.all()}
    got = by_key(built.rows("stg_call_records", "record_id", "disposition", "charge_amount"), 1)
    assert {key[0]: row for key, row in got.items()} == expected


@every_warehouse
def test_legs_are_in_the_calls_that_they_belong_to(built: Built, united: list[list[truth.Leg]]) -> None:
    expected = {
        (leg.id,): (call[0].id, number, len(call), talk)
        for call in united
        for number, (leg, talk) in enumerate(zip(call, truth.own_talk(call), strict=True), 1)
    }
    assert (
        by_key(built.rows("call_legs", "record_id", "call_id", "leg_number", "legs", "own_talk_seconds"), 1) == expected
    )
    assert {len(call) for call in united} >= {1, 2, 3}


@every_warehouse
def test_calls_are_as_a_person_means_them(built: Built, united: list[list[truth.Leg]]) -> None:
    expected = [truth.call_row(call) for call in united]
    columns = list(expected[0])
    got = {row[0]: dict(zip(columns, row, strict=True)) for row in built.rows("calls", *columns)}
    assert got.keys() == {row["call_id"] for row in expected}
    for row in expected:
        assert got[row["call_id"]] == row


DAILY: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[..., dict[Key, Any]]]] = {
    "contacts_daily": (
        ("day", "contact_number"),
        ("calls", "missed", "missed_and_called_back", "talk_seconds"),
        truth.contacts_daily,
    ),
    "numbers_daily": (
        ("day", "vendor", "our_number"),
        ("offered", "answered", "abandoned", "answered_within_service_level", "answer_wait_seconds", "talk_seconds"),
        truth.numbers_daily,
    ),
    "calls_hourly": (
        ("day", "hour", "vendor"),
        ("calls", "inbound", "inbound_answered", "outbound"),
        truth.calls_hourly,
    ),
    "agents_daily": (("day", "vendor", "agent"), ("legs", "talk_seconds"), truth.agents_daily),
    "spend": (("day", "vendor", "direction", "country", "currency"), ("legs", "charge"), truth.spend),
}


@every_warehouse
@pytest.mark.parametrize("model", DAILY)
def test_the_figures_of_whole_days_are_the_truth(built: Built, model: str, united: list[list[truth.Leg]]) -> None:
    keys, values, expected = DAILY[model]
    of_legs = model in {"agents_daily", "spend"}
    right = expected(united if of_legs else [truth.call_row(call) for call in united])
    assert right
    assert by_key(built.rows(model, *keys, *values), len(keys)) == right


@every_warehouse
def test_issues_are_counted_for_each_word(built: Built, united: list[list[truth.Leg]]) -> None:
    rows = built.rows("issues_daily", "day", "vendor", "kind", "with_issue")
    assert {row[:3]: row[3] for row in rows if row[3]} == truth.issues_daily(united)
    told = built.rows("data_quality", "sum(found)", "min(out_of - found)")
    assert told[0][0] >= sum(truth.issues_daily(united).values())
    assert told[0][1] >= 0


@every_warehouse
def test_every_hour_of_the_week_is_there_and_counts_what_is_true(built: Built, united: list[list[truth.Leg]]) -> None:
    calls = [truth.call_row(call) for call in united]
    got = by_key(built.rows("hours_of_week", "weekday", "hour", "calls"), 2)
    assert len(got) == 7 * 24
    for (weekday, hour), (found,) in got.items():
        assert found == sum(row["weekday"] == weekday and row["hour"] == hour for row in calls)


@every_warehouse
def test_where_nothing_is_new_nothing_is_written(built: Built) -> None:
    runs = built.rows("stg_call_records", "DISTINCT updated_at")
    assert len(runs) == 2
    for model in ("call_legs", "calls", "call_days"):
        assert {row[0] for row in built.rows(model, "max(updated_at)")} == {max(runs)[0]}


@every_warehouse
def test_the_ten_analyses_answer_what_the_page_answers(built: Built, given: Data) -> None:
    assert list(EXPECTED) == sorted(built.analyses)
    for name, sql in built.analyses.items():
        assert_same([tuple(row) for row in built.warehouse.ask(sql)], EXPECTED[name](given.all()))


def test_every_model_and_analysis_is_sql_of_every_other_warehouse(dialects: subprocess.Popen[str], home: Path) -> None:
    said, _ = dialects.communicate()
    assert dialects.returncode == 0, (home / "dialects.log").read_text()[-2000:]
    found = [json.loads(line) for line in said.splitlines()]
    assert [one for one in found if one["error"]] == []
    sql = [path.stem for folder in ("models", "analyses") for path in (ROOT / "dbt" / folder).rglob("*.sql")]
    for dialect in DIALECTS:
        assert sorted(one["name"] for one in found if one["dialect"] == dialect) == sorted(sql)


def test_a_project_that_names_no_table_is_told_so(worker: Worker, home: Path) -> None:
    environment = DuckDB(home / "empty.duckdb").environment
    answer = worker.run("run", variables={"calls_sources": {"voxo": "nowhere"}}, **environment)
    assert not answer.success
    (said,) = [line for line in answer.said if "stg_call_records" in line]
    assert "calls_sources names no table that is there: not nowhere.call_records" in said


def test_a_sync_builds_the_models_and_the_page_says_how_many_calls_they_are(home: Path, given: Data) -> None:
    file = DuckDB(home / "sync.duckdb")
    rows = [{**row, EMITTED: FIRST} for row in given.rows["voxo"]]
    file.put("simulated_voxo", rows)
    with duckdb.connect(str(file.path)) as database:
        unite(database)
    assert models.schemas_of(file.path) == ["simulated_voxo"]
    built = models.build(models.duckdb_environment(file.path), models.schemas_of(file.path))
    assert built.models == len(list((ROOT / "dbt" / "models").rglob("*.sql")))
    calls = len(truth.calls(given.rows["voxo"]))
    assert calls < len(rows)
    with duckdb.connect(str(file.path)) as database:
        assert f"these {len(rows):,} rows are {calls:,} calls" in page(database, simulated=True)
        assert unite(database).others == (("simulated_voxo.call_logs", len(rows)),)


# What needs no dbt


def test_every_vendor_and_every_issue_is_known_to_the_package() -> None:
    for folder in ALL:
        schema = f"simulated_{vendor_of(folder.name)}"
        assert list(models.variables([schema])["calls_sources"].values()) == [[schema]]
    words = re.findall(r"'(\w+)'", (ROOT / "dbt" / "macros" / "words.sql").read_text(encoding="utf-8"))
    assert set(ISSUES) <= set(words)


def test_every_column_of_every_model_says_what_it_is() -> None:
    described: dict[str, dict[str, Any]] = {}
    for path in (ROOT / "dbt" / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", ()):
            described[model["name"]] = {column["name"]: column for column in model["columns"]}
            assert model["description"]
    assert set(described) == {path.stem for path in (ROOT / "dbt" / "models").rglob("*.sql")}
    assert all(column["description"] and column["data_type"] for one in described.values() for column in one.values())


def test_dbt_opens_the_file_with_the_duckdb_that_filled_it() -> None:
    locks = (ROOT / "requirements.lock", ROOT / "dbt" / "requirements.lock")
    versions = {re.search(r"^duckdb==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)[1] for lock in locks}  # type: ignore[index]
    assert len(versions) == 1


def test_schemas_are_known_by_the_names_that_a_sync_gives_them() -> None:
    schemas = ["simulated_bics", "voxo_0a1b2c3d", "voxo_ffffffff", "vonage_business", "main", "models"]
    expected = {"bics": ["simulated_bics"], "voxo": ["voxo_0a1b2c3d", "voxo_ffffffff"]}
    assert models.variables(schemas)["calls_sources"] == {**expected, "vonage_business": ["vonage_business"]}


def test_the_variables_that_the_page_tells_of_are_those_of_the_package() -> None:
    page = (ROOT / "docs" / "dbt.md").read_text(encoding="utf-8")
    packages, variables = (
        yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)
    )
    project = yaml.safe_load((ROOT / "dbt" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert packages["packages"][0]["subdirectory"] == "dbt"
    assert set(variables["vars"]) <= set(project["vars"])
    assert set(variables["vars"]) == set(re.findall(r"^\| `(calls_\w+)` \|", page, re.MULTILINE))
