"""The guide's page, with reserved numbers, and the records written by hand that it must become."""

import json
import pickle
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.vendor import Config
from source_ringcentral_calls.streams import DISPOSITIONS, CallLogs, CallRecords

PAGES = Path(__file__).parent / "pages"
PAGE = (PAGES / "1.json").read_bytes()
SPEC = json.loads(files("source_ringcentral_calls").joinpath("spec.json").read_text(encoding="utf-8"))
CONFIG = Config(
    {
        "start_date": "2023-01-01",
        "account_name": "head-office",
        "include_raw": False,
        "credentials": {
            "auth_type": "jwt",
            "client_id": "invented-id",
            "client_secret": "invented-secret",
            "jwt": "invented-jwt",
        },
    },
    SPEC["connectionSpecification"],
)


def records(stream, body=PAGE):
    return [json.loads(line) for line in read_page(body, plan_of(stream(CONFIG)), None).rows.lines()]


@pytest.mark.parametrize(("stream", "expected"), [(CallRecords, "1.expected.json"), (CallLogs, "1.legs.expected.json")])
def test_a_page_of_the_vendor_becomes_the_expected_records(stream, expected):
    assert records(stream) == json.loads((PAGES / expected).read_text(encoding="utf-8"))


def test_a_page_names_no_total_and_no_next_page():
    info = read_page(PAGE, plan_of(CallRecords(CONFIG)), None).info
    assert (info.total, info.following, info.size) == (None, None, 250)


def test_a_record_without_legs_has_no_row_among_the_legs():
    body = json.loads(PAGE)
    for record, legs in zip(body["records"], (None, []), strict=True):
        record["legs"] = legs
    assert records(CallLogs, json.dumps(body).encode()) == []


def test_a_plan_travels_to_another_process_which_needs_no_cdk(tmp_path):
    plan = tmp_path / "plan"
    plan.write_bytes(pickle.dumps(plan_of(CallLogs(CONFIG))))
    code = (
        "import pickle, sys; from pathlib import Path; from cdr.reading.pages.page import read_page;"
        "plan = pickle.loads(Path(sys.argv[1]).read_bytes());"
        "print(len(read_page(Path(sys.argv[2]).read_bytes(), plan, None).ids), 'airbyte_cdk' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(plan), str(PAGES / "1.json")]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "2 False\n"


@pytest.mark.parametrize(
    ("result", "disposition"),
    [
        ("Accepted", "answered"),
        ("Call connected", "answered"),
        ("Missed", "no_answer"),
        ("No Answer", "no_answer"),
        ("Voicemail", "voicemail"),
        ("Busy", "busy"),
        ("Rejected", "rejected"),
        ("Hang Up", "canceled"),
        ("Abandoned", "abandoned"),
        ("Call Failed", "failed"),
        ("IP Phone Offline", "failed"),
        ("call_failed", "failed"),
        ("In Progress", "unknown"),
        ("A word of tomorrow", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_result_becomes_a_word_of_the_contract(result, disposition):
    body = {"records": [{"id": "a", "startTime": "2026-06-16T09:00:00Z", "result": result}]}
    (record,) = records(CallRecords, json.dumps(body).encode())
    assert (record["disposition"], record["disposition_raw"]) == (disposition, result)


def test_every_result_has_one_meaning():
    assert len({word.replace(" ", "") for word in DISPOSITIONS}) == len(DISPOSITIONS)


def test_two_calls_of_one_id_are_told_apart_by_their_numbers_and_extensions():
    call = plan_of(CallRecords(CONFIG)).normaliser.call
    row = {"startTime": "2026-06-16T09:00:00Z", "direction": "Inbound"}
    one, other, inside = (
        call({**row, "from": party}) for party in ({"phoneNumber": "1"}, {"phoneNumber": "2"}, {"extensionNumber": "1"})
    )
    assert one != other
    assert one[1] == inside[1] == "1"


def test_an_authenticator_keeps_its_secrets_to_itself():
    shown = repr(CallRecords.authenticator(CONFIG))
    assert "invented-secret" not in shown
    assert "invented-jwt" not in shown
