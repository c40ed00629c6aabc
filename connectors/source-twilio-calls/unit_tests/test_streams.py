"""What goes over the wire to Twilio, and what becomes of its answers."""

import base64
import json
import logging
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from airbyte_cdk.models import Status

from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.vendor import Config
from in_process import sync, waits
from scripted import serving
from source_twilio_calls import SourceTwilioCalls
from source_twilio_calls.streams import CallRecords, user

__all__ = ["waits"]

PAGES = Path(__file__).parent / "pages"
SPEC = json.loads(files("source_twilio_calls").joinpath("spec.json").read_text(encoding="utf-8"))
ACCOUNT = "AC" + "a" * 32
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
TOKEN = {"auth_type": "auth_token", "auth_token": "token-of-the-test"}
KEY = {"auth_type": "api_key", "api_key_sid": "SKx", "api_key_secret": "secret-of-the-test"}


def config(**over):
    return {
        "start_date": "2026-03-02",
        "end_date": "2026-03-03",
        "account_sid": ACCOUNT,
        "credentials": TOKEN,
        "include_raw": False,
        **over,
    }


def row(number, **columns):
    at = f"Mon, 02 Mar 2026 10:{number:02}:00 +0000"
    return {"sid": f"CA{number:032}", "account_sid": ACCOUNT, "start_time": at, "status": "completed", **columns}


def page(rows, following=None):
    return {"calls": rows, "page": 0, "page_size": 1000, "next_page_uri": following}


def link(number, token, host=""):
    return f"{host}{PATH}?StartTime%3E=2026-03-01&PageSize=1000&Page={number}&PageToken={token}"


class Vendor:
    """Answers with these pages, one for each token; a number is a status without a word."""

    def __init__(self, **pages):
        self.pages = pages
        self.asked = []

    def answer(self, request):
        url = urlsplit(request.path)
        query = dict(parse_qsl(url.query))
        if url.path.endswith("/Accounts.json"):
            return 200, {}, {"accounts": [{"sid": ACCOUNT, "status": "active"}], "next_page_uri": None}
        self.asked.append((url.path, query, request.headers.get("Authorization")))
        found = self.pages[query.get("PageToken", "first")]
        if isinstance(found, int):
            return (
                found,
                {},
                {"code": 20000 + found, "message": "The requested resource was not found", "status": found},
            )
        return 200, {}, found


def read(vendor, **over):
    """The ids that a sync gave, and the error that it ended with."""
    with serving(vendor.answer) as server:
        outcome = sync(SourceTwilioCalls(), config(api_url=server.url, num_workers=1, **over))
    return [int(record["vendor_record_id"][2:]) for record in outcome.records], outcome.error


def check(vendor, **over):
    with serving(vendor.answer) as server:
        return SourceTwilioCalls().check(logging.getLogger("airbyte"), config(api_url=server.url, **over))


def test_whole_days_are_asked_for_and_one_more_on_each_side():
    vendor = Vendor(first=page([]))
    read(vendor)
    assert ("2026-03-01", "2026-03-05") in {(asked["StartTime>"], asked["StartTime<"]) for _, asked, _ in vendor.asked}
    assert {(path, asked["PageSize"]) for path, asked, _ in vendor.asked} == {(PATH, "1000")}


@pytest.mark.parametrize(
    ("credentials", "pair"), [(TOKEN, f"{ACCOUNT}:token-of-the-test"), (KEY, "SKx:secret-of-the-test")]
)
def test_requests_are_signed_with_the_account_or_with_a_key(credentials, pair):
    vendor = Vendor(first=page([row(1)]))
    assert check(vendor, credentials=credentials).status is Status.SUCCEEDED
    assert {signed for _, _, signed in vendor.asked} == {f"Basic {base64.b64encode(pair.encode()).decode()}"}


def test_a_page_is_turned_by_the_token_of_its_link_and_the_token_goes_nowhere_else():
    vendor = Vendor(
        first=page([row(3)], link(1, "PA3", host="https://elsewhere.example.com")),
        PA3=page([row(2)], link(2, "PA2")),
        PA2=page([row(1)]),
    )
    assert read(vendor) == ([3, 2, 1], None)
    assert [asked.get("Page") for _, asked, _ in vendor.asked][-2:] == ["1", "2"]
    assert {path for path, _, _ in vendor.asked} == {PATH}


@pytest.mark.parametrize("status", [404, 401, 403])
def test_a_page_that_is_not_there_ends_the_sync_with_a_reason_and_skips_nothing(status):
    _, error = read(Vendor(first=page([row(3)], link(1, "PA3")), PA3=status))
    assert error is not None
    assert str(status) in error.message


def test_a_wrong_account_is_a_failed_check_that_says_what_to_look_at():
    said = check(Vendor(first=404))
    assert said.status is Status.FAILED
    assert "Account SID" in said.message
    assert "token-of-the-test" not in said.message


def test_an_account_sid_of_another_kind_is_refused_by_its_name():
    with pytest.raises(Exception, match="account_sid"):
        Config(config(account_sid="SKx"), SPEC["connectionSpecification"])


def test_a_page_of_the_vendor_becomes_the_records_written_by_hand():
    stream = CallRecords(Config(config(), SPEC["connectionSpecification"]))
    block = read_page((PAGES / "1.json").read_bytes(), plan_of(stream), None)
    records = [json.loads(line) for line in block.rows.lines()]
    expected = json.loads((PAGES / "1.expected.json").read_text(encoding="utf-8"))
    assert [
        {name: record[name] for name in wanted} for record, wanted in zip(records, expected, strict=True)
    ] == expected


@pytest.mark.parametrize(
    ("address", "name"),
    [("client:front.desk", "front.desk"), ("client:", None), ("sip:100@example.com", None), ("", None), (None, None)],
)
def test_the_address_of_an_app_names_its_user(address, name):
    assert user(address) == name
