import threading
from datetime import timedelta

import orjson
import pytest

from cdr.reading.asking import requester
from cdr.reading.context import ReadContext, WindowCount
from cdr.reading.window_reader import WindowReader
from cdr.schema.errors import ConfigError, TooLargeError, TooSlowError, TransientError
from cdr.vendor.dialects import Form, Uncertain
from cdr.vendor.windows import Period
from fakes import DAY, Paged, PagedVendor, config, executor
from fakes import call as at_second
from syncs import (
    DAYS,
    HOUR,
    LOGGER,
    SECOND,
    Account,
    Calls,
    Listed,
    Synced,
    Tens,
    asked_for,
    call,
    days,
    ids,
    remembered,
    spread,
    synced,
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(requester.time, "sleep", lambda seconds: None)


def read(vendor, stream=Paged):
    return synced(vendor, stream).ids


@pytest.mark.parametrize("states_last", [True, False])
@pytest.mark.parametrize("calls", [0, 1, 9, 10, 11, 95])
def test_every_page_is_read_in_order(calls, states_last):
    vendor = PagedVendor([at_second(n) for n in range(calls)], states_last=states_last)
    subject = synced(vendor, Paged)
    assert subject.ids == ids(vendor.calls)
    assert (subject.counts[DAY].rows, subject.counts[DAY].total) == (calls, calls)
    assert len(vendor.requests) == max(1, -(-calls // 10))


def test_pages_are_read_in_parallel_but_never_more_than_allowed():
    third_was_asked = threading.Event()

    def wait_for_third(vendor, page, answer):
        if page == 3:
            third_was_asked.set()
        assert page != 2 or third_was_asked.wait(20)
        return answer

    vendor = PagedVendor([at_second(n) for n in range(199)], script=wait_for_third)
    assert read(vendor) == ids(vendor.calls)
    assert 2 <= vendor.most_in_flight <= 4


def test_a_row_inserted_before_what_was_read_is_found_by_reading_again():
    account = Account(spread(30))

    def insert(params):
        if params["page"] == "2" and len(account.calls) == 30:
            account.calls.insert(0, at_second(999))

    account.before = insert
    subject = synced(account, Tens)
    assert sorted(subject.ids) == sorted(ids(account.calls))


def test_a_list_that_grows_at_its_end_is_no_fault():
    """The calls of the first page's total came: what is later is the next sync's."""
    account = Account(spread(30))

    def append(params):
        account.calls.append(call(len(account.calls), DAY.end - SECOND))

    account.before = append
    subject = synced(account, Tens)
    assert set(subject.ids) >= {f"c{n}" for n in range(31)}
    assert subject.warning is None


def test_a_row_removed_while_pages_are_read_loses_no_other():
    def remove(vendor, page, answer):
        if page == 1 and len(vendor.calls) == 30:
            vendor.calls.pop(0)
        return answer

    vendor = PagedVendor([at_second(n) for n in range(30)], script=remove)
    assert set(read(vendor)) >= set(ids(vendor.calls))


def test_a_total_that_is_wrong_once_is_forgiven():
    account = Account(spread(30))

    def wrong_once(params, answer):
        return {**answer, "total": 31} if len(account.requests) <= 3 else answer

    account.changed = wrong_once
    assert synced(account, Tens).ids == ids(account.calls)


def test_a_total_that_stays_wrong_ends_as_a_transient_error_with_window_and_both_figures():
    account = Account(spread(30), changed=lambda params, answer: {**answer, "total": answer["total"] + 1})
    subject = Synced(account, Tens)
    with pytest.raises(TransientError, match="2026-01-05T00:00:00Z to 2026-01-06T00:00:00Z") as error:
        subject.read()
    assert "30 rows received, 31 stated on the first page, read twice" in error.value.message
    assert "state was not advanced" in error.value.message


def test_the_rows_of_a_window_that_does_not_add_up_have_gone_out_all_the_same():
    account = Account(spread(30), changed=lambda params, answer: {**answer, "total": answer["total"] + 1})
    subject, count = Synced(account, Tens), WindowCount()
    with pytest.raises(TransientError):
        list(subject.reader.read(DAY, count))
    assert count.rows == 30


def test_a_vendor_that_sends_the_same_page_for_ever_is_stopped():
    def same(vendor, page, answer):
        return {"rows": [at_second(n) for n in range(10)]}

    # Where page 2 is page 1, a narrower period may have one page only: down to a second, and no further.
    with pytest.raises(TransientError, match="2026-01-05T00:00:00Z to 2026-01-05T00:00:01Z does not end"):
        read(PagedVendor([], script=same))


def test_a_body_that_was_cut_is_asked_for_again():
    bodies = []

    def cut_once(vendor, page, answer):
        bodies.append(page)
        return orjson.dumps(answer)[:-5] if len(bodies) == 1 else answer

    assert read(PagedVendor([at_second(1)], script=cut_once)) == ["c1"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b'{"message": "quota used up"}', b'{"rows": {"a": 1}}', b'{"rows": "x"}', b'{"data": [1]}'],
)
def test_a_body_of_another_shape_is_an_error_and_never_no_rows(body):
    with pytest.raises(TransientError, match=r"page 1 of window 2026-01-05T00:00:00Z"):
        read(PagedVendor([], script=lambda vendor, page, answer: body))


def test_a_web_page_in_the_place_of_an_answer_is_a_wrong_address():
    with pytest.raises(ConfigError, match="check `api_url`"):
        read(PagedVendor([], script=lambda vendor, page, answer: b"<html>please sign in</html>"))


def test_a_page_that_is_too_slow_is_asked_for_once_more():
    def slow_once(vendor, page, answer):
        if len(vendor.requests) == 1:
            raise TooSlowError("too slow")
        return answer

    assert read(PagedVendor([at_second(1)], script=slow_once)) == ["c1"]


@pytest.mark.parametrize("body", [b"null", b'{"rows": {}}', b'{"data": []}', b'{"total": 0}', b'{"total": "0"}'])
def test_a_body_in_which_there_is_nothing_to_list_is_an_empty_page(body):
    assert read(PagedVendor([], script=lambda vendor, page, answer: body)) == []


def impatient(account, patience, error=TooSlowError):
    """The account, on a server that gives up where more than `patience` is asked for."""

    def give_up(params):
        start, end = asked_for(params)
        if end - start > patience:
            raise error("too much")

    account.before = give_up
    return account


@pytest.mark.parametrize("error", [TooSlowError, TooLargeError])
def test_a_window_that_is_too_slow_or_too_large_is_halved(error):
    calls = spread(199)
    assert synced(impatient(Account(calls), HOUR, error), Listed).ids == ids(calls)


@pytest.mark.parametrize(("kind", "is_bounded"), [(Listed, True), (Calls, False)])
def test_less_of_an_answer_is_read_where_a_shorter_period_can_be_asked_for_instead(kind, is_bounded):
    stream = kind(config())
    assert (stream.request(DAY, 0).most_bytes is not None) == is_bounded
    assert stream.request(Period(DAY.start, DAY.start + SECOND), 0).most_bytes is None


def test_a_window_that_is_too_slow_is_halved_down_to_a_minute():
    account = impatient(Account(spread(3)), 0 * HOUR)
    with pytest.raises(TooSlowError):
        synced(account, Listed)
    start, end = asked_for(account.requests[-1])
    assert timedelta(seconds=30) < end - start <= timedelta(minutes=2)


def test_rows_on_the_edge_of_two_halves_are_given_out_once():
    noon = DAY.start + 12 * HOUR
    calls = [call(1, noon - SECOND), call(2, noon), call(3, noon + SECOND)]
    assert synced(impatient(Account(calls), 13 * HOUR), Listed).ids == ["c1", "c2", "c3"]


@pytest.mark.parametrize("excluded", ["start", "end", "both"])
def test_whichever_bound_a_server_excludes_no_call_is_lost(excluded):
    calls = [call(n, DAYS.start + n * HOUR) for n in range(96)]

    def exclusive(params, answer):
        first = params["from"] if excluded in ("start", "both") else ""
        last = params["to"] if excluded in ("end", "both") else "~"
        return [row for row in answer if first < row["time"] < last]

    assert synced(Account(calls, changed=exclusive), Listed, period=DAYS).ids == ids(calls)


def test_an_error_in_one_window_is_no_answer_to_another():
    account = Account(spread(8, DAYS))

    def broken(params, answer):
        return b'{"rows": [' if params["from"] > "2026-01-06" else answer

    account.changed = broken
    subject = Synced(account, period=DAYS).read(days(DAYS)[0])
    with pytest.raises(TransientError, match="page 1 of window 2026-01-07T00:00:00Z"):
        subject.read(days(DAYS)[2])
    assert subject.ids == ["c0", "c1"]


def test_without_windows_a_list_is_read_whole_and_each_row_once():
    vendor = PagedVendor([at_second(n) for n in range(30)])
    with executor() as pages:
        reader = WindowReader(Paged(config()), vendor, ReadContext(pages, 4, LOGGER))
        blocks = [*reader.read(None, WindowCount())]
    assert [orjson.loads(line)["vendor_record_id"] for rows in blocks for line in rows.lines()] == ids(vendor.calls)


def test_a_stretch_that_brings_nothing_where_twenty_rows_were_is_no_empty_answer():
    state = remembered(DAY, 20)
    with pytest.raises(TransientError, match="sends no call for 2026-01-05T00:00:00Z") as error:
        synced(Account([]), state=state)
    assert "the last sync found 20" in error.value.message
    assert "clear its state" in error.value.message


@pytest.mark.parametrize(("rows", "calls"), [(19, []), (20, spread(1))])
def test_fewer_than_twenty_or_a_single_call_are_believed(rows, calls):
    assert synced(Account(calls), state=remembered(DAY, rows)).ids == ids(calls)


def test_an_old_stretch_that_is_empty_now_is_believed_where_a_newer_one_brings_calls():
    account = Account(spread(1, days(DAYS)[3]))
    subject = synced(account, period=DAYS, state=remembered(DAY, 50))
    assert subject.ids == ["c0"]
    assert "retention" in subject.points


def test_a_long_sync_that_receives_rows_of_its_newest_day_only_warns():
    newest = spread(5, days(DAYS)[3])
    assert "newest day only" in synced(Account(newest), period=DAYS).warning
    older = spread(4, days(DAYS)[0])
    assert synced(Account([*older, *newest]), period=DAYS).warning is None
    assert synced(Account(spread(5)), period=DAY).warning is None


class WithAccountTotal(Calls):
    account_total = "all"
    uncertain = (Uncertain("request", (Form("days"),), if_empty=True),)


def test_a_long_sync_that_receives_nothing_although_the_account_has_calls_warns():
    account = Account([], changed=lambda params, answer: {**answer, "all": 12})
    subject = synced(account, WithAccountTotal, period=DAYS)
    assert "it states that the account has calls" in subject.warning
    assert synced(Account([]), WithAccountTotal, period=DAYS).warning is None
