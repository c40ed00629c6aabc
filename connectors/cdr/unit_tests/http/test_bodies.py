import json
import subprocess
import sys

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdr.http.bodies import mended, parse, rows_of
from cdr.schema.errors import BodyError

ROW = {"id": "c1", "name": "Zoë"}


def rows_in(body: bytes):
    """The rows of a bare list, and which of them held damage."""
    document, damaged = parse(body)
    return [mended(row) for row in document] if damaged else [(row, False) for row in document]


def test_a_body_that_is_json_is_parsed_as_it_is():
    assert parse(b'{"a": "\\ufffd\\n", "b": [1, 2.5]}') == ({"a": "\ufffd\n", "b": [1, 2.5]}, False)


def test_a_byte_order_mark_is_dropped():
    assert parse(b"\xef\xbb\xbf[1]") == ([1], False)


def test_utf_16_is_read():
    assert parse('[{"name": "Zoë"}]'.encode("utf-16")) == ([{"name": "Zoë"}], False)


@pytest.mark.parametrize("tail", [b"", b',{"n":123456789012345678901234567890}'])
def test_only_the_row_with_a_byte_that_is_not_utf_8_is_damaged(tail):
    rows = rows_in(b'[{"name":"Zo\xeb"},{"name":"\\ufffd \xef\xbf\xbd\\n"}' + tail + b"]")
    assert rows[:2] == [({"name": "Zo\ufffd"}, True), ({"name": "\ufffd \ufffd\n"}, False)]
    assert [row for row, _ in rows[2:]] == [{"n": 123456789012345678901234567890}] * bool(tail)


def test_only_the_row_with_a_bare_control_character_is_damaged():
    rows = rows_in(b'[\n\t{"name": "a\x00b\tc\nd"},\r\n{"name": "a\\tb\\\\"}\n]')
    assert rows == [({"name": "a\ufffdb\ufffdc\ufffdd"}, True), ({"name": "a\tb\\"}, False)]


def test_damage_is_found_in_names_and_at_any_depth():
    deep = b"[" * 300 + b'"\xff"' + b"]" * 300
    ((row, damaged), (second, also)) = rows_in(b'[{"a":' + deep + b'},{"\xff":{"x":1}}]')
    assert damaged
    assert also
    assert second == {"\ufffd": {"x": 1}}
    assert json.dumps(row).count("\\ufffd") == 1


def test_a_row_that_is_a_text_can_be_damaged_too():
    assert rows_in(b'["a\xff", "b", 1, null]') == [("a\ufffd", True), ("b", False), (1, False), (None, False)]


def test_a_backslash_that_begins_no_escape_damages_its_row():
    assert rows_in(b'[{"name":"C:\\dir"},{"name":"x"}]') == [({"name": "C:\ufffddir"}, True), ({"name": "x"}, False)]


@pytest.mark.parametrize("end", [b",]", b" , \n]"])
def test_a_comma_behind_the_last_row_is_no_damage(end):
    assert parse(b'[{"name":",]","n":1,},{"name":"x"}' + end) == ([{"name": ",]", "n": 1}, {"name": "x"}], False)


# Without the characters that Unicode promises to no text: two of them mark what is damaged.
texts = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=6)


@settings(deadline=None)
@given(st.lists(st.dictionaries(texts, texts, max_size=3), min_size=1), st.data())
def test_a_damaged_body_cut_anywhere_is_never_read_as_fewer_rows(rows, data):
    whole = orjson.dumps([*rows, {"name": "x"}])[:-3] + b'\xff\x01"}]'
    assert [row for row, _ in rows_in(whole)][:-1] == rows
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(BodyError, match="not complete JSON"):
        parse(whole[:cut])


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_body_error(body):
    try:
        document, _ = parse(b"[" + body)
    except BodyError:
        return
    for row in document:
        mended(row)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'[{"a": 1}, {"b": }]', "byte 17 of 19"),
        (b'[{"a": "\xff\xc3\xa9\x01"}, {"b": }]', "byte 22 of 24"),
        (b'[{"a": [1,]}, {"b": }]', "byte 20 of 22"),
    ],
)
def test_what_cannot_be_read_says_where_it_breaks(body, place):
    with pytest.raises(BodyError, match=place):
        parse(body)


def test_what_cannot_be_read_is_not_quoted():
    with pytest.raises(BodyError) as cut:
        parse(b'{"rows": [{"from": "+442079460000\xff"')
    assert "442079460000" not in cut.value.message


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_body_nested_without_end_is_a_body_error(body):
    with pytest.raises(BodyError, match=r"nested too deeply|not complete"):
        parse(body)


def test_a_web_page_is_told_apart():
    with pytest.raises(BodyError) as page:
        parse(b"<html>Log in</html>")
    assert page.value.is_html


# The rows of a document.


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ([ROW], [ROW]),
        ([], []),
        (None, []),
        ({"data": []}, []),
        ({"call_logs": [], "links": [{"href": "x"}]}, []),
        ({"data": [ROW], "count": 1}, [ROW]),
        ({"anything": [ROW]}, [ROW]),
        ({"calls": [ROW], "legs": [{"x": 1}]}, [ROW]),
        ({"10": {"n": 3}, "2": {"n": 2}, "0": {"n": 1}}, [{"n": 1}, {"n": 2}, {"n": 3}]),
        ({"message": "No records found"}, []),
    ],
)
def test_where_a_bare_list_is_documented_these_are_read(document, rows):
    assert rows_of(document, "") == rows


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"data": [], "rows": []},
        {"data": [1, 2]},
        {"legs": [ROW], "others": [ROW]},
        {"warnings": [{"message": "x"}]},
        {"data": None},
        {"message": "Internal error"},
        {"error": "x", "data": []},
        {"errors": [{"message": "x"}]},
        "text",
        5,
    ],
)
def test_where_a_bare_list_is_documented_these_are_errors(document):
    with pytest.raises(BodyError):
        rows_of(document, "")


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ({"page": {"items": [ROW]}}, [ROW]),
        ({"page": {"items": {"0": ROW, "1": ROW}}}, [ROW, ROW]),
        ({"page": {}, "total": "0"}, []),
        ({"page": {"items": None}, "total": 0}, []),
        ({"data": []}, []),
        (None, []),
    ],
)
def test_where_the_list_has_a_path_these_are_read(document, rows):
    assert rows_of(document, "page.items", "total") == rows


@pytest.mark.parametrize("document", [{"page": {}}, {"data": [], "total": 5}, [ROW], {"data": [ROW]}, {"total": 3}])
def test_where_the_list_has_a_path_these_are_errors(document):
    with pytest.raises(BodyError, match="no list of rows"):
        rows_of(document, "page.items", "total")


def test_a_function_may_find_the_rows_and_say_what_it_missed():
    def found(document):
        if "calls" not in document:
            raise BodyError("none of three shapes")
        return document["calls"]

    assert rows_of({"calls": [ROW]}, found) == [ROW]
    assert rows_of({"message": "No calls found"}, found) == []
    assert rows_of({"data": []}, found) == []
    with pytest.raises(BodyError, match="none of three shapes"):
        rows_of({"x": 1}, found)


def test_an_unknown_shape_quotes_the_vendor_and_never_a_row():
    with pytest.raises(BodyError) as unknown:
        rows_of({"message": "moved", "data": [{"name": "Ann Other", "title": "Dr"}]}, "rows")
    assert "it says: moved" in unknown.value.message
    assert "Ann" not in unknown.value.message
    assert "Dr" not in unknown.value.message


def test_the_vendors_own_way_to_say_that_it_failed_comes_first():
    def failed(document):
        return BodyError("out of order", 403) if document.get("state") == "bad" else None

    with pytest.raises(BodyError, match="out of order") as failure:
        rows_of({"state": "bad", "rows": [ROW]}, "rows", failed=failed)
    assert failure.value.status == 403
    assert rows_of({"state": "bad", "message": "No rows exist"}, "rows", failed=failed) == []


def test_the_parsing_of_bodies_imports_no_cdk():
    code = "import sys, cdr.http.bodies; print(any(name.startswith('airbyte') for name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
