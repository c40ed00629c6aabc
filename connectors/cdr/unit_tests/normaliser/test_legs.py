"""Rows that their record holds as a list: one row a leg, while records are paged, filtered and counted."""

import copy
import pickle
from datetime import timedelta

import orjson
import pytest

from cdr.normaliser import choice, moment, text
from cdr.normaliser.legs import Legs, leg_id
from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.schema.errors import TransientError
from cdr.vendor.paginators import PageNumber
from fakes import DAY, FORMAT, config
from syncs import Account, Calls, call, remembered, spread, synced


class Legged(Calls):
    """Records in pages of 10, each with its legs; the total counts records."""

    paginator = PageNumber("page", asks=("size", 10))
    legs = Legs("legs", id="id")
    fields = {
        "vendor_record_id": leg_id("id"),
        "call_group_id": text("parent.session"),
        "started_at": moment("time", FORMAT),
        "direction": choice("way", {"in": "inbound", "out": "outbound"}),
        "from_number": text("from"),
        "to_number": text("parent.to"),
    }


def leg(record, later=timedelta(0), **more):
    began = record["time"] if not later else (DAY.start + later).strftime(FORMAT)
    return {"time": began, "way": "out", "from": "+12025550102", **more}


def with_legs(records, count=2):
    return [{**record, "session": f"s{record['id']}", "legs": [leg(record)] * count} for record in records]


def block_of(*records, stream=Legged, **settings):
    subject = stream(config(**{"include_raw": True, **settings}))
    return read_page(orjson.dumps({"rows": records, "total": len(records)}), plan_of(subject), None, with_digests=True)


def rows_of(*records, **more):
    return [orjson.loads(line) for line in block_of(*records, **more).lines()]


RECORD = {
    "id": "abc",
    "session": "17",
    "time": "2026-01-05 10:00:00",
    "to": "+12025550103",
    "legs": [
        {"time": "2026-01-05 10:00:00", "way": "in", "from": "+12025550101"},
        {"time": "2026-01-05 10:00:05", "way": "out"},
    ],
}


def test_every_leg_is_a_row_named_by_its_record_and_its_place():
    first, second = rows_of(RECORD)
    assert [first["vendor_record_id"], second["vendor_record_id"]] == ["abc/0", "abc/1"]
    assert [first["direction"], second["direction"]] == ["inbound", "outbound"]
    assert second["started_at"] == "2026-01-05T10:00:05Z"


def test_a_leg_reads_the_record_that_holds_it():
    assert [(row["call_group_id"], row["to_number"]) for row in rows_of(RECORD)] == [("17", "+12025550103")] * 2


def test_raw_is_the_leg_as_it_was_sent():
    assert [row["raw"] for row in rows_of(copy.deepcopy(RECORD))] == RECORD["legs"]


def test_the_page_counts_records_and_places_legs_by_the_time_of_their_record():
    block = block_of(RECORD, {**RECORD, "id": "def", "legs": []})
    assert block.info.rows == 2
    assert block.parents == ["abc", "def"]
    assert len(block.ids) == 2
    assert block.times == ["2026-01-05T10:00:00Z"] * 2


def test_a_plan_of_legs_travels_to_a_worker():
    plan = pickle.loads(pickle.dumps(plan_of(Legged(config()))))  # noqa: S301 - as a worker gets it
    block = read_page(orjson.dumps({"rows": [RECORD], "total": 1}), plan, None)
    assert block.ids == ["voxo:127.0.0.1:abc/0", "voxo:127.0.0.1:abc/1"]


@pytest.mark.parametrize("legs", [None, []])
def test_a_record_without_legs_is_counted_and_has_no_row(legs):
    block = block_of({**RECORD, "legs": legs})
    assert (block.parents, block.ids) == (["abc"], [])


def test_a_leg_that_is_no_object_is_a_row_that_says_so():
    odd, good = rows_of({**RECORD, "legs": ["gone", RECORD["legs"][1]]})
    assert (odd["vendor_record_id"], odd["issues"], odd["raw"]) == ("abc/0", ["value_unreadable"], {"value": "gone"})
    assert good["issues"] == []
    assert [row["vendor_record_id"] for row in rows_of({**RECORD, "legs": "gone"})] == ["abc/0"]


def test_a_record_that_is_no_object_is_a_row_that_says_so():
    (row,) = rows_of("gone")
    assert set(row["issues"]) == {"value_unreadable", "id_missing"}
    assert row["raw"] == {"value": "gone"}


def test_legs_of_a_record_without_an_id_have_ids_of_their_own():
    one, other = rows_of({**RECORD, "id": None, "legs": [RECORD["legs"][0]] * 2})
    assert one["vendor_record_id"].startswith("sha256:")
    assert one["vendor_record_id"] != other["vendor_record_id"]


def test_a_total_of_records_agrees_whatever_the_number_of_legs():
    server = Account(with_legs(spread(25), count=3))
    subject = synced(server, Legged)
    assert len(subject.ids) == 75
    assert len(server.requests) == 3
    assert subject.points == []


def test_records_that_are_missing_end_the_stream_with_both_figures():
    server = Account(with_legs(spread(25)))
    server.changed = lambda _, answer: {**answer, "rows": [row for row in answer["rows"] if row["id"] != "c7"]}
    with pytest.raises(TransientError, match="24 rows received, 25 stated"):
        synced(server, Legged)


@pytest.mark.parametrize("page", [0, 10])
def test_a_page_of_records_without_legs_is_not_the_end(page):
    records = with_legs(spread(25))
    for record in records[page : page + 10]:
        record["legs"] = []
    assert len(synced(Account(records, totals="none"), Legged).ids) == 30


def test_a_leg_that_begins_after_the_end_date_comes_with_its_record():
    records = [{**call(1, DAY.end - timedelta(seconds=30)), "legs": []}]
    records[0]["legs"] = [leg(records[0]), leg(records[0], timedelta(days=1, seconds=1))]
    subject = synced(Account(records), Legged, start=DAY.start, end=DAY.end)
    assert subject.ids == ["c1/0", "c1/1"]
    assert [row["issues"] for row in subject.rows] == [[], []]


def test_a_record_of_the_margin_is_left_out_with_all_its_legs():
    records = [{**call(1, DAY.end), "legs": []}]
    records[0]["legs"] = [leg(records[0]), leg(records[0], timedelta(hours=12))]
    assert synced(Account(records), Legged, start=DAY.start, end=DAY.end).ids == []


def test_more_legs_than_records_are_no_reason_to_doubt_a_window():
    server = Account(with_legs(spread(25)))
    synced(server, Legged, state=remembered(DAY, 50))
    assert len(server.requests) == 3


def test_a_time_that_follows_from_other_columns_cannot_place_a_leg():
    class Derived(Legged):
        fields = {**Legged.fields, "started_at": moment("time", FORMAT).where(direction="inbound")}

    with pytest.raises(ValueError, match="cannot be read from direction"):
        plan_of(Derived(config()))
