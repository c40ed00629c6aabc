"""The programs in docs/spark.md run as they stand there, against simulators; its figures are those of the code."""

import re
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

import simulators
from cdr_spark.datasource import CallRecords
from harness import connectors, vendor
from tools.install import ROOT
from tools.maintain import spark as verb

UTC = timezone.utc
END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
DAYS = 3
PAGE = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
README = (ROOT / "connectors" / "cdr-spark" / "README.md").read_text(encoding="utf-8")
BACKFILL, STREAM = re.findall(
    r"^<!-- python: runs with Spark -->\n```python\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def started():
    period = {"start": END - timedelta(days=DAYS) + timedelta(seconds=1), "end": END}
    found = {name: simulators.start(vendor(name), calls_per_day=30, **period) for name in connectors()}
    yield found
    for simulator in found.values():
        simulator.close()


@pytest.fixture
def run(spark, started, lines, tmp_path):
    """Runs a program of the page: its files in a folder of the test, its years shortened to the simulators' days."""
    configs = ({"connector": name, **simulator.config(include_raw=False)} for name, simulator in started.items())
    path = lines(*configs)

    def program(text):
        begin = (END - timedelta(days=DAYS - 1)).strftime("%Y-%m-%d")
        text = text.replace("secrets/accounts.jsonl", path).replace("2023-12-01", begin)
        text = text.replace("2026-11-30", END.strftime("%Y-%m-%d"))
        text = re.sub(r'"(calls|stream|checkpoint)"\)', rf'"{tmp_path}/\1")', text)
        exec(compile(text, "docs/spark.md", "exec"), {"spark": spark.session})  # noqa: S102 - our own

    return program


def truth(started):
    return Counter(row["record_id"] for simulator in started.values() for row in simulator.truth())


def ids(table):
    return Counter(table.select("record_id").toArrow()["record_id"].to_pylist())


def test_the_backfill_has_ten_lines_at_most_and_writes_every_call_by_vendor_and_day(spark, started, run, tmp_path):
    assert len([line for line in BACKFILL.splitlines() if line]) <= 10
    run(BACKFILL)
    run(BACKFILL)  # replaces what it wrote
    found = spark.session.read.parquet(str(tmp_path / "calls"))
    assert ids(found) == truth(started)
    vendors = {row["vendor"] for row in found.select("vendor").distinct().collect()}
    assert vendors == {vendor(name) for name in started}
    assert len(list((tmp_path / "calls" / "vendor=voxo").glob("day=*"))) >= DAYS


def test_the_stream_of_the_page_writes_every_call(spark, started, run, tmp_path):
    run(STREAM)
    assert ids(spark.session.read.parquet(str(tmp_path / "stream"))) == truth(started)


def test_every_option_is_in_the_readme_with_its_default():
    table = dict(re.findall(r"^\| (`.+?`(?:, `.+?`)*) \| (.+?) \|", README, re.MULTILINE))
    named = {name for names in table for name in re.findall(r"`(\w+)`", names) if not name.endswith(".py")}
    code = (ROOT / "connectors" / "cdr-spark" / "cdr_spark").glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in code)
    used = set(re.findall(r'options\.get\("(\w+)"', text)) | set(re.findall(r'whole\("(\w+)"', text))
    assert used | {"start_date", "end_date"} == {name for name in named if name in CallRecords.__doc__}
    for name, default in re.findall(r'whole\("(\w+)", (\d+)\)', text):
        assert table[f"`{name}`"] == f"`{default}`"


def test_the_page_says_how_to_get_java_as_the_verb_does():
    for package in ("openjdk-17-jre-headless", "java-17-openjdk-headless", "openjdk@17"):
        assert package in PAGE
        assert package in verb._HOW


def test_the_sums_of_the_plan_are_right():
    days = (datetime(2026, 11, 30, tzinfo=UTC) - datetime(2023, 12, 1, tzinfo=UTC)).days + 1
    requests = 2_000 * days
    assert f"2,000 tenants, of VOXO, {days:,} days" in PAGE.replace("tenants of", "tenants, of")
    assert f"| {requests:,} |" in PAGE
    assert f"| {requests * 0.3 / 32 / 3600:.1f} h |" in PAGE
    assert f"| {requests / 600 / 60:.0f} h |" in PAGE
    assert f"| {requests * 50:,} |" in PAGE
    assert f"| {2_000 * -(-days // 30):,} |" in PAGE
    assert f"| {2_000 * 32:,}: {100 * 2_000 * 32 / requests:.0f} % more requests |" in PAGE
