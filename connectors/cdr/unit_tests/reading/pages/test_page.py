import contextlib
import json
from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.http.bodies import parse
from cdr.reading.pages.fingerprints import call_text, digest, fingerprint_of, is_another_call
from cdr.reading.pages.page import NormalisedPage, read_page
from cdr.reading.pages.plan import plan_of
from cdr.reading.pages.rows import RecordFrame, Rows
from cdr.reading.pages.scope import Scope
from cdr.schema.errors import BodyError
from cdr.vendor.paginators import PageInfo
from fakes import DAY, Paged, call, config

PLAN = plan_of(Paged(config(include_raw=True)))
SCOPE = Scope(DAY, DAY, DAY)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def page(*rows, **more):
    return orjson.dumps({"rows": rows, "total": len(rows), "last": 1, **more})


def read(body, scope: Scope | None = SCOPE, with_digests=False) -> NormalisedPage:
    return read_page(body, PLAN, scope, with_digests)


@given(st.lists(anything, max_size=5))
def test_whatever_a_row_is_it_is_kept_on_a_line_of_its_own(rows):
    body = json.dumps({"rows": rows, "total": len(rows)}).encode()
    block = read(body, scope=None)
    assert len(block.lines()) == len(rows)
    for line in block.lines():
        assert b"\n" not in line
        row = json.loads(line)
        assert row["issues"] or row["vendor_record_id"]


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise_anything_but_a_body_error(body):
    with contextlib.suppress(BodyError):
        read(body)


@given(anything)
def test_no_json_at_all_raises_anything_but_a_body_error(document):
    with contextlib.suppress(BodyError):
        read(json.dumps(document).encode())


@given(st.integers(1, 400))
def test_a_body_cut_anywhere_is_a_body_error_and_never_fewer_rows(cut):
    whole = page(*[{**call(n), "name": "Zoë Ångström"} for n in range(5)])
    with pytest.raises(BodyError):
        read(whole[: min(cut, len(whole) - 1)])


def test_a_body_that_is_nested_without_end_is_a_body_error():
    with pytest.raises(BodyError):
        read(b'{"rows":' + b"[" * 100_000)


def test_a_text_of_a_million_characters_is_a_text():
    block = read(page({**call(1), "name": "x" * 1_000_000}))
    assert len(block.lines()[0]) > 1_000_000


def test_an_integer_past_64_bits_is_kept_to_the_last_digit():
    block = read(b'{"rows":[{"id":123456789012345678901234567890,"time":"2026-01-05 00:00:00"}],"total":1}')
    assert block.ids == ["voxo:127.0.0.1:123456789012345678901234567890"]


def test_a_lone_surrogate_does_not_lose_the_row():
    block = read(b'{"rows":[{"id":"a\\ud800","time":"2026-01-05 00:00:00"}],"total":1}')
    assert json.loads(block.lines()[0])["vendor_record_id"] == "a\ud800"


def test_what_was_cut_is_not_quoted():
    with pytest.raises(BodyError) as cut:
        parse(b'{"rows": [{"from": "+442079460000"')
    assert "442079460000" not in cut.value.message


def line(**columns):
    return json.dumps(columns, separators=(",", ":")).encode()


def test_a_digest_changes_with_the_row_and_not_with_the_signature_of_its_link():
    link = {"recording_url": "https://a.test/b?sig=1", "recording_expires_at": "2026-01-05T00:00:00Z"}
    row = {"id": "1", **link, "raw": {"audio": "https://a.test/b?sig=1"}}
    signed_anew = {
        **row,
        "recording_url": "https://a.test/b?sig=2",
        "recording_expires_at": "2026-01-06T00:00:00Z",
        "raw": {"audio": "https://a.test/b?sig=2"},
    }
    without = {**row, "recording_url": None, "raw": {"audio": None}}
    another = {**row, "recording_url": "https://a.test/c?sig=1"}
    assert digest(line(**row)) == digest(line(**signed_anew))
    assert len({digest(line(**one)) for one in (row, without, another, {**row, "id": "2"})}) == 4


def test_a_question_mark_that_is_no_link_counts():
    assert digest(line(notes="who? a")) != digest(line(notes="who? b"))


@given(st.binary(max_size=60))
def test_a_digest_has_56_bits(text):
    assert 0 <= digest(text) < 2**56


CALL = ("2026-01-05 00:00:00", "+12025550101", "+12025550102", "in")


@pytest.mark.parametrize("place", range(4))
def test_a_call_is_another_one_where_both_say_something_else_and_not_where_one_says_nothing(place):
    other, nothing = [*CALL], [*CALL]
    other[place], nothing[place] = "else", None
    assert is_another_call(call_text(CALL), call_text(tuple(other)))
    assert not is_another_call(call_text(CALL), call_text(tuple(nothing)))
    assert not is_another_call(call_text(tuple(nothing)), call_text(CALL))


FRAME = RecordFrame(b'{"data":', b',"emitted_at":1}')


def test_rows_are_the_same_within_a_frame_and_in_one_that_is_put_around_them_later():
    body = page(call(1), {**call(2), "name": "two\nlines\r\n"}, [3])
    bare, framed = read(body).rows, read_page(body, PLAN, SCOPE, frame=FRAME).rows
    assert framed.json == bare.framed(FRAME) == framed.framed(RecordFrame(b"another"))
    assert [json.loads(line) for line in framed.json.splitlines()] == [
        {"data": json.loads(line), "emitted_at": 1} for line in bare.lines()
    ]
    assert framed.lines() == bare.lines() == bare.json.split(b"\n")[:-1]
    assert Rows.of(bare.lines()) == bare
    assert Rows().framed(FRAME) == b""


def test_the_highest_time_counts_fractions_and_rows_of_the_period_only():
    times = ["2026-01-05 00:00:00", "2026-01-05 00:00:09", "2026-01-05 00:00:02", "2026-01-09 00:00:00", "soon"]
    rows = [{**call(number), "time": time} for number, time in enumerate(times)]
    assert read(page(*rows)).highest == DAY.start + timedelta(seconds=9)
    assert read(page(rows[-1])).highest is None


def test_digests_and_times_are_taken_where_they_are_asked_for():
    body = page(call(1), {**call(2), "time": "soon"})
    assert (read(body).digests, read(body).times) == ([], [])
    block = read(body, with_digests=True)
    assert block.digests == [digest(one) for one in block.lines()]
    assert block.times == ["2026-01-05T00:00:01Z", None]


def test_no_row_is_cut_by_its_time():
    times = ["2026-01-05 00:00:00", "2026-01-09 00:00:00", "1999-01-01 00:00:00", "soon", "2026-01-05 00:00:01"]
    block = read(page(*[{**call(number), "time": time} for number, time in enumerate(times)]))
    assert block.rows.count == len(block.ids) == len(block.calls) == 5
    assert [place > 0 for place in block.places] == [False, True, True, False, False]
    assert block.timeless == [3]


def test_a_page_whose_rows_are_all_inside_has_no_places():
    assert read(page(call(1), call(2))).places == []


@pytest.mark.parametrize("place", range(4))
def test_a_call_of_which_something_is_not_said_is_remembered_as_it_is(place):
    partial = [*CALL]
    partial[place] = None
    texts = [call_text(CALL), call_text(tuple(partial)), call_text(CALL)]
    whole, text, again = NormalisedPage(PageInfo(3), calls=texts).fingerprints
    assert isinstance(whole, int)
    assert whole == again
    assert text == texts[1]
    assert [NormalisedPage(PageInfo(1), calls=[one]).fingerprints[0] for one in texts] == [whole, text, again]


def test_of_a_call_that_is_known_by_its_hash_only_no_part_can_be_told():
    assert is_another_call(fingerprint_of(call_text(CALL)), fingerprint_of(call_text((*CALL[:3], None))))


@pytest.mark.parametrize("frame", [RecordFrame(), RecordFrame(b"<", b">")])
def test_some_rows_of_a_page_are_framed_as_all_of_them_were(frame):
    whole = Rows.of([b'{"a":1}', b"{}", b'{"b":22}', b"[]"])
    rows = Rows(whole.framed(frame), 4, frame)
    assert [rows.line(index) for index in range(4)] == [b'{"a":1}', b"{}", b'{"b":22}', b"[]"]
    for wanted in [[], [0], [3], [0, 1], [1, 3], [0, 2, 3], [0, 1, 2, 3]]:
        some = rows.only(wanted)
        assert some.lines() == [rows.lines()[index] for index in wanted]
        assert (some.count, some.frame) == (len(wanted), frame)
