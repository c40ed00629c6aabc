"""What the simulators serve is the truth that they tell, and as awkward as the vendors' data."""

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import jsonschema
import phonenumbers
import pytest

import simulators
from cdr.schema.columns import json_schema
from simulator_requests import AUTUMN, SPRING, VENDORS, every_stream, every_vendor, id_of, moment, read


@every_stream
@pytest.mark.parametrize("period", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_the_pages_hold_the_truth_and_nothing_else_in_the_period(vendor, stream, period, start) -> None:
    sim = start(vendor, **period, **VENDORS[vendor].same_rows)
    served = {id_of(row): row for row in read(sim, stream)}
    truth = sim.truth(stream)
    assert truth
    for row in truth:
        name = row["id"] if "id" in row else row["vendor_record_id"]
        assert name in served
        if "raw" in row:
            assert served[name] == row["raw"]
    cursor = sim.cursors[stream]
    if cursor:
        expected = {row["id"] if "id" in row else row["vendor_record_id"] for row in truth}
        wider = sim.truth(stream, start=sim.start - timedelta(days=2), end=sim.end + timedelta(days=2))
        outside = {row["id"] if "id" in row else row["vendor_record_id"] for row in wider} - expected
        assert served.keys() - expected <= outside
    assert sim.violations == []


@every_stream
def test_a_true_row_fits_the_schema_of_the_contract(vendor, stream, start) -> None:
    declared = {**json_schema(stream), "additionalProperties": False}
    declared["required"] = list(declared["properties"])
    validator = jsonschema.Draft7Validator(declared)
    for row in start(vendor).truth(stream):
        validator.validate(row)


@every_vendor
@pytest.mark.parametrize("region", ["default", None, "GB", "US"])
def test_what_is_said_of_numbers_is_what_libphonenumber_says(vendor, region, start) -> None:
    sim = start(vendor)
    region = sim.default_region if region == "default" else region
    for row in sim.truth(region=region):
        for side in ("from", "to"):
            number, kind = row[f"{side}_number"], row[f"{side}_number_kind"]
            if kind not in {"e164", "unparsed"}:
                continue
            tidy = number.replace(" ", "").replace("(", "").replace(")", "")
            if tidy.startswith("00"):
                readings = [(f"+{tidy[2:]}", None)]
            elif tidy.startswith("+"):
                readings = [(tidy, None)]
            else:
                bare = [(f"+{tidy}", None)] if VENDORS[vendor].bare_country_codes else []
                readings = [*bare, *([(tidy, region)] if region else [])]
            valid = [phonenumbers.parse(*reading) for reading in readings if _parses(*reading)]
            first = next((number for number in valid if phonenumbers.is_valid_number(number)), None)
            e164 = phonenumbers.format_number(first, phonenumbers.PhoneNumberFormat.E164) if first else None
            assert (row[f"{side}_number_e164"], kind) == (e164, "e164" if first else "unparsed"), row["raw"]


def _parses(spelling: str, region: str | None) -> bool:
    try:
        phonenumbers.parse(spelling, region)
    except phonenumbers.NumberParseException:
        return False
    return True


@every_vendor
def test_the_same_seed_makes_the_same_past_and_a_later_run_only_adds_to_it(vendor, start) -> None:
    options = VENDORS[vendor].same_rows
    first = start(vendor, **SPRING, **options).truth()
    again = start(vendor, start=SPRING["start"], end=SPRING["end"] + timedelta(days=1), **options)
    assert again.truth(end=SPRING["end"]) == first
    assert len(again.truth()) > len(first)
    other = start(vendor, **SPRING, seed=8, **options).truth()
    assert {row["record_id"] for row in other}.isdisjoint(row["record_id"] for row in first)


@every_vendor
def test_ids_are_unique(vendor, start) -> None:
    sim = start(vendor, calls_per_day=500)
    for stream in sim.cursors:
        names = [row.id for row in sim.table(stream).rows]
        assert len(names) == len(set(names))


@every_vendor
def test_the_calls_are_of_every_kind(vendor, start) -> None:
    rows = start(vendor, calls_per_day=500).truth()
    directions = {row["direction"] for row in rows}
    assert {"inbound", "outbound"} < directions
    assert directions & {"unknown", "transit"}
    dispositions = {"answered", "no_answer", "busy", "canceled", "failed", "unknown"} - VENDORS[vendor].lacks
    assert dispositions <= {row["disposition"] for row in rows}
    kinds = {row[f"{side}_number_kind"] for row in rows for side in ("from", "to")}
    assert kinds == {"e164", "extension", "sip_uri", "anonymous", "unparsed", "absent"} - VENDORS[vendor].lacks
    assert {row["duration_seconds"] == 0 for row in rows} == {True, False}
    assert any((row["duration_seconds"] or 0) > 3 * 3600 for row in rows)
    assert any(not row[f"{side}_name"] for row in rows for side in ("from", "to"))
    assert max(Counter(row["started_at"][:19] for row in rows if row["started_at"]).values()) > 1


@every_vendor
def test_calls_begin_and_end_on_the_hour_and_on_midnight(vendor, start) -> None:
    rows = start(vendor).truth()
    assert any((row["started_at"] or "").endswith("T00:00:00Z") for row in rows)
    if vendor != "portsip":  # whose clock counts microseconds
        assert any((row["ended_at"] or "").endswith("T00:00:00Z") for row in rows)
        assert any((row["ended_at"] or "").endswith(":59:59Z") for row in rows)


@pytest.mark.parametrize(
    ("hour", "zone"), [("2026-03-29T01", "spring"), ("2026-10-25T00", "London"), ("2026-11-01T05", "New York")]
)
@every_vendor
def test_there_are_calls_around_every_change_of_clocks(vendor, hour, zone, start) -> None:
    rows = start(vendor, calls_per_day=1, **(SPRING if zone == "spring" else AUTUMN)).truth()
    assert sum((row["started_at"] or "").startswith(hour) for row in rows) >= 3


def test_a_doubled_hour_is_settled_by_the_epoch_or_is_ambiguous(start) -> None:
    rows = [
        row for row in start("acefone", calls_per_day=200, **AUTUMN).truth() if "25-Oct-2026 01:" in row["raw"]["date"]
    ]
    assert {row["started_at"][:13] for row in rows} == {"2026-10-25T00", "2026-10-25T01"}
    for row in rows:
        evident = "X" not in (row["raw"]["call_stats"]["call_id"] or "X")
        assert ("time_ambiguous" in row["issues"]) is not evident
        if evident and "time_mismatch" not in row["issues"]:
            assert moment(2026, 10, 25).fromtimestamp(
                int(row["raw"]["call_stats"]["call_id"].split(".")[0]), timezone.utc
            ) == moment(2026, 10, 25).fromisoformat(row["started_at"].replace("Z", "+00:00"))


@pytest.mark.parametrize("vendor", ["voxo", "acefone"])
def test_some_times_do_not_agree_with_their_epoch(vendor, start) -> None:
    rows = start(vendor, calls_per_day=700).truth()
    mismatched = [row for row in rows if "time_mismatch" in row["issues"]]
    assert 0 < len(mismatched) < len(rows) / 20


@every_vendor
def test_the_published_rows_are_served_at_their_own_dates(vendor, start) -> None:
    sim = start(vendor)
    for stream, begin, count in VENDORS[vendor].samples:
        period = {"start": begin, "end": begin + timedelta(hours=1)}
        assert len(read(sim, stream, **period)) == len(sim.truth(stream, **period)) == count


@every_vendor
def test_a_call_is_served_only_after_it_ended(vendor) -> None:
    now = datetime.now(timezone.utc)
    with simulators.start(vendor, start=now - timedelta(hours=6), calls_per_day=2000) as sim:
        served = {id_of(row) for row in read(sim, end=now + timedelta(days=1))}
        later = {row.id for row in sim.table("call_records").rows if row.visible > time.time() + 60}
        assert served
        assert later
        assert served.isdisjoint(later)
