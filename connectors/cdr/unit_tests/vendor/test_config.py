from datetime import datetime, timedelta, timezone

import pytest

from cdr.schema.errors import ConfigError
from cdr.vendor.config import Config
from cdr.vendor.windows import Period

UTC = timezone.utc
NOW = datetime(2026, 3, 1, 12, 0, 30, 500_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRET = "a-secret-that-must-not-be-printed"
SPECIFICATION = {
    "type": "object",
    "required": ["start_date", "credentials"],
    "properties": {
        "start_date": {"type": "string", "format": "date-time", "pattern": "^[0-9-]{10}(T[0-9:.]+(Z|[+-][0-9:]+)?)?$"},
        "end_date": {"type": "string"},
        "settling_delay_seconds": {"type": "integer", "default": 60, "minimum": 0, "maximum": 86400},
        "lookback_window_minutes": {"type": "integer", "default": 60, "minimum": 0, "maximum": 525600},
        "default_region": {
            "type": "string",
            "default": "US",
            "pattern": "^[A-Z]{2}$",
            "pattern_descriptor": "two capital letters",
            "examples": ["US"],
        },
        "account_name": {"type": "string"},
        "num_workers": {"type": "integer", "default": 4, "minimum": 1, "maximum": 40},
        "timezone": {"type": "string", "default": "UTC"},
        "api_url": {"type": "string", "default": "https://api.example.com/v1"},
        "token_url": {"type": "string", "default": "https://api.example.com/token"},
        "credentials": {
            "type": "object",
            "oneOf": [
                {
                    "required": ["auth_type", "access_token"],
                    "properties": {
                        "auth_type": {"const": "access_token"},
                        "access_token": {"type": "string", "airbyte_secret": True},
                    },
                },
                {
                    "required": ["auth_type", "username", "password"],
                    "properties": {
                        "auth_type": {"const": "password"},
                        "username": {"type": "string"},
                        "password": {"type": "string", "minLength": 1, "airbyte_secret": True},
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
        ({"credentials": {}}, "credentials.auth_type"),
        ({"credentials": {"auth_type": "access_token", "access_token": f"{SECRET}\u20ac"}}, "credentials.access_token"),
        (
            {"credentials": {"auth_type": "access_token", "access_token": f"{SECRET}\n{SECRET}"}},
            "credentials.access_token",
        ),
        ({"credentials": {"auth_type": "access_token", "access_token": "Bearer "}}, "credentials.access_token"),
        ({"start_date": "0001-01-01"}, "start_date"),
        ({"start_date": "1969-12-31T23:59:59Z"}, "start_date"),
        ({"end_date": "9999-12-31"}, "end_date"),
        ({"end_date": "2101-01-01"}, "end_date"),
        ({"lookback_window_minutes": 10**10}, "lookback_window_minutes"),
        ({"settling_delay_seconds": 10**12}, "settling_delay_seconds"),
        ({"settling_delay_seconds": True}, "settling_delay_seconds"),
        ({"default_region": "UK"}, "default_region"),
        ({"default_region": "XX"}, "default_region"),
        ({"default_region": "us"}, "default_region"),
        ({"account_name": "half \ud800"}, "account_name"),
        ({"timezone": "right/UTC"}, "timezone"),
        ({"timezone": "America"}, "timezone"),
        ({"api_url": f"https://{'a' * 64}.example.com"}, "api_url"),
        ({"api_url": "https://a..example.com"}, "api_url"),
        ({"api_url": "https://\U0001f984.example.com"}, "api_url"),
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


def test_a_date_out_of_words_and_one_out_of_the_calendar_get_the_same_sentence():
    sentences = []
    for text in ("yesterday", "2025-13-01"):
        with pytest.raises(ConfigError) as refused:
            config(start_date=text)
        sentences.append(refused.value.message)
    assert sentences[0] == sentences[1]
    assert "2026-01-31T00:00:00Z" in sentences[0]


def test_the_bounds_are_named():
    with pytest.raises(ConfigError, match="must lie from 1970 to 2100"):
        config(start_date="0001-01-01")
    with pytest.raises(ConfigError, match="must be from 0 to 525600"):
        config(lookback_window_minutes=10**10)


@pytest.mark.parametrize("over", [{"default_region": "usa"}, {"start_date": "soon"}])
def test_no_sentence_shows_a_pattern(over):
    with pytest.raises(ConfigError) as refused:
        config(**over)
    assert not any(sign in refused.value.message for sign in "^$[]{}\\")


def test_a_region_that_people_write_otherwise_is_told_by_its_code():
    with pytest.raises(ConfigError, match="`UK` is no country code; the United Kingdom is `GB`"):
        config(default_region="UK")


def test_zz_is_no_region_and_nothing_is_the_default():
    assert config(default_region="ZZ").text("default_region") is None
    assert config(default_region=" ").text("default_region") == "US"
    assert config(default_region="GB").text("default_region") == "GB"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Bearer abc", "abc"),
        ("  bearer   abc\n", "abc"),
        ("Bearer Bearer abc", "abc"),
        ("abc", "abc"),
        ("bearerabc", "bearerabc"),
    ],
)
def test_spaces_and_bearer_are_taken_off_a_token(given, sent):
    credentials = {"auth_type": "access_token", "access_token": given}
    assert config(credentials=credentials).group("credentials")["access_token"] == sent


def test_spaces_are_taken_off_a_user_and_never_off_a_password():
    credentials = {"auth_type": "password", "username": " ann ", "password": " two spaces  "}
    given = config(credentials=credentials).group("credentials")
    assert (given["username"], given["password"]) == ("ann", " two spaces  ")


def test_empty_text_and_null_are_absent():
    valid = config(account_name="", end_date=" ", lookback_window_minutes=None, timezone="")
    assert (valid.text("account_name"), valid.text("end_date"), valid.required("timezone")) == (None, None, "UTC")
    assert valid.integer("lookback_window_minutes") == 60


def test_spaces_around_a_date_are_taken_off():
    assert config(start_date=" 2026-01-05 ").period(NOW, SECOND).start == at("2026-01-05")


def test_whole_numbers_may_be_written_with_a_point():
    assert config(num_workers=4.0).integer("num_workers") == 4


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"num_worker": 3}, "`num_worker` (did you mean `num_workers`?) is not a setting and is ignored."),
        ({"TimeZone": "UTC"}, "`TimeZone` (did you mean `timezone`?) is not a setting and is ignored."),
        ({"access_token": "x"}, "`access_token` (did you mean `credentials.access_token`?) is not a setting"),
        ({"zzz": 1}, "`zzz` is not a setting and is ignored."),
        ({"region": "US", "zzz": 1}, "`zzz` are not settings and are ignored."),
    ],
)
def test_unknown_keys_are_one_warning_with_the_nearest_known_one(over, said):
    (warning,) = config(**over).warnings(NOW)
    assert said in warning


def test_an_unknown_key_within_a_group_is_found():
    credentials = {"auth_type": "access_token", "access_token": SECRET, "acces_tokn": "x"}
    (warning,) = config(credentials=credentials).warnings(NOW)
    assert "`credentials.acces_tokn` (did you mean `credentials.access_token`?)" in warning


def test_a_required_key_that_was_misspelt_names_the_spelling():
    with pytest.raises(
        ConfigError, match=r"`credentials\.password` is missing or empty\. `credentials\.passwort` is not"
    ):
        config(credentials={"auth_type": "password", "username": "u", "passwort": "p"})


def test_the_platforms_own_keys_and_those_of_another_choice_are_no_warning():
    credentials = {"auth_type": "access_token", "access_token": SECRET, "username": "left over", "__own": 1}
    assert config(credentials=credentials, __injected=1, foo=None).warnings(NOW) == []


def test_a_start_in_the_future_is_told():
    (warning,) = config(start_date="2026-03-02").warnings(NOW)
    assert warning == "`start_date` lies in the future: before 2026-03-02T00:00:00Z there is nothing to read."


def test_secrets_are_those_that_are_sent_and_no_word_of_everybodys():
    assert config(credentials={"auth_type": "access_token", "access_token": f"Bearer {SECRET}"}).secrets == [SECRET]
    login = {"auth_type": "password", "username": "u"}
    assert config(credentials={**login, "password": "e"}).secrets == []
    assert config(credentials={**login, "password": "password"}).secrets == []
