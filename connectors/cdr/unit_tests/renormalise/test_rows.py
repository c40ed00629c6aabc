"""A loaded row read anew: what its `raw` says, and what only its sync knew."""

import json

import pytest

from cdr.normaliser import choice, decimal, moment, text
from cdr.renormalise.rows import OTHER_ACCOUNT, OTHER_VENDOR, UNREADABLE_RAW, WITHOUT_RAW, Renewer, Stored
from cdr.renormalise.tables import issues_in
from fakes import FORMAT, config
from syncs import Calls

RAW = {"id": "c1", "time": "2026-06-01 10:00:00", "from": "+12025550101", "way": "in"}


def stream(**more):
    return Calls(config(**{"include_raw": True, **more}))


def stored(raw=RAW, issues=(), **more):
    own = {"vendor": "voxo", "account_id": stream().account_id()}
    text_of = raw if raw is None or isinstance(raw, str) else json.dumps(raw)
    return Stored(place=0, issues=[*issues], raw=text_of, **{**own, **more})


def test_a_row_is_what_its_raw_says():
    row = Renewer(stream(), {}).renewed(stored())
    assert (row["direction"], row["from_number_e164"], row["started_at"]) == (
        "inbound",
        "+12025550101",
        "2026-06-01T10:00:00Z",
    )


def test_what_a_row_is_called_and_whose_it_is_is_not_written():
    row = Renewer(stream(), {}).renewed(stored())
    assert not {"record_id", "vendor_record_id", "vendor", "account_id", "raw"} & row.keys()


@pytest.mark.parametrize("settings", [{"include_raw": False}, {"privacy": {"mode": "drop"}}])
def test_raw_goes_where_the_settings_say_so(settings):
    row = Renewer(stream(**settings), {}).renewed(stored())
    assert row["raw"] is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (stored(None), WITHOUT_RAW),
        (stored("null"), WITHOUT_RAW),
        (stored("[1]"), UNREADABLE_RAW),
        (stored("{broken"), UNREADABLE_RAW),
        (stored(vendor="bics"), OTHER_VENDOR),
        (stored(vendor=None), OTHER_VENDOR),
        (stored(account_id="another"), OTHER_ACCOUNT),
    ],
)
def test_a_row_that_cannot_be_read_anew_says_why(row, why):
    assert Renewer(stream(), {}).renewed(row) == why


def test_issues_that_the_row_does_not_tell_stay_and_others_are_worked_out_anew():
    old = ("number_unparsed", "id_repeated", "time_outside_window", "value_unreadable")
    assert Renewer(stream(), {}).renewed(stored(issues=old))["issues"] == ["id_repeated", "time_outside_window"]


@pytest.mark.parametrize("escaped", [True, False])
def test_damage_that_was_repaired_before_the_row_became_raw_stays_an_issue(escaped):
    raw = json.dumps({**RAW, "notes": "caf\ufffd"}, ensure_ascii=escaped)
    damaged = stored(raw, issues=["value_unreadable"])
    assert Renewer(stream(), {}).renewed(damaged)["issues"] == ["value_unreadable"]


def test_columns_that_a_detail_filled_are_left_alone():
    class Detailed(Calls):
        fields = {**Calls.fields, "charge_amount": decimal("cost")}

        def normaliser(self, found=None, asked=None):
            made = super().normaliser(found, asked)
            made.fields = Calls.fields
            return made

    renewer = Renewer(Detailed(config()), {})
    assert "charge_amount" not in renewer.columns
    assert renewer.renewed(stored(issues=["amount_unreadable"]))["issues"] == ["amount_unreadable"]
    assert "charge_amount" in Renewer(stream(), {}).columns


def test_the_zone_is_the_one_of_the_state_or_else_of_the_rows():
    class Timed(Calls):
        zones = ("America/Chicago",)
        fields = {
            "vendor_record_id": text("id"),
            "started_at": moment("time", FORMAT, witness="unique"),
            "direction": choice("way", {"in": "inbound"}),
        }

    chicago = stored({**RAW, "unique": "1780326000.1"})  # 15:00 in UTC, printed as 10:00
    told = Renewer(Timed(config()), {}, [chicago] * 3)
    assert told.zone == "America/Chicago"
    assert told.renewed(stored())["started_at"] == "2026-06-01T15:00:00Z"
    assert Renewer(Timed(config()), {}).zone is None
    assert (
        Renewer(Timed(config()), {"zone": "America/Chicago"}).renewed(stored())["started_at"] == "2026-06-01T15:00:00Z"
    )


@pytest.mark.parametrize("kept", [["a"], '["a"]', '"[\\"a\\"]"'])
def test_issues_are_read_however_they_are_stored(kept):
    assert issues_in(kept) == ["a"]


@pytest.mark.parametrize("kept", [None, "", "7", "{", 7, {"a": 1}])
def test_what_is_no_list_of_issues_is_none(kept):
    assert issues_in(kept) == []
