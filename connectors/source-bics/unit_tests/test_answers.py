"""The three shapes of an answer, and everything that is none of them."""

from datetime import datetime, timedelta, timezone

import pytest

from cdr.schema.errors import BodyError
from source_bics.answers import Pages, failure_in, rows_of
from source_bics.streams import CallRecords

DAY = datetime(2026, 3, 2, tzinfo=timezone.utc)
NEXT = DAY + timedelta(days=1)
TOTAL = CallRecords.total
META = {"current_page": 2, "last_page": 3, "per_page": 15, "total": 40}


def every(minutes, count):
    return [DAY + timedelta(minutes=minutes * n) for n in range(count)]


@pytest.mark.parametrize("shape", [1, 2, 3])
@pytest.mark.parametrize("calls", [0, 1, 14, 15, 16, 99])
def test_each_shape_is_read_to_its_last_row(bics, shape, calls):
    vendor = bics(every(14, calls), shape=shape)
    outcome = vendor.read(DAY, NEXT)
    assert outcome.error is None
    assert outcome.ids == sorted(f"c{n}" for n in range(calls))
    pages = 1 if shape == 1 else max(1, -(-calls // 15))
    assert sorted(int(asked["page"]) for asked in vendor.asked) == list(range(1, pages + 1))


def test_the_page_size_that_the_vendor_grants_is_believed(bics):
    vendor = bics(every(10, 99), size=50)
    assert len(vendor.read(DAY, NEXT).ids) == 99
    assert len(vendor.asked) == 2


@pytest.mark.parametrize("shape", [1, 2, 3])
def test_a_day_of_exactly_a_hundred_calls_between_empty_ones_is_taken_with_a_warning(bics, shape):
    vendor = bics(every(14, 100), shape=shape)
    outcome = vendor.read(DAY, NEXT)
    assert outcome.error is None
    assert outcome.ids == sorted(f"c{n}" for n in range(100))
    assert any("sends 100 calls for 2026-03-02" in warning for warning in outcome.warnings)


def test_a_day_of_exactly_a_hundred_calls_beside_others_is_believed(bics):
    vendor = bics([*every(14, 100), *(DAY - timedelta(days=3, minutes=n) for n in range(7))])
    outcome = vendor.read(DAY, NEXT)
    assert outcome.error is None
    assert outcome.ids == sorted(f"c{n}" for n in range(100))
    assert not any("sends 100 calls" in warning for warning in outcome.warnings)


def test_every_page_is_asked_for_with_the_filter_and_no_link_is_followed(bics):
    vendor = bics(every(10, 40))
    vendor.read(DAY, NEXT)
    assert sorted(vendor.asked, key=lambda asked: asked["page"]) == [
        {"datetime[end_at]": "Feb 28, 2026 - Mar 04, 2026", "page": page} for page in ("1", "2", "3")
    ]


@pytest.mark.parametrize("status", ["OK", 200, "200"])
def test_ok_and_200_are_success(status):
    assert failure_in({"status": status, "data": []}) is None


@pytest.mark.parametrize("status", ["ERROR", 401, "401", "ok?", None, True, 500, {}, []])
def test_any_other_status_has_failed(status):
    assert isinstance(failure_in({"status": status, "data": []}), BodyError)
    assert isinstance(failure_in({"data": []}), BodyError)


@pytest.mark.parametrize(
    "refusal",
    [{"status": "ERROR", "code": 401}, {"status": "ERROR", "code": "403"}, {"status": 401}, {"status": "403"}],
)
def test_a_refusal_with_status_200_asks_for_other_credentials_and_is_not_repeated(bics, refusal):
    vendor = bics()
    vendor.change = lambda answer: {**refusal, "message": "Token expired, see https://example.com/a?X-Amz-Signature=1"}
    error = vendor.read(DAY, NEXT).error
    assert "Signature" not in error.message
    assert error.failure_type.value == "config_error"
    assert "Token expired" in error.message
    assert "credentials" in error.message
    # In the header; then once as the parameter that the vendor's page calls mandatory.
    assert [asked.get("access_token") for asked in vendor.asked] == [None, "token-of-the-test"]


def test_check_answers_failed_where_the_body_refuses(bics):
    vendor = bics()
    vendor.change = lambda answer: {"status": 403, "message": "No access"}
    assert vendor.check().status.value == "FAILED"
    vendor.change = lambda answer: answer
    assert vendor.check().status.value == "SUCCEEDED"


def test_a_refused_token_is_a_config_error_without_the_token(bics):
    vendor = bics()
    credentials = {"auth_type": "access_token", "access_token": "not-the-token"}
    outcome = vendor.read(DAY, NEXT, credentials=credentials)
    assert outcome.error.failure_type.value == "config_error"
    assert "Unauthenticated" in outcome.error.message
    assert "not-the-token" not in outcome.text


def test_a_body_that_says_it_failed_is_a_transient_error_in_the_vendors_words(bics, no_waiting):
    vendor = bics()
    vendor.change = lambda answer: {"status": "ERROR", "code": 500, "message": "Out of order"}
    error = vendor.read(DAY, NEXT).error
    assert error.failure_type.value == "transient_error"
    assert "it failed with status ERROR, code 500: Out of order" in error.message


@pytest.mark.parametrize(
    "body",
    [
        {"status": "OK"},
        {"status": "OK", "data": None},
        {"status": "OK", "data": "none"},
        {"status": "OK", "data": {}},
        {"status": "OK", "data": {"total": 0, "last_page": 1}},
        {"status": "OK", "meta": {"total": 0}},
        {"status": "OK", "data": {"data": {}}},
        [],
        None,
        "OK",
    ],
)
def test_anything_else_is_no_shape(body):
    with pytest.raises(BodyError):
        rows_of(body)


@pytest.mark.parametrize(
    "body",
    [
        {"data": [], "meta": None},
        {"data": [], "meta": {}},
        {"data": [], "meta": {"last_page": 1}},
        {"data": {"data": [], "last_page": 1}},
        {"data": {"data": []}},
    ],
)
def test_pages_without_a_total_tell_no_number_of_pages(body):
    assert Pages().pages(Pages().info(body, 15, TOTAL)) is None


@pytest.mark.parametrize("calls", [14, 15, 40])
def test_links_without_a_total_are_read_on_to_an_empty_page(bics, calls):
    vendor = bics(every(14, calls), shape=3)
    vendor.change = lambda answer: {key: answer[key] for key in ("status", "data", "links")}
    outcome = vendor.read(DAY, NEXT)
    assert outcome.error is None
    assert outcome.ids == sorted(f"c{n}" for n in range(calls))
    assert max(int(asked["page"]) for asked in vendor.asked) == -(-calls // 15) + 1


@pytest.mark.parametrize("body", [{"data": [], "meta": META}, {"data": {"data": [], **META}}])
def test_the_facts_of_a_page_are_read_from_both_shapes(body):
    facts = Pages().info(body, 15, TOTAL)
    assert (facts.total, facts.last, facts.size) == (40, 3, 15)


def test_a_shape_that_is_none_never_is_no_rows(bics, no_waiting):
    vendor = bics()
    vendor.change = lambda answer: {"status": "OK", "calls": "none"}
    outcome = vendor.read(DAY, NEXT)
    assert "none of the three known shapes (it is an object with the keys calls, status)" in outcome.error.message


def test_links_are_cut_before_their_query():
    said = 'see "https://s3.example.com/a.mp3?X-Amz-Signature=1" and https:\\/\\/s3.example.com\\/b?X-Amz=2, why? So.'
    kept = 'see "https://s3.example.com/a.mp3?…" and https:\\/\\/s3.example.com\\/b?…, why? So.'
    assert failure_in({"status": 500, "message": said}).message.endswith(kept)


def test_a_signed_link_in_a_body_that_was_cut_or_failed_is_in_no_error(bics, no_waiting):
    vendor = bics()
    vendor.change = lambda answer: (200, {}, b'{"data": [{"audio": "https://s3.example.com/a?X-Amz-Signature=secret-1')
    first = vendor.read(DAY, NEXT)
    vendor.change = lambda answer: {
        "status": 500,
        "message": "cannot read https://s3.example.com/a?X-Amz-Signature=secret-1",
    }
    second = vendor.read(DAY, NEXT)
    for outcome in (first, second):
        assert "secret-1" not in outcome.text
    assert "s3.example.com/a?…" in second.error.message
