"""Rows that an earlier version loaded are read anew from their `raw`: equal to a fresh read of what the vendor sent."""

import importlib.util
import json
import subprocess
import sys
from datetime import timedelta

import duckdb
import pytest

import simulators
from harness import Connector as Process
from harness import connectors, run_to_end
from harness import vendor as vendor_of_connector
from old_rows import END, KINDS, START, WRITTEN, Loaded, as_printed, rows_of, served
from tools.maintain import postgres
from warehouses import key

any_kind = pytest.mark.parametrize("kind", KINDS)
written = pytest.mark.parametrize(("vendor", "stream"), WRITTEN)


@pytest.fixture(scope="module")
def server():
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg comes with PyAirbyte")
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoPostgresError as error:
        pytest.skip(str(error))


@pytest.fixture
def loaded(tmp_path, request):
    def make(kind, stream="call_records"):
        url = request.getfixturevalue("server") if kind.startswith("postgresql") else None
        return Loaded(kind, tmp_path, url, stream)

    return make


def name_of(vendor):
    return next(name for name in connectors() if vendor_of_connector(name) == vendor)


def renormalise(vendor, config, *arguments, folder):
    connector = Process(name_of(vendor), folder)
    given = [*connector.command("renormalise", config=config), *arguments]
    code = run_to_end(given, folder)
    out, err = ((folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(given, code, out, err)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """What a sync of today gives of the rows that version 0.1.0 was sent, and the configuration: read once."""
    read = {}

    def of(vendor, stream):
        if (vendor, stream) not in read:
            with served(vendor, stream, rows_of(vendor, stream)) as simulator:
                config = simulator.config()
                done = Process(name_of(vendor), tmp_path_factory.mktemp(vendor)).read(config, only=[stream])
            assert done.code == 0, done.text[-3000:]
            read[vendor, stream] = config, sorted(done.records(stream), key=lambda row: row[key(stream)])
        return read[vendor, stream]

    return of


@any_kind
@written
def test_rows_of_version_0_1_0_become_what_a_fresh_read_gives(vendor, stream, kind, loaded, fresh, tmp_path):
    old = rows_of(vendor, stream)
    table = loaded(kind, stream)
    table.fill(old)
    config, expected = fresh(vendor, stream)
    done = renormalise(vendor, config, *table.arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{stream}: {len(old)} rows, {len(old)} read anew from `raw`" in done.stdout
    assert [row[key(stream)] for row in expected] == sorted(row[key(stream)] for row in old)
    assert table.rows() == [as_printed(row, stream) for row in expected]


def test_version_0_1_0_read_some_rows_otherwise():
    # Else the test above would prove nothing: a call without a recording was not recorded, it said.
    old = [row for row in rows_of("bics", "call_records") if not row["raw"].get("audio")]
    assert False in {row["is_recorded"] for row in old}


VOXO = {
    "start_date": "2026-03-29",
    "credentials": {"auth_type": "access_token", "access_token": "SECRET-token-of-voxo"},
    "account": {"account_type": "tenant", "tenant_id": 1001},
}


@pytest.mark.parametrize("kind", ["duckdb", "parquet", "postgresql jsonb"])
def test_rows_without_raw_and_rows_of_others_are_left_alone_and_counted(kind, loaded, tmp_path):
    rows = rows_of("voxo", "call_records")
    rows = [{**row, "mos": 3, "issues": ["number_unparsed"]} for row in rows]
    for place, change in ((0, {"raw": None}), (1, {"vendor": "bics"}), (2, {"account_id": "1002"}), (3, {"raw": {}})):
        rows[place] |= change
    table = loaded(kind)
    table.fill(rows)
    done = renormalise("voxo", VOXO, *table.arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for said in (
        f"{len(rows)} rows, {len(rows) - 3} read anew",
        "1 rows without `raw` are left",
        "1 rows of another vendor are left",
        "1 rows of another account are left",
        "this configuration is for the account 1001",
    ):
        assert said in done.stdout
    before = {row["record_id"]: as_printed(row, "call_records") for row in rows}
    after = {row["record_id"]: row for row in table.rows()}
    assert before.keys() == after.keys()
    assert [place for place, name in enumerate(before) if before[name] == after[name]] == [0, 1, 2]


@pytest.mark.parametrize("kind", ["duckdb", "parquet", "postgresql json"])
def test_what_a_row_was_called_and_what_only_its_sync_knew_stays(kind, loaded, tmp_path):
    row = next(row for row in rows_of("voxo", "call_records") if row["issues"] == ["number_unparsed"])
    name = f"{row['record_id']}#0123456789abcdef"
    repeated = {**row, "record_id": name, "vendor_record_id": name.split(":", 2)[2], "mos": 4.9}
    repeated["issues"] = ["id_repeated", "time_outside_window", "negative_duration"]
    table = loaded(kind)
    table.fill([row, repeated])
    done = renormalise("voxo", VOXO, *table.arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = table.rows()
    assert (first["record_id"], second["record_id"]) == (row["record_id"], name)
    assert second == {
        **first,
        **{column: repeated[column] for column in ("record_id", "vendor_record_id")},
        "issues": ["number_unparsed", "id_repeated", "time_outside_window"],
    }


@pytest.mark.parametrize("kind", ["duckdb", "postgresql jsonb"])
def test_each_of_several_rows_of_one_call_is_read_from_its_own_raw(kind, loaded, tmp_path):
    # A table that is appended to holds a call once for each time that it changed.
    row = rows_of("voxo", "call_records")[0]
    table = loaded(kind)
    table.fill([{**row, "raw": {**row["raw"], "duration": seconds}} for seconds in (600, 601, 602)])
    renormalise("voxo", VOXO, *table.arguments, folder=tmp_path)
    assert sorted(row["duration_seconds"] for row in table.rows()) == [600, 601, 602]


@pytest.mark.parametrize("kind", ["duckdb", "postgresql jsonb"])
def test_a_dry_run_says_what_would_change_and_changes_nothing(kind, loaded, tmp_path):
    rows = rows_of("bics", "call_records")
    table = loaded(kind)
    table.fill(rows)
    before = table.rows()
    config = {key: value for key, value in VOXO.items() if key != "account"} | {"account_name": "127.0.0.1"}
    trial = renormalise("bics", config, *table.arguments, "--dry-run", folder=tmp_path)
    changed = int(trial.stdout.split(", ")[2].split()[0])
    assert 0 < changed < len(rows)
    assert "nothing was written" in trial.stdout
    assert table.rows() == before
    done = renormalise("bics", config, *table.arguments, folder=tmp_path)
    assert f"{changed} of them changed" in done.stdout
    assert sum(old != new for old, new in zip(before, table.rows(), strict=True)) == changed
    assert "0 of them changed" in renormalise("bics", config, *table.arguments, folder=tmp_path).stdout


def test_the_zone_comes_from_the_rows_or_from_the_state_of_a_sync(loaded, tmp_path):
    # VOXO's ids tell when a call was, so its rows show that this one prints Chicago's clock although UTC was asked for.
    with simulators.start("voxo", start=START, end=END, printed_zone="America/Chicago", slips=False) as simulator:
        synced = Process("source-voxo", tmp_path).read(simulator.config())
    fresh = sorted(synced.records(), key=lambda row: row["record_id"])
    wrong = [{**row, "started_at": "2020-01-01T00:00:00Z", "issues": []} for row in fresh]
    table = loaded("duckdb")
    table.fill(wrong)
    done = renormalise("voxo", VOXO, *table.arguments, folder=tmp_path)
    assert "prints its times in America/Chicago, not in UTC" in done.stdout
    assert table.rows() == [as_printed(row, "call_records") for row in fresh]
    # Without that id no row tells anything, and the state has to.
    for row in wrong:
        row["raw"] = {name: value for name, value in row["raw"].items() if name != "uniqueId"}
    (tmp_path / "state.json").write_text(json.dumps(synced.state), encoding="utf-8")
    times = []
    for arguments in ([], ["--state", str(tmp_path / "state.json")]):
        table = Loaded("duckdb", tmp_path / f"{len(arguments)}", None, "call_records")
        (tmp_path / f"{len(arguments)}").mkdir()
        table.fill(wrong)
        assert renormalise("voxo", VOXO, *table.arguments, *arguments, folder=tmp_path).returncode == 0
        times.append([row["started_at"] for row in table.rows()])
    true = [as_printed(row, "call_records")["started_at"] for row in fresh]
    assert times[1] == true
    assert [one + timedelta(hours=5) for one in times[0]] == true


def test_privacy_takes_hold_of_rows_that_were_loaded_without_it(loaded, tmp_path):
    rows = rows_of("voxo", "call_records")
    table = loaded("duckdb")
    table.fill(rows)
    renormalise("voxo", {**VOXO, "privacy": {"mode": "drop"}}, *table.arguments, folder=tmp_path)
    hidden = ("raw", "from_number", "to_number", "from_name", "to_number_e164")
    assert {row[column] for row in table.rows() for column in hidden} == {None}
    assert {row["to_number_kind"] for row in table.rows()} == {row["to_number_kind"] for row in rows}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "no.duckdb"], "--from no.duckdb is no file"),
        (["--from", "calls.duckdb", "--table", "loaded.calls"], "no table loaded.calls: --table names it"),
        (["--from", "calls.duckdb", "--table", "loaded.shown"], "has no column issues"),
        (["--from", "calls.duckdb", "--to", "x.parquet"], "--to goes with a Parquet file"),
        (["--from", "calls.parquet"], "--to names the file to be written"),
        (["--from", "calls.parquet", "--to", "calls.parquet"], "exists already"),
        (["--from", "config.json"], "no table call_records"),
        (["--from", "calls.duckdb", "--stream", "recordings"], "no stream 'recordings' with `raw` here"),
        (["--from", "calls.duckdb", "--state", "state.json"], "holds no state of call_records"),
        (["--from", "postgresql://me:SECRET-password@127.0.0.1:1/calls"], "PostgreSQL says: connection"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_done_is_one_sentence(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = rows_of("voxo", "call_records")
    for kind in ("duckdb", "parquet"):
        Loaded(kind, tmp_path, None, "call_records").fill(rows)
    with duckdb.connect("calls.duckdb") as connection:
        connection.execute("CREATE TABLE loaded.shown AS SELECT vendor, account_id, raw FROM loaded.call_records")
    (tmp_path / "state.json").write_text("[]", encoding="utf-8")
    done = renormalise("voxo", VOXO, *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "SECRET" not in done.stdout + done.stderr


def test_a_view_is_refused(server, tmp_path):
    import psycopg

    with psycopg.connect(server) as connection:
        connection.execute("CREATE OR REPLACE VIEW shown AS SELECT 1 AS vendor")
    done = renormalise("voxo", VOXO, "--from", server, "--table", "shown", folder=tmp_path)
    assert "shown is no plain table" in done.stderr


@pytest.mark.parametrize(
    ("library", "place", "package"),
    [
        ("duckdb", "calls.parquet", "pip install duckdb"),
        ("psycopg", "postgresql://h/d", 'pip install "psycopg[binary]"'),
    ],
)
def test_a_missing_library_is_named(library, place, package, tmp_path):
    (tmp_path / "calls.parquet").write_bytes(b"")
    code = f"import sys; sys.modules[{library!r}] = None; from source_voxo.run import run; run()"
    (tmp_path / "config.json").write_text(json.dumps(VOXO), encoding="utf-8")
    given = ["renormalise", "--config", "config.json", "--from", place]
    given += ["--to", "new.parquet"] if place.endswith("parquet") else []
    done = subprocess.run(
        [sys.executable, "-c", code, *given], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert package in done.stderr


def test_legs_cannot_be_read_anew_without_their_record(tmp_path):
    with simulators.start("ringcentral", start=START, end=END) as simulator:
        config = simulator.config()
    done = renormalise("ringcentral", config, "--from", "x", "--stream", "call_logs", folder=tmp_path)
    assert done.returncode == 1
    assert "a leg without the record that it is part of" in done.stderr
