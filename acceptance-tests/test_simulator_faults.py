"""The faults that the simulators can be told to have."""

import gzip
import json

import pytest
import requests

from simulator_requests import (
    DATA,
    LOGINS,
    NEEDED,
    PAGED,
    ask,
    bearer,
    every_vendor,
    id_of,
    log_in,
    read,
    rows_of,
    token_of,
    total_of,
)


@every_vendor
@pytest.mark.parametrize(
    ("kind", "options", "status"),
    [
        ("rate_limit", {"retry_after": 3}, 429),
        ("unavailable", {"retry_after": 2, "form": "date"}, 503),
        ("unavailable", {}, 503),
        ("server_error", {}, 500),
        ("bad_gateway", {}, 502),
        ("forbidden", {}, 403),
        ("not_found", {}, 404),
        ("expired_token", {}, 401),
        ("expired_token", {"style": "bare"}, 401),
        ("status", {"status": 418, "body": {"tea": True}}, 418),
        ("html", {}, 200),
        ("error_in_200", {}, 200),
        ("unexpected_shape", {}, 200),
        ("empty_body", {}, 200),
        ("redirect", {}, 302),
    ],
)
def test_a_fault_strikes_after_some_requests_as_often_as_it_is_told(vendor, kind, options, status, start) -> None:
    sim = start(vendor)
    good = ask(sim).json()
    fault = sim.fault(kind, after=1, times=2, **options)
    answers = [ask(sim) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert fault.fired == 2
    struck = answers[1]
    if kind in {"html", "bad_gateway"}:
        assert struck.headers["Content-Type"] == "text/html"
    if kind in {"error_in_200", "unexpected_shape"}:
        assert struck.json() != good
    if "retry_after" in options:
        assert struck.headers["Retry-After"] == "3" or struck.headers["Retry-After"].endswith("GMT")
    assert sim.violations == []


@every_vendor
def test_a_connection_is_reset_or_hangs(vendor, start) -> None:
    sim = start(vendor)
    sim.fault("reset")
    with pytest.raises(requests.ConnectionError):
        ask(sim)
    assert ask(sim).status_code == 200
    sim.fault("stall")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sim.api_url}/{DATA[vendor]}", headers=bearer(sim), params=NEEDED.get(vendor), timeout=0.3)
    sim.fault("hang")
    with pytest.raises(requests.Timeout):
        requests.get(f"{sim.api_url}/{DATA[vendor]}", headers=bearer(sim), params=NEEDED.get(vendor), timeout=0.3)


@every_vendor
def test_a_body_is_truncated_with_and_without_an_honest_length(vendor, start) -> None:
    sim = start(vendor)
    sim.fault("truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(sim)
    for kind, options in (("truncated", {"honest": True}), ("cut_character", {})):
        sim.fault(kind, **options)
        answer = ask(sim)
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        with pytest.raises(ValueError, match=r".*"):
            json.loads(answer.content)
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


@every_vendor
def test_a_body_may_be_compressed(vendor, start) -> None:
    sim = start(vendor)
    sim.fault("gzip", times=None)
    answer = ask(sim)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(gzip.compress(answer.content)) > 0
    assert answer.json()


@every_vendor
def test_a_redirect_leads_to_another_host_that_keeps_a_log(vendor, start) -> None:
    sim = start(vendor)
    sim.fault("redirect")
    target = ask(sim).headers["Location"]
    assert target.startswith("http://localhost:")
    requests.get(target, timeout=5)
    requests.get(target, headers={"Authorization": "x"}, timeout=5)
    assert [entry.token for entry in sim.elsewhere] == ["", "a token"]


@pytest.mark.parametrize("vendor", LOGINS)
def test_tokens_die_in_mid_sync_and_logins_are_refused(vendor, start) -> None:
    sim = start(vendor)
    sim.access_token = token_of(log_in(sim))
    sim.fault("expire_tokens", after=1)
    assert [ask(sim).status_code for _ in range(3)] == [200, 401, 401]
    sim.fault("login_refused", at="login", times=None, locked=True)
    assert "lock" in log_in(sim).text


@every_vendor
def test_a_fault_strikes_one_stream_only(vendor, start) -> None:
    sim = start(vendor)
    sim.fault("server_error", at="another_stream", times=None)
    assert ask(sim).status_code == 200
    sim.fault("server_error", at="call_records", times=None)
    assert ask(sim).status_code == 500


@every_vendor
def test_late_rows_come_after_some_requests_or_when_released(vendor, start) -> None:
    sim = start(vendor)
    truth = {row["vendor_record_id"] for row in sim.truth()}
    complete = {id_of(row) for row in read(sim)}
    late = sim.fault("late_rows", at="call_records", step=5)
    hidden = {name for _, name in late.options["hidden"]}
    assert len(hidden) > 5
    assert {id_of(row) for row in read(sim)} == complete - hidden
    assert {row["vendor_record_id"] for row in sim.truth()} == truth
    sim.release_late_rows()
    assert {id_of(row) for row in read(sim)} == complete
    sim.fault("late_rows", at="call_records", after=1, ids=[min(hidden)])
    first, second = ({id_of(row) for row in rows_of(vendor, ask(sim, size=100).json())} for _ in range(2))
    assert first != second or min(hidden) not in second


@pytest.mark.parametrize("vendor", PAGED)
def test_rows_are_inserted_and_removed_between_two_pages(vendor, start) -> None:
    sim = start(vendor)
    complete = [id_of(row) for row in read(sim, size=15)]
    sim.fault("insert_row")
    inserted = [id_of(row) for row in read(sim, size=15)]
    assert len(set(inserted)) == len(complete) - 1
    assert len(inserted) > len(set(inserted))
    assert [id_of(row) for row in read(sim, size=15)] == complete
    sim.fault("remove_row")
    removed = [id_of(row) for row in read(sim, size=15)]
    assert sim.removed == {complete[0]}
    assert set(complete) - set(removed) == {complete[15]}
    assert complete[0] not in {row["vendor_record_id"] for row in sim.truth()}


@pytest.mark.parametrize("vendor", PAGED)
def test_totals_are_wrong_pages_repeat_and_grow(vendor, start) -> None:
    sim = start(vendor)
    total = total_of(vendor, ask(sim, size=15).json())
    sim.fault("wrong_total", delta=-2)
    assert [total_of(vendor, ask(sim, size=15).json()) for _ in range(2)] == [total - 2, total]
    first = rows_of(vendor, ask(sim, size=15).json())
    sim.fault("same_page")
    same, other = (rows_of(vendor, ask(sim, page=2, size=15).json()) for _ in range(2))
    assert [id_of(row) for row in same] == [id_of(row) for row in first] != [id_of(row) for row in other]
    sim.fault("growing_pages", times=None)
    grown = [ask(sim, page=page, size=15).json() for page in (100, 200)]
    assert all(rows_of(vendor, body) for body in grown)
    assert total < total_of(vendor, grown[0]) < total_of(vendor, grown[1])


@every_vendor
def test_rows_are_repeated_and_changed(vendor, start) -> None:
    sim = start(vendor)
    sim.fault("duplicate_row")
    names = [id_of(row) for row in rows_of(vendor, ask(sim).json())]
    assert len(names) == len(set(names)) + 1
    sim.fault("change_rows", change=lambda row: [*row])
    assert all(isinstance(row, list) for row in rows_of(vendor, ask(sim).json()))
