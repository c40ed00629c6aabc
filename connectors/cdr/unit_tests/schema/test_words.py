"""What of a vendor's words reaches a log, and what never does."""

import logging

import pytest

from cdr.airbyte import output
from cdr.http.bodies import rows_of
from cdr.schema.errors import BodyError, ConfigError, quoted
from cdr.schema.words import said_anywhere, without_queries


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"fault": {"message": "Quota engine exploded", "code": 900800}}, ["Quota engine exploded", "900800"]),
        ({"data": {"error": {"detail": "No right", "code": 7}}}, ["No right", "7"]),
        ({"result": {"status": {"message": "Maintenance"}}}, ["Maintenance"]),
        ({"a": {"b": {"c": {"exception": {"reason": "Deep down"}}}}}, ["Deep down"]),
        ({"errors": [{"title": "First"}, {"title": "Second"}]}, ["First", "Second"]),
        ({"errors": {"from_date": ["is no date"]}}, ["is no date"]),
        ({"errors": {"from_date": "is no date"}}, ["is no date"]),
        ({"error": True, "success": False}, []),
        ({"Message": "Capital letters"}, ["Capital letters"]),
        ({"message": "Twice", "error": {"message": "Twice"}}, ["Twice"]),
    ],
)
def test_a_vendors_words_are_found_wherever_they_stand(document, words):
    assert said_anywhere(document, is_error=False) == words


@pytest.mark.parametrize(
    "document",
    [
        {"_embedded": {"call_logs": [{"message": "Ann called", "name": "Ann"}]}},
        {"user": {"name": "Ann", "title": "Dr", "description": "from Leeds"}},
        {"customers": [{"error": "Ann"}]},
    ],
)
def test_of_a_body_that_may_hold_calls_no_row_and_no_name_is_quoted(document):
    assert said_anywhere(document, is_error=False) == []


@pytest.mark.parametrize(
    "body",
    [
        {"fault": {"message": "Quota engine exploded", "code": 900800}},
        {"result": {"problem": {"message": "Quota engine exploded"}}},
        {"success": False, "result": {"problem": {"message": "Quota engine exploded"}}},
    ],
)
def test_a_200_with_a_fault_is_an_error_in_the_vendors_words(body):
    with pytest.raises(BodyError, match="Quota engine exploded"):
        rows_of(body, "_embedded.call_logs")


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("see https://h.example/a?X-Amz-Signature=abc&b=c now", "see https://h.example/a?… now"),
        ("(https://h.example/a?sig=abc).", "(https://h.example/a?…)."),
        ("with url: /calls?access_token=abc (Caused by", "with url: /calls?… (Caused by"),
        (r"https:\/\/h.example\/a?sig=a\/b", r"https:\/\/h.example\/a?…"),
        ("https://h.example/a?abc", "https://h.example/a?…"),
        ("https://h.example/a#access_token=abc", "https://h.example/a?…"),
        ("https://ann:abc@h.example/a", "https://h.example/a"),
        ("cut off: X-Amz-Signature=abc&b", "cut off: X-Amz-Signature=…&b"),
        ("is it so? 1 = 1 (did you mean `x`?)", "is it so? 1 = 1 (did you mean `x`?)"),
    ],
)
def test_what_signs_a_link_is_taken_off(text, without):
    assert without_queries(text) == without
    assert without_queries(without) == without


SIGNED = "https://h.example/a.mp3?X-Amz-Signature=abc"


def test_no_sentence_of_an_error_and_no_quotation_signs_a_link():
    assert "abc" not in ConfigError(f"It says: {SIGNED}").message
    assert "abc" not in quoted(SIGNED)


def test_a_signature_that_the_cut_would_split_is_taken_off_as_well():
    assert "abc" not in quoted(f"{'x' * 240} {SIGNED}", 290)


def test_no_log_line_signs_a_link():
    record = logging.LogRecord("airbyte", logging.DEBUG, "", 0, "asked %s", (SIGNED,), None)
    line = output._Formatter().format(record)
    assert line == '{"type":"LOG","log":{"level":"DEBUG","message":"asked https://h.example/a.mp3?…"}}'


def test_a_log_line_can_hold_half_a_character():
    record = logging.LogRecord("airbyte", logging.WARNING, "", 0, "odd: \ud800", None, None)
    assert '"odd: ?"' in output._Formatter().format(record)
