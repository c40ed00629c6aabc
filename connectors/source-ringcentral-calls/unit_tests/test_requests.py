"""What goes over the wire, and what of the answers is believed."""

import logging

import pytest
from airbyte_cdk.models import FailureType, Status

from cdr.vendor import Config
from source_ringcentral_calls import SourceRingcentralCalls
from source_ringcentral_calls.streams import CallRecords

LOGGER = logging.getLogger("airbyte")


def ids(outcome):
    return sorted(row["vendor_record_id"] for row in outcome.records)


def of_truth(sim, stream="call_records"):
    return sorted(row["vendor_record_id"] for row in sim.truth(stream))


def asked(sim):
    return [request for request in sim.requests if request.stream]


def test_the_period_is_asked_for_in_utc_a_second_wider_and_in_detail(ringcentral, read):
    sim = ringcentral()
    assert ids(read(sim.config(num_workers=1))) == of_truth(sim)
    (first, *_) = asked(sim)
    assert first.path == "/restapi/v1.0/account/~/call-log"
    assert first.params == {
        "view": "Detailed",
        "dateFrom": "2026-09-13T23:59:59.000Z",
        "dateTo": "2026-09-14T23:59:59.001Z",
        "perPage": "250",
    }


def test_a_day_more_is_asked_for_behind_the_end_because_calls_may_be_found_by_their_end(ringcentral, read):
    sim = ringcentral()
    read(sim.config(num_workers=1))
    assert max(request.params["dateTo"] for request in asked(sim)) == "2026-09-15T23:59:59.001Z"


def test_pages_are_followed_by_their_link_and_none_is_asked_for_behind_the_last(ringcentral, read):
    sim = ringcentral(calls_per_day=900)
    records = of_truth(sim)
    assert ids(read(sim.config(num_workers=1))) == records
    of_the_day = [one for one in asked(sim) if one.params["dateTo"].startswith("2026-09-14")]
    assert [one.params.get("page") for one in of_the_day] == [None, "2", "3", "4"][: -(-(len(records) + 1) // 250)]


@pytest.mark.parametrize("name", ["call_records", "call_logs"])
def test_a_period_that_needs_more_pages_than_there_are_numbers_is_read_in_halves(ringcentral, read, monkeypatch, name):
    monkeypatch.setattr(CallRecords, "most_rows", 40)
    sim = ringcentral(page_rows=20, calls_per_day=200)
    outcome = read(sim.config(num_workers=1), name)
    assert outcome.error is None
    assert ids(outcome) == of_truth(sim, name)
    assert len({request.params["dateTo"] for request in asked(sim)}) > 4


def test_a_link_to_another_host_is_followed_for_its_parameters_only(ringcentral, read):
    sim = ringcentral(calls_per_day=400, page_links="elsewhere", page_rows=50)
    assert ids(read(sim.config(num_workers=1))) == of_truth(sim)
    assert sim.elsewhere == []


@pytest.mark.parametrize("totals", ["none", "filter"])
def test_a_full_page_without_a_link_is_not_the_last_one(ringcentral, read, totals):
    sim = ringcentral(page_links="none", page_rows=20, total=totals)
    outcome = read(sim.config(num_workers=1))
    assert outcome.error is None
    assert ids(outcome) == of_truth(sim)


def test_a_total_that_is_stated_is_held_against_what_came(ringcentral, read):
    sim = ringcentral(total="filter")
    sim.fault("wrong_total", times=None, delta=5)
    outcome = read(sim.config(num_workers=1))
    assert outcome.error.failure_type is FailureType.transient_error
    assert "stated" in outcome.error.message


def test_the_legs_are_those_of_the_records_of_the_period(ringcentral, read):
    sim = ringcentral()
    outcome = read(sim.config(num_workers=1), "call_logs")
    truth = {row["record_id"]: row for row in sim.truth("call_logs")}
    assert {row["record_id"]: row for row in outcome.records} == truth


def test_a_changed_leg_comes_again_and_the_others_do_not(ringcentral, read):
    sim = ringcentral()
    config = sim.config(num_workers=1, lookback_window_minutes=1440)
    first = read(config, "call_logs")
    again = read(config, "call_logs", state=first.state)
    assert (len(first.records) > 0, again.records) == (True, [])


def test_ten_requests_a_minute_are_the_default(ringcentral):
    config = ringcentral().config()
    del config["requests_per_minute"]
    spec = SourceRingcentralCalls().spec(LOGGER).connectionSpecification
    assert Config(config, spec).optional_integer("requests_per_minute") == 10


def test_a_login_sends_the_jwt_as_the_grant_and_the_client_as_basic_once(ringcentral, read):
    sim = ringcentral(page_rows=20)
    assert ids(read(sim.config(auth="jwt", num_workers=2))) == of_truth(sim)
    assert [login.accepted for login in sim.logins] == [True]


def test_a_token_that_ends_is_replaced_by_showing_the_jwt_again(ringcentral, read):
    sim = ringcentral(page_rows=20, token_requests=3)
    assert ids(read(sim.config(auth="jwt", num_workers=1))) == of_truth(sim)
    assert len(sim.logins) > 1
    assert all(login.accepted for login in sim.logins)


@pytest.mark.parametrize("wrong", ["client_secret", "jwt"])
def test_a_refused_login_is_a_config_error_and_is_not_sent_again(ringcentral, read, wrong):
    sim = ringcentral()
    config = sim.config(auth="jwt")
    config["credentials"][wrong] = "a-wrong-secret-of-some-length"
    outcome = read(config)
    assert outcome.error.failure_type is FailureType.config_error
    assert "credentials" in outcome.error.message
    assert "a-wrong-secret" not in outcome.error.message
    assert len(sim.logins) == 1


def test_a_user_without_the_permission_is_told_which_one(ringcentral):
    sim = ringcentral(role="user")
    status = SourceRingcentralCalls().check(LOGGER, sim.config())
    assert status.status is Status.FAILED
    assert "FullCompanyCallLog" in status.message


def test_check_asks_once(ringcentral):
    sim = ringcentral()
    assert SourceRingcentralCalls().check(LOGGER, sim.config()).status is Status.SUCCEEDED
    assert len(asked(sim)) == 1
