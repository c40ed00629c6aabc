"""Logging in at the simulators, and being refused."""

import time

import pytest
import requests

from simulator_requests import LOGINS, VENDORS, ask, log_in, token_of

REFUSED = {name: VENDORS[name].login_refused for name in LOGINS}


@pytest.mark.parametrize("vendor", LOGINS)
def test_a_login_gives_a_token_that_reads_and_is_a_secret(vendor, start) -> None:
    sim = start(vendor)
    token = token_of(log_in(sim))
    assert token in sim.secrets
    sim.access_token = token
    assert ask(sim).status_code == 200
    assert sim.requests[-1].token == "minted-1"
    assert (sim.login_count, sim.violations) == (1, [])


@pytest.mark.parametrize("vendor", LOGINS)
def test_a_refused_login_is_counted_and_locks_in_the_end(vendor, start) -> None:
    sim = start(vendor, lock_after=3)
    statuses = {log_in(sim, password="SECRET-wrong").status_code for _ in range(3)}
    assert statuses == {REFUSED[vendor]}
    locked = log_in(sim)
    assert locked.status_code == REFUSED[vendor]
    assert "lock" in locked.text
    assert [login.accepted for login in sim.logins] == [False] * 4


@pytest.mark.parametrize("vendor", LOGINS)
def test_a_token_dies_after_its_time_or_its_requests(vendor, start) -> None:
    sim = start(vendor, token_requests=2)
    sim.access_token = token_of(log_in(sim))
    assert [ask(sim).status_code for _ in range(3)] == [200, 200, 401]
    sim = start(vendor, token_seconds=0.3)
    sim.access_token = token_of(log_in(sim))
    time.sleep(0.4)
    assert ask(sim).status_code == 401


def test_vonage_gives_a_refresh_token_for_a_single_use(start) -> None:
    sim = start("vonage_business", endpoint="B")
    given = sim.config(auth="refresh_token")["credentials"]
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "scope": "openid"}
    answers = [
        requests.post(
            sim.config()["token_url"], data=form, auth=(given["client_id"], given["client_secret"]), timeout=5
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].json()["refresh_token"] == sim.refresh_tokens[-1] != given["refresh_token"]


def test_vonage_refuses_a_token_without_the_scope_with_a_bare_401(start) -> None:
    sim = start("vonage_business")
    given = sim.config(auth="password")["credentials"]
    form = {"grant_type": "password", "username": f"{given['username']}@vbc.prod", "password": given["password"]}
    form |= {key: given[key] for key in ("client_id", "client_secret")}
    answer = requests.post(sim.config()["token_url"], data=form, timeout=5)
    sim.access_token = token_of(answer)
    refused = ask(sim)
    assert (answer.json()["scope"], refused.status_code, refused.content) == ("default", 401, b"")


def test_portsip_renews_and_refuses_to_renew(start) -> None:
    sim = start("portsip")
    form = {"grant_type": "refresh_token", "client_id": "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"}
    url = f"{sim.api_url}/login/oauth/token"
    renewal = log_in(sim).json()["refresh_token"]
    assert requests.post(url, data={**form, "refresh_token": renewal}, timeout=5).status_code == 200
    refused = requests.post(url, data={**form, "refresh_token": "SECRET-wrong"}, timeout=5)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "UNKNOWN")


@pytest.mark.parametrize(("login", "key"), [("sign_in", "access_token"), ("two_factor", "two_factor_enabled")])
def test_portsip_may_have_the_other_login_only(login, key, start) -> None:
    sim = start("portsip", login=login)
    assert log_in(sim).status_code == 404
    given = {name: value for name, value in sim.config(auth="password")["credentials"].items() if name != "auth_type"}
    assert key in requests.post(f"{sim.api_url}/auth/sign_in", json=given, timeout=5).json()


def test_acefone_renews_a_token_that_lives(start) -> None:
    sim = start("acefone")
    token = token_of(log_in(sim))
    renewed = requests.post(f"{sim.api_url}/auth/refresh", headers={"authorization": token}, timeout=5)
    assert token_of(renewed) != token


@pytest.mark.parametrize(
    ("form", "prefix", "status"),
    [
        ("bare", "", 200),
        ("bare", "Bearer ", 401),
        ("bearer", "", 401),
        ("bearer", "Bearer ", 200),
        ("both", "", 200),
        ("both", "Bearer ", 200),
    ],
)
def test_acefone_takes_the_token_in_the_form_it_is_set_to(form, prefix, status, start) -> None:
    sim = start("acefone", header=form)
    headers = {"authorization": prefix + sim.access_token}
    assert requests.get(f"{sim.api_url}/call_report", headers=headers, timeout=5).status_code == status


def test_voxo_answers_a_login_with_a_sip_password(start) -> None:
    sim = start("voxo")
    reply = log_in(sim)
    assert reply.status_code == 201
    assert reply.json()["user"]["myExtension"]["peerSecret"] in sim.secrets
    assert log_in(start("voxo", versions=2)).status_code == 404
