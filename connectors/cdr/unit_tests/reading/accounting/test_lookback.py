import base64
import hashlib
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.reading.accounting.kept_rows import KeptRow
from cdr.reading.accounting.lookback import Lookback
from cdr.vendor.windows import Period, utc_text
from fakes import DAY

HOUR = timedelta(hours=1)
START = DAY.start
digests = st.sets(st.integers(0, 2**56 - 1), max_size=20)


def hours(first, last):
    return Period(START + first * HOUR, START + last * HOUR)


def lookback(state=None, keeps_from=START):
    return Lookback(state or {}, keeps_from)


def keep(subject, digests, window=None, at=START):
    """Keep rows with these digests, all of one time."""
    subject.keep(window or hours(0, 48), [KeptRow(one, utc_text(at), str(one)) for one in digests])


def count(subject, window, times):
    subject.keep(window, [KeptRow(number, time, str(number)) for number, time in enumerate(times)])


def keep_spread(subject, rows):
    """Keep so many rows, evenly over 48 hours."""
    times = [utc_text(START + number % 48 * HOUR) for number in range(rows)]
    subject.keep(hours(0, 48), [KeptRow(one, time, str(one)) for one, time in zip(many(rows), times, strict=True)])


def over(subject, **how):
    """The state as the next sync gets it."""
    state = subject.as_state(**{"is_complete": True, "resumes": False, **how})
    return json.loads(json.dumps(state))


def many(count):
    return [int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:7], "big") for number in range(count)]


@given(digests)
def test_a_state_is_read_as_it_was_written(found):
    subject = lookback()
    keep(subject, found)
    assert lookback(over(subject)).known == found


def test_a_row_takes_seven_bytes_and_those_nine_and_a_third():
    subject = lookback()
    keep(subject, [0, 1, 2**56 - 1])
    assert over(subject)["known"] == base64.b64encode(bytes(7) + bytes(6) + b"\1" + b"\xff" * 7).decode()


@pytest.mark.parametrize("rows", [0, 10, 1_000, 25_000])
def test_a_state_takes_two_kibibytes_and_ten_bytes_a_row(rows):
    subject = lookback()
    keep_spread(subject, rows)
    assert len(lookback(over(subject)).known) == rows
    assert len(json.dumps(over(subject), separators=(",", ":"))) <= 2048 + 10 * rows


def test_however_many_rows_there_are_a_state_takes_256_kibibytes_at_most():
    subject = lookback()
    keep_spread(subject, 100_000)
    for number in range(1_000):
        subject.keep_repeated(f"call-{number}")
    state = over(subject)
    assert len(json.dumps(state, separators=(",", ":"))) <= 256 * 1024
    assert len(base64.b64decode(state["cells"])) // 6 > 32_256 * 9 // 10
    assert 310 <= state["cell"] <= 320  # 100,000 rows in 32,256 sums of six bytes are 3.10 a cell


def test_the_entries_are_the_same_whatever_the_order_of_the_rows():
    first, second = lookback(), lookback()
    times = [utc_text(START + number % 48 * HOUR) for number in range(60_000)]
    rows = [KeptRow(one, time, str(one)) for one, time in zip(many(60_000), times, strict=True)]
    first.keep(hours(0, 48), rows)
    second.keep(hours(0, 48), reversed(rows))
    assert over(first) == over(second)


def test_a_complete_sync_forgets_the_rows_that_it_did_not_find():
    subject = lookback()
    keep(subject, [1, 2])
    following = lookback(over(subject))
    keep(following, [2, 3])
    assert lookback(over(following)).known == {2, 3}


def cut_off():
    """A sync that knew rows 1 and 2, and was cut off when it had found 3 and one with the hour of another."""
    first = lookback()
    keep(first, [1, 2])
    second = lookback(over(first))
    keep(second, [3], at=START + HOUR)
    return over(second, is_complete=False)


def test_a_sync_that_was_cut_off_leaves_old_beside_new():
    state = cut_off()
    assert lookback({"known": state["known"]}).known == {1, 2}
    assert lookback({"known": state["found"]}).known == {3}
    assert lookback(state).known == {1, 2, 3}
    assert lookback(state).hours() == {START: 2, START + HOUR: 1}


def test_the_sync_that_resumes_leaves_what_both_found():
    third = lookback(cut_off())
    keep(third, [4])
    assert lookback(over(third, resumes=True)).known == {3, 4}
    again = over(third, is_complete=False, resumes=True)  # killed once more
    assert lookback({"known": again["known"]}).known == {1, 2}
    assert lookback({"known": again["found"]}).known == {3, 4}


def test_a_cut_off_sync_that_found_nothing_leaves_the_state_as_it_was():
    first = lookback()
    keep(first, [1])
    assert over(lookback(over(first)), is_complete=False) == over(first)


def test_the_next_sync_is_told_how_many_rows_whole_hours_had():
    subject = lookback()
    times = [utc_text(START + HOUR * hour / 4) for hour in range(16)]
    count(subject, hours(0, 4), times)
    following = lookback(over(subject))
    assert following.hours() == {START + number * HOUR: 4 for number in range(4)}
    assert following.remembered(hours(0, 4)) == 16
    assert following.remembered(hours(1, 2)) == 4
    assert following.remembered(Period(START + HOUR / 2, START + 3 * HOUR - HOUR / 4)) == 4  # the hour 01:00 alone
    assert following.remembered(hours(8, 9)) == 0


def test_a_row_counts_for_the_window_that_brought_it_wherever_its_clock_lies():
    subject = lookback()
    count(subject, hours(2, 4), ["2016-01-05T00:00:00Z", "2036-01-05T00:00:00Z", None, "2026-01-05T02:30:00Z"])
    assert lookback(over(subject)).hours() == {START + 2 * HOUR: 3, START + 3 * HOUR: 1}


def test_a_window_counts_up_to_its_end_and_not_the_hour_that_begins_there():
    subject = lookback()
    count(subject, hours(0, 1), [utc_text(START + HOUR)])
    assert lookback(over(subject)).hours() == {START: 1}


def test_hours_before_the_lookback_are_forgotten_by_a_complete_sync():
    subject = lookback(keeps_from=START + 2 * HOUR)
    count(subject, hours(0, 3), [utc_text(START), utc_text(START + 2 * HOUR)])
    assert lookback(over(subject)).hours() == {START + 2 * HOUR: 1}


def test_an_id_that_was_seen_with_two_calls_is_remembered_while_the_lookback_reaches_it():
    subject = lookback()
    subject.keep_repeated("c1")
    following = lookback(over(subject))
    assert following.repeated == {"c1"}
    assert lookback(over(following, is_complete=False)).repeated == {"c1"}
    assert lookback(over(following, resumes=True)).repeated == {"c1"}
    assert lookback(over(following)).repeated == set()  # not seen again


@pytest.mark.parametrize(
    "garbage",
    [
        *({"known": value} for value in (None, 7, "x", "AAAA", [1], {"a": 1}, "ÄÖ", "AAAAAAAAAAA")),
        *({"hours": value} for value in (None, 7, "x", [], [1], ["x", 1], ["2026-01-05T00:00:00Z", "x"], {"a": 1})),
        *({"repeated": value} for value in (None, 7, "x", [1], {"a": 1})),
        {"found": 5, "known": [], "hours": ["9999-99-99", 3], "repeated": [None]},
    ],
)
def test_a_state_that_cannot_be_read_knows_nothing(garbage):
    subject = lookback(garbage)
    assert (subject.known, subject.hours(), subject.repeated) == (set(), {}, set())
    assert over(subject) == {"known": ""}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_no_state_at_all_raises_anything(value):
    subject = lookback(dict.fromkeys(("known", "found", "hours", "repeated"), value))
    over(subject)
    over(subject, is_complete=False)
