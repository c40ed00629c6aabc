"""Times that tell an instant by themselves."""

import pytest
from test_readers import read

from cdr.normaliser import epoch, rfc2822


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1585556490, "2020-03-30T08:21:30Z"),
        ("1585556490", "2020-03-30T08:21:30Z"),
        (" 1585556490 ", "2020-03-30T08:21:30Z"),
        (1585556490.25, "2020-03-30T08:21:30.25Z"),
        (1585556490.0, "2020-03-30T08:21:30Z"),
        ("1585556490.000", "2020-03-30T08:21:30Z"),
        (1585556490250, "2020-03-30T08:21:30.250Z"),
        ("1585556490000", "2020-03-30T08:21:30Z"),
        (1585556490250.5, "2020-03-30T08:21:30.2505Z"),
        (0, "1970-01-01T00:00:00Z"),
        ("2020-03-30T08:21:30Z", "2020-03-30T08:21:30Z"),
        ("2020-03-30 10:21:30+02:00", "2020-03-30T08:21:30Z"),
        (None, None),
        ("", None),
        (" ", None),
    ],
)
def test_seconds_and_milliseconds_since_1970_are_a_time(value, expected):
    assert read(epoch("x"), {"x": value}) == (expected, [])


@pytest.mark.parametrize(
    "value",
    [
        -1,
        True,
        "soon",
        "-5",
        float("nan"),
        float("inf"),
        10**15,
        10**30,
        "1" * 40,
        [1585556490],
        {},
        "1e9",
        1e300,
        "\u0661",
    ],
)
def test_a_number_that_is_no_time_since_1970_is_unreadable(value):
    assert read(epoch("x"), {"x": value}) == (None, ["time_unreadable"])


def test_an_epoch_before_the_first_year_is_not_set():
    assert read(epoch("x", first_year=1971), {"x": 0}) == (None, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 31 Aug 2010 20:36:28 +0000", "2010-08-31T20:36:28Z"),
        ("31 Aug 2010 20:36:28 +0000", "2010-08-31T20:36:28Z"),
        ("Thu, 2 Sep 2010 00:06:28 GMT", "2010-09-02T00:06:28Z"),
        ("Tue, 31 Aug 2010 20:36:28 -0530", "2010-09-01T02:06:28Z"),
        ("tue, 31 aug 2010 20:36 Z", "2010-08-31T20:36:00Z"),
        ("2010-08-31T20:36:28Z", "2010-08-31T20:36:28Z"),
        (None, None),
        (" ", None),
    ],
)
def test_a_time_as_e_mail_writes_it_is_read(value, expected):
    assert read(rfc2822("x"), {"x": value}) == (expected, [])


@pytest.mark.parametrize(
    "value",
    [
        "Tue, 31 Aug 2010 20:36:28",
        "Tue, 31 Foo 2010 20:36:28 +0000",
        "Tue, 32 Aug 2010 20:36:28 +0000",
        "Tue, 31 Aug 2010 25:36:28 +0000",
        "Tue, 31 Aug 10 20:36:28 +0000",
        "Tue, 31 Août 2010 20:36:28 +0000",
        "Sat, 01 Jan 0001 00:00:00 +2300",
        1283286988,
        True,
        ["Tue, 31 Aug 2010 20:36:28 +0000"],
    ],
)
def test_a_time_that_e_mail_does_not_write_is_unreadable(value):
    assert read(rfc2822("x"), {"x": value}) == (None, ["time_unreadable"])
