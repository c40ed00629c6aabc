"""The two logins of PortSIP, what is refused, and what is never sent twice."""

import json
from urllib.parse import parse_qs

import pytest
from airbyte_cdk.models import FailureType, Status

USER = {"auth_type": "password", "username": "reports", "password": "open-sesame"}
CLIENT = "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"
GRANT = {
    "grant_type": "password",
    "username": "reports",
    "password": "open-sesame",
    "scope": "all",
    "client_id": CLIENT,
}
OAUTH, SIGN_IN, REFRESH = "/login/oauth/token", "/auth/sign_in", "/auth/refresh_token"
NOT_FOUND = (404, {}, {"errors": [{"code": "UNKNOWN", "message": "Not found"}]})
REFUSED = (400, {}, {"errors": [{"code": "UNAUTHORIZED", "message": "Login failed, authentication error"}]})
RENEWAL_REFUSED = (400, {}, {"errors": [{"code": "UNKNOWN", "message": "Refresh failed"}]})


def form(body):
    return {name: values[0] for name, values in parse_qs(body).items()}


def expiring(vendor, path_of_data="/cdrs"):
    """A vendor that lets every token die once, after the first request for data."""
    died = []

    def script(request, path):
        if path == path_of_data and not died and vendor.minted:
            died.append(True)
            vendor.tokens = set()

    return script


def test_the_password_grant_carries_the_vendors_public_client(vendor, connected):
    with connected(vendor, credentials=USER) as portsip:
        assert portsip.read().error is None
        ((path, body),) = portsip.posted()
        assert (path, form(body)) == (OAUTH, GRANT)
        assert portsip.received[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert portsip.received[-1].headers["Authorization"] == "Bearer minted-1"


@pytest.mark.parametrize(("domain", "sent"), [("pbx.example.com", {"domain": "pbx.example.com"}), ("", {})])
def test_the_domain_is_left_out_for_the_system_administrator(vendor, connected, domain, sent):
    with connected(vendor, credentials={**USER, "domain": domain}) as portsip:
        portsip.read()
        assert form(portsip.posted()[0][1]) == {**GRANT, **sent}


def test_a_given_token_is_sent_as_it_is_and_not_renewed(vendor, connected):
    with connected(vendor) as portsip:
        vendor.tokens = set()
        outcome = portsip.read()
        assert portsip.posted() == []
    assert outcome.error.failure_type is FailureType.config_error


def test_a_refused_login_is_a_fault_of_the_configuration_and_sent_once(vendor, connected):
    with connected(
        vendor, credentials={**USER, "password": "wrong"}, num_workers=4, start_date="2026-03-20"
    ) as portsip:
        status = portsip.check()
        assert len(portsip.posted()) == 1
        outcome = portsip.read()
        assert len(portsip.posted()) == 2  # a command of its own
    assert status.status is Status.FAILED
    assert "Login failed, authentication error" in status.message
    assert outcome.error.failure_type is FailureType.config_error
    assert "wrong" not in outcome.error.message


def test_a_token_is_renewed_with_the_refresh_token_and_without_a_scope(vendor, connected):
    vendor.script = expiring(vendor)
    with connected(vendor, credentials=USER, end_date="2026-03-30") as portsip:
        assert portsip.read().error is None
        _, renewal = portsip.posted()
    assert renewal[0] == OAUTH
    assert form(renewal[1]) == {"grant_type": "refresh_token", "refresh_token": "renewal-1", "client_id": CLIENT}


def test_a_token_is_renewed_before_it_expires(vendor, connected):
    vendor.life = 0  # every token is too old as soon as it is here
    with connected(vendor, credentials=USER, end_date="2026-03-30") as portsip:
        assert portsip.read().error is None
        tokens = [form(body).get("refresh_token") for _, body in portsip.posted()]
    assert tokens == [None, "renewal-1", "renewal-2"]


@pytest.mark.parametrize("answer", [RENEWAL_REFUSED, (200, {}, b"<html>"), (200, {}, {"done": True})])
def test_after_a_refused_renewal_the_password_is_sent_once_more(vendor, connected, answer):
    expire = expiring(vendor)
    vendor.script = lambda request, path: answer if b"refresh_token=" in request.body else expire(request, path)
    with connected(vendor, credentials=USER) as portsip:
        assert portsip.read().error is None
        grants = [form(body)["grant_type"] for _, body in portsip.posted()]
    assert grants == ["password", "refresh_token", "password"]


def test_a_password_that_is_refused_after_the_renewal_is_final(vendor, connected):
    expire = expiring(vendor)

    def script(request, path):
        if request.command == "POST" and vendor.minted:
            return RENEWAL_REFUSED if b"refresh_token=" in request.body else REFUSED
        return expire(request, path)

    vendor.script = script
    with connected(vendor, credentials=USER, end_date="2026-04-10", num_workers=4) as portsip:
        outcome = portsip.read()
        grants = [form(body)["grant_type"] for _, body in portsip.posted()]
    assert outcome.error.failure_type is FailureType.config_error
    assert grants == ["password", "refresh_token", "password"]


def test_without_a_refresh_token_the_password_is_the_renewal_and_its_refusal_is_final(vendor, connected):
    expire = expiring(vendor)

    def script(request, path):
        if request.command != "POST":
            return expire(request, path)
        if vendor.minted:
            return REFUSED
        vendor.token()
        return 200, {}, {"access_token": "minted-1"}

    vendor.script = script
    with connected(vendor, credentials=USER) as portsip:
        outcome = portsip.read()
        assert [form(body)["grant_type"] for _, body in portsip.posted()] == ["password", "password"]
    assert outcome.error.failure_type is FailureType.config_error


@pytest.mark.parametrize("status", [404, 405])
def test_the_other_login_is_for_servers_that_do_not_know_oauth(vendor, connected, status):
    expire = expiring(vendor)

    def script(request, path):
        if path == OAUTH:
            return status, {}, NOT_FOUND[2]
        return (200, {}, vendor.token()) if path in {SIGN_IN, REFRESH} else expire(request, path)

    vendor.script = script
    with connected(vendor, credentials={**USER, "domain": "pbx.example.com"}, end_date="2026-03-30") as portsip:
        assert portsip.read().error is None
        posted = [(path, json.loads(body) if path != OAUTH else None) for path, body in portsip.posted()]
    user = {"username": "reports", "password": "open-sesame", "domain": "pbx.example.com"}
    assert posted == [(OAUTH, None), (SIGN_IN, user), (REFRESH, {"refresh_token": "renewal-1"})]


def test_after_a_refused_renewal_the_password_goes_to_the_login_that_the_server_knows(vendor, connected):
    expire = expiring(vendor)

    def script(request, path):
        if path == SIGN_IN:
            return 200, {}, vendor.token()
        return NOT_FOUND if request.command == "POST" else expire(request, path)

    vendor.script = script
    with connected(vendor, credentials=USER) as portsip:
        assert portsip.read().error is None
        assert [path for path, _ in portsip.posted()] == [OAUTH, SIGN_IN, REFRESH, SIGN_IN]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_of_oauth_is_not_taken_to_the_other_login(vendor, connected, status):
    vendor.script = lambda request, path: (status, {}, REFUSED[2]) if path == OAUTH else None
    with connected(vendor, credentials=USER) as portsip:
        assert portsip.check().status is Status.FAILED
        assert [path for path, _ in portsip.posted()] == [OAUTH]


def test_a_server_that_knows_neither_login_has_another_address(vendor, connected):
    vendor.script = lambda request, path: NOT_FOUND if request.command == "POST" else None
    with connected(vendor, credentials=USER) as portsip:
        status = portsip.check()
        assert [path for path, _ in portsip.posted()] == [OAUTH, SIGN_IN]
    assert "`api_url`" in status.message


@pytest.mark.parametrize("known", [OAUTH, SIGN_IN])
def test_a_user_with_two_factors_is_refused_with_the_advice_to_use_another(vendor, connected, known):
    answer = {"two_factor_enabled": True, "session_token": "session-secret"}
    vendor.script = lambda request, path: (200, {}, answer) if path == known else NOT_FOUND
    with connected(vendor, credentials=USER) as portsip:
        status = portsip.check()
        assert portsip.paths()[-1] == known
    assert status.status is Status.FAILED
    assert "without two-factor authentication" in status.message
    assert "session-secret" not in status.message
