import threading
import time
from email.utils import formatdate

import pytest

from cdr.http.failures import retry_after
from cdr.schema.errors import ConfigError, TooSlowError, TransientError
from cdr.vendor.authenticators import GivenToken
from clients import (
    CALLS,
    OK,
    WaitedError,
    client,
    connected,
    in_turn,
)
from fakes import config
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test", "waits")


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


def test_what_never_passes_ends_with_the_vendors_words():
    with serving(in_turn((500, {}, {"message": "disk full"}))) as server:
        with pytest.raises(TransientError, match=r"500 \(disk full\)"):
            client(server).get(CALLS)
        assert len(server.requests) == 4


def test_a_request_may_be_sent_once_only():
    with serving(in_turn((503, {"Retry-After": "1"}, b""))) as server:
        with pytest.raises(TransientError, match="503"):
            client(server).get(CALLS, attempts=1)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("120", 120), ("0", 0), (None, None), ("soon", None), ("-5", 0), ("1.5", 1.5), ("nan", 0)]
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
    monkeypatch.setattr("cdr.http.client.READ_SECONDS", 0.05)
    with (
        serving(lambda request: [threading.Event().wait(0.3), OK][1]) as server,
        pytest.raises(TooSlowError, match="did not answer in time"),
    ):
        connected(config(api_url=server.url), GivenToken("t"), 1).get(CALLS)


def test_a_certificate_that_is_none_is_refused_by_name():
    with serving(in_turn(OK)) as server, pytest.raises(ConfigError, match="`ca_certificate`"):
        client(server, ca_certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")


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
