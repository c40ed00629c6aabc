from datetime import timedelta

import pytest

from cdr.reading.asking import requester
from cdr.schema.errors import TooLargeError, TooSlowError
from cdr.vendor.dialects import Form, Uncertain
from cdr.vendor.windows import Period
from fakes import DAY, FORMAT
from syncs import DAYS, HOUR, Account, Calls, Listed, RefusalError, asked_for, call, days, ids, spread, synced

CHICAGO = timedelta(hours=-6)  # in January


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(requester.time, "sleep", lambda seconds: None)


class Zoned(Calls):
    """Filtered in UTC, and printed who knows how."""

    zones = ("America/Chicago", "America/New_York")


def printed(calls, ahead, epochs=None):
    """Calls that are printed so far ahead of UTC, the first `epochs` of them with an epoch in an id."""
    return [
        {
            **one,
            "at": one["time"],
            "time": (moment(one) + ahead).strftime(FORMAT),
            **({"unique": f"{int(moment(one).timestamp())}.7"} if epochs is None or number < epochs else {}),
        }
        for number, one in enumerate(calls)
    ]


def moment(one):
    return Account([]).filtered_on(one)


def true_times(calls):
    return {one["id"]: f"{moment({**one}).isoformat()[:19]}Z" for one in calls}


def started(subject):
    return {identity: row["started_at"] for identity, row in subject.row.items()}


class ZonedList(Listed):
    zones = Zoned.zones


@pytest.mark.parametrize("error", [TooSlowError, TooLargeError])
def test_a_newest_window_that_is_too_large_or_too_slow_shows_in_a_part_what_it_shows(error):
    calls = printed(spread(200, DAYS), CHICAGO)
    account = Account(calls)

    def give_up(params):
        start, end = asked_for(params)
        if end - start > 3 * HOUR:
            raise error("too much")

    account.before = give_up
    subject = synced(account, ZonedList, period=DAYS)
    assert started(subject) == true_times(calls)


def test_a_zone_that_is_as_asked_is_no_finding():
    calls = printed(spread(20, DAYS), 0 * HOUR)
    subject = synced(Account(calls), Zoned, period=DAYS)
    assert started(subject) == true_times(calls)
    assert (subject.warning, subject.reader.dialect()) == (None, {})


@pytest.mark.parametrize(
    ("ahead", "zone"),
    [
        (CHICAGO, "America/Chicago"),
        (timedelta(hours=-5), "America/New_York"),
        (timedelta(hours=5, minutes=45), "+05:45"),
        (timedelta(hours=-3, minutes=-30), "-03:30"),
        (timedelta(hours=25), "+25:00"),
    ],
)
def test_epochs_show_the_zone_before_the_first_row_goes_out(ahead, zone):
    calls = printed(spread(20, DAYS), ahead, epochs=15)
    subject = synced(Account(calls), Zoned, period=DAYS, start=DAYS.start, end=DAYS.end)
    assert started(subject) == true_times(calls)
    assert all("time_outside_window" not in row["issues"] for row in subject.rows)
    assert subject.reader.dialect() == {"zone": zone}
    assert f"prints its times in {zone}" in subject.warning
    assert subject.points.count("zone") == 1


def test_too_few_epochs_tell_nothing_and_no_row_is_lost():
    """Their own times are right, by their epochs; the others keep what is printed."""
    calls = printed(spread(20, DAYS), CHICAGO, epochs=2)
    subject = synced(Account(calls), Zoned, period=DAYS, start=DAYS.start, end=DAYS.end)
    assert sorted(subject.ids) == sorted(ids(calls))
    assert subject.reader.dialect() == {}
    true = true_times(calls)
    assert [identity for identity in subject.ids if started(subject)[identity] == true[identity]] == ["c0", "c1"]


def test_where_the_newest_window_has_too_few_the_oldest_is_looked_at():
    oldest, newest = days(DAYS)[0], days(DAYS)[3]
    calls = printed([*spread(5, oldest), *({**one, "id": f"n{one['id']}"} for one in spread(1, newest))], CHICAGO)
    assert synced(Account(calls), Zoned, period=DAYS).reader.dialect() == {"zone": "America/Chicago"}


def test_what_was_looked_at_is_not_asked_for_twice():
    account = Account(printed(spread(20, DAYS), 0 * HOUR))
    synced(account, Zoned, period=DAYS)
    assert len(account.requests) == 4


def test_epochs_that_contradict_each_other_show_no_zone():
    calls = printed(spread(10), CHICAGO) + printed([{**one, "id": f"x{one['id']}"} for one in spread(10)], HOUR)
    subject = synced(Account(calls), Zoned)
    assert subject.reader.dialect() == {}
    assert len(subject.ids) == 20


def test_a_zone_that_was_found_is_remembered_for_a_sync_without_evidence():
    quiet = printed(spread(1), CHICAGO, epochs=0)
    subject = synced(Account(quiet), Zoned, dialect={"zone": "America/Chicago"})
    assert started(subject) == true_times(quiet)
    assert subject.reader.dialect() == {"zone": "America/Chicago"}
    assert "found by an earlier sync" in subject.warning


def test_what_a_sync_sees_counts_more_than_what_was_remembered():
    calls = printed(spread(10), 0 * HOUR)
    subject = synced(Account(calls), Zoned, dialect={"zone": "America/Chicago"})
    assert started(subject) == true_times(calls)
    assert subject.reader.dialect() == {}


@pytest.mark.parametrize("zone", [None, 7, "", "Nowhere/At_All", "+5", "../../etc", ["+05:30"], "+ab:cd"])
def test_a_remembered_zone_that_cannot_be_read_is_none(zone):
    calls = printed(spread(1), 0 * HOUR, epochs=0)
    assert started(synced(Account(calls), Zoned, dialect={"zone": zone})) == true_times(calls)


class LocalAccount(Account):
    """A server that reads the filter in its own zone as well, by the time that it prints."""

    def filtered_on(self, row):
        return super().filtered_on({"time": row["time"]})


@pytest.mark.parametrize("ahead", [CHICAGO, timedelta(hours=5, minutes=30)])
def test_a_server_that_reads_the_request_in_its_own_zone_is_asked_for_what_was_not_covered(ahead):
    calls = printed(spread(80, DAYS), ahead)
    subject = synced(LocalAccount(calls), Zoned, period=DAYS, start=DAYS.start, end=DAYS.end)
    assert sorted(subject.ids) == sorted(ids(calls))
    assert started(subject) == true_times(calls)
    assert "reads the period asked for in another zone as well" in subject.warning


def test_a_row_whose_clocks_all_lie_beyond_the_dates_is_dropped_or_marked():
    inside = printed(spread(80, DAYS), CHICAGO)
    before, after = (Period(DAYS.start - 24 * HOUR, DAYS.start), Period(DAYS.end, DAYS.end + 24 * HOUR))
    beyond = [
        {**one, "id": f"{name}{one['id']}"}
        for name, period in (("b", before), ("a", after))
        for one in printed(spread(20, period), CHICAGO)
    ]
    subject = synced(LocalAccount([*inside, *beyond]), Zoned, period=DAYS, start=DAYS.start, end=DAYS.end)
    assert set(ids(inside)) <= set(subject.ids)
    first, last = (moment.strftime(FORMAT) for moment in (DAYS.start, DAYS.end))
    printed_inside = {one["id"] for one in beyond if first <= one["time"] < last}
    assert printed_inside <= set(subject.ids)
    for row in subject.rows:
        is_odd = row["vendor_record_id"] not in printed_inside and row["vendor_record_id"][0] != "c"
        assert ("time_outside_window" in row["issues"]) is is_odd


class Dated(Calls):
    """A date with a time of day may find nothing: then a date alone is asked for."""

    account_total = "all"
    uncertain = (
        Uncertain(
            "request",
            (
                Form("a time of day"),
                Form("a date alone", lambda stream, asked, period: asked.plus({"dates": "yes"})),
            ),
            statuses=frozenset(),
            if_empty=True,
        ),
    )


def dated(calls, all_calls=12):
    """An account that finds calls by dates alone."""
    nothing = {"rows": [], "total": 0}
    return Account(
        calls, changed=lambda params, answer: {**(answer if "dates" in params else nothing), "all": all_calls}
    )


def test_an_empty_answer_although_the_account_has_calls_is_tried_in_the_other_form():
    account = dated(spread(20, DAYS))
    subject = synced(account, Dated, period=DAYS)
    assert subject.ids == ids(account.calls)
    assert subject.reader.dialect() == {"forms": {"request": 1}, "has_rows": True}
    assert "takes a date alone" in subject.warning


def test_an_account_without_calls_is_empty_and_no_other_form_is_tried():
    account = dated([], all_calls=0)
    assert synced(account, Dated, period=DAYS).ids == []
    assert not [params for params in account.requests if "dates" in params]


def test_a_form_that_brought_rows_once_is_believed_when_it_brings_none():
    account = dated([])
    synced(account, Dated, period=DAYS, dialect={"has_rows": True})
    assert not [params for params in account.requests if "dates" in params]


def test_where_no_form_finds_anything_the_documented_one_stays():
    account = dated([])
    subject = synced(account, Dated, period=DAYS)
    assert subject.reader.dialect() == {}


def test_a_form_that_is_refused_while_it_is_tried_is_no_error():
    account = dated([])

    def refuse(params):
        if "dates" in params:
            raise RefusalError(400)

    account.before = refuse
    assert synced(account, Dated, period=DAYS).ids == []


def test_a_stream_without_anything_to_find_out_is_not_looked_at():
    account = Account(spread(8, DAYS))
    subject = synced(account, Calls, period=DAYS)
    assert len(account.requests) == 4
    assert subject.ids == ids(account.calls)
    assert call(1, DAY.start)["time"] == "2026-01-05 00:00:00"
