import pytest

from cdr.reading.asking import pager, requester
from cdr.schema.errors import TransientError
from cdr.vendor.paginators import PageNumber, SkipTop
from cdr.vendor.request import Request
from fakes import DAY, FORMAT
from syncs import DAYS, HOUR, SECOND, Account, Calls, RefusalError, Synced, call, ids, spread, synced


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(requester.time, "sleep", lambda seconds: None)


class Twenties(Calls):
    """Pages of 20, and no total."""

    total = ()
    paginator = PageNumber("page", asks=("size", 20))


def pages(account):
    return [int(params["page"]) for params in account.requests]


def test_without_a_total_only_an_empty_page_is_the_end():
    account = Account(spread(35), totals="none", size=7)
    assert synced(account, Twenties).ids == ids(account.calls)
    assert pages(account) == [1, 2, 3, 4, 5, 6]


def test_a_short_page_is_not_the_end():
    account = Account(spread(47), totals="none", size=20)

    def short(params, answer):
        return {"rows": answer["rows"][:-1] if params["page"] == "1" else answer["rows"]}

    account.changed = short
    assert synced(account, Twenties).ids == [identity for identity in ids(account.calls) if identity != "c19"]


def test_a_page_that_repeats_the_one_before_it_is_the_end():
    account = Account(spread(47), totals="none", size=20, behind="last")
    assert synced(account, Twenties).ids == ids(account.calls)
    assert pages(account) == [1, 2, 3, 4]


def test_a_small_first_page_that_comes_again_is_the_end():
    account = Account(spread(7), totals="none", size=20, behind="last")
    assert synced(account, Twenties).ids == ids(account.calls)
    assert pages(account) == [1, 2]


def test_where_page_two_is_page_one_and_large_a_narrower_period_is_asked_for():
    """A server without pages: 20 rows of a period, whatever is asked for."""
    account = Account(spread(150), totals="none", size=20)

    def always_the_first(params, answer):
        return {"rows": account.found(params)[:20]}

    account.changed = always_the_first
    subject = synced(account, Twenties)
    assert sorted(subject.ids) == sorted(ids(account.calls))
    assert "sends the first page whatever page is asked for" in subject.warning


def test_a_first_page_as_small_as_no_other_that_comes_again_is_the_end():
    """Ten rows and more, but the stream has larger pages: the server repeats its last page."""
    first, second = DAYS.start, DAYS.start + 24 * HOUR
    calls = [call(n, first + n * SECOND) for n in range(20)] + [call(n, second + n * SECOND) for n in range(20, 32)]
    account = Account(calls, totals="none", size=20, behind="last")
    assert synced(account, Twenties, period=DAYS).ids == ids(calls)
    assert sum(params["from"].startswith("2026-01-05 23:59:59") for params in account.requests) == 2


@pytest.mark.parametrize("status", [404, 400, 422])
def test_a_refusal_behind_the_end_is_the_end(status):
    account = Account(spread(47), totals="none", size=20, behind=RefusalError(status))
    assert synced(account, Twenties).ids == ids(account.calls)


def test_a_refusal_of_the_first_page_is_no_end():
    account = Account(spread(7))

    def refuse(params):
        raise RefusalError(404, "no such thing")

    account.before = refuse
    with pytest.raises(RefusalError):
        synced(account, Twenties)


@pytest.mark.parametrize("status", [400, 422])
def test_where_page_two_is_refused_narrower_periods_may_have_one_page(status):
    account = Account(spread(75), totals="none")

    def refuse(params):
        if params["page"] != "1":
            raise RefusalError(status, "unknown page")

    account.before = refuse
    assert sorted(synced(account, Twenties).ids) == sorted(ids(account.calls))


def test_a_404_is_no_end_where_fewer_calls_came_than_are_stated():
    account = Account(spread(35), size=10)

    def gone(params):
        if params["page"] == "3":
            raise RefusalError(404, "gone")

    account.before = gone
    assert sorted(synced(account, Calls).ids) == sorted(ids(account.calls))


def test_pages_that_are_counted_from_0_are_found_out_where_the_figures_do_not_agree():
    account = Account(spread(250), zero=True)
    subject = synced(account, Calls)
    assert sorted(subject.ids) == sorted(ids(account.calls))
    assert "counts its pages from 0" in subject.warning


def test_a_server_that_gives_page_one_for_page_zero_counts_from_1():
    account = Account(spread(33))

    def clamped(params, answer):
        page = account.answer(Request("", {**params, "page": "1"})) if params["page"] == "0" else answer
        return {**page, "total": page["total"] + (len(account.requests) == 1)}

    account.changed = clamped
    subject = synced(account, Calls)
    assert "0" in {params["page"] for params in account.requests}
    assert subject.ids == ids(account.calls)
    assert subject.warning is None


class Skipping(Calls):
    """50 rows a page are asked for."""

    paginator = SkipTop(most=50)


class SkippingAccount(Account):
    def answer(self, request):
        found = self.found(request.params)
        skip, size = int(request.params["skip"]), self.size or int(request.params["top"])
        rows = found[skip : skip + size]
        return {"rows": rows} if self.totals == "none" else {"rows": rows, "total": len(found)}


@pytest.mark.parametrize("totals", ["period", "none"])
@pytest.mark.parametrize("size", [7, 20, 50])
def test_a_granted_size_that_is_smaller_skips_by_itself(size, totals):
    account = SkippingAccount(spread(123), size=size, totals=totals)
    assert synced(account, Skipping).ids == ids(account.calls)


def test_a_total_that_repeats_the_rows_of_the_page_is_none():
    account = SkippingAccount(spread(123))
    account.changed = lambda params, answer: {**answer, "total": len(answer["rows"])}
    assert synced(account, Skipping).ids == ids(account.calls)


@pytest.mark.parametrize("size", [7, 20])
def test_a_granted_size_that_is_smaller_has_more_pages(size):
    account = Account(spread(99), size=size)
    assert synced(account, Calls).ids == ids(account.calls)


def test_a_list_that_grew_while_it_was_read_again_has_more_pages():
    """Sixty calls in front shift ten of the 149 of the first half to a third page."""
    account = Account(spread(298))

    def grow(params):
        if (params["page"], params["to"]) == ("2", "2026-01-05 12:00:00") and len(account.calls) == 298:
            account.calls[:0] = [call(f"new-{number}", DAY.start + HOUR) for number in range(60)]

    account.before = grow
    # A row that the first reading does not bring is why it is read again.
    account.changed = lambda params, answer: {
        **answer,
        "rows": [row for row in answer["rows"] if len(account.requests) > 3 or row["id"] != "c145"],
    }
    subject = synced(account, Calls)
    assert set(subject.ids) >= {f"c{n}" for n in range(298)}
    assert len(subject.ids) == len(set(subject.ids))


def test_pages_without_an_end_are_an_error(monkeypatch):
    monkeypatch.setattr(pager, "_MOST_PAGES", 50)
    account = Account([], totals="none")

    def endless(params, answer):
        at = DAY.start + int(params["page"]) * SECOND
        return {"rows": [call(number, at) for number in range(3)] if int(params["page"]) % 2 else [call(9, at)]}

    account.changed = endless
    with pytest.raises(TransientError, match="does not end"):
        Synced(account, Twenties).read()


def test_a_period_is_asked_for_in_the_words_of_the_window():
    account = Account(spread(3))
    synced(account, Calls)
    assert account.periods() == [("2026-01-04 23:59:59", (DAY.end).strftime(FORMAT))]
