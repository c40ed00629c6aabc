import logging
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.schema.errors import SyncError, TransientError
from cdr.vendor.authenticators import GivenToken, Login, LoginRefusedError, LoginToken
from cdr.vendor.request import Request
from clients import CALLS, OK, client, connected, in_turn
from fakes import config
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test", "waits")

# A token that an address cannot hold as it is, so that both of its forms must stay out of sight.
TOKEN = "sec/ret+tok=en&1"
ENCODED = quote(TOKEN, safe="")
LOGIN = Login("login", form={"username": "u", "password": "p"})
BEARER = CALLS
BARE = Request("calls", {"from": "A"}, {"Authorization": "{}"})
SCHEME = Request("calls", {"from": "A"}, {"Authorization": "Token {}"})
PARAMETER = Request("calls", {"access_token": "{}", "from": "A {} b"})
FORMS = (BEARER, BARE, SCHEME, PARAMETER)


def shown(received):
    """What a request shows of its token: its header, and its query."""
    return received.headers.get("Authorization"), urlsplit(received.path).query


def placed(request, token):
    """What it should show."""
    if request is PARAMETER:
        return None, f"access_token={quote(token, safe='')}&from=A+%7B%7D+b"
    form = request.headers.get("Authorization", "Bearer {}")
    query = "from=A" if request is not BEARER else "from=2026-01-01+00%3A00%3A00&datetime%5Bend_at%5D=Jan+01%2C+2026"
    return form.replace("{}", token), query


@pytest.mark.parametrize("request_", FORMS)
def test_a_given_token_goes_where_the_request_says(request_):
    with serving(in_turn(OK)) as server:
        client(server, GivenToken(TOKEN)).get(request_)
        assert [shown(received) for received in server.requests] == [placed(request_, TOKEN)]


def test_an_authenticator_may_have_a_scheme_of_its_own():
    with serving(in_turn(OK)) as server:
        subject = client(server, GivenToken(TOKEN, ""))
        subject.get(BEARER)
        subject.get(SCHEME)
        assert [shown(received)[0] for received in server.requests] == [TOKEN, f"Token {TOKEN}"]


@pytest.mark.parametrize("request_", FORMS)
def test_a_token_of_a_login_goes_there_too_and_so_does_the_one_that_replaces_it(request_):
    answers = [(200, {}, {"access_token": f"{TOKEN}{number}"}) for number in range(2)]

    def answer(received):
        if received.command == "POST":
            return answers.pop(0)
        return OK if shown(received) == placed(request_, TOKEN + "1") else (401, {}, b"")

    with serving(answer) as server:
        subject = client(server, LoginToken(LOGIN))
        assert subject.get(request_) == b'{"rows":[]}'
        assert subject.get(request_) == b'{"rows":[]}'
        asked = [shown(received) for received in server.requests if received.command == "GET"]
    assert asked == [placed(request_, TOKEN + "0"), *[placed(request_, TOKEN + "1")] * 2]


@pytest.mark.parametrize(
    "refusal", [{"success": False, "message": "Token expired"}, {"errors": [{"code": "UNAUTHORIZED"}]}]
)
def test_a_token_that_is_refused_in_words_with_a_status_of_success_is_replaced_too(refusal):
    answers = [(200, {}, {"access_token": f"t{number}"}) for number in range(2)]

    def answer(received):
        if received.command == "POST":
            return answers.pop(0)
        return OK if shown(received)[0] == "Bearer t1" else (200, {}, refusal)

    with serving(answer) as server:
        assert client(server, LoginToken(LOGIN)).get(BEARER) == b'{"rows":[]}'


def test_a_login_that_answers_without_a_token_is_refused_in_the_vendors_words():
    with serving(in_turn((200, {}, {"success": False, "message": "unknown user"}))) as server:
        subject = client(server, LoginToken(LOGIN))
        for _ in range(2):
            with pytest.raises(LoginRefusedError, match=r"without a token \(unknown user\)"):
                subject.get(BEARER)
        assert len(server.requests) == 1


def test_a_renewal_that_answers_without_a_token_is_followed_by_the_last_resort():
    answers = [{"access_token": "t0"}, {"success": False, "message": "too late"}, {"access_token": "t1"}]

    def answer(received):
        if received.command == "POST":
            return 200, {}, answers.pop(0)
        return OK if shown(received)[0] == "Bearer t1" else (401, {}, b"")

    with serving(answer) as server:
        renewed = LoginToken(LOGIN, renewal=lambda token: Login("renew", bearer=token.value), last_resort=LOGIN)
        client(server, renewed).get(BEARER)
        asked = [received.path for received in server.requests if received.command == "POST"]
    assert asked == ["/login", "/renew", "/login"]


class CountingLock:
    """A lock that knows how many threads have come to it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.came = 0

    def __enter__(self):
        self.came += 1
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()


class FailingLogin:
    """Fails the first login, once all workers wait for it; the next one works."""

    def __init__(self, workers, lock):
        self.workers, self.lock, self.logins = workers, lock, 0

    def login(self, login):
        self.logins += 1
        if self.logins > 1:
            return {"access_token": "t1"}
        while self.lock.came < self.workers:
            time.sleep(0.001)
        raise TransientError("no server")

    def keep_secret(self, secret):
        pass


def test_workers_that_wait_for_a_login_fail_with_it_and_who_comes_later_tries_again():
    token = LoginToken(LOGIN)
    token._lock = CountingLock()
    portal = FailingLogin(4, token._lock)
    token.attach(portal)
    with ThreadPoolExecutor(4) as workers:
        errors = [future.exception() for future in [workers.submit(token._current, None) for _ in range(4)]]
    assert [str(error) for error in errors] == ["no server"] * 4
    assert portal.logins == 1
    assert token._current(None).value == "t1"


def test_a_token_is_kept_out_of_texts_in_both_of_its_forms():
    with serving(in_turn(OK)) as server:
        client(server, GivenToken(TOKEN))
    assert filter_secrets(f"a {TOKEN} b {ENCODED} c {quote(TOKEN)} d") == "a **** b **** c **** d"


ECHO = (400, {}, {"message": f"bad request /calls?access_token={ENCODED}&from=A"})


@pytest.mark.parametrize(
    "answers",
    [
        (OK,),
        (None,),
        (ECHO,),
        ((500, {}, b""), OK),
        ((200, {"Content-Length": "900"}, b"[1"),),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"),),
        ((200, {"Content-Length": "99999999999"}, b"[1"),),
        ((429, {"Retry-After": "86400"}, b""),),
        ((429, {"Retry-After": "30"}, b""), OK),
        ((302, {"Location": f"/login?access_token={ENCODED}"}, b""),),
        ((200, {"\u00a0broken header": "x"}, b"[]"),),
    ],
)
@pytest.mark.parametrize("kind", ["given", "login"])
def test_no_line_at_any_level_and_no_error_holds_a_token_that_is_a_parameter(answers, kind, every_line):
    logged_in, answer = (200, {}, {"access_token": TOKEN}), in_turn(*answers)
    with serving(lambda request: logged_in if request.command == "POST" else answer(request)) as server:
        authenticator = GivenToken(TOKEN) if kind == "given" else LoginToken(LOGIN)
        error = failure_of(client(server, authenticator, requests_per_minute=600))
    told = every_line(error)
    assert told
    assert [line for line in told if TOKEN in line or ENCODED in line] == []


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "no-such-host.invalid"])
def test_nor_where_no_server_answers(host, every_line):
    with serving(in_turn(OK)) as server:
        address = host.format(port=server.server_port)
    scheme = "http" if "127" in host else "https"
    error = failure_of(connected(config(api_url=f"{scheme}://{address}"), GivenToken(TOKEN), 2))
    assert error is not None
    assert [line for line in every_line(error) if TOKEN in line or ENCODED in line] == []


def failure_of(subject):
    try:
        subject.get(PARAMETER)
    except SyncError as error:
        return error
    return None


@pytest.fixture
def every_line(caplog):
    """All that was logged, at any level, and the whole text of an error."""
    for name in (None, "airbyte", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)

    def lines(error):
        logged = [logging.Formatter().format(record) for record in caplog.records]
        return logged + (traceback.format_exception(error) if error else [])

    return lines
