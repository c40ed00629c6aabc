import pytest

from cdr.reading.accounting.reconciliation import Reconciliation
from cdr.reading.pages.fingerprints import as_key, call_text
from cdr.reading.pages.page import NormalisedPage
from cdr.vendor.paginators import PageInfo

START = "2026-01-05 00:00:00"


def page(*calls, total=None):
    """A page of (id, start) pairs."""
    return NormalisedPage(
        PageInfo(len(calls), total),
        ids=[identity for identity, _ in calls],
        calls=[call_text((start, "+12025550101", None, "in")) for _, start in calls],
    )


def numbered(first, last, total=None):
    return page(*((f"c{number}", START) for number in range(first, last)), total=total)


def reading(*pages):
    subject = Reconciliation()
    for one in pages:
        subject.add(one)
    return subject


def test_calls_are_counted_and_not_rows_that_came_again():
    assert reading(numbered(0, 10), numbered(5, 15)).received == 15


def test_two_calls_of_one_id_are_two():
    assert reading(page(("a", START), ("a", "2026-01-05 01:00:00")), page(("b", START))).received == 3
    assert reading(page(("a", START)), page(("a", "2026-01-05 01:00:00"))).received == 2


def test_the_same_call_on_two_pages_is_one_and_twice_on_one_page_two():
    assert reading(page(("a", START)), page(("a", START))).received == 1
    assert reading(page(("a", START), ("a", START))).received == 2
    assert reading(page(("a", START), ("a", START)), page(("a", START), ("a", START))).received == 2


def test_a_call_of_which_less_is_said_is_the_same_call():
    assert reading(page(("a", START)), page(("a", None))).received == 1


@pytest.mark.parametrize(
    ("pages", "agrees"),
    [
        ([numbered(0, 10, 20), numbered(10, 20, 20)], True),
        ([numbered(0, 10, 20), numbered(10, 19, 20)], False),  # fewer than the first page stated
        ([numbered(0, 10, 20), numbered(10, 20, 19)], False),  # it shrank
        ([numbered(0, 10, 20), numbered(10, 20, 21)], False),  # it grew, perhaps in front of those that are read
        ([numbered(0, 10, 20), numbered(10, 21, 21)], True),  # it grew, and what is new came
        ([numbered(0, 10, 20), numbered(10, 22, 20)], True),  # more than stated is no fault
        ([numbered(0, 10), numbered(10, 20)], True),  # nothing was stated
        ([numbered(0, 0, 0)], True),
    ],
)
def test_calls_are_held_against_the_totals_that_pages_stated(pages, agrees):
    assert reading(*pages).agrees() is agrees


def test_a_total_that_only_repeats_the_rows_of_its_page_is_none():
    subject = reading(numbered(0, 10, 10), numbered(10, 20, 10), numbered(20, 25, 5))
    assert (subject.total, subject.received, subject.agrees(), subject.reaches_least()) == (None, 25, True, True)


def test_a_second_reading_is_enough_where_it_reaches_the_least_total_that_it_stated():
    assert reading(numbered(0, 10, 12), numbered(10, 11, 11)).reaches_least()
    assert not reading(numbered(0, 10, 12), numbered(10, 11, 12)).reaches_least()


def test_the_calls_of_two_readings_count_together():
    first, second = reading(numbered(0, 10, 20)), reading(numbered(5, 20, 20))
    first.join(second)
    assert first.received == 20
    assert first.agrees()


def test_twins_and_second_calls_of_another_reading_count_once():
    twins = page(("a", START), ("a", START), ("b", START), ("b", "2026-01-05 01:00:00"))
    first = reading(twins)
    first.join(reading(twins))
    assert first.received == 4


def test_the_figure_is_the_larger_of_what_came_and_what_was_stated():
    assert reading(numbered(0, 10, 30)).figure == 30
    assert reading(numbered(0, 10, 5)).figure == 10
    assert reading(numbered(0, 10)).figure == 10


def test_figures_say_what_came_what_was_stated_and_how_it_moved():
    assert reading(numbered(0, 10, 20)).figures() == "10 rows received, 20 stated on the first page"
    moved = "10 rows received, 20 stated on the first page (down to 18 on a later one)"
    assert reading(numbered(0, 5, 20), numbered(5, 10, 18)).figures() == moved


def test_whether_every_one_of_some_ids_came():
    subject = reading(numbered(0, 10))
    assert subject.holds_all([as_key("c0"), as_key("c9")])
    assert not subject.holds_all([as_key("c0"), as_key("c10")])


def test_a_reading_adds_to_another_where_it_has_a_call_that_the_other_has_not():
    assert reading(numbered(0, 3)).adds_to(reading(numbered(0, 2)))
    assert not reading(numbered(0, 2)).adds_to(reading(numbered(0, 3)))
    assert not reading().adds_to(reading())
