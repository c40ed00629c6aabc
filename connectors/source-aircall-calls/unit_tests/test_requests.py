"""What goes over the wire, and what of the answers is believed."""

import logging
import time
from datetime import datetime, timedelta, timezone

import pytest
from airbyte_cdk.models import FailureType, Status

from simulators.tables import Row, packed
from source_aircall_calls import SourceAircallCalls

MIDNIGHT = int(datetime(2026, 9, 14, tzinfo=timezone.utc).timestamp())
DAY = 86_400


def ids(outcome):
    return sorted(row["vendor_record_id"] for row in outcome.records)


def of_truth(sim):
    return sorted(row["vendor_record_id"] for row in sim.truth())


def test_a_day_is_asked_for_in_epoch_seconds_a_minute_wider_where_the_sync_begins_and_ends(aircall, read):
    sim = aircall(calls_per_day=20)
    assert ids(read(sim.config(num_workers=1))) == of_truth(sim)
    asked = [(int(entry.params["from"]), int(entry.params["to"])) for entry in sim.requests]
    assert (min(asked)[0], max(asked)[1]) == (MIDNIGHT - 61, MIDNIGHT + DAY + 60)
    rest = {name: value for name, value in sim.requests[0].params.items() if name not in ("from", "to")}
    assert rest == {"order": "asc", "fetch_contact": "true", "page": "1", "per_page": "50"}


@pytest.mark.parametrize(
    ("auth", "scheme"), [("api_key", "Basic c2ltdWxhdGVkLWFwaS1pZDp"), ("access_token", "Bearer ")]
)
def test_a_key_of_the_company_goes_as_basic_and_an_access_token_as_bearer(aircall, read, auth, scheme, monkeypatch):
    sim = aircall(calls_per_day=20)
    seen = []
    bearer = sim.bearer
    monkeypatch.setattr(sim, "bearer", lambda request: seen.append(request.headers["authorization"]) or bearer(request))
    assert ids(read(sim.config(auth=auth))) == of_truth(sim)
    assert {header.startswith(scheme) for header in seen} == {True}


@pytest.mark.parametrize("auth", ["api_key", "access_token"])
def test_a_wrong_key_is_a_config_error_that_says_what_403_means_here_and_no_secret(aircall, read, auth):
    sim = aircall()
    given = {name: f"{value}-wrong" for name, value in sim.config(auth=auth)["credentials"].items()}
    config = sim.config(credentials={**given, "auth_type": auth})
    error = read(config).error
    assert error.failure_type is FailureType.config_error
    assert "API token" in error.message
    assert "SECRET" not in error.message
    assert len(sim.requests) == 1
    answer = SourceAircallCalls().check(logging.getLogger("airbyte"), config)
    assert (answer.status, "API token" in answer.message) == (Status.FAILED, True)


def test_a_check_at_any_part_of_a_second_calls_no_time_odd(aircall, monkeypatch):
    sim = aircall(calls_per_day=20)
    first = min(row["started_at"] for row in sim.truth())
    asked = datetime.fromisoformat(first.replace("Z", "+00:00"))  # the first second that the check asks for
    now = asked + timedelta(hours=1, seconds=60 + 1, milliseconds=700)
    monkeypatch.setattr("cdr.airbyte.source._now", lambda: now)
    answer = SourceAircallCalls().check(logging.getLogger("airbyte"), sim.config())
    assert (answer.status, answer.message) == (Status.SUCCEEDED, None)
    assert sim.requests[0].params["from"] == str(int(asked.timestamp()))


def test_ten_thousand_and_one_calls_of_a_day_are_all_read(aircall, read):
    sim = aircall(calls_per_day=20, validate=False)
    table = sim.table("call_records")
    more = [
        Row(at * 10**6, at * 10**6, 0.0, str(number), packed(_call(number, at)), None)
        for number in range(1, 10_002)
        for at in (MIDNIGHT + number * 8,)
    ]
    table.__init__([*table.rows, *more])
    outcome = read(sim.config(requests_per_minute=100_000))
    assert outcome.error is None
    assert set(ids(outcome)) >= {row.id for row in more}
    assert len(ids(outcome)) == len(set(ids(outcome)))
    assert max(int(entry.params["page"]) for entry in sim.requests) <= 200


def _call(number, at):
    return {
        "id": number,
        "direction": "inbound",
        "status": "done",
        "started_at": at,
        "answered_at": None,
        "ended_at": at + 5,
        "duration": 5,
        "raw_digits": "+442079460123",
    }


@pytest.mark.parametrize("thousand", [1, 1000])
def test_a_429_is_waited_for_until_the_minute_ends(aircall, read, waits, thousand):
    sim = aircall(calls_per_day=20)
    ends = (int(time.time()) + 30) * thousand
    sim.fault("status", status=429, body={"error": "Usage limit exceeded"}, headers={"X-AircallApi-Reset": str(ends)})
    outcome = read(sim.config(num_workers=1))
    assert ids(outcome) == of_truth(sim)
    assert 28 <= sum(waits) <= 33  # in pieces of half a second, and a second more


@pytest.mark.parametrize("unit", ["seconds", "milliseconds"])
def test_the_simulator_s_own_minute_is_the_one_that_is_waited_for(aircall, read, waits, unit):
    sim = aircall(calls_per_day=200, reset_unit=unit, rate_limit=1)
    read(sim.config(num_workers=1))
    refused = [entry for entry in sim.requests if entry.status == 429]
    assert refused
    # The clock stands still here: each attempt waits for what is left of the minute.
    assert all(0 < wait <= 0.5 for wait in waits)
    assert sum(waits) >= 9 * 58


@pytest.mark.parametrize("name", ["fetch_contact", "order"])
def test_a_parameter_that_is_refused_by_name_is_left_out_for_the_rest_of_the_sync(aircall, read, name):
    sim = aircall(refuses=(name,), calls_per_day=200)
    outcome = read(sim.config(num_workers=1))
    assert ids(outcome) == of_truth(sim)
    assert [name in entry.params for entry in sim.requests[:2]] == [True, False]
    assert sum(name in entry.params for entry in sim.requests) == 1
    again = read(sim.config(), state=outcome.state)
    assert again.error is None
    assert sum(name in entry.params for entry in sim.requests) == 1


def test_a_call_that_was_still_going_on_comes_again_when_it_has_ended(aircall, read):
    sim = aircall(shows_ongoing=True, calls_per_day=200)
    call = max((row.item for row in sim.table("call_records").rows), key=lambda call: min(call.talk, 3000))
    sim.moment = call.start + call.ring + 1
    noon = datetime.fromtimestamp(int(sim.moment), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    first = read(sim.config(end_date=noon))
    sim.moment = None
    second = read(sim.config(), state=first.state)
    rows = [
        [row for row in outcome.records if row["vendor_record_id"] == str(call.ident % 10**14)]
        for outcome in (first, second)
    ]
    assert [(row["ended_at"], row["duration_seconds"], row["disposition"]) for row in rows[0]] == [
        (None, None, "answered")
    ]
    assert [row["duration_seconds"] for row in rows[1]] == [call.duration]


def test_a_new_signature_of_a_recording_is_no_change(aircall, read):
    sim = aircall(calls_per_day=200)
    first = read(sim.config())
    assert any(row["recording_url"] for row in first.records)
    assert read(sim.config(), state=first.state).records == []
