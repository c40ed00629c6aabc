"""The normaliser: every column, every row, whatever a vendor sends."""

import hashlib
import json
import pickle
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from cdr.normaliser import choice, flag, minus, moment, plus, seconds, text
from cdr.normaliser.fields import Fields
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.normaliser.privacy import Privacy
from cdr.schema.columns import COLUMNS, ISSUES, json_schema
from golden import connected, fields_of

RFC_3339_UTC = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z"
FIELDS: Fields = {
    "vendor_record_id": text("id"),
    "started_at": moment("start", "%Y-%m-%d %H:%M:%S", witness="ast"),
    "ended_at": plus("started_at", "duration_seconds"),
    "duration_seconds": seconds("length"),
    "ring_seconds": minus("duration_seconds", "talk_seconds"),
    "talk_seconds": seconds("talk"),
    "direction": choice("way", {"in": "inbound"}),
    "from_number": text("from"),
    "from_extension": text("from").where(from_number_kind="extension"),
    "did_number": text("to").where(direction="inbound"),
}


ROWS: dict[tuple[str, str], list[Any]] = {}
for _vendor, _case in connected():
    ROWS.setdefault((_vendor, _case["stream"]), []).append(_case["vendor_row"])
PLANS = [pytest.param(*plan, id="-".join(plan)) for plan in ROWS]
AWKWARD = st.sampled_from(
    [
        *(None, "", " ", True, False, 0, -1, 1, 0.5, -0.5, 1e300, 5e-324, 2**63, -(2**70), float("nan"), float("inf")),
        *("0001-01-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01T00:00:00+23:59", "2024-10-27 01:30:00"),
        *("31-Mar-2024 01:30:00", "27-Oct-2024 01:30:00", "99:59:59", "-1", "99999999999999999999", "9999999999.1"),
        *(
            "+442079460123",
            "442079460123",
            "00",
            "+",
            "sip:",
            "anonymous",
            "\ud800",
            "\x00",
            "\u0661",
            "//[",
            "x" * 300,
        ),
        *("https://example.com/?X-Amz-Date=20190813T124618Z&X-Amz-Expires=99999999999", "https://[?X-Amz-Date=1"),
        *("https://example.com/?X-Amz-Date=99991231T235959Z&X-Amz-Expires=999999999", "received on 4", "hung up"),
    ]
)
JSON = st.recursive(
    AWKWARD | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def broken(draw: st.DrawFn, rows: list[Any]) -> Any:
    """A vendor's row with some of its values, at any depth, replaced by some other JSON value or left out."""
    row = deepcopy(draw(st.sampled_from(rows)))
    objects = [row, *(value for value in row.values() if isinstance(value, dict))]
    for target in objects:
        for key in draw(st.lists(st.sampled_from(sorted(target)), max_size=6, unique=True)) if target else ():
            if draw(st.booleans()):
                target[key] = draw(JSON)
            else:
                del target[key]
    return row


def normaliser(vendor: str, stream: str, **arguments: Any) -> Normaliser:
    plan = {
        "account_id": "a",
        "region": "GB",
        "zone": "Europe/London",
        "bare_country_codes": True,
        "cursor": "ended_at",
    }
    return Normaliser(fields_of(vendor, stream), columns=COLUMNS[stream], vendor=vendor, **plan | arguments)


def plain(**arguments: Any) -> Normaliser:
    return Normaliser(FIELDS, columns=COLUMNS["call_records"], vendor="voxo", account_id="7", **arguments)


def checked(plan: Normaliser, stream: str, vendor_row: Any) -> dict[str, Any]:
    """The row, after everything that holds of every row has been seen to hold."""
    before = repr(vendor_row)
    row, printed = plan.read(vendor_row)
    assert repr(vendor_row) == before
    assert tuple(row) == COLUMNS[stream]
    written = serialise(row)
    assert serialise(plan.row(vendor_row)) == written
    assert serialise(pickle.loads(pickle.dumps(plan)).row(vendor_row)) == written  # noqa: S301
    read_back = json.loads(written)
    Draft7Validator(json_schema(stream)).validate(read_back)
    assert read_back.get("issues", []) == [issue for issue in ISSUES if issue in read_back.get("issues", [])]
    for column, definition in json_schema(stream)["properties"].items():
        if definition.get("format") == "date-time" and read_back[column] is not None:
            assert re.fullmatch(RFC_3339_UTC, read_back[column]), column
        if column.endswith("_seconds"):
            assert read_back[column] is None or read_back[column] >= 0, column
    assert printed is None or re.fullmatch(RFC_3339_UTC, printed)
    return row


@pytest.mark.parametrize(("vendor", "stream"), PLANS)
@given(data=st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_no_row_makes_it_raise_or_is_lost(vendor: str, stream: str, data: st.DataObject) -> None:
    vendor_row = data.draw(broken(ROWS[vendor, stream]))
    row = checked(normaliser(vendor, stream), stream, vendor_row)
    if "raw" in row:
        assert row["raw"] is vendor_row


@pytest.mark.parametrize(("vendor", "stream"), PLANS)
@given(anything=JSON)
@settings(deadline=None, max_examples=50)
@example(anything=[])
@example(anything={})
@example(anything=None)
def test_no_json_value_at_all_makes_it_raise_or_is_lost(vendor: str, stream: str, anything: Any) -> None:
    row = checked(normaliser(vendor, stream), stream, anything)
    identity = row.get("vendor_record_id", row.get("id"))
    assert identity is not None
    if not isinstance(anything, dict) and "issues" in row:
        assert row["raw"] == {"value": anything} or anything != anything  # noqa: PLR0124 (NaN)
        assert row["issues"] == ["id_missing", "value_unreadable"]


@pytest.mark.parametrize(("vendor", "stream"), PLANS)
@pytest.mark.parametrize("mode", ["hash", "mask", "drop"])
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_no_row_makes_a_privacy_mode_raise(vendor: str, stream: str, mode: Any, data: st.DataObject) -> None:
    vendor_row = data.draw(broken(ROWS[vendor, stream]))
    checked(normaliser(vendor, stream, privacy=Privacy(mode, "s" * 16)), stream, vendor_row)


@pytest.mark.parametrize("depth", [100, 300, 1100, 50_000])
def test_deep_nesting_is_kept(depth: int) -> None:
    nested: Any = "deep"
    for _ in range(depth):
        nested = [nested]
    row = plain().row({"start": nested})
    assert row["issues"] == ["time_unreadable", "id_missing"]
    assert serialise(row).count(b"[") == depth + 1


def test_large_numbers_and_lone_surrogates_are_written_exactly() -> None:
    vendor_row = {"id": 2**80, "from": "\ud800", "note": "\u00e9"}
    row = plain().row(vendor_row)
    assert row["vendor_record_id"] == "1208925819614629174706176"
    assert json.loads(serialise(row))["raw"] == vendor_row


def test_a_row_without_an_id_is_known_by_its_canonical_json() -> None:
    row = plain().row({"to": "\u00e9", "from": 1.50, "id": " "})
    digest = hashlib.sha256('{"from":1.5,"id":" ","to":"é"}'.encode()).hexdigest()
    assert row["vendor_record_id"] == f"sha256:{digest}"
    assert row["record_id"] == f"voxo:7:sha256:{digest}"
    assert row["issues"] == ["id_missing"]


def test_the_order_of_keys_does_not_change_an_id() -> None:
    assert plain().row({"a": 1, "b": 2})["record_id"] == plain().row({"b": 2, "a": 1})["record_id"]


def test_each_issue_is_told_once_in_the_order_of_the_contract() -> None:
    row = plain().row({"id": [], "start": 7, "length": "x", "talk": -1, "from": "1234567", "way": {}})
    assert row["issues"] == [
        "number_unparsed",
        "time_unreadable",
        "negative_duration",
        "id_missing",
        "value_unreadable",
    ]


def test_rows_share_no_issues() -> None:
    plan = plain()
    assert plan.row({"id": 1, "start": "x"})["issues"] == ["time_unreadable"]
    assert plan.row({"id": 1})["issues"] == []


def test_the_cut_is_the_time_as_printed_and_not_as_corrected() -> None:
    row, printed = plain().read({"id": 1, "start": "2022-10-10 23:07:20", "ast": "1665457640.1"})
    assert row["started_at"] == "2022-10-11T03:07:20Z"
    assert row["issues"] == ["time_mismatch"]
    assert printed == "2022-10-10T23:07:20Z"


def test_the_cut_of_a_doubled_time_is_the_one_of_the_two_that_the_epoch_names() -> None:
    row, printed = plain(zone="Europe/London").read({"id": 1, "start": "2024-10-27 01:30:00", "ast": "1729992600.1"})
    assert row["started_at"] == "2024-10-27T01:30:00Z"
    assert printed == "2024-10-27T01:30:00Z"


INTERNATIONAL: Fields = {
    "vendor_record_id": text("id"),
    "to_number": text("to"),
    "from_number": text("from"),
    # Behind a path, so that they are read late: numbers wait for them.
    "is_international": flag("call.abroad"),
    "direction": choice("call.way", {"in": "inbound", "out": "outbound"}),
}


@pytest.mark.parametrize(
    ("abroad", "way", "countries", "issues"),
    [
        (True, "in", ("NZ", "US"), ["number_ambiguous"]),
        (True, "out", ("US", "NZ"), ["number_ambiguous"]),
        (False, "in", ("US", "US"), ["number_ambiguous"]),
        (None, "in", ("US", "US"), ["number_ambiguous"]),
        (True, None, ("US", "US"), ["number_ambiguous"]),
    ],
)
@pytest.mark.parametrize("mode", ["none", "hash", "mask"])
def test_the_far_side_of_an_international_call_has_its_country_code(
    abroad: bool | None, way: str | None, countries: tuple[str, str], issues: list[str], mode: Any
) -> None:
    plan = Normaliser(
        INTERNATIONAL,
        columns=COLUMNS["call_records"],
        vendor="vonage_business",
        account_id="7",
        region="US",
        bare_country_codes=True,
        privacy=Privacy(mode, "s" * 16),
    )
    row = plan.row({"id": 1, "from": 6462015501, "to": "6462015501", "call": {"abroad": abroad, "way": way}})
    assert (row["from_country"], row["to_country"]) == countries
    assert row["issues"] == issues
    if mode != "none":  # the same phone in both columns, whatever it is
        assert row["from_number"] == row["from_number_e164"]
        assert row["to_number"] == row["to_number_e164"]


def test_a_vendor_that_says_country_codes_needs_no_word_on_the_far_side() -> None:
    plan = Normaliser(INTERNATIONAL, columns=COLUMNS["call_records"], vendor="voxo", account_id="7", region="US")
    row = plan.row({"id": 1, "from": "6462015501", "call": {"abroad": True, "way": "in"}})
    assert (row["from_country"], row["issues"]) == ("US", [])


@pytest.mark.parametrize("vendor_row", [{}, {"start": "soon"}, {"start": ""}, [], None])
def test_a_row_whose_time_cannot_be_read_has_no_cut(vendor_row: Any) -> None:
    assert plain().read(vendor_row)[1] is None


def test_a_stream_without_a_cursor_has_no_cut() -> None:
    assert plain(cursor=None).read({"start": "2024-01-01 00:00:00"})[1] is None


def test_raw_is_left_out_where_it_is_not_wanted() -> None:
    assert plain(include_raw=False).row({"id": 1})["raw"] is None


def test_an_account_without_a_name_leaves_its_place_empty() -> None:
    plan = Normaliser(FIELDS, columns=COLUMNS["call_records"], vendor="voxo", account_id=None)
    row = plan.row({"id": 1})
    assert (row["record_id"], row["account_id"]) == ("voxo::1", None)


def test_a_time_in_the_readers_zone_is_not_in_the_accounts() -> None:
    fields = {"started_at": moment("start", "%Y-%m-%d %H:%M:%S", zone="UTC")}
    plan = Normaliser(fields, columns=COLUMNS["call_records"], vendor="voxo", account_id="7", zone="Asia/Kolkata")
    assert plan.row({"start": "2024-01-01 00:00:00"})["started_at"] == "2024-01-01T00:00:00Z"
