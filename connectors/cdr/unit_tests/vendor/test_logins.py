import time

import pytest

from cdr.schema.errors import ConfigError
from cdr.vendor.authenticators import Authenticator, GivenToken, Login, LoginRefusedError, LoginToken
from clients import (
    CALLS,
    OK,
    WaitedError,
    client,
)
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test", "waits")

LOGIN = Login("login", form={"username": "u", "password": "the-password"})


def tokens(*values, **more):
    return [(200, {}, {"access_token": value, **more}) for value in values]


class Door:
    """Answers logins in turn; data is for those who show one of `good` tokens."""

    def __init__(self, logins, good):
        self.logins, self.good, self.asked = list(logins), good, []

    def __call__(self, request):
        if request.command == "POST":
            self.asked.append((request.path, request.body.decode(), request.headers.get("Authorization")))
            return self.logins.pop(0)
        allowed = request.headers["Authorization"] in {f"Bearer {token}" for token in self.good}
        return OK if allowed else (401, {}, {"title": "expired"})


def test_a_token_is_fetched_once_for_many_requests():
    door = Door(tokens("t1"), {"t1"})
    with serving(door) as server:
        subject = client(server, LoginToken(LOGIN))
        subject.get(CALLS)
        subject.get(CALLS)
    assert door.asked == [("/login", "username=u&password=the-password", None)]


def test_a_token_refused_with_401_is_renewed_once_and_the_request_repeated():
    door = Door(tokens("t1", "t2"), {"t2"})
    with serving(door) as server:
        client(server, LoginToken(LOGIN)).get(CALLS)
        assert [request.command for request in server.requests] == ["POST", "GET", "POST", "GET"]


def test_the_budget_counts_the_repetition_after_a_refused_token(monkeypatch):
    def wait(seconds):
        raise WaitedError

    door = Door(tokens("t1", "t2"), {"t2"})
    with serving(door) as server:
        subject = client(server, LoginToken(LOGIN), requests_per_minute=3)
        monkeypatch.setattr(time, "sleep", wait)
        with pytest.raises(WaitedError):
            subject.get(CALLS)
        assert [request.command for request in server.requests] == ["POST", "GET", "POST"]


def test_a_token_that_is_always_refused_is_a_config_error_after_one_renewal():
    door = Door(tokens("t1", "t2"), set())
    with serving(door) as server:
        with pytest.raises(ConfigError, match="401 \\(expired\\)"):
            client(server, LoginToken(LOGIN)).get(CALLS)
        assert [request.command for request in server.requests] == ["POST", "GET", "POST", "GET"]


def test_a_token_is_renewed_before_it_expires(monkeypatch):
    door = Door(tokens("t1", "t2", expires_in=1800), {"t1", "t2"})
    with serving(door) as server:
        subject = client(server, LoginToken(LOGIN))
        subject.get(CALLS)
        later = time.time() + 1800 - 59
        monkeypatch.setattr("cdr.vendor.authenticators.time.time", lambda: later)
        subject.get(CALLS)
        assert server.requests[-1].headers["Authorization"] == "Bearer t2"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_login_is_never_sent_twice(status):
    door = Door([(status, {}, {"message": "wrong password"})] * 3, set())
    with serving(door) as server:
        subject = client(server, LoginToken(LOGIN))
        for _ in range(3):
            with pytest.raises(LoginRefusedError, match="wrong password") as refused:
                subject.get(CALLS)
    assert len(door.asked) == 1
    assert "the-password" not in str(refused.value)


def test_a_login_whose_server_is_busy_is_tried_again():
    door = Door([(503, {}, b""), *tokens("t1")], {"t1"})
    with serving(door) as server:
        client(server, LoginToken(LOGIN)).get(CALLS)
    assert len(door.asked) == 2


def test_a_server_without_the_first_login_gets_the_other_one():
    door = Door([(404, {}, b""), *tokens("t1")], {"t1"})
    other = Login("v2/login", json={"email": "e"})
    with serving(door) as server:
        client(server, LoginToken(LOGIN, otherwise=(frozenset({404}), other))).get(CALLS)
    assert [path for path, *_ in door.asked] == ["/login", "/v2/login"]


def test_client_credentials_go_as_http_basic_where_the_login_says_so():
    door = Door(tokens("t1"), {"t1"})
    with serving(door) as server:
        client(server, LoginToken(Login("login", form={"a": "b"}, basic=("id", "secret")))).get(CALLS)
    assert door.asked[0][2] == "Basic aWQ6c2VjcmV0"


def test_a_refresh_token_is_used_once_and_its_successor_handed_on():
    handed = []
    door = Door(tokens("t1", refresh_token="r2") + tokens("t2", refresh_token="r3"), {"t2"})

    def refresh(token):
        return Login("token", form={"refresh_token": token})

    auth = LoginToken(refresh("r1"), renewal=lambda token: refresh(token.refresh), on_refresh_token=handed.append)
    with serving(door) as server:
        client(server, auth).get(CALLS)
    assert [body for _, body, _ in door.asked] == ["refresh_token=r1", "refresh_token=r2"]
    assert handed == ["r2", "r3"]


def test_a_refused_renewal_has_a_last_resort():
    door = Door([*tokens("t1", refresh_token="r"), (400, {}, {"code": "UNKNOWN"}), *tokens("t2")], {"t2"})
    auth = LoginToken(LOGIN, renewal=lambda token: Login("refresh", form={"r": token.refresh}), last_resort=LOGIN)
    with serving(door) as server:
        client(server, auth).get(CALLS)
    assert [path for path, *_ in door.asked] == ["/login", "/refresh", "/login"]


def test_no_secret_stands_in_a_repr():
    texts = repr(LOGIN), repr(Login("x", basic=("id", "the-secret"))), repr(GivenToken("the-token"))
    assert not any(secret in text for text in texts for secret in ("the-password", "the-secret", "the-token"))


def test_an_authenticator_of_ones_own_needs_no_login():
    assert Authenticator().attach(None) is None
