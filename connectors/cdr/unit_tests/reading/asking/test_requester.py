import pytest

from cdr.reading.asking import requester
from cdr.schema.errors import ConfigError, TooLargeError, TooSlowError, TransientError, UnavailableError
from cdr.vendor.authenticators import LoginRefusedError
from cdr.vendor.dialects import Form, Uncertain
from fakes import DAY
from syncs import DAYS, Account, Calls, RefusalError, Synced, days, ids, spread, synced


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    seconds = []
    monkeypatch.setattr(requester.time, "sleep", seconds.append)
    return seconds


def parameter(name, value):
    return lambda stream, asked, period: asked.plus({name: value})


class Forms(Calls):
    """Two parts of the request are uncertain: the order, of three forms, and the size, of two."""

    uncertain = (
        Uncertain(
            "order",
            (
                Form("the order asc", parameter("order", "asc")),
                Form("the order ASC", parameter("order", "ASC")),
                Form("no order", lambda stream, asked, period: asked.without("order")),
            ),
            statuses=frozenset({400}),
            naming=("order",),
        ),
        Uncertain(
            "size",
            (Form("a size"), Form("no size", lambda stream, asked, period: asked.without("size"))),
            statuses=frozenset({400, 422}),
        ),
    )


def strict(calls, takes, status=400, says="unknown parameter order"):
    """An account that refuses every request that `takes` does not hold for."""
    account = Account(calls, size=100)

    def refuse(params):
        if not takes(params):
            raise RefusalError(status, says)

    account.before = refuse
    return account


def orders(account):
    return [params.get("order") for params in account.requests]


def test_the_documented_form_is_asked_for_first_and_kept_where_it_is_taken():
    account = strict(spread(8, DAYS), lambda params: params.get("order") == "asc")
    subject = synced(account, Forms, period=DAYS)
    assert orders(account) == ["asc"] * 4
    assert subject.reader.dialect() == {}
    assert subject.warning is None


def test_forms_are_tried_one_at_a_time_best_first_and_what_worked_is_kept_for_the_sync():
    account = strict(spread(8, DAYS), lambda params: "order" not in params)
    subject = synced(account, Forms, period=DAYS)
    assert subject.ids == ids(account.calls)
    assert orders(account) == ["asc", "ASC", None, None, None, None]
    assert subject.warning.count("takes no order (expected: the order asc)") == 1


def test_the_form_that_worked_is_in_the_state_and_the_next_sync_begins_with_it():
    takes = lambda params: "order" not in params  # noqa: E731 - two accounts are of one kind
    dialect = synced(strict(spread(3), takes), Forms).reader.dialect()
    assert dialect == {"forms": {"order": 2}}
    account = strict(spread(3), takes)
    subject = synced(account, Forms, dialect=dialect)
    assert orders(account) == [None]
    assert "takes no order" in subject.warning  # it still differs


@pytest.mark.parametrize("forms", [None, 7, "x", [1], {"order": 9}, {"order": "1"}, {"order": -1}, {"order": True}])
def test_a_form_that_cannot_be_read_is_the_documented_one(forms):
    account = strict(spread(3), lambda params: True)
    synced(account, Forms, dialect={"forms": forms, "zone": "x"})
    assert orders(account) == ["asc"]


def test_a_remembered_form_that_is_refused_now_gives_way_to_another():
    account = strict(spread(3), lambda params: params.get("order") == "asc")
    subject = synced(account, Forms, dialect={"forms": {"order": 2}})
    assert orders(account) == [None, "asc"]
    assert subject.reader.dialect() == {}


def test_two_parts_that_are_both_refused_are_found_out_one_after_the_other():
    account = Account(spread(3), size=100)

    def refuse(params):
        if params.get("order") == "asc":
            raise RefusalError(400, "unknown parameter order")
        if "size" in params:
            raise RefusalError(422, "too much")

    account.before = refuse
    subject = synced(account, Forms)
    assert subject.ids == ids(account.calls)
    assert subject.reader.dialect() == {"forms": {"order": 1, "size": 1}}


@pytest.mark.parametrize(("status", "says"), [(403, "unknown parameter order"), (500, "order"), (404, "order")])
def test_a_refusal_that_no_part_concerns_is_final(status, says):
    account = strict(spread(3), lambda params: False, status=status, says=says)
    with pytest.raises(RefusalError):
        synced(account, Forms)
    assert len(account.requests) == 1


def test_a_refusal_that_does_not_name_the_part_tries_the_other_part_only():
    account = strict(spread(3), lambda params: "size" not in params, says="bad request")
    synced(account, Forms)
    assert orders(account) == ["asc", "asc"]


def test_where_no_form_is_taken_the_first_refusal_is_raised_and_no_other_window_asks_again():
    account = strict(spread(8, DAYS), lambda params: False)
    subject = Synced(account, Forms, period=DAYS)
    with pytest.raises(RefusalError):
        subject.read(days(DAYS)[0])
    asked = len(account.requests)
    assert asked == 1 + 2 + 1  # the documented one, two other orders, and the other size
    with pytest.raises(RefusalError):
        subject.read(days(DAYS)[1])
    assert len(account.requests) == asked


@pytest.mark.parametrize(
    "failure", [LoginRefusedError("no", 401), TooLargeError("much"), TooSlowError("slow"), TransientError("reset")]
)
def test_what_says_nothing_of_the_form_tries_no_other(failure):
    account = Account(spread(3))

    def fail(params):
        raise failure

    account.before = fail
    with pytest.raises(type(failure)):
        Synced(account, Forms).reader.first_page(DAY)
    assert set(orders(account)) == {"asc"}


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_server_that_is_busy_says_nothing_of_the_form(status):
    failure = TransientError("busy, order")
    failure.status = status
    account = Account(spread(3))

    def fail(params):
        raise failure

    account.before = fail
    with pytest.raises(TransientError):
        synced(account, Forms)
    assert orders(account) == ["asc"]


class Anything(Calls):
    uncertain = (Uncertain("path", (Form("a"), Form("b", parameter("b", "1")))),)


def test_a_part_without_statuses_answers_every_refusal():
    account = strict(spread(3), lambda params: "b" in params, status=500)
    assert synced(account, Anything).ids == ids(account.calls)


@pytest.mark.parametrize("words", ["No call records were found", "no data found for 2026-01-05 00:00:00"])
def test_a_404_in_the_words_of_an_empty_answer_is_one(words):
    account = Account(spread(3))

    def nothing(params):
        raise RefusalError(404, words, content={"message": words})

    account.before = nothing
    assert synced(account).ids == []


@pytest.mark.parametrize("words", ["no such account", "No tenant found", "invalid token", "no route found"])
def test_a_404_in_other_words_is_a_refusal(words):
    account = Account(spread(3))

    def nothing(params):
        raise RefusalError(404, words, content={"message": words})

    account.before = nothing
    with pytest.raises(RefusalError):
        synced(account)


class Optional(Calls):
    missing = "this server has no such list"
    advice = {403: "Ask for the right to read calls."}


def test_a_stream_that_not_every_server_has_is_unavailable_where_it_is_missing():
    with pytest.raises(UnavailableError, match="no such list"):
        synced(strict([], lambda params: False, status=404), Optional)


def test_a_refusal_is_explained_where_the_vendor_file_has_advice():
    with pytest.raises(ConfigError) as error:
        synced(strict([], lambda params: False, status=403), Optional)
    assert error.value.message == "HTTP 403: unknown parameter order Ask for the right to read calls."


def broken(bodies):
    """An account that sends these bodies first."""
    left = list(bodies)
    return Account(spread(3), changed=lambda params, answer: left.pop(0) if left else answer)


def test_bytes_that_broke_once_are_asked_for_again(waits):
    assert synced(broken([b'{"rows": [{"id'])).ids == ["c0", "c1", "c2"]
    assert waits == [0.5]


def test_the_same_broken_bytes_twice_are_no_fault_of_the_line():
    account = broken([b'{"rows": [{"id'] * 9)
    with pytest.raises(TransientError) as error:
        synced(account)
    assert len(account.requests) == 2
    assert "breaks at byte" in error.value.message
    assert "of 14" in error.value.message
    assert "the same each time; the vendor has to mend it" in error.value.message
    assert "later" not in error.value.message


def test_other_bytes_each_time_are_asked_for_four_times_with_growing_waits(waits):
    account = broken([b'{"rows": [{"id"'[:length] for length in (9, 10, 11, 13, 14)])
    with pytest.raises(TransientError, match="run the sync again later"):
        synced(account)
    assert len(account.requests) == 4
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [401, 403])
def test_a_body_that_says_that_it_was_refused_is_a_setting_to_change_and_asked_for_once(status):
    account = broken([b'{"success": false, "code": %d}' % status] * 9)
    with pytest.raises(ConfigError, match="check `credentials`"):
        synced(account)
    assert len(account.requests) == 1


def test_a_list_without_a_second_page_too_slow_is_asked_for_once_more_only_where_pages_help():
    account = Account(spread(3))

    def slow(params):
        raise TooSlowError("slow")

    account.before = slow
    with pytest.raises(TooSlowError):
        Synced(account).reader.first_page(DAY)
    assert len(account.requests) == 2
