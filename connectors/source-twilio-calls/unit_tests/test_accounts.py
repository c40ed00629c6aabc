"""Which accounts a login reads: its own first, then its subaccounts as Twilio lists them."""

import json
import logging
from importlib.resources import files

import pytest

from cdr.vendor import BodyError, Config, ConfigError, TransientError
from source_twilio_calls.streams import CallRecords

SPEC = json.loads(files("source_twilio_calls").joinpath("spec.json").read_text(encoding="utf-8"))
OWN, ONE, TWO, GONE = (f"AC{letter * 32}" for letter in "abcd")
TOKEN = {"auth_type": "auth_token", "auth_token": "token-of-the-test"}
KEY = {"auth_type": "api_key", "api_key_sid": "SKx", "api_key_secret": "secret-of-the-test"}


class Twilio:
    """Answers with these pages, one after the other; an error is raised."""

    def __init__(self, *pages):
        self.pages = list(pages)
        self.asked = []

    def ask(self, request):
        self.asked.append((request.path, dict(request.params)))
        answer = self.pages.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def row(sid, status="active"):
    return {"sid": sid, "status": status, "auth_token": "a-secret-that-is-dropped", "friendly_name": "x@example.com"}


def page(*rows, token=None):
    link = f"/2010-04-01/Accounts.json?PageSize=1000&Page=1&PageToken={token}" if token else None
    return {"accounts": list(rows), "next_page_uri": link}


def sids(twilio, **over):
    given = {"start_date": "2026-03-02", "account_sid": OWN, "credentials": TOKEN, **over}
    config = Config(given, SPEC["connectionSpecification"])
    return [settings["account_sid"] for settings in CallRecords.accounts(config, twilio.ask)]


def test_the_own_account_comes_first_and_those_that_are_closed_do_not_come():
    twilio = Twilio(page(row(GONE, "closed"), row(ONE), row(OWN), row(TWO, "suspended")))
    assert [*dict.fromkeys(sids(twilio))] == [OWN, ONE, TWO]
    assert twilio.asked == [("2010-04-01/Accounts.json", {"PageSize": "1000"})]


def test_every_page_of_the_list_is_read_by_the_token_of_its_link():
    twilio = Twilio(page(row(OWN), row(ONE), token="PA1"), page(row(TWO)))
    assert sids(twilio) == [OWN, OWN, ONE, TWO]
    assert twilio.asked[1] == ("2010-04-01/Accounts.json", {"PageSize": "1000", "Page": "1", "PageToken": "PA1"})


def test_nothing_is_listed_where_the_setting_says_so():
    twilio = Twilio()
    assert sids(twilio, include_subaccounts=False) == [OWN]
    assert twilio.asked == []


def test_a_login_that_may_not_list_accounts_reads_its_own_and_says_so(caplog):
    with caplog.at_level(logging.WARNING, "airbyte"):
        assert sids(Twilio(ConfigError("The vendor answered 401 (Authenticate; 20003)")), credentials=KEY) == [OWN]
    assert "include_subaccounts" in caplog.text
    assert "Authenticate" in caplog.text


@pytest.mark.parametrize("credentials", [TOKEN, KEY])
def test_a_list_that_cannot_be_had_is_no_list_without_subaccounts(credentials):
    with pytest.raises(TransientError):
        sids(Twilio(TransientError("The vendor answered 500")), credentials=credentials)


@pytest.mark.parametrize("body", [None, [], {}, {"accounts": None}, {"code": 20500, "message": "internal"}])
def test_a_body_of_another_shape_is_no_list_without_subaccounts(body):
    with pytest.raises(BodyError):
        sids(Twilio(body))


def test_rows_that_name_no_account_are_left_out():
    assert sids(Twilio(page(None, {}, {"sid": 7}, row(ONE)))) == [OWN, ONE]


def test_a_list_whose_pages_repeat_ends_with_an_error():
    with pytest.raises(BodyError, match="does not end"):
        sids(Twilio(page(row(ONE), token="PA1"), page(row(ONE), token="PA1"), page(row(ONE))))
