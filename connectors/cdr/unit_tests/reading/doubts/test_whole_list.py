import orjson
import pytest

from cdr.reading.asking import requester
from cdr.reading.context import WindowCount
from cdr.schema.errors import TransientError
from cdr.vendor.windows import Period
from fakes import FORMAT
from syncs import (
    DAYS,
    HOUR,
    Account,
    Calls,
    Listed,
    RefusalError,
    Synced,
    Tens,
    Untotalled,
    call,
    days,
    ids,
    spread,
    synced,
)

LONG = Period(DAYS.start - 8 * 24 * HOUR, DAYS.end + 8 * 24 * HOUR)
"""Twenty days: what the account has, of which four are asked for."""
DATES = {"period": DAYS, "start": DAYS.start, "end": DAYS.end}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(requester.time, "sleep", lambda seconds: None)


def ignoring(calls=None, **more):
    return Account(spread(433, LONG) if calls is None else calls, filter=False, **more)


def inside(calls):
    first, last = (moment.strftime(FORMAT) for moment in (DAYS.start, DAYS.end))
    return [one["id"] for one in calls if first <= one["time"] < last]


@pytest.mark.parametrize("stream", [Calls, Untotalled, Listed])
def test_a_server_that_ignores_its_filter_is_read_once_and_its_rows_are_kept_by_their_clocks(stream):
    account = ignoring(totals="none" if stream is Untotalled else "period")
    subject = synced(account, stream, **DATES)
    assert sorted(subject.ids) == sorted(inside(account.calls))
    assert "ignores its date filter" in subject.warning
    pages = 1 if stream is Listed else 5 + (stream is Untotalled)
    assert len(account.requests) <= 1 + 1 + pages  # what showed it, what proved it, and everything


def test_one_window_reads_everything_and_the_others_nothing():
    account = ignoring()
    subject = synced(account, Calls, **DATES)
    first, *others = days(DAYS)
    assert len(subject.by_window[first]) == len(inside(account.calls))
    assert [subject.by_window[window] for window in others] == [[], [], []]


def test_a_window_that_is_being_read_when_another_finds_out_does_not_take_the_list_for_its_own():
    account = ignoring(spread(500, Period(DAYS.start, LONG.end)))  # a round figure, which would be doubted
    subject = Synced(account, Tens, **DATES)
    first, last = subject.windows[0], subject.windows[-1]
    reading = subject.reader.read(first, WindowCount())
    pages = [next(reading)]
    pages += [*subject.reader.read(last, WindowCount()), *reading]
    rows = [orjson.loads(line)["vendor_record_id"] for page in pages for line in page.lines()]
    assert sorted(rows) == sorted(inside(account.calls))
    assert len(account.requests) <= 50 + 10


def test_memory_of_a_list_that_is_read_whole_is_bounded():
    class Small(Calls):
        paginator = type(Calls.paginator)("page", asks=("size", 10))

    account = ignoring(spread(3_001, LONG), size=10)
    subject = synced(account, Small, period=LONG, windows=[Period(LONG.start, LONG.end)])
    assert sorted(subject.ids) == sorted(ids(account.calls))
    account = ignoring(spread(3_001, LONG), size=10)
    subject = synced(account, Small, **DATES)
    assert sorted(subject.ids) == sorted(inside(account.calls))
    assert len(subject.reader._accounting._calls) <= 50 * 10


def test_a_row_without_a_time_is_kept_where_everything_is_read():
    account = ignoring([*spread(40, LONG), {**call(99, LONG.start), "time": None}])
    assert "c99" in synced(account, Calls, **DATES).ids


def test_odd_rows_are_given_out_and_are_no_ignored_filter():
    """The server obeys; three of its calls print times ten years ago."""
    odd = [
        {**one, "id": f"o{n}", "at": one["time"], "time": f"2016-01-0{n} 00:00:00"}
        for n, one in enumerate(spread(3, DAYS), 1)
    ]
    account = Account([*spread(33, DAYS), *odd])
    subject = synced(account, Calls, **DATES)
    assert sorted(subject.ids) == sorted(ids(account.calls))
    assert all("time_outside_window" in subject.row[one["id"]]["issues"] for one in odd)
    assert "prints times far outside it" in subject.warning
    assert "filter" not in subject.points


def test_every_row_ten_years_ago_is_given_out_as_well():
    calls = [{**one, "at": one["time"], "time": one["time"].replace("2026", "2016")} for one in spread(33, DAYS)]
    subject = synced(Account(calls), Calls, **DATES)
    assert sorted(subject.ids) == sorted(ids(calls))
    assert all(row["issues"] == ["time_outside_window"] for row in subject.rows)


def test_one_request_tells_for_the_whole_sync():
    calls = [{**one, "at": one["time"], "time": one["time"].replace("2026", "2016")} for one in spread(33, DAYS)]
    account = Account(calls)
    synced(account, Calls, **DATES)
    assert len(account.requests) == 4 + 1


def test_a_refusal_of_the_request_that_tells_leaves_the_rows_odd():
    calls = [{**one, "at": one["time"], "time": one["time"].replace("2026", "2016")} for one in spread(33, DAYS)]
    account = Account(calls)

    def refuse(params):
        if params["from"] < "2026":
            raise RefusalError(400, "no calls that old")

    account.before = refuse
    assert sorted(synced(account, Calls, **DATES).ids) == sorted(ids(calls))


def test_a_whole_list_that_does_not_add_up_is_an_error_with_both_figures():
    account = ignoring()

    def two_more(params, answer):
        return {**answer, "total": answer["total"] + 2}

    account.changed = two_more
    with pytest.raises(TransientError, match="433 rows received, 435 stated"):
        synced(account, Calls, **DATES)


def test_where_the_whole_list_failed_the_other_windows_fail_alike():
    account = ignoring(changed=lambda params, answer: {**answer, "total": answer["total"] + 2})
    subject = Synced(account, Calls, **DATES)
    for window in days(DAYS)[:2]:
        with pytest.raises(TransientError, match="whole list does not add up"):
            subject.read(window)


def test_a_row_that_shifts_to_another_page_while_everything_is_read_is_given_out_once():
    account = ignoring()

    def insert(params):
        if len(account.requests) in (4, 6):
            account.calls.insert(0, call(f"new-{len(account.requests)}", LONG.end - HOUR))

    account.before = insert
    subject = synced(account, Calls, **DATES)
    assert sorted(subject.ids) == sorted(inside(account.calls))


def test_a_total_that_is_the_accounts_is_a_total_not_stated():
    account = Account(spread(433, LONG), totals="account")
    subject = synced(account, Calls, **DATES)
    assert sorted(subject.ids) == sorted(inside(account.calls))
    assert "total" in subject.points
    assert "filter" not in subject.points
