import threading
import time
from email.utils import formatdate

import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

from cdr.authenticators import Authenticator, GivenToken, Login, LoginRefusedError, LoginToken
from cdr.client import Client, Meter
from cdr.errors import ConfigError, TooSlowError, TransientError
from cdr.failures import retry_after
from cdr.stream import Request
from fakes import config
from scripted import serving

CALLS = Request("calls", {"from": "2026-01-01 00:00:00", "datetime[end_at]": "Jan 01, 2026"})


@pytest.fixture(autouse=True)
def no_secret_outlives_its_test():
    """The CDK keeps one list of secrets a process, and masks them in every text."""
    yield
    update_secrets([])


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Waits are counted, not waited for."""
    seconds = []
    monkeypatch.setattr(time, "sleep", lambda wait: seconds.append(wait) if wait else None)
    return seconds


def client(server, authenticator=None, **over):
    return connected(config(api_url=server.url, **over), authenticator or GivenToken("token-1"), attempts=4)


def connected(valid, authenticator, attempts):
    return Client(valid, authenticator, attempts=attempts).metered(Meter())


def in_turn(*answers):
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


OK = (200, {}, {"rows": []})


def test_a_request_carries_path_parameters_and_token():
    with serving(in_turn(OK)) as server:
        assert client(server).get(CALLS) == b'{"rows":[]}'
        (request,) = server.requests
    assert request.path == "/calls?from=2026-01-01+00%3A00%3A00&datetime%5Bend_at%5D=Jan+01%2C+2026"
    assert request.headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize("passing", [(500, {}, b""), (502, {}, b"<html>"), (503, {}, b""), (429, {}, b""), None])
def test_what_passes_by_itself_is_tried_again(passing):
    with serving(in_turn(passing, passing, OK)) as server:
        subject = client(server)
        assert subject.get(CALLS) == b'{"rows":[]}'
        assert (subject._meter.requests, subject._meter.retries) == (3, 2)


def test_a_body_shorter_than_it_says_is_tried_again():
    cut = (200, {"Content-Length": "400"}, b'{"rows": [')
    with serving(in_turn(cut, OK)) as server:
        assert client(server).get(CALLS) == b'{"rows":[]}'


def test_waits_grow_and_stay_bounded(waits):
    with serving(in_turn((500, {}, {"message": "disk full"}))) as server:
        with pytest.raises(TransientError, match=r"500 \(disk full\)"):
            client(server).get(CALLS)
        assert len(server.requests) == 4
    # HttpClient adds one second to each wait.
    assert [0.5 * 2**n <= wait - 1 <= 2**n for n, wait in enumerate(waits)] == [True] * 3


def test_retry_after_is_waited_for_by_every_worker(waits, monkeypatch):
    gate = []
    with serving(in_turn((429, {"Retry-After": "7"}, b""), OK)) as server:
        subject = client(server)
        subject.get(CALLS)
        monkeypatch.setattr(
            subject._client._gate, "wait", lambda: gate.append(subject._client._gate._open_at - time.monotonic())
        )
        subject.get(CALLS)
    assert waits == [8]  # HttpClient adds one second to each wait
    assert 6 < gate[0] <= 7


@pytest.mark.parametrize(
    ("text", "seconds"), [("120", 120), ("0", 0), (None, None), ("soon", None), ("-5", 0), ("1.5", 1.5)]
)
def test_retry_after_in_seconds(text, seconds):
    assert retry_after(text) == seconds


def test_retry_after_as_a_date():
    assert 28 <= retry_after(formatdate(time.time() + 30, usegmt=True)) <= 31
    assert retry_after(formatdate(time.time() - 30, usegmt=True)) == 0


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"title": "Problem with provided token"}, ["401 (Problem with provided token)", "`credentials`"]),
        (401, b"", ["401", "`credentials`"]),
        (403, {"message": "not yours"}, ["403 (not yours)", "right"]),
        (404, b"", ["404", "`api_url`"]),
        (422, {"errors": [{"code": "VALIDATE_FAILED", "message": "bad filter"}]}, ["422", "bad filter"]),
        (400, {"title": "Bad", "invalid_parameters": [{"name": "page", "reason": "too high"}]}, ["too high"]),
        (404, b"<html><body>nginx</body></html>", ["HTML page", "`api_url`"]),
    ],
)
def test_a_refusal_is_a_config_error_with_the_vendors_words_and_is_not_repeated(status, body, words):
    with serving(in_turn((status, {}, body))) as server:
        with pytest.raises(ConfigError) as refused:
            client(server).get(CALLS)
        assert len(server.requests) == 1
    assert all(word in refused.value.message for word in words)


def test_a_redirect_is_not_followed_and_the_token_stays_at_home():
    with serving(in_turn(OK)) as other:
        moved = (307, {"Location": f"{other.url}/calls"}, b"")
        with serving(in_turn(moved)) as server, pytest.raises(ConfigError, match="redirects"):
            client(server).get(CALLS)
        assert other.requests == []


def test_a_closed_port_is_transient_and_names_the_setting():
    with serving(in_turn(OK)) as server:
        pass
    with pytest.raises(TransientError, match="`api_url`"):
        client(server).get(CALLS)


def test_a_name_that_does_not_resolve_is_a_config_error_that_names_the_setting():
    unknown = connected(config(api_url="https://no-such-host.invalid"), GivenToken("t"), 1)
    with pytest.raises(ConfigError, match="`api_url`"):
        unknown.get(CALLS)


def test_a_server_that_never_answers_is_too_slow(monkeypatch):
    monkeypatch.setattr("cdr.client.READ_SECONDS", 0.05)
    with (
        serving(lambda request: [threading.Event().wait(0.3), OK][1]) as server,
        pytest.raises(TooSlowError, match="did not answer in time"),
    ):
        connected(config(api_url=server.url), GivenToken("t"), 1).get(CALLS)


def test_a_certificate_that_is_none_is_refused_by_name():
    with serving(in_turn(OK)) as server, pytest.raises(ConfigError, match="`ca_certificate`"):
        client(server, ca_certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")


class WaitedError(Exception):
    pass


def test_the_budget_holds_for_all_workers(monkeypatch):
    def wait(seconds):
        raise WaitedError

    with serving(in_turn(OK)) as server:
        subject = client(server, requests_per_minute=3)
        monkeypatch.setattr(time, "sleep", wait)
        for _ in range(3):
            subject.get(CALLS)
        with pytest.raises(WaitedError):
            subject.get(CALLS)
        assert len(server.requests) == 3


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
        monkeypatch.setattr("cdr.authenticators.time.time", lambda: later)
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
