import pytest

from cdr.http.bodies import rows_of
from cdr.schema.errors import BodyError
from cdr.vendor.outcomes import failure_in, says_nothing_found

ROW = {"id": "c1"}


@pytest.mark.parametrize(
    "document",
    [
        # failing-inputs.md, 7
        {"status": "ERROR", "message": "No data found"},
        {"success": False, "message": "No records found"},
        {"success": False, "message": "No records found", "data": []},
        {"status": "failed", "error": {"code": 404, "message": "no call logs available."}},
        {"status": 404, "msg": "No call records were found between 2026-01-01 00:00:00 and 2026-01-31"},
        {"errors": ["No matching rows exist"]},
        {"success": "false", "message": "There are no results available for this period"},
        {"success": 0, "data": "No call found", "request_id": "7f9c"},
        "No calls found",
    ],
)
def test_words_of_an_empty_answer(document):
    assert says_nothing_found(document)
    assert rows_of(document, "rows") == []


@pytest.mark.parametrize(
    "document",
    [
        {"success": False, "message": "Not found"},
        {"success": False, "message": "No account with call records found"},
        {"success": False, "message": "No token found, so no data available"},
        {"success": False, "message": "No records found", "id": "c1"},
        {"success": False, "message": "No records found", "tenantId": 12},
        {"success": False, "message": "No records found for id abc"},
        {"success": False, "message": "No data found for account 913874"},
        {"success": False, "message": "No data available, try again later"},
        {"status": 401, "message": "No data found"},
        {"status": 503, "message": "No data available"},
        {"error": "No such endpoint: call logs not found"},
        {"message": "All calls found"},
        {"message": "No. Data are found elsewhere"},
        {},
        [],
        None,
        5,
    ],
)
def test_no_words_of_an_empty_answer(document):
    assert not says_nothing_found(document)


def test_rows_in_a_body_that_says_nothing_was_found_are_no_empty_answer():
    with pytest.raises(BodyError, match="No records found"):
        rows_of({"success": False, "message": "No records found", "rows": [ROW]}, "rows")


@pytest.mark.parametrize(
    ("document", "words", "status"),
    [
        ({"success": False, "message": "boom"}, "boom", None),
        ({"success": "false", "rows": [ROW]}, "no words", None),
        ({"status": "ERROR", "error": {"detail": "boom"}, "rows": []}, "boom", None),
        ({"fault": {"code": 900804, "message": "Message throttled out"}}, "Message throttled out; 900804", None),
        ({"errors": [{"code": "UNAUTHORIZED", "message": "log in"}], "rows": []}, "log in; UNAUTHORIZED", 401),
        ({"error": "Access denied"}, "Access denied", 403),
        ({"error": {"status": 403}}, "no words", 403),
        ({"status": 401, "title": "Problem with provided token"}, "Problem with provided token", 401),
    ],
)
def test_a_body_that_says_it_failed_has_failed(document, words, status):
    with pytest.raises(BodyError) as failed:
        rows_of(document, "rows")
    assert f"({words})" in failed.value.message
    assert failed.value.status == status


@pytest.mark.parametrize(
    "document",
    [
        {"success": True, "rows": []},
        {"status": "OK", "error": None, "errors": [], "rows": []},
        {"error": False, "rows": []},
        {"error": "0", "rows": []},
        {"errors": [{"message": "one of the trunks did not answer"}], "rows": [ROW]},
        {"status": 200, "rows": []},
    ],
)
def test_these_have_not_failed(document):
    assert rows_of(document, "rows") == document["rows"]


def test_a_body_nested_without_end_is_looked_at_as_far_as_people_go():
    nested = {"message": "x"}
    for _ in range(2000):
        nested = {"error": [nested]}
    assert "no words" in failure_in(nested).message
    assert not says_nothing_found(nested)


def test_a_failure_never_quotes_the_rows_that_came_with_it():
    failure = failure_in({"success": False, "message": "boom", "rows": [{"name": "Ann Other"}]}, has_rows=True)
    assert failure.message == "it says that it has failed (boom)"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Invalid token", 401),
        ("Your session has expired", 401),
        ("You do not have permission", 403),
        ("Wrong date", None),
    ],
)
def test_words_that_refuse_a_token_or_a_right_are_told_from_others(words, status):
    assert failure_in({"success": False, "message": words}).status == status
