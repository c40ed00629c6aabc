import hashlib

import pytest

from books import DAYS, ONE, TWO, Books, at
from cdr.reading.pages.page import read_page
from syncs import SECOND, call

HASH = "db76244f355c688f"
"""The first 16 hex digits of the SHA-256 of `["2026-01-05 01:00:00","+12025550101",null,"in"]`."""


def test_a_second_call_of_an_id_is_renamed_by_its_start_numbers_and_direction():
    books = Books()
    assert books.give(ONE, at(0)) == ["c1"]
    assert books.give(ONE, at(1)) == [f"c1#{HASH}"]
    first, second = books.rows
    assert second["record_id"] == f"voxo:127.0.0.1:c1#{HASH}"
    assert (first["issues"], second["issues"]) == ([], ["id_repeated"])
    assert second["raw"]["id"] == "c1"
    assert books.give(ONE, at(0), at(1)) == books.give(TWO, at(1)) == []


def test_the_name_of_a_second_call_is_the_same_without_the_vendors_own_record():
    books = Books(include_raw=False)
    assert books.give(ONE, at(0), at(1)) == ["c1", f"c1#{HASH}"]


def test_letters_beyond_ascii_count_as_themselves():
    books = Books()
    told = '["2026-01-05 01:00:00","+12025550101","Zoë","in"]'
    tag = hashlib.sha256(told.encode()).hexdigest()[:16]
    assert books.give(ONE, at(0), at(1, to="Zoë")) == ["c1", f"c1#{tag}"]


def test_under_privacy_a_second_call_is_named_by_what_is_given_out():
    books = Books(privacy={"mode": "mask"})
    tag = hashlib.sha256(b'["2026-01-05T01:00:00Z","+1********01",null,"in"]').hexdigest()[:16]
    assert books.give(ONE, at(0), at(1)) == ["c1", f"c1#{tag}"]
    assert books.rows[1]["from_number"] == "+1********01"


@pytest.mark.parametrize(
    "other", [{"time": "2026-01-05 00:00:01"}, {"from": "+12025550102"}, {"to": "+12025550103"}, {"way": "out"}]
)
def test_calls_of_one_id_are_two_where_start_a_number_or_direction_differ(other):
    first = at(0, to="+12025550199")
    assert len(set(Books().give(ONE, first, {**first, **other}))) == 2
    books = Books()
    books.give(ONE, first)
    assert len(books.give(ONE, {**first, **other})) == 1


@pytest.mark.parametrize("missing", ["time", "from", "way"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_call_of_which_less_is_said_is_the_same_one_read_again(missing, nothing):
    books = Books()
    assert books.give(ONE, at(1)) == ["c1"]
    assert books.give(ONE, {**at(1), missing: nothing}) == []


def test_a_call_that_differs_in_another_field_is_the_same_one_read_again():
    books = Books()
    assert books.give(ONE, at(1)) == ["c1"]
    assert books.give(ONE, at(1, notes="filled in later")) == []


def test_two_records_of_one_page_are_both_kept_where_they_differ_in_anything():
    books = Books()
    assert books.give(ONE, at(1), at(1, notes="a")) == ["c1", f"c1#{HASH}#2"]
    assert books.rows[1]["issues"] == ["id_repeated"]


def test_equal_calls_of_one_page_have_a_running_number_in_its_order():
    books = Books()
    given = books.give(ONE, at(1), at(1, notes="a"), at(0), at(1, notes="b"))
    assert given[1] == f"c1#{HASH}#2"
    assert given[3] == f"c1#{HASH}#3"
    assert len(set(given)) == 4


@pytest.mark.parametrize("other", [{}, {"link": "https://rec.test/1?sig=b"}])
def test_two_records_of_one_page_that_differ_in_a_links_query_at_most_are_one(other):
    first = at(1, link="https://rec.test/1?sig=a")
    assert Books().give(ONE, first, {**first, **other}) == ["c1"]


def test_a_call_that_is_read_again_in_another_order_is_no_further_call():
    books = Books()
    assert len(books.give(ONE, at(0), at(1))) == 2
    assert books.give(TWO, at(1), at(0)) == []
    assert books.give(TWO, at(0)) == []


def test_a_row_that_only_python_can_write_is_renamed_as_well():
    """A lone surrogate, and an integer past 64 bits."""
    first = b'{"id":"c1","time":"2026-01-05 01:00:00","from":"a","notes":"\\ud800"}'
    second = b'{"id":"c1","time":"2026-01-05 01:00:00","from":"b","notes":"\\ud800","cost":12345678901234567890123}'
    odd = b'{"rows":[%s,%s]}' % (first, second)
    books = Books()
    given = books.accounting.given(read_page(odd, books.plan, None), ONE)
    assert given.rows.count == 2
    assert b'"cost":12345678901234567890123' in given.rows.lines()[1]


def test_an_id_that_had_two_calls_is_kept_in_the_state_and_named_so_from_then_on():
    books = Books()
    books.give(ONE, at(0), at(1))
    state = books.close(ONE).state()
    assert state["repeated"] == ["c1"]
    following = Books(state)
    given = following.give(ONE, at(1), at(2, 2))
    assert given == [f"c1#{HASH}", "c2"]
    assert following.rows[0]["issues"] == ["id_repeated"]
    assert following.close(ONE).state().get("repeated") == ["c1"]


def test_a_row_of_the_margin_stays_dropped_also_as_a_second_call():
    assert Books().give(ONE, at(0), call(1, DAYS.start - SECOND)) == ["c1"]


def test_a_renamed_row_is_known_by_its_new_name():
    first = Books(keeps_from=DAYS.start)
    first.give(ONE, at(0), at(1))
    following = Books(first.close(ONE).state(), keeps_from=DAYS.start)
    first_named_anew = following.give(ONE, at(0), at(1))
    assert len(first_named_anew) == 1  # a call can come under two keys
    third = Books(following.close(ONE).state(), keeps_from=DAYS.start)
    assert third.give(ONE, at(0), at(1)) == []
