"""The dbt package: its models hold the simulators' truth in DuckDB and in PostgreSQL, and compile for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import models_truth as truth
from answers import EXPECTED, assert_same
from models_builds import Built, Data, DuckDB, Worker, build, data, needs_dbt, postgresql
from models_truth import Key

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
def in_duckdb(worker: Worker, home: Path, given: Data) -> Built:
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
        assert sum(name.startswith("test.") and word == "pass" for name, word in answer.nodes.items()) > 80
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
    "spend": (("day", "vendor", "direction", "country"), ("legs", "charge"), truth.spend),
}


@every_warehouse
@pytest.mark.parametrize("model", DAILY)
def test_the_figures_of_whole_days_are_the_truth(built: Built, model: str, united: list[list[truth.Leg]]) -> None:
    keys, values, expected = DAILY[model]
    of_legs = model in {"agents_daily", "spend"}
    right = expected(united if of_legs else [truth.call_row(call) for call in united])
    assert right
    assert by_key(built.rows(model, *keys, *values), len(keys)) == right
