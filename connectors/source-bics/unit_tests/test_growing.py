"""A list that grows, shrinks or lies while it is read."""

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import orjson
import pytest

from cdr.reading.accounting.lookback import Lookback
from cdr.reading.context import ReadContext, Sync, WindowCount
from cdr.reading.window_reader import WindowReader
from cdr.schema.errors import TransientError
from cdr.vendor.windows import Period
from source_bics.streams import CallRecords

DAY = datetime(2026, 3, 2, tzinfo=timezone.utc)
NEXT = DAY + timedelta(days=1)
LATER = NEXT + timedelta(hours=1)  # outside the window, inside the days that are asked for
AGAIN = "reading it again"
THE_DAY = Sync(Period(DAY, NEXT), (Period(DAY, NEXT),), Lookback({}, NEXT))


def minutes(count):
    return [DAY + timedelta(minutes=n) for n in range(count)]


def ring(vendor, page):
    """A call for each answer, which goes to the front of the list."""
    vendor.add(LATER + timedelta(seconds=len(vendor.asked)))


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("calls", [10, 15, 300])
def test_calls_that_arrive_while_pages_are_read_neither_lose_a_row_nor_fail(bics, workers, calls):
    vendor = bics(minutes(calls), latency=0.002)
    vendor.before = ring
    outcome = vendor.read(DAY, NEXT, num_workers=workers)
    assert outcome.error is None
    assert outcome.ids == vendor.ids(DAY, NEXT)
    assert len(vendor.asked) <= 2 * (calls // 15) + 20  # a second reading at most


def test_rows_that_slip_between_two_pages_under_way_cost_a_second_reading_and_no_row(bics):
    vendor = bics(minutes(150), latency=0.005)
    third = threading.Event()

    answered = vendor.answer

    def answer(request):
        if request.path.endswith("page=2") and not third.is_set():
            third.wait(5)
            vendor.add(LATER)
        given = answered(request)
        if request.path.endswith("page=3"):
            third.set()
        return given

    vendor.handle(answer)
    outcome = vendor.read(DAY, NEXT, num_workers=4)
    assert outcome.ids == vendor.ids(DAY, NEXT)
    assert AGAIN in outcome.text
    # Ten pages; another week and the page in front of the first, to tell why; then eleven pages in order.
    assert len(vendor.asked) <= 10 + 3 + 11


def test_rows_pushed_past_the_last_page_are_fetched_from_the_page_after_it(bics):
    vendor = bics(minutes(30))
    vendor.before = lambda vendor, page: vendor.add(LATER) if len(vendor.asked) == 2 else None
    outcome = vendor.read(DAY, NEXT)
    assert outcome.ids == vendor.ids(DAY, NEXT)
    # Page 0 is asked for once: servers that count from there lose their first page otherwise.
    assert sorted(int(asked["page"]) for asked in vendor.asked)[:2] == [0, 1]
    assert max(int(asked["page"]) for asked in vendor.asked) == 3


def test_a_call_that_is_published_late_is_found_in_the_middle_of_the_list(bics):
    vendor = bics(minutes(300))
    late = DAY + timedelta(minutes=200, seconds=30)
    vendor.before = lambda vendor, page: vendor.add(late) if len(vendor.asked) == 18 else None
    outcome = vendor.read(DAY, NEXT, num_workers=2)
    assert outcome.error is None
    assert outcome.ids == vendor.ids(DAY, NEXT)
    assert len(outcome.ids) == 301


def test_a_call_archived_while_pages_are_read_leads_to_a_second_reading(bics):
    vendor = bics(minutes(45))

    def archive(vendor, page):
        if len(vendor.asked) == 2:
            vendor.calls.sort(key=lambda call: call[0])
            del vendor.calls[-1]

    vendor.before = archive
    outcome = vendor.read(DAY, NEXT, num_workers=1)
    assert outcome.error is None
    assert set(outcome.ids) >= set(vendor.ids(DAY, NEXT))
    assert AGAIN in outcome.text


def test_a_total_that_fell_and_rose_again_proves_nothing(bics):
    vendor = bics(minutes(45))

    def swap(vendor, page):
        if len(vendor.asked) == 2:  # the newest call goes, and the first of page 2 slips to page 1
            vendor.calls.sort(key=lambda call: call[0])
            del vendor.calls[-1]
        if len(vendor.asked) == 3:  # an old one comes late: as many ids as the total, and one is not among them
            vendor.add(DAY + timedelta(seconds=30), id="late")

    vendor.before = swap
    outcome = vendor.read(DAY, NEXT, num_workers=1)
    assert set(outcome.ids) >= set(vendor.ids(DAY, NEXT))
    assert AGAIN in outcome.text


def test_a_total_that_stays_wrong_ends_as_a_transient_error_with_window_and_both_figures(bics):
    vendor = bics(minutes(40))

    def wrong(answer):
        answer["data"]["total"] += 1
        return answer

    vendor.change = wrong
    outcome = vendor.read(DAY, NEXT)
    assert outcome.error.failure_type.value == "transient_error"
    assert "2026-03-02T00:00:00Z to 2026-03-03T00:00:00Z" in outcome.error.message
    assert "40 rows received, 41 stated" in outcome.error.message
    # Three pages, twice; another week, the page in front of the first and the first, to tell why.
    assert len(vendor.asked) == 9
    assert all(part["start"] == part["end"] for state in outcome.states for part in state["slices"])


def test_a_total_that_moves_and_stays_wrong_ends_too(bics):
    vendor = bics(minutes(100))
    vendor.before = ring

    def wrong(answer):
        answer["data"]["total"] += 1
        return answer

    vendor.change = wrong
    assert "does not add up" in vendor.read(DAY, NEXT).error.message
    assert len(vendor.asked) <= 150


def test_the_same_id_twice_on_a_page_counts_as_the_vendor_counts_it(bics):
    vendor = bics(minutes(20))
    vendor.add(DAY + timedelta(minutes=19), id=vendor.calls[19][1]["id"])
    outcome = vendor.read(DAY, NEXT)
    assert outcome.error is None
    assert outcome.ids == sorted(f"c{n}" for n in range(20))


def test_the_same_id_twice_on_a_page_that_is_read_again_counts_once_more_and_no_oftener(bics):
    vendor = bics(minutes(20))
    vendor.add(DAY + timedelta(minutes=19), id=vendor.calls[19][1]["id"])
    vendor.before = lambda vendor, page: vendor.add(LATER) if len(vendor.asked) == 2 else None
    outcome = vendor.read(DAY, NEXT, num_workers=1)
    assert outcome.error is None
    assert outcome.ids == sorted(f"c{n}" for n in range(20))
    assert vendor.read(DAY, NEXT, num_workers=1).ids == outcome.ids


def test_the_estimate_is_of_rows_given_out_and_not_of_the_days_around(bics):
    vendor = bics([*minutes(40), *(LATER + timedelta(minutes=n) for n in range(100))])
    assert vendor.read(DAY, NEXT).estimate == 40


class Unsteady:
    """Answers without a server, in any order, from a list that grows by a few rows at any moment."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self.ids = [f"c{n}" for n in range(self.random.randint(1, 400))]
        self.left = 300  # rows still to come
        self.lock = threading.Lock()

    def get(self, request, **_):
        time.sleep(self.random.random() * 0.002)
        with self.lock:
            for _ in range(self.random.choice([0] * 7 + [1, 1, 2])):
                # Most arrive at the front, a few were published late.
                place = 0 if self.random.random() < 0.9 else self.random.randint(0, min(40, len(self.ids)))
                if self.left:
                    self.ids.insert(place, f"new{self.left}")
                    self.left -= 1
            page = int(request.params["page"])
            listed = list(self.ids) if "Mar" in request.params["datetime[end_at]"] else []
        rows = [
            {"id": one, "end_at": "2026-03-02 12:00:00" if one.startswith("c") else "2026-03-03 00:30:00"}
            for one in listed[(page - 1) * 15 : page * 15]
        ]
        facts = {"current_page": page, "last_page": max(1, -(-len(listed) // 15)), "per_page": 15, "total": len(listed)}
        return orjson.dumps({"status": "OK", "data": rows, "meta": facts})


@pytest.mark.parametrize("ahead", [1, 8])
@pytest.mark.parametrize("seed", range(25))
def test_no_growth_however_unlucky_loses_a_row_of_the_window_or_fails(settings, seed, ahead):
    vendor = Unsteady(seed)
    wanted = sorted(vendor.ids)
    with ThreadPoolExecutor(ahead) as pages:
        reader = WindowReader(
            CallRecords(settings()), vendor, ReadContext(pages, ahead, logging.getLogger("quiet")), THE_DAY
        )
        blocks = list(reader.read(Period(DAY, NEXT), WindowCount()))
    given = [orjson.loads(line)["vendor_record_id"] for rows in blocks for line in rows.lines()]
    assert sorted(set(given)) == sorted(given)
    assert sorted(one for one in given if one.startswith("c")) == wanted


def test_a_failure_while_pages_are_read_again_ends_the_window(settings):
    vendor = Unsteady(1)

    class Failing:
        asked = 0

        def get(self, request, **_):
            self.asked += 1
            if self.asked > 30:
                raise TransientError("the vendor is down")
            return vendor.get(request)

    vendor.ids = [f"c{n}" for n in range(440)]
    with ThreadPoolExecutor(4) as pages:
        reader = WindowReader(
            CallRecords(settings()), Failing(), ReadContext(pages, 4, logging.getLogger("quiet")), THE_DAY
        )
        with pytest.raises(TransientError, match="down"):
            list(reader.read(Period(DAY, NEXT), WindowCount()))
