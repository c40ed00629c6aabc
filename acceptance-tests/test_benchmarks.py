"""The benchmark measures what it says: the mock server gives each row once, and the checker believes nobody."""

import gzip
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter

import orjson
import phonenumbers
import pytest
import requests

from benchmarks import fiction
from benchmarks.calls import FIRST_DAY, Dataset, calls
from benchmarks.checking import CheckError, check
from benchmarks.contest import mock_server, once, run
from benchmarks.measure import Cost
from benchmarks.plan import CASES, Case, Entry
from benchmarks.rows import PRINTERS, ids, printed

VONAGE = Dataset("vonage_business", 2_500, 2)
ACEFONE = Dataset("acefone", 250, 2)
VOXO = Dataset("voxo", 250, 2)
FORMAT = "%Y-%m-%d %H:%M:%S"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with mock_server() as address:
        yield address


def get(server, dataset, path, latency=0, **params):
    answer = requests.get(f"{server}/{latency}/{dataset.path}/{path}", params=params, timeout=30)
    return answer.json()


def day(index):
    start = FIRST_DAY + timedelta(days=index)
    return start.strftime(FORMAT), (start + timedelta(days=1, seconds=-1)).strftime(FORMAT)


def vonage_pages(server, time="start"):
    for index in range(VONAGE.days):
        start, end = day(index)
        page, pages = 1, 1
        while page <= pages:
            params = {"page_size": 1000, "page": page, f"{time}:gte": start, f"{time}:lte": end}
            body = get(server, VONAGE, "reports/accounts/1/call-logs", **params)
            pages = body["total_pages"]
            yield body["_embedded"]["call_logs"]
            page += 1


def acefone_pages(server):
    params = {"from_date": day(0)[0], "to_date": day(1)[1], "limit": 100}
    total = int(get(server, ACEFONE, "call_report", **params)["filtered_records"])
    for page in range(1, -(-total // 100) + 1):
        yield get(server, ACEFONE, "call_report", page=page, **params)["data"]


def voxo_pages(server):
    for index in range(VOXO.days):
        start, end = day(index)
        yield get(server, VOXO, "call-reports", start=start, end=end, timezone="UTC", tenantId=1)


@pytest.mark.parametrize(
    ("dataset", "pages"),
    [(VONAGE, vonage_pages), (VONAGE, partial(vonage_pages, time="end")), (ACEFONE, acefone_pages), (VOXO, voxo_pages)],
    ids=lambda value: getattr(value, "vendor", ""),
)
def test_mock_server_gives_each_row_once(server, dataset, pages):
    found = [str(row["id"]) for page in pages(server) for row in page]
    assert len(found) == dataset.rows
    assert set(found) == ids(dataset)


def test_page_behind_the_last_one_is_empty(server):
    body = get(server, VONAGE, "reports/accounts/1/call-logs", page_size=1000, page=9)
    assert (body["total_items"], body["_embedded"]["call_logs"]) == (VONAGE.rows, [])


def test_latency_is_waited_for_without_holding_up_others(server):
    started = perf_counter()
    get(server, VOXO, "call-reports", latency=50, start=day(0)[0], end=day(0)[1])
    assert perf_counter() - started >= 0.05


@pytest.mark.parametrize("vendor", PRINTERS)
def test_same_dataset_is_printed_alike_with_ids_that_are_known_beforehand(vendor):
    dataset = Dataset(vendor, 300, 3)
    rows = list(printed(dataset))
    assert rows == list(printed(dataset))
    assert [call.at for call, _ in rows] == sorted(call.at for call, _ in rows)
    assert {str(row["id"]) for _, row in rows} == ids(dataset)


def test_vonage_row_has_the_size_of_a_real_one():
    rows = [row for _, row in printed(VONAGE)]
    assert {len(row) for row in rows} == {24}
    assert 700 < sum(len(orjson.dumps(row)) for row in rows) / len(rows) < 780


def test_third_of_the_outside_numbers_is_new_and_nobodys():
    outside = [call.outside for call in calls(3_000, 3)]
    assert len(set(outside)) == 1_000
    reserved = ("44", "33199", "33261", "33353", "33465", "33536")
    assert all(number.startswith(reserved) or number[4:9] == "55501" for number in outside)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}")) for number in outside)


def test_a_million_rows_find_numbers_enough():
    numbers = len(fiction.numbers(seed=1))
    assert numbers < 1_000_000 // 3  # so they have to serve more than once
    outside = {call.outside for call in islice(calls(1_000_000, 30), 3 * numbers)}
    assert 0.99 * numbers < len(outside) < numbers


# The million rows of the heavy cases would take a minute to make; they are the same calls, only more.
DATASETS = sorted(
    {entry.dataset for case in CASES for entry in case.entries if entry.dataset and entry.dataset.rows < 1_000_000},
    key=str,
)


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.path)
def test_days_and_hours_have_uneven_numbers_of_calls(dataset):
    by_end = dataset.vendor == "vonage_business"
    times = [(call.start, call.start + call.duration) for call in calls(dataset.rows, dataset.days, by_end=by_end)]
    first = int(FIRST_DAY.timestamp())
    assert all(first <= start < first + dataset.days * 86_400 for start, _ in times)
    assert not by_end or all(end < first + dataset.days * 86_400 for _, end in times)
    days, hours = (Counter((start - first) // seconds for start, _ in times) for seconds in (86_400, 3_600))
    assert len(days) == dataset.days
    assert max(hours.values()) > 2 * min(hours.values())
    assert dataset.days == 1 or max(days.values()) > 2 * min(days.values())


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.path)
def test_no_day_looks_as_if_the_vendor_had_cut_it_off(dataset):
    by_end = dataset.vendor == "vonage_business"
    found = Counter(
        (call.at - int(FIRST_DAY.timestamp())) // 86_400 for call in calls(dataset.rows, dataset.days, by_end=by_end)
    )
    largest = [count for day, count in found.items() if count == max(found[earlier] for earlier in range(day + 1))]
    assert [count for count in largest if count % 50 == 0 or count & (count - 1) == 0] == []


def entry(contender, *, same=True):
    return Entry(contender, contender, Dataset("vonage_business", 20, 1), same=same)


def write(contender, rows, folder: Path) -> Path:
    """What a contender leaves behind that has read these rows."""
    output = folder / "stdout"
    wrap = {
        "ours": lambda row: {"type": "RECORD", "record": {"stream": "call_records", "data": row}},
        "singer-sdk": lambda row: {"type": "RECORD", "stream": "call_records", "record": row},
        "dlt": None,
    }[contender]
    if contender == "dlt":
        (folder / "new_jobs").mkdir()
        # Files are compressed or not, as dlt is set up.
        (folder / "new_jobs" / "call_records.1.0.typed-jsonl").write_bytes(orjson.dumps(rows[:5]))
        (folder / "new_jobs" / "call_records.2.0.typed-jsonl.gz").write_bytes(gzip.compress(orjson.dumps(rows[5:])))
        output.touch()
    else:
        output.write_bytes(b"".join(orjson.dumps(wrap(row)) + b"\n" for row in rows))
    return output


def canonical(key="vendor_record_id"):
    known = sorted(ids(entry("ours").dataset))
    return [{key: identity, "from_number_e164": "+12025550100", "issues": []} for identity in known]


FAULTS = {
    "1 missing": lambda rows: rows[1:],
    "1 doubled": lambda rows: [*rows, rows[0]],
    "1 missing, 1 doubled": lambda rows: [*rows[1:], rows[1]],
    "1 unknown": lambda rows: [*rows, {**rows[0], "vendor_record_id": "x", "id": "x"}],
}


@pytest.mark.parametrize("contender", ["ours", "singer-sdk", "dlt"])
def test_checker_accepts_every_row_once(contender, tmp_path):
    check(entry(contender), write(contender, canonical(), tmp_path), tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("contender", ["ours", "singer-sdk", "dlt"])
def test_checker_refuses_rows_that_are_missing_doubled_or_invented(contender, fault, tmp_path):
    output = write(contender, FAULTS[fault](canonical()), tmp_path)
    with pytest.raises(CheckError, match=fault):
        check(entry(contender), output, tmp_path)


@pytest.mark.parametrize("spoilt", [{"issues": ["number_unparsed"]}, {"from_number_e164": None}])
def test_checker_refuses_rows_that_are_not_normalised(spoilt, tmp_path):
    rows = canonical()
    output = write("ours", [{**rows[0], **spoilt}, *rows[1:]], tmp_path)
    with pytest.raises(CheckError, match="1 not normalised"):
        check(entry("ours"), output, tmp_path)


def test_checker_takes_the_vendors_own_id_of_a_peer_that_does_not_normalise(tmp_path):
    plain = entry("singer-sdk", same=False)
    check(plain, write("singer-sdk", canonical("id"), tmp_path), tmp_path)


@pytest.mark.parametrize("dataset", [VONAGE, ACEFONE, VOXO], ids=lambda dataset: dataset.vendor)
def test_our_connector_reads_the_mock_server_without_issues(server, dataset):
    cost = once(Entry("ours", "ours", dataset, workers=4), server)
    assert (cost.code, cost.main_mib > 20) == (0, True)


def test_floor_does_the_same_job(server):
    assert once(Entry("floor", "floor", VONAGE, workers=2), server).code == 0


def test_contender_that_fails_ends_the_run(server):
    with pytest.raises(CheckError, match="ended with code"):
        once(Entry("ours", "ours", replace(VONAGE, vendor="voxo", days=-5)), server)


def test_processor_time_and_memory_of_orphans_count(tmp_path):
    child = (
        "import time; block = bytearray(60 << 20); t = time.process_time()\nwhile time.process_time() - t < 0.3: pass"
    )
    main = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(0.2)"
    cost = measured([sys.executable, "-c", main], tmp_path)
    assert cost.cpu >= 0.3
    assert (cost.helpers, cost.helper_mib > 60, cost.main_mib < 60) == (1, True, True)


def measured(command, folder) -> Cost:
    import subprocess

    arguments = [sys.executable, "-m", "benchmarks.measure", "0", str(folder / "out"), str(folder / "err"), *command]
    done = subprocess.run(arguments, check=True, capture_output=True, cwd=Path(__file__).parent.parent)
    return Cost(**orjson.loads(done.stdout))


def test_every_entry_shows_what_it_takes_to_start(server):
    case = Case("few", "A few", (Entry("ours", "ours", replace(VONAGE, rows=20, days=1), latency=50),))
    (cost,) = run(case, 1, server)["ours"]
    assert 0 < cost.start_seconds < 60
    assert cost.start_cpu > 0
    assert (cost.lookback, cost.state > 100, cost.written > 20 * 500) == (20, True, True)


def test_a_server_without_a_filter_is_read_once_and_whole(server):
    once(Entry("ours", "ours", Dataset("portsip", 720, 4), workers=4), server)
