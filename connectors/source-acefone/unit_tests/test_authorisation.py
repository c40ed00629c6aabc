"""Two header forms, a login that lasts an hour, and refusals in both spellings."""

import json
import threading
import time
from urllib.parse import urlsplit

import pytest
from airbyte_cdk.models import FailureType, Status

from source_acefone.streams import CallRecords

LOGIN = {"auth_type": "password", "login_id": "reports", "password": "open-sesame"}
REFUSED = (401, {}, {"success": False, "message": "Unauthorized"})


def paths(acefone):
    return [urlsplit(request.path).path.removeprefix("/v1/") for request in acefone.received]


def test_the_bare_token_is_sent_as_the_vendors_document_shows(vendor, connected):
    with connected(vendor, num_workers=1, start_date="2026-03-27") as acefone:
        acefone.read()
        assert acefone.signed() == ["given-token"] * 3  # two days, and behind the end


@pytest.mark.parametrize("pasted", ["Bearer given-token", " given-token\n"])
def test_a_token_pasted_with_its_surroundings_is_the_token(vendor, connected, pasted):
    credentials = {"auth_type": "access_token", "access_token": pasted}
    with connected(vendor, num_workers=1, credentials=credentials) as acefone:
        assert acefone.check().status is Status.SUCCEEDED
        assert acefone.signed() == ["given-token"]


def test_a_401_is_answered_once_with_bearer_and_what_worked_is_kept(vendor, connected, calls):
    vendor.form, vendor.calls = "Bearer {}", calls(3)
    with connected(vendor, num_workers=1, end_date="2026-03-30") as acefone:
        outcome = acefone.read()
        assert acefone.signed() == ["given-token", *["Bearer given-token"] * 5]
    assert len(outcome.ids) == 3


def test_the_form_is_found_out_by_one_request_while_the_other_workers_wait(vendor, connected, calls):
    vendor.form, vendor.calls = "Bearer {}", calls(250)
    with connected(vendor, num_workers=8, end_date="2026-04-12") as acefone:
        outcome = acefone.read()
        assert acefone.signed().count("given-token") == 1
    assert len(outcome.ids) == 250


def test_a_first_request_that_breaks_does_not_keep_the_others_waiting(vendor, connected, calls):
    vendor.calls = calls(3)
    broken = threading.Event()

    def break_the_first(request):
        if not broken.is_set():
            broken.set()
            return "reset"
        return None

    answer = vendor.answer
    vendor.answer = lambda request: None if break_the_first(request) else answer(request)
    started = time.monotonic()
    with connected(vendor, num_workers=8, end_date="2026-04-12") as acefone:
        assert len(acefone.read().ids) == 3
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("workers", [1, 8])
def test_a_token_refused_in_both_forms_is_a_config_error_and_no_worker_tries_the_forms_again(
    vendor, connected, workers
):
    vendor.tokens = set()
    with connected(vendor, num_workers=workers, end_date="2026-04-12") as acefone:
        error = acefone.read().error
        assert acefone.signed()[:2] == ["given-token", "Bearer given-token"]
        assert acefone.signed().count("Bearer given-token") == 1
    assert error.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    "refusal",
    [REFUSED, (200, {}, {"success": False, "message": "Invalid token"}), (401, {}, b""), (401, {}, b"<html>")],
)
def test_check_says_that_the_token_is_wrong_and_where_to_put_the_right_one(vendor, connected, refusal):
    vendor.script = lambda request: refusal
    with connected(vendor) as acefone:
        answer = acefone.check()
        assert acefone.signed() == ["given-token", "Bearer given-token"]
    assert answer.status is Status.FAILED
    assert "`credentials`" in answer.message
    assert "given-token" not in answer.message
    assert "\n" not in answer.message


def test_a_form_refused_with_status_200_is_a_refused_form(vendor, connected, calls):
    vendor.calls = calls(3)
    vendor.form = "Bearer {}"
    answer = vendor.answer

    def politely(request):
        status, headers, body = answer(request)
        return (200, headers, body) if status == 401 else (status, headers, body)

    vendor.answer = politely
    with connected(vendor, num_workers=1) as acefone:
        assert len(acefone.read().ids) == 3
        assert acefone.signed()[:2] == ["given-token", "Bearer given-token"]


def test_a_given_token_revoked_in_mid_sync_is_not_tried_in_another_form(vendor, connected):
    with connected(vendor, num_workers=1, end_date="2026-03-30") as acefone:
        vendor.script = lambda request: REFUSED if len(acefone.received) > 1 else None
        error = acefone.read().error
        assert acefone.signed() == ["given-token", "given-token"]
    assert error.failure_type is FailureType.config_error


def test_a_login_is_one_post_and_its_token_is_used_bare(vendor, connected):
    with connected(vendor, num_workers=1, start_date="2026-03-27", credentials=LOGIN) as acefone:
        acefone.read()
        login, *reports = acefone.received
    assert (login.command, login.path) == ("POST", "/v1/auth/login")
    assert json.loads(login.body) == {"login_id": "reports", "password": "open-sesame"}
    assert [request.headers["Authorization"] for request in reports] == ["minted-1"] * 3


def test_a_token_is_renewed_by_showing_it_before_its_hour_is_over(vendor, connected, monkeypatch):
    with connected(vendor, num_workers=1, end_date="2026-03-30", credentials=LOGIN) as acefone:
        now = time.time

        def later(request):
            if len(acefone.received) == 2:
                monkeypatch.setattr(time, "time", lambda: now() + 3550)

        vendor.script = later
        error = acefone.read().error
        asked = paths(acefone)
        refresh = acefone.received[asked.index("auth/refresh")]
    assert error is None
    assert asked.count("auth/login") == asked.count("auth/refresh") == 1
    assert (refresh.command, refresh.body) == ("POST", b"")
    assert refresh.headers["Authorization"] == "minted-1"
    assert vendor.tokens == {"minted-2"}


def test_where_the_renewal_is_refused_the_connector_logs_in_again(vendor, connected):
    with connected(vendor, num_workers=1, end_date="2026-03-29", credentials=LOGIN) as acefone:

        def forget(request):
            if len(acefone.received) == 3:
                vendor.tokens = set()

        vendor.script = forget
        assert acefone.read().error is None
        assert paths(acefone) == [
            "auth/login",
            "call_report",
            "call_report",  # 401
            "auth/refresh",  # 401
            "auth/login",
            "call_report",
            "call_report",
            "call_report",  # behind the end
        ]


def test_a_renewal_refused_with_status_200_is_answered_by_a_login_too(vendor, connected):
    with connected(vendor, num_workers=1, end_date="2026-03-29", credentials=LOGIN) as acefone:

        def forget(request):
            if request.path.endswith("refresh"):
                return 200, {}, {"success": False, "message": "Token has expired"}
            if len(acefone.received) == 3:
                vendor.tokens = set()
            return None

        vendor.script = forget
        assert acefone.read().error is None
        assert paths(acefone).count("auth/login") == 2


def test_a_401_on_a_fresh_login_is_about_the_token_first_and_then_about_the_form(vendor, connected):
    vendor.form = "Bearer {}"
    with connected(vendor, num_workers=1, credentials=LOGIN) as acefone:
        assert acefone.read().error is None
        assert [*zip(paths(acefone), acefone.signed(), strict=True)][:6] == [
            ("auth/login", None),
            ("call_report", "minted-1"),  # 401
            ("auth/refresh", "minted-1"),  # 401, in this form as well
            ("auth/login", None),
            ("call_report", "minted-2"),  # 401
            ("call_report", "Bearer minted-2"),
        ]
        assert paths(acefone).count("auth/login") == 2


def test_each_form_of_a_token_that_is_refused_costs_one_renewal(vendor, connected):
    vendor.script = lambda request: REFUSED if "call_report" in request.path else None
    with connected(vendor, num_workers=1, credentials=LOGIN) as acefone:
        error = acefone.read().error
        assert [*zip(paths(acefone), acefone.signed(), strict=True)] == [
            ("auth/login", None),
            ("call_report", "minted-1"),
            ("auth/refresh", "minted-1"),
            ("call_report", "minted-2"),
            ("call_report", "Bearer minted-2"),
            ("auth/refresh", "minted-2"),
            ("call_report", "Bearer minted-3"),
        ]
    assert error.failure_type is FailureType.config_error


@pytest.mark.parametrize("workers", [1, 8])
def test_an_expired_token_is_renewed_once_for_all_workers(vendor, connected, calls, workers):
    vendor.calls = calls(250)
    with connected(vendor, num_workers=workers, end_date="2026-04-12", credentials=LOGIN) as acefone:
        expired = threading.Event()

        def expire(request):
            if len(acefone.received) > 4 and "call_report" in request.path and not expired.is_set():
                expired.set()
                # The old token still renews, but no longer reads.
                vendor.script = lambda request: (
                    REFUSED
                    if request.headers["Authorization"] == "minted-1" and ("call_report" in request.path)
                    else None
                )
                return REFUSED
            return None

        vendor.script = expire
        outcome = acefone.read()
        assert paths(acefone).count("auth/login") == paths(acefone).count("auth/refresh") == 1
    assert (outcome.error, len(outcome.ids)) == (None, 250)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 422])
def test_a_refused_login_is_never_sent_twice(vendor, connected, status, workers):
    vendor.script = lambda request: (
        status,
        {},
        {"success": False, "message": "Invalid login or password", "login_failed_count": 1},
    )
    with connected(vendor, num_workers=workers, end_date="2026-04-12", credentials=LOGIN) as acefone:
        error = acefone.read().error
        assert paths(acefone) == ["auth/login"]
    assert error.failure_type is FailureType.config_error
    assert all(words in error.message for words in ("Invalid login or password", "`credentials`"))
    assert "open-sesame" not in error.message


def test_a_login_that_answers_without_a_token_is_refused(vendor, connected):
    vendor.script = lambda request: (200, {}, {"success": True})
    with connected(vendor, credentials=LOGIN) as acefone:
        answer = acefone.check()
        assert paths(acefone) == ["auth/login"]
    assert answer.status is Status.FAILED
    assert "without a token" in answer.message


def test_an_authenticator_keeps_its_token_to_itself(vendor, connected):
    with connected(vendor) as acefone:
        assert "given-token" not in repr(CallRecords.authenticator(acefone.config))
