"""No secret in a plan, a log, an event or an error, wherever Spark writes them; errors in one sentence."""

import json
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone
from io import StringIO

import pytest

import simulators
from harness import SECRET

UTC = timezone.utc
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
PERIOD = {"start": END - timedelta(days=2) + timedelta(seconds=1), "end": END}


@pytest.fixture
def simulator():
    with simulators.start("voxo", **PERIOD) as started:
        yield started


def assert_nothing_is_written(spark):
    searched = {path.name: text for path, text in spark.written()}
    assert [name for name, text in searched.items() if SECRET in text] == []
    assert {"driver.log", "stderr"} <= set(searched), "there is nothing to search"
    assert any(name.startswith("events") and "call_records" in text for name, text in searched.items())
    return searched


def told(error):
    return str(error.value)


@pytest.mark.parametrize("by_value", [False, True], ids=["by path", "by value"])
def test_plans_show_no_secret(spark, simulator, lines, by_value):
    config = simulator.config()
    table = spark.read(connector="source-voxo", config=json.dumps(config) if by_value else lines(config))
    shown = StringIO()
    with redirect_stdout(shown):
        for mode in ("simple", "extended", "codegen", "cost", "formatted"):
            table.explain(mode)
    table.createOrReplaceTempView("calls")
    assert "call_records" in shown.getvalue()
    assert SECRET not in shown.getvalue() + repr(table) + str(table.schema)
    assert table.count() == len(simulator.truth())
    assert_nothing_is_written(spark)


def test_a_vendor_that_repeats_the_secret_in_its_refusal_gives_nothing_away(spark, simulator, lines):
    config = simulator.config()
    token = config["credentials"]["access_token"]
    simulator.fault("status", times=None, status=400, body={"message": f"no such token: {token}"})
    for check in ("true", "false"):
        with pytest.raises(Exception, match="no such token: \\*\\*\\*\\*") as error:
            spark.read(connector="source-voxo", configs=lines(config), check=check).count()
        assert SECRET not in told(error)
    searched = assert_nothing_is_written(spark)
    assert any("no such token" in text for text in searched.values())


def test_a_refused_login_is_one_sentence_and_is_not_tried_by_every_worker(spark, simulator, lines):
    config = simulator.config(auth="password")
    config["credentials"]["password"] += "-old"
    with pytest.raises(Exception, match="1 of 1 accounts cannot be read: source-voxo, account 1001") as error:
        spark.read(connector="source-voxo", configs=lines(config)).count()
    assert SECRET not in told(error)
    assert simulator.login_count <= 1
    assert_nothing_is_written(spark)


def test_an_error_names_the_account_and_the_window(spark, simulator, lines):
    simulator.fault("status", after=1, times=None, status=403)
    with pytest.raises(Exception, match=r"ConfigError: source-voxo, account 1001 .*accounts\.jsonl, line 1") as error:
        spark.read(connector="source-voxo", configs=lines(simulator.config())).count()
    assert "window 2026-06-" in told(error)


def test_a_wrong_setting_is_named_when_the_table_is_loaded_or_planned(spark, simulator, lines):
    with pytest.raises(Exception, match="There is no stream 'calls'"):
        spark.read(connector="source-voxo", configs=lines(simulator.config()), stream="calls")
    with pytest.raises(Exception, match="line 1: `start_date` is missing"):
        spark.read(connector="source-voxo", configs=lines(simulator.config(start_date=None))).count()
    assert_nothing_is_written(spark)
