from datetime import timedelta

import pytest

from cdr.reading.doubts import doubt
from cdr.schema.errors import TransientError
from cdr.vendor.paginators import SinglePage
from cdr.vendor.windows import Period, Window
from fakes import DAY
from syncs import DAYS, HOUR, SECOND, Account, Calls, Listed, Synced, call, days, ids, remembered, spread, synced

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("figure", "is_round"),
    [
        *((figure, True) for figure in (100, 150, 250, 256, 500, 512, 1_000, 1_024, 2_048, 5_000, 10_000)),
        *((figure, False) for figure in (0, 1, 50, 64, 99, 101, 120, 128, 255, 257, 499, 501, 999, 1_025)),
    ],
)
def test_a_round_figure_is_a_multiple_of_50_from_100_on_or_a_power_of_two_from_256_on(figure, is_round):
    assert doubt.is_round(figure) is is_round


@pytest.mark.parametrize("cap", [100, 250, 256, 500, 1_000])
@pytest.mark.parametrize("newest", [True, False])
def test_an_answer_that_is_cut_off_is_read_in_halves_until_it_is_whole(cap, newest):
    calls = spread(1_300)
    subject = synced(Account(calls, cap=cap, newest=newest), Listed)
    assert sorted(subject.ids) == sorted(ids(calls))
    assert "cap" in subject.points
    assert f"cuts answers off at {cap} rows" in subject.warning


def test_a_cap_is_found_out_where_totals_agree_with_it():
    calls = spread(1_300)
    subject = synced(Account(calls, cap=500), Calls)
    assert sorted(subject.ids) == sorted(ids(calls))


def test_a_cap_is_found_in_each_window_that_reaches_it():
    calls = [*spread(700, days(DAYS)[0]), *({**one, "id": f"x{one['id']}"} for one in spread(600, days(DAYS)[2]))]
    assert sorted(synced(Account(calls, cap=250), Listed, period=DAYS).ids) == sorted(ids(calls))


@pytest.mark.parametrize("count", [500, 1_000])
def test_an_honest_vendor_with_a_round_figure_costs_two_requests_more_and_no_word(count):
    account = Account(spread(count))
    subject = synced(account, Listed)
    assert subject.ids == ids(account.calls)
    assert len(account.requests) == 3
    assert subject.warning is None


def test_where_totals_are_stated_the_first_page_of_each_half_is_enough():
    account = Account(spread(500))
    subject = synced(account, Calls)
    assert subject.ids == ids(account.calls)
    assert [params["page"] for params in account.requests[5:]] == ["1", "1"]
    assert len(account.requests) == 5 + 2


def a_day(count, begin):
    """A quota: so many calls, all within the day's first hours, evenly."""
    return [call(f"{begin.day}-{n}", begin + (n + 1) * 8 * HOUR / (count + 1)) for n in range(count)]


def test_a_quota_of_a_thousand_calls_a_day_costs_a_few_requests_and_no_error():
    calls = [one for window in days(DAYS) for one in a_day(1_000, window.start)]
    account = Account(calls)
    subject = synced(account, Listed, period=DAYS)
    assert sorted(subject.ids) == sorted(ids(calls))
    assert subject.warning is None
    assert len(account.requests) <= 4 + 4 * 6


def test_a_dialer_paced_at_a_hundred_a_minute_costs_a_few_requests_and_no_error():
    """Ten minutes of it; every minute has exactly 100 calls, and so has its first half."""
    begin = DAY.start + 9 * HOUR
    paced = [call(f"{m}-{n}", begin + m * MINUTE + n * SECOND // 2) for m in range(10) for n in range(100)]
    account = Account(paced)
    subject = synced(account, Listed)
    assert sorted(subject.ids) == sorted(ids(paced))
    assert subject.warning is None
    assert len(account.requests) <= 30


def test_a_round_figure_that_is_smaller_than_one_before_is_no_limit():
    first, second = days(DAYS)[:2]
    account = Account([*spread(520, first), *({**one, "id": f"x{one['id']}"} for one in spread(500, second))])
    synced(account, Listed, period=DAYS)
    assert len(account.requests) == 4


def test_fewer_calls_than_the_state_remembers_are_asked_for_in_halves():
    account = Account(spread(30))
    subject = synced(account, Listed, state=remembered(DAY, 40))
    assert len(account.requests) == 3
    assert subject.ids == ids(account.calls)


def test_a_server_that_answers_a_part_only_is_found_out_by_what_the_state_remembers():
    account = Account(spread(40), cap=23)
    assert sorted(synced(account, Listed, state=remembered(DAY, 40)).ids) == sorted(ids(account.calls))


def in_one_second(count, second=0):
    return [call(f"s{n}", DAY.start + second * SECOND) for n in range(count)]


def test_a_second_that_alone_is_cut_off_is_an_error_where_a_neighbour_shows_it():
    account = Account([*in_one_second(300), call("n", DAY.start + 30 * SECOND)], cap=100, newest=False)
    with pytest.raises(TransientError, match="cuts its answers off, and no narrower period") as error:
        synced(account, Listed)
    assert "state was not advanced" in error.value.message


def test_a_second_with_a_round_figure_is_believed_where_more_come_together_with_a_neighbour():
    account = Account([*in_one_second(200), call("n", DAY.start + 30 * SECOND)])
    subject = synced(account, Listed)
    assert sorted(subject.ids) == sorted(ids(account.calls))
    assert subject.warning is None


def test_a_second_with_a_round_figure_and_no_neighbour_is_taken_with_a_warning():
    account = Account(in_one_second(200, second=7))
    subject = synced(account, Listed)
    assert sorted(subject.ids) == sorted(ids(account.calls))
    assert "sends 200 calls for" in subject.warning
    assert "whether there are more could not be told" in subject.warning


class Daily(Listed):
    """The filter knows days only."""

    paginator = SinglePage()
    window = Window(
        "from",
        "to",
        format="%Y-%m-%d",
        margin=timedelta(days=1),
        step=timedelta(days=5),
        narrowest=timedelta(days=1),
        smallest=timedelta(days=1),
        granularity=SECOND,
    )


class DailyAccount(Account):
    def found(self, params):
        inside = [row for row in self.calls if params["from"] <= row["time"][:10] <= params["to"]]
        return inside[-self.cap :] if self.cap else inside


def test_where_the_filter_knows_days_only_halves_are_days():
    calls = [{**one, "id": f"{one['id']}-{n}"} for n, day in enumerate(days(DAYS)) for one in spread(90, day)]
    subject = Synced(DailyAccount(calls, cap=300), Daily, period=DAYS, windows=[DAYS]).read()
    assert sorted(subject.ids) == sorted(ids(calls))


def test_a_single_day_that_is_cut_off_is_an_error_where_days_are_the_smallest():
    calls = [{**one, "id": f"{one['id']}-{n}"} for n, day in enumerate(days(DAYS)) for one in spread(400, day)]
    with pytest.raises(TransientError, match="cuts its answers off"):
        Synced(DailyAccount(calls, cap=300), Daily, period=DAYS, windows=[DAYS]).read()


def test_halves_lie_within_their_whole():
    assert DAY.halves(SECOND) == (Period(DAY.start, DAY.start + 12 * HOUR), Period(DAY.start + 12 * HOUR, DAY.end))
