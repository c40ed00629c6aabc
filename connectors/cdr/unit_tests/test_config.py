from datetime import datetime, timedelta, timezone

import pytest

from cdr.config import Config
from cdr.errors import ConfigError
from cdr.windows import Period

UTC = timezone.utc
NOW = datetime(2026, 3, 1, 12, 0, 30, 500_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRET = "a-secret-that-must-not-be-printed"
SPECIFICATION = {
    "type": "object",
    "required": ["start_date", "credentials"],
    "properties": {
        "start_date": {"type": "string"},
        "end_date": {"type": "string"},
        "settling_delay_seconds": {"type": "integer", "default": 60, "minimum": 0},
        "num_workers": {"type": "integer", "default": 4, "minimum": 1, "maximum": 40},
        "timezone": {"type": "string", "default": "UTC"},
        "api_url": {"type": "string", "default": "https://api.example.com/v1"},
        "token_url": {"type": "string", "default": "https://api.example.com/token"},
        "credentials": {
            "type": "object",
            "oneOf": [
                {
                    "required": ["auth_type", "access_token"],
                    "properties": {"auth_type": {"const": "access_token"}, "access_token": {"type": "string"}},
                },
                {
                    "required": ["auth_type", "username", "password"],
                    "properties": {
                        "auth_type": {"const": "password"},
                        "username": {"type": "string"},
                        "password": {"type": "string", "minLength": 1},
                    },
                },
            ],
        },
    },
}


def config(**over):
    credentials = {"auth_type": "access_token", "access_token": SECRET}
    return Config({"start_date": "2026-01-01", "credentials": credentials, **over}, SPECIFICATION)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("over", "property_name"),
    [
        ({"start_date": None}, "start_date"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, "start_date"),
        ({"start_date": "2026-02-01T00:00:01Z", "end_date": "2026-02-01T00:00:00Z"}, "start_date"),
        ({"end_date": "later"}, "end_date"),
        ({"settling_delay_seconds": -1}, "settling_delay_seconds"),
        ({"num_workers": 0}, "num_workers"),
        ({"num_workers": 41}, "num_workers"),
        ({"num_workers": "4"}, "num_workers"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"api_url": "http://api.example.com"}, "api_url"),
        ({"api_url": "ftp://127.0.0.1"}, "api_url"),
        ({"api_url": "https://user:pass@api.example.com"}, "api_url"),
        ({"api_url": "https://api.example.com/?x=1"}, "api_url"),
        ({"api_url": "https://[::1"}, "api_url"),
        ({"token_url": "http://10.0.0.1/token"}, "token_url"),
        ({"credentials": {"auth_type": "password", "username": "u"}}, "credentials.password"),
        ({"credentials": {"auth_type": "password", "username": "u", "password": 5}}, "credentials.password"),
        ({"credentials": {"auth_type": "magic", "access_token": SECRET}}, "credentials"),
        ({"credentials": SECRET}, "credentials"),
    ],
)
def test_a_wrong_value_is_refused_by_the_propertys_name_without_a_secret(over, property_name):
    with pytest.raises(ConfigError) as refused:
        config(**over)
    assert f"`{property_name}" in refused.value.message
    assert SECRET not in refused.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/api", "http://localhost:1/x", "http://[::1]:5", "https://a.b/c/"])
def test_plain_http_is_for_loopback_addresses_alone(url):
    assert config(api_url=url).api_url == url.rstrip("/")


def test_the_end_is_now_less_the_settling_delay_in_whole_seconds():
    assert config().period(NOW, SECOND) == Period(at("2026-01-01"), at("2026-03-01T11:59:30"))


@pytest.mark.parametrize(
    ("end_date", "granularity", "expected"),
    [
        ("2026-01-31", SECOND, "2026-02-01"),
        ("2026-01-31T10:00:00Z", SECOND, "2026-01-31T10:00:01"),
        ("2026-01-31T10:00:00.250Z", SECOND, "2026-01-31T10:00:01"),
        ("2026-01-31T10:00:00+02:00", SECOND, "2026-01-31T08:00:01"),
        ("2026-01-31T10:00:00", timedelta(microseconds=1), "2026-01-31T10:00:00.000001"),
        ("2026-01-31", timedelta(microseconds=1), "2026-02-01"),
        ("2027-01-01", SECOND, "2026-03-01T11:59:30"),
    ],
)
def test_the_end_date_is_read_too_and_the_open_end_of_time_is_not(end_date, granularity, expected):
    assert config(end_date=end_date).period(NOW, granularity).end == at(expected)


def test_one_day_can_be_asked_for():
    day = config(start_date="2026-01-05", end_date="2026-01-05").period(NOW, SECOND)
    assert day == Period(at("2026-01-05"), at("2026-01-06"))


def test_a_start_that_has_not_settled_yet_leaves_nothing_to_read():
    assert config(start_date="2026-03-01T12:00:00Z").period(NOW, SECOND) is None


def test_a_replaced_value_is_handed_back_with_everything_else():
    told = []
    valid = config()
    valid.on_change = told.append
    valid.hand_back(("credentials", "access_token"), "newer")
    assert told == [{"start_date": "2026-01-01", "credentials": {"auth_type": "access_token", "access_token": "newer"}}]
