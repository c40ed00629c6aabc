"""A vendor that names the most rows that a request brings: what reaches it is read in halves, nothing is doubted."""

import pytest

from cdr.schema.errors import TransientError
from cdr.vendor.paginators import PageNumber
from fakes import DAY
from syncs import Account, Calls, call, ids, remembered, spread, synced


class Capped(Calls):
    """Pages of 10 and 40 rows a request at most."""

    paginator = PageNumber("page", asks=("size", 10))
    most_rows = 40


class Untotalled(Capped):
    total = ()


class Undeclared(Capped):
    most_rows = None


class CappedAccount(Account):
    """States the true total, and has no rows behind the cap."""

    limit = 40

    def answer(self, request):
        answer = super().answer(request)
        if int(request.params["page"]) * int(request.params["size"]) > self.limit:
            answer["rows"] = []
        return answer


@pytest.mark.parametrize("stream", [Capped, Untotalled])
@pytest.mark.parametrize("count", [39, 40, 41, 100, 163])
def test_every_call_comes_whatever_the_cap(stream, count):
    calls = spread(count)
    assert sorted(synced(CappedAccount(calls), stream).ids) == sorted(ids(calls))


def test_a_window_whose_total_reaches_the_cap_is_not_read_to_its_end():
    server = CappedAccount(spread(100))
    synced(server, Capped)
    pages = [
        params["page"] for params in server.requests if server.periods().index((params["from"], params["to"])) == 0
    ]
    # The other pages were on their way already, in parallel.
    assert set(pages) <= {"1", "2", "3", "4", "5"}


@pytest.mark.parametrize("stream", [Capped, Untotalled])
def test_nothing_is_doubted_behind_a_declared_cap(stream):
    server = CappedAccount(spread(100))
    subject = synced(server, stream)
    assert subject.points == []
    assert subject.warning is None


def test_a_round_number_of_calls_is_not_asked_for_again_where_halves_were():
    server = CappedAccount(spread(100))
    synced(server, Untotalled)
    # Four pages each: of the day, of its halves with 50 calls, and of theirs with 25, whose fourth is empty.
    assert len(server.requests) == 4 + 2 * 4 + 4 * 4


def test_a_window_below_the_cap_is_one_request_a_page():
    server = CappedAccount(spread(39))
    synced(server, Capped)
    assert len(server.requests) == 4


def test_without_the_declaration_the_total_is_an_error():
    with pytest.raises(TransientError, match="does not add up"):
        synced(CappedAccount([call(n, DAY.start) for n in range(100)]), Undeclared)


def test_a_second_that_reaches_the_cap_is_an_error_that_says_so():
    with pytest.raises(TransientError, match="no more than 40 rows a request"):
        synced(CappedAccount([call(n, DAY.start) for n in range(60)]), Capped)


def test_a_total_of_the_account_is_not_the_total_of_the_window():
    earlier = [call(1000 + n, DAY.start.replace(year=2025, month=12)) for n in range(60)]
    calls = spread(25)
    server = CappedAccount([*earlier, *calls], totals="account")
    subject = synced(server, Capped)
    assert sorted(subject.ids) == sorted(ids(calls))
    assert subject.points == ["total"]
    assert len(server.requests) < 10


def test_a_window_of_which_less_comes_than_is_remembered_is_still_doubted():
    calls = spread(100)
    subject = synced(CappedAccount(calls), Capped, state=remembered(DAY, 100))
    assert sorted(subject.ids) == sorted(ids(calls))
