import itertools
import json
import threading

import orjson

from books import FOUR, ONE, THREE, TWO, Books, at
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.context import WindowCount
from cdr.reading.pages.fingerprints import digest
from cdr.reading.pages.page import read_page
from cdr.reading.pages.rows import Rows
from cdr.reading.pages.scope import Scope
from cdr.vendor.windows import Period
from syncs import DAYS, HOUR, NEVER, SECOND, Account, Synced, call, days, spread


def test_the_window_that_brings_a_row_first_gives_it_out_and_no_other():
    books = Books()
    edge = at(24)
    assert books.give(ONE, edge) == ["c1"]
    assert books.give(TWO, edge, at(25, 2)) == ["c2"]
    assert books.give(ONE, edge) == []


def test_the_window_that_brings_it_first_need_not_be_the_one_that_its_clock_names():
    assert Books().give(THREE, at(1)) == ["c1"]


def test_a_row_is_given_out_once_whichever_pages_and_windows_bring_it():
    books = Books()
    for windows in itertools.permutations((ONE, TWO)):
        for window in windows:
            books.give(window, at(24), at(24, 2))
    assert [row["vendor_record_id"] for row in books.rows] == ["c1", "c2"]


def test_ids_are_remembered_for_26_hours_at_least_and_forgotten_once_no_open_window_is_near():
    books = Books()
    books.give(ONE, at(1))
    books.close(ONE)
    assert books.give(TWO, at(1)) == []
    books.close(TWO)
    assert books.give(THREE, at(1)) == []  # it begins 24 hours behind the first
    books.close(THREE)
    assert books.give(FOUR, at(1)) == ["c1"]  # 48 hours: no request that overlaps is left


def test_memory_does_not_grow_with_the_period():
    windows = [Period(ONE.start + n * 24 * HOUR, ONE.start + (n + 1) * 24 * HOUR) for n in range(40)]
    books = Books(windows=windows)
    for number, window in enumerate(windows):
        books.give(window, *[{**one, "id": f"{number}-{one['id']}"} for one in spread(10, window)])
        books.close(window)
        assert len(books.accounting._calls) <= 5 * 10
        assert len(books.accounting._brought) <= 5


def test_windows_that_close_out_of_order_keep_what_an_open_one_may_bring():
    books = Books()
    books.give(ONE, at(23))
    books.close(ONE, THREE, FOUR)
    assert books.give(TWO, at(23)) == []


def test_a_row_of_the_margin_is_dropped_and_an_odd_row_is_kept_and_marked():
    books = Books()
    margin, inside = call(1, DAYS.start - SECOND), at(0, 2)
    odd, later = call(3, DAYS.start - 4 * HOUR), call(4, DAYS.end + HOUR)
    assert books.give(ONE, margin, inside, odd, later) == ["c2", "c3", "c4"]
    assert [row["issues"] for row in books.rows] == [[], ["time_outside_window"], ["time_outside_window"]]


def test_a_row_without_a_readable_time_is_given_out_once_in_a_sync():
    books = Books()
    timeless = {**at(1), "time": "soon"}
    assert books.give(ONE, timeless) == ["c1"]
    books.close(ONE, TWO, THREE)
    assert books.give(FOUR, timeless) == []
    assert books.rows[0]["issues"] == ["time_unreadable"]


def test_a_server_that_ignores_its_filter_has_rows_cut_by_their_clocks():
    books = Books()
    given = books.give(ONE, at(-48), at(1, 2), at(95, 3), at(97, 4), {**at(1, 5), "time": None}, whole_list=True)
    assert given == ["c2", "c3", "c5"]


def test_rows_that_are_as_the_last_sync_sent_them_are_left_out():
    first = Books(keeps_from=DAYS.start)
    calls = spread(5, ONE)
    first.give(ONE, *calls)
    state = json.loads(json.dumps(first.close(ONE).state()))
    following = Books(state, keeps_from=DAYS.start)
    changed = [{**calls[0], "notes": "now known"}, *calls[1:], at(1, 77)]
    assert following.give(ONE, *changed) == ["c0", "c77"]
    assert following.unchanged == 4
    assert following.close(ONE).state()["known"] != ""
    assert len(Lookback(following.state(), NEVER).known) == 6  # those left out are remembered on


def test_a_new_signature_of_a_link_is_no_change():
    first = Books(keeps_from=DAYS.start)
    first.give(ONE, at(1, link="https://rec.test/1?sig=a"))
    following = Books(first.close(ONE).state())
    assert following.give(ONE, at(1, link="https://rec.test/1?sig=b")) == []
    assert following.give(ONE, at(1, 2, link="https://rec.test/2?sig=b")) == ["c2"]


def test_digests_vouch_for_rows_of_closed_windows_only():
    """Another window's state may go out first: a kill then must not leave rows that nobody sent as known."""
    books = Books(keeps_from=DAYS.start)
    books.give(ONE, at(1))
    books.give(TWO, at(25, 2))
    books.close(TWO)
    state = books.state(is_complete=False)
    assert len(Lookback(state, NEVER).known) == 1
    resumed = Books(state)
    assert resumed.give(ONE, at(1)) == ["c1"]
    assert resumed.give(TWO, at(25, 2)) == []


def test_only_what_the_next_sync_receives_again_is_remembered():
    books = Books(keeps_from=DAYS.start + 2 * HOUR)
    books.give(ONE, at(1), at(2, 2), {**at(1, 3), "time": "soon"})
    assert len(Lookback(books.close(ONE).state(), NEVER).known) == 2  # and any window may bring what has no time
    books = Books(keeps_from=TWO.start)
    books.give(TWO, at(1), keeps_all=True)  # a clock that is odd: the next sync receives it again all the same
    assert len(Lookback(books.close(TWO).state(), NEVER).known) == 1


def test_new_rows_are_those_that_may_still_go_out():
    books = Books()
    books.give(ONE, at(1))
    body = orjson.dumps({"rows": [at(1), at(2, 2), call(3, DAYS.start - SECOND)], "total": 3})
    scope = Scope(ONE, Period(ONE.start - SECOND, ONE.end + SECOND), DAYS)
    assert books.accounting.new_rows(read_page(body, books.plan, scope)) == [1]


def test_a_page_of_new_rows_goes_out_as_it_came():
    block = read_page(orjson.dumps({"rows": spread(3)}), Books().plan, None)
    given = Books().accounting.given(block, ONE)
    assert given.rows is block.rows
    assert digest(given.rows.lines()[0]) == digest(block.lines()[0])


def test_a_window_closes_once_the_rows_that_others_had_on_their_way_are_out():
    books = Books()
    closing = threading.Thread(target=books.accounting.close, args=(ONE,))
    with books.accounting.on_their_way.page():
        closing.start()
        closing.join(0.05)
        assert closing.is_alive()
        with books.accounting.on_their_way.page():
            pass  # what another window took up since then is nothing to wait for
    closing.join()


def test_a_window_closes_while_others_go_on_taking_rows_up():
    books = Books()
    first = books.accounting.on_their_way.page()
    first.__enter__()
    closing = threading.Thread(target=books.accounting.close, args=(ONE,))
    closing.start()
    closing.join(0.05)
    with books.accounting.on_their_way.page():
        first.__exit__(None, None, None)
        closing.join()


def test_a_state_waits_for_a_row_that_another_window_took_and_has_not_given_out_yet():
    one, two = days(DAYS)[:2]
    edge = call(1, one.end)
    subject = Synced(Account([edge]), period=Period(one.start, two.end))
    other = subject.reader.read(two, WindowCount())
    assert [block.count for block in (next(other),)] == [1]
    assert [*subject.reader.read(one, WindowCount())] == [Rows()]
    closing = threading.Thread(target=subject.reader.closed, args=(one,))
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    assert [*other] == []
    closing.join()
