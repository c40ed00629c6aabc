"""Rows that tell the company's side and the other one, lists of texts, hundredths, and links that say when they end."""

import pytest

from cdr.normaliser import (
    Normaliser,
    Setting,
    Unreadable,
    by_word,
    cents,
    choice,
    epoch,
    expiry,
    joined,
    seconds,
    text,
)
from cdr.normaliser.calls import compile_call
from cdr.schema.columns import COLUMNS

CALLER = by_word("direction", {"outbound": text("number.digits")}, other=text("raw_digits"))
CALLEE = by_word("direction", {"Out_Bound": text("raw_digits")}, other=text("number.digits"))
FIELDS = {
    "vendor_record_id": text("id"),
    "started_at": epoch("start"),
    "ended_at": epoch("end"),
    "duration_seconds": seconds("length").where_known("ended_at"),
    "direction": choice("direction", {"inbound": "inbound", "outbound": "outbound"}),
    "from_number": CALLER,
    "to_number": CALLEE,
    "charge_amount": cents("cost"),
    "tag": joined("tags", "name", ", "),
}
ROW = {"id": 1, "start": 1767571200, "direction": "inbound", "raw_digits": "100", "number": {"digits": "200"}}


def read(**over):
    return Normaliser(FIELDS, columns=COLUMNS["call_records"], vendor="v", account_id="1").row({**ROW, **over})


@pytest.mark.parametrize(
    ("word", "sides"),
    [
        ("inbound", ("100", "200")),
        ("OUTBOUND", ("200", "100")),
        ("out-bound", ("200", "100")),
        ("of tomorrow", ("100", "200")),
        (None, ("100", "200")),
        ("", ("100", "200")),
        ([1], ("100", "200")),
    ],
)
def test_a_word_says_which_field_is_read(word, sides):
    row = read(direction=word)
    assert (row["from_number"], row["to_number"]) == sides


def test_what_the_vendor_sent_of_a_call_follows_the_word_too():
    call = compile_call(FIELDS)
    assert call({**ROW, "direction": "outbound"}) == (1767571200, "200", "100", "outbound")
    assert call({**ROW, "number": None, "raw_digits": ""}) == (1767571200, None, None, "inbound")
    assert call([1]) == (None, None, None, None)


def test_a_field_that_hangs_on_a_column_is_null_where_that_is():
    assert read(length=0)["duration_seconds"] is None
    assert read(length=0, end=1767571200)["duration_seconds"] == 0


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ("2.34", "0.0234"),
        ("-2.34", "-0.0234"),
        (12, "0.12"),
        (0.5, "0.005"),
        ("0", "0.00"),
        ("1e-07", "0.000000001"),
        ("12345678901234567890123456789012345.67", "123456789012345678901234567890123.4567"),
        ("", None),
        (None, None),
    ],
)
def test_hundredths_become_whole_units_with_every_digit_kept(sent, amount):
    row = read(cost=sent)
    assert (row["charge_amount"], row["issues"]) == (amount, [])


def test_hundredths_that_are_no_amount_are_named():
    assert read(cost="free")["issues"] == ["amount_unreadable"]


@pytest.mark.parametrize(
    ("sent", "told", "issues"),
    [
        ([{"name": " Sales "}, {"name": "VIP"}], "Sales, VIP", []),
        ([{"name": ""}, {"name": None}, {}], None, []),
        ([], None, []),
        (None, None, []),
        ("", None, []),
        ([{"name": 7}, {"name": "VIP"}], "7, VIP", []),
        ([{"name": ["x"]}, {"name": "VIP"}], "VIP", ["value_unreadable"]),
        (["Sales", {"name": "VIP"}], "VIP", ["value_unreadable"]),
        ("Sales", None, ["value_unreadable"]),
        ({"name": "Sales"}, None, ["value_unreadable"]),
    ],
)
def test_the_texts_of_a_list_become_one(sent, told, issues):
    row = read(tags=sent)
    assert (row["tag"], row["issues"]) == (told, issues)


def test_a_signed_link_says_when_it_ends():
    link = "https://store.example.com/1.mp3?X-Amz-Date=20190813T124618Z&X-Amz-Expires=3600&X-Amz-Signature=EXAMPLE"
    assert expiry(link) == "2019-08-13T13:46:18Z"
    assert expiry("https://store.example.com/1.mp3?Expires=1565700378") is None
    assert expiry("https://[") is None
    assert expiry(None) is None
    with pytest.raises(Unreadable):
        expiry(link.replace("3600", "an hour"))


def test_a_reader_can_be_compared():
    assert by_word("direction", {"outbound": text("number.digits")}, other=text("raw_digits")) == CALLER
    assert CALLER != CALLEE
    assert CALLER.compile(Setting())(ROW, {"issues": []}) == "100"
