import logging
import re
import time
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from cdr.http.client import Client, Meter
from cdr.http.failures import until
from cdr.http.waits import Retries, StoppedError, Waits
from cdr.schema.errors import TransientError
from cdr.vendor.authenticators import GivenToken
from clients import CALLS, OK, in_turn
from fakes import config
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test")

LOGGER = logging.getLogger("test.waits")
WHAT = "call_records: window A to B, page 3"
BUSY = {"Retry-After": "7"}


def client(server, **over):
    return Client(config(api_url=server.url, **over), GivenToken("token-1"), LOGGER)


def get(subject, **more):
    return subject.get(CALLS, Meter(), what=WHAT, **more)


@pytest.fixture
def lines(caplog):
    """The lines of waits so far."""
    caplog.set_level(logging.INFO, logger=LOGGER.name)
    return lambda: [record.getMessage() for record in caplog.records if record.name == LOGGER.name]


def waits_of(asked=None, *, crowded=False, attempts=10):
    retries = Retries(attempts)
    waits = []
    while (seconds := retries.wait(asked, crowded=crowded)) is not None:
        waits.append(seconds)
    return waits


@pytest.mark.parametrize(("crowded", "most"), [(False, 45), (True, 180)])
def test_ten_attempts_wait_longer_each_time_and_not_too_long_together(crowded, most):
    waits = waits_of(crowded=crowded)
    assert len(waits) == 9
    # Each is 1.5 times as long as the one before, less a quarter at most by chance.
    assert all(0.75 * 1.5 <= after / before <= 1.5 / 0.75 for before, after in pairwise(waits))
    assert 0.75 * most <= sum(waits) <= most


def test_what_the_vendor_asks_for_is_waited_for_and_a_second_more():
    assert waits_of(120.0, attempts=3) == [121, 121]


def test_a_vendor_that_asks_for_no_time_at_all_is_not_asked_again_at_once():
    assert waits_of(0.0) != [0] * 9
    assert sum(waits_of(0.0)) > 30


def test_waits_of_a_request_that_was_crowded_out_once_have_the_longer_bound():
    retries = Retries(10)
    waits = [retries.wait(None, crowded=number == 8) for number in range(9)]
    assert 45 < sum(waits) <= 180


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("told", ["120", "Wed, 07 Jan 2026 00:02:00 GMT"])
def test_retry_after_is_waited_for(status, told, clock, monkeypatch):
    midnight = datetime(2026, 1, 7, tzinfo=timezone.utc).timestamp()
    monkeypatch.setattr("cdr.http.failures.time.time", lambda: midnight)
    with serving(in_turn((status, {"Retry-After": told}, b""), OK)) as server:
        assert get(client(server)) == b'{"rows":[]}'
    # A second more than asked: clocks count whole seconds.
    assert clock.now == pytest.approx(1121, abs=0.001)


def test_a_wait_has_one_line_and_one_more_each_minute(clock, lines):
    with serving(in_turn((429, {"Retry-After": "150"}, b""), OK)) as server:
        get(client(server))
    assert lines() == [f"{WHAT}: the vendor answered 429: waiting for {n} seconds." for n in (151, 91, 31)]


def test_a_short_wait_has_no_line(clock, lines):
    with serving(in_turn((500, {}, b""), (503, {"Retry-After": "4"}, b""), OK)) as server:
        get(client(server))
    assert 5 < clock.now - 1000 < 6
    assert lines() == []


def test_without_a_text_the_line_names_path_and_parameters_without_the_token(clock, lines):
    with serving(in_turn((429, BUSY, b""), OK)) as server:
        request = CALLS.plus({"access_token": "{}"})
        client(server).get(request, Meter())
    asked = "calls (from 2026-01-01 00:00:00, datetime[end_at] Jan 01, 2026)"
    assert lines() == [f"{asked}: the vendor answered 429: waiting for 8 seconds."]


def test_one_worker_that_is_told_to_wait_makes_all_wait_with_one_line(clock, lines):
    waits = Waits(LOGGER)
    waits.shut(100, "busy")
    at = []
    for _ in range(8):
        clock.now = 1000.0  # each worker comes at the same moment
        waits.shut(100, "busy")
        waits.at_gate()
        at.append(clock.now)
    assert at == [1100.0] * 8
    assert lines() == ["busy: waiting for 100 seconds.", "busy: waiting for 40 seconds."]


def test_a_gate_that_is_shut_for_longer_while_a_worker_waits_holds_it_for_longer(clock, lines):
    waits = Waits(LOGGER)
    waits.shut(10, "first")
    clock.on_sleep = lambda _: clock.now == 1005 and waits.shut(30, "second")
    waits.at_gate()
    assert clock.now == 1035
    assert lines() == ["first: waiting for 10 seconds.", "second: waiting for 25 seconds."]


@pytest.mark.parametrize(
    ("told", "later"),
    [
        ("901", timedelta(seconds=901)),
        ("86400", timedelta(days=1)),
        ("1e400", timedelta(days=3650)),
    ],
)
def test_a_vendor_that_asks_for_more_than_a_quarter_of_an_hour_ends_it_at_once(told, later, clock):
    with serving(in_turn((429, {"Retry-After": told}, {"message": "slow down"}))) as server:
        with pytest.raises(TransientError, match=r"429 \(slow down\).*state is kept") as ended:
            get(client(server))
        assert len(server.requests) == 1
    (named,) = re.findall(r"at (\S+ \S+) UTC", ended.value.message)
    until = datetime.strptime(named, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    assert abs(until - datetime.now(timezone.utc) - later) < timedelta(minutes=1)
    assert clock.now == 1000


def test_a_quarter_of_an_hour_is_waited_for(clock):
    with serving(in_turn((503, {"Retry-After": "900"}, b""), OK)) as server:
        get(client(server))
    assert clock.now == 1901


@pytest.mark.parametrize(("status", "most"), [(500, 45), (429, 180)])
def test_a_vendor_that_keeps_failing_is_asked_ten_times(status, most, clock):
    with serving(in_turn((status, {}, b""))) as server:
        with pytest.raises(TransientError, match=str(status)):
            get(client(server))
        assert len(server.requests) == 10
    assert 0.75 * most <= clock.now - 1000 <= most


def test_a_wait_ends_soon_when_the_client_is_stopped(clock):
    with serving(in_turn((429, {"Retry-After": "600"}, b""))) as server:
        subject = client(server)
        clock.on_sleep = lambda _: clock.now >= 1010 and subject.stop()
        with pytest.raises(StoppedError):
            get(subject)
    assert clock.now <= 1011


def test_a_wait_for_the_budget_has_a_line_too(clock, lines):
    Waits(LOGGER).for_budget(20)
    assert lines() == ["The minute's requests are spent (`requests_per_minute`): waiting for 20 seconds."]


@pytest.mark.parametrize(("thousand", "header"), [(1, "X-Resets"), (1000, "x-resets")])
def test_the_end_of_the_vendors_minute_is_waited_for(thousand, header, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    ends = (int(time.time()) + 30) * thousand
    busy = (429, {header: str(ends)}, {})
    with serving(in_turn(busy, OK)) as server:
        subject = Client(config(api_url=server.url), GivenToken("token-1"), LOGGER, resets="X-Resets")
        assert get(subject) == b'{"rows":[]}'
    assert 29 < sum(waits) < 33


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1767571230", 30),
        ("1767571230000", 30),
        ("1767571200", None),  # it is over
        ("30", None),
        ("-1", None),
        ("soon", None),
        ("17675712300000000", None),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_to_come_is_read_and_everything_else_is_none(text, seconds):
    assert until(text, "Mon, 05 Jan 2026 00:00:00 GMT") == seconds


@pytest.mark.parametrize("date", [None, "", "today"])
def test_a_server_without_a_clock_is_taken_to_have_ours(date):
    assert 28 < until(str(int(time.time()) + 30), date) <= 30


def test_retry_after_comes_before_the_end_of_a_minute_and_a_503_has_none(monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    later = str(int(time.time()) + 600)
    answers = (429, {"Retry-After": "2", "X-Resets": later}, {}), (503, {"X-Resets": later}, {}), OK
    with serving(in_turn(*answers)) as server:
        get(Client(config(api_url=server.url), GivenToken("token-1"), LOGGER, resets="X-Resets"))
    assert sum(waits) < 15
