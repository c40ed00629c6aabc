"""Which configurations a query names, where they are, and what is said where one is wrong."""

import json
import pickle

import pytest

from accounts_of_voxo import SECRET, config, written
from cdr.schema.errors import ConfigError
from cdr_spark.accounts import account, accounts, places


def found(path, **options):
    return accounts({"connector": "source-voxo", "configs": path, **options})


def test_a_file_holds_one_account_a_line_and_empty_lines_do_not_count(tmp_path):
    path = tmp_path / "accounts.jsonl"
    path.write_text(f"{json.dumps(config(1))}\n\n{json.dumps(config(2))}\n")
    assert [(one.place.line, one.stream("call_records").account_id()) for one in found(str(path))] == [
        (1, "1"),
        (3, "2"),
    ]


def test_one_configuration_comes_as_a_file_or_as_itself(tmp_path):
    path = tmp_path / "voxo.json"
    path.write_text(json.dumps(config(), indent=2))
    for given in (str(path), json.dumps(config())):
        (one,) = accounts({"connector": "source-voxo", "config": given})
        assert one.config.raw == config()


def test_a_configuration_may_name_its_connector(tmp_path):
    path = written(tmp_path / "a", {"connector": "source-voxo", **config()}, {"connector": "source-bics", **bics()})
    assert [one.connector for one in accounts({"configs": path})] == ["source-voxo", "source-bics"]
    with pytest.raises(ConfigError, match="line 2: this configuration is for source-bics"):
        found(path)
    with pytest.raises(ConfigError, match="line 1: no connector is named"):
        accounts({"configs": written(tmp_path / "b", config())})


def bics():
    credentials = {"auth_type": "access_token", "access_token": SECRET}
    return {"start_date": "2026-01-01", "credentials": credentials}


def test_what_travels_by_path_holds_no_secret_and_what_travels_by_value_does_not_show_it(tmp_path):
    (by_path,) = places({"configs": written(tmp_path / "a", config())})
    assert SECRET.encode() not in pickle.dumps(by_path)
    (by_value,) = places({"config": json.dumps(config())})
    assert SECRET not in f"{by_value!r} {by_value}"
    assert pickle.loads(pickle.dumps(by_value)).read() == config()  # noqa: S301 - our own


def test_a_path_means_the_same_in_the_folder_of_a_worker(tmp_path, monkeypatch):
    written(tmp_path / "accounts.jsonl", config())
    monkeypatch.chdir(tmp_path)
    (one,) = found("accounts.jsonl")
    monkeypatch.chdir("/")
    assert one.place.read() == config()


def test_a_file_that_has_changed_is_not_read_as_another_account(tmp_path):
    path = written(tmp_path / "a", config(1), config(2))
    _, second = places({"configs": path})
    written(tmp_path / "a", config(2), config(1))
    with pytest.raises(ConfigError, match="a, line 2 has changed since the query was planned"):
        account(second, "source-voxo")


def test_dates_of_the_query_stand_for_those_of_every_account(tmp_path):
    path = written(tmp_path / "a", config(1), config(2, start_date="2020-01-01"))
    for one in found(path, start_date="2026-01-10", end_date="2026-01-11"):
        assert (one.config["start_date"], one.config["end_date"]) == ("2026-01-10", "2026-01-11")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (config(1), "line 1 and .*line 2 are the same account of source-voxo: 1"),
        ({**config(2), "start_date": SECRET}, "line 2: `start_date` is no date-time"),
        ({**config(2), "num_workers": 99}, "line 2: `num_workers` must be from 1 to 40"),
        ([], "line 2 is no configuration"),
    ],
)
def test_what_is_wrong_is_said_with_the_line_and_without_the_value(tmp_path, second, said):
    with pytest.raises(ConfigError, match=said) as error:
        found(written(tmp_path / "a", config(1), second))
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Give one of the options"),
        ({"config": "x", "configs": "y"}, "Give one of the options"),
        ({"configs": "/nowhere/accounts.jsonl"}, "/nowhere/accounts.jsonl cannot be read here .FileNotFoundError."),
        ({"config": "{nonsense"}, "option `config` is no configuration"),
        ({"config": "{}", "connector": "voxo"}, "'voxo' is no connector"),
        ({"config": "{}", "connector": "source-nobody"}, "source-nobody is not installed here"),
    ],
)
def test_an_option_that_is_wrong_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        accounts({"connector": "source-voxo", **options})


def test_a_refresh_token_is_not_shared_by_workers(tmp_path):
    credentials = {
        "auth_type": "refresh_token",
        **dict.fromkeys(("client_id", "client_secret", "refresh_token"), SECRET),
    }
    line = {"start_date": "2026-01-01", "account_id": "1", "credentials": credentials}
    with pytest.raises(ConfigError, match="a refresh token is good for one use") as error:
        accounts({"connector": "source-vonage-business", "configs": written(tmp_path / "a", line)})
    assert SECRET not in str(error.value)


def test_a_file_without_accounts_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="There is no configuration"):
        found(written(tmp_path / "a"))


def test_a_stream_that_the_connector_lacks_is_named(tmp_path):
    (one,) = found(written(tmp_path / "a", config()))
    with pytest.raises(ConfigError, match="source-voxo has no stream 'recordings'; it has call_records"):
        one.stream("recordings")


def several(*numbers):
    return config(account={"account_type": "tenants", "tenant_ids": [*numbers]})


def test_every_account_of_a_configuration_is_one_and_they_share_its_place(tmp_path):
    found_here = found(written(tmp_path / "a", config(1), several(2, 3, 2)))
    assert [(one.place.line, one.stream("call_records").account_id()) for one in found_here] == [
        (1, "1"),
        (2, "2"),
        (2, "3"),
    ]
    assert found_here[1].place.whole == found_here[2].place.whole
    third = account(pickle.loads(pickle.dumps(found_here[2].place)), "source-voxo")  # noqa: S301 - our own
    assert third.stream("call_records").params()["tenantId"] == "3"
    assert SECRET.encode() not in pickle.dumps(found_here[2].place)


def test_an_account_that_two_configurations_name_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"line 1 and .*line 2 are the same account of source-voxo: 2"):
        found(written(tmp_path / "a", several(1, 2), several(2, 3)))
