"""The simulators by themselves, with plain requests: strict, awkward, and true to their own word."""

import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import phonenumbers
import pytest
import requests

import simulators
from cdr.record import schema
from simulators import Simulator

ROOT = Path(__file__).resolve().parent.parent
STREAMS = [(vendor, stream) for vendor in simulators.VENDORS for stream in simulators.simulator_class(vendor).cursors]
PAGED = [vendor for vendor in simulators.VENDORS if vendor != "voxo"]

every_vendor = pytest.mark.parametrize("vendor", simulators.VENDORS)
every_stream = pytest.mark.parametrize(("vendor", "stream"), STREAMS)


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


SPRING = {"start": moment(2026, 3, 27), "end": moment(2026, 3, 31)}
AUTUMN = {"start": moment(2026, 10, 23), "end": moment(2026, 11, 3)}


# --- readers that know a vendor, and nothing of the connectors ---


def bearer(sim: Simulator) -> dict[str, str]:
    form = "" if sim.vendor == "acefone" and sim.options["header"] == "bare" else "Bearer "
    return {"Authorization": f"{form}{sim.access_token}", "Content-Type": "application/json"}


def get(sim: Simulator, path: str, **params: Any) -> requests.Response:
    url = f"{sim.api_url}/{path}"
    return requests.get(url, headers=bearer(sim), params=params, timeout=10, allow_redirects=False)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def vonage_business(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    bounds = {"end:gte": text(start), "end:lte": text(end)}
    path = "reports/accounts/913874/call-logs"
    return get(sim, path, **bounds, page=page, page_size=size, order="asc")


def portsip(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    path = {"call_records": "cdrs", "call_logs": "calllogs"}.get(stream, stream)
    params = {"skip": (page - 1) * size, "top": size, "count": "true"}
    if name := sim.cursors[stream]:
        low, high = (at.strftime("'%Y-%m-%dT%H:%M:%SZ'") for at in (start, end))
        params |= {"filter": f"{name} ge {low} and {name} le {high}", "orderby": f"{name} asc"}
    return get(sim, path, **params)


def acefone(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    # An hour more on both sides is enough for a clock that is changed.
    zone = ZoneInfo(sim.options["zone"])
    low, high = (text(at.astimezone(zone)) for at in (start - timedelta(hours=2), end + timedelta(hours=2)))
    return get(sim, "call_report", from_date=low, to_date=high, time_zone=zone.key, page=page, limit=size)


def bics(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    path, name = {
        "call_records": ("voice/calls", "datetime[end_at]"),
        "recordings": ("voice/recordings", "datetime[r.created_at]"),
    }[stream]
    days = (start - timedelta(days=1), end + timedelta(days=1))
    return get(sim, path, **{name: " - ".join(day.strftime("%b %d, %Y") for day in days), "page": page})


def voxo(sim: Simulator, stream: str, start: datetime, end: datetime, page: int, size: int) -> Any:
    return get(sim, "call-reports", tenantId=1001, start=text(start), end=text(end), timezone="UTC")


ASK: dict[str, Callable[..., requests.Response]] = {
    "vonage_business": vonage_business,
    "portsip": portsip,
    "acefone": acefone,
    "bics": bics,
    "voxo": voxo,
}


def rows_of(vendor: str, body: Any) -> list[dict[str, Any]]:
    match vendor:
        case "vonage_business":
            return body.get("_embedded", {}).get("call_logs", [])
        case "portsip":
            return body["items"]
        case "acefone":
            return body["data"]
        case "bics":
            return body["data"]["data"]
    return body


def total_of(vendor: str, body: Any) -> int:
    match vendor:
        case "vonage_business":
            return body["total_items"]
        case "portsip":
            return body["count"]
        case "acefone":
            return int(body["filtered_records"])
        case "bics":
            return body["data"]["total"]
    return len(body)


def ask(sim: Simulator, stream: str = "call_records", page: int = 1, size: int = 100, **period: Any) -> Any:
    period = {"start": sim.start, "end": sim.end or datetime.now(timezone.utc), **period}
    return ASK[sim.vendor](sim, stream, **period, page=page, size=size)


def read(sim: Simulator, stream: str = "call_records", size: int = 100, **period: Any) -> list[dict[str, Any]]:
    """Every row of a period, page by page until one brings nothing new."""
    found: list[dict[str, Any]] = []
    for page in range(1, 1000):
        answer = ask(sim, stream, page, size, **period)
        assert answer.status_code == 200, answer.text
        rows = rows_of(sim.vendor, answer.json())
        found += rows
        if not rows or sim.vendor == "voxo" or len(found) >= total_of(sim.vendor, answer.json()):
            break
    return found


def id_of(row: dict[str, Any]) -> str:
    return str(row["id"])


@pytest.fixture
def start() -> Iterator[Callable[..., Simulator]]:
    started: list[Simulator] = []

    def starter(vendor: str, **options: Any) -> Simulator:
        period = {} if "start" in options or "end" in options else SPRING
        started.append(simulators.start(vendor, **{"calls_per_day": 30, **period, **options}))
        return started[-1]

    yield starter
    for sim in started:
        sim.close()


# --- what is served is the truth ---


@every_stream
@pytest.mark.parametrize("period", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_the_pages_hold_the_truth_and_nothing_else_in_the_period(vendor, stream, period, start) -> None:
    sim = start(vendor, **period, **({"links": "frozen"} if vendor == "bics" else {}))
    served = {id_of(row): row for row in read(sim, stream)}
    truth = sim.truth(stream)
    assert truth
    for row in truth:
        name = row["id"] if "id" in row else row["vendor_record_id"]
        assert name in served
        if "raw" in row:
            assert served[name] == row["raw"]
    cursor = sim.cursors[stream]
    if cursor:
        expected = {row["id"] if "id" in row else row["vendor_record_id"] for row in truth}
        wider = sim.truth(stream, start=sim.start - timedelta(days=2), end=sim.end + timedelta(days=2))
        outside = {row["id"] if "id" in row else row["vendor_record_id"] for row in wider} - expected
        assert served.keys() - expected <= outside
    assert sim.violations == []


@every_stream
def test_a_true_row_fits_the_schema_of_the_contract(vendor, stream, start) -> None:
    declared = {**schema(stream), "additionalProperties": False}
    declared["required"] = list(declared["properties"])
    validator = jsonschema.Draft7Validator(declared)
    for row in start(vendor).truth(stream):
        validator.validate(row)


@every_vendor
@pytest.mark.parametrize("region", ["default", None, "GB", "US"])
def test_what_is_said_of_numbers_is_what_libphonenumber_says(vendor, region, start) -> None:
    sim = start(vendor)
    region = sim.default_region if region == "default" else region
    for row in sim.truth(region=region):
        for side in ("from", "to"):
            number, kind = row[f"{side}_number"], row[f"{side}_number_kind"]
            if kind not in {"e164", "unparsed"}:
                continue
            tidy = number.replace(" ", "").replace("(", "").replace(")", "")
            if tidy.startswith("00"):
                readings = [(f"+{tidy[2:]}", None)]
            elif tidy.startswith("+"):
                readings = [(tidy, None)]
            else:
                bare = [(f"+{tidy}", None)] if vendor in {"vonage_business", "acefone", "bics"} else []
                readings = [*bare, *([(tidy, region)] if region else [])]
            valid = [phonenumbers.parse(*reading) for reading in readings if _parses(*reading)]
            first = next((number for number in valid if phonenumbers.is_valid_number(number)), None)
            e164 = phonenumbers.format_number(first, phonenumbers.PhoneNumberFormat.E164) if first else None
            assert (row[f"{side}_number_e164"], kind) == (e164, "e164" if first else "unparsed"), row["raw"]


def _parses(spelling: str, region: str | None) -> bool:
    try:
        phonenumbers.parse(spelling, region)
    except phonenumbers.NumberParseException:
        return False
    return True


@every_vendor
def test_the_same_seed_makes_the_same_past_and_a_later_run_only_adds_to_it(vendor, start) -> None:
    options = {"links": "frozen"} if vendor == "bics" else {}
    first = start(vendor, **SPRING, **options).truth()
    again = start(vendor, start=SPRING["start"], end=SPRING["end"] + timedelta(days=1), **options)
    assert again.truth(end=SPRING["end"]) == first
    assert len(again.truth()) > len(first)
    other = start(vendor, **SPRING, seed=8, **options).truth()
    assert {row["record_id"] for row in other}.isdisjoint(row["record_id"] for row in first)


@every_vendor
def test_ids_are_unique(vendor, start) -> None:
    sim = start(vendor, calls_per_day=500)
    for stream in sim.cursors:
        names = [row.id for row in sim.table(stream).rows]
        assert len(names) == len(set(names))


@every_vendor
def test_the_calls_are_of_every_kind(vendor, start) -> None:
    rows = start(vendor, calls_per_day=500).truth()
    assert {"inbound", "outbound", "unknown"} <= {row["direction"] for row in rows}
    assert {"answered", "no_answer", "busy", "canceled", "failed", "unknown"} <= {row["disposition"] for row in rows}
    kinds = {row[f"{side}_number_kind"] for row in rows for side in ("from", "to")}
    assert kinds == {"e164", "extension", "sip_uri", "anonymous", "unparsed", "absent"}
    assert {row["duration_seconds"] == 0 for row in rows} == {True, False}
    assert any(row["duration_seconds"] > 3 * 3600 for row in rows)
    assert any(not row[f"{side}_name"] for row in rows for side in ("from", "to"))
    assert max(Counter(row["started_at"][:19] for row in rows).values()) > 1


@every_vendor
def test_calls_begin_and_end_on_the_hour_and_on_midnight(vendor, start) -> None:
    rows = start(vendor).truth()
    assert any(row["started_at"].endswith("T00:00:00Z") for row in rows)
    if vendor != "portsip":  # whose clock counts microseconds
        assert any(row["ended_at"].endswith("T00:00:00Z") for row in rows)
        assert any(row["ended_at"].endswith(":59:59Z") for row in rows)


@pytest.mark.parametrize(
    ("hour", "zone"), [("2026-03-29T01", "spring"), ("2026-10-25T00", "London"), ("2026-11-01T05", "New York")]
)
@every_vendor
def test_there_are_calls_around_every_change_of_clocks(vendor, hour, zone, start) -> None:
    rows = start(vendor, calls_per_day=1, **(SPRING if zone == "spring" else AUTUMN)).truth()
    assert sum(row["started_at"].startswith(hour) for row in rows) >= 3


def test_a_doubled_hour_is_settled_by_the_epoch_or_is_ambiguous(start) -> None:
    rows = [
        row for row in start("acefone", calls_per_day=200, **AUTUMN).truth() if "25-Oct-2026 01:" in row["raw"]["date"]
    ]
    assert {row["started_at"][:13] for row in rows} == {"2026-10-25T00", "2026-10-25T01"}
    for row in rows:
        evident = "X" not in (row["raw"]["call_stats"]["call_id"] or "X")
        assert ("time_ambiguous" in row["issues"]) is not evident
        if evident and "time_mismatch" not in row["issues"]:
            assert moment(2026, 10, 25).fromtimestamp(
                int(row["raw"]["call_stats"]["call_id"].split(".")[0]), timezone.utc
            ) == moment(2026, 10, 25).fromisoformat(row["started_at"].replace("Z", "+00:00"))


@pytest.mark.parametrize("vendor", ["voxo", "acefone"])
def test_some_times_do_not_agree_with_their_epoch(vendor, start) -> None:
    rows = start(vendor, calls_per_day=700).truth()
    mismatched = [row for row in rows if "time_mismatch" in row["issues"]]
    assert 0 < len(mismatched) < len(rows) / 20


SAMPLES = {
    "vonage_business": [("call_records", moment(2019, 1, 1), 1)],
    "portsip": [
        ("call_records", moment(2017, 7, 21, 17), 1),
        ("call_records", moment(2024, 8, 20, 6), 1),
        ("call_logs", moment(2017, 7, 21, 17), 1),
        ("completed_call_reports", moment(2017, 7, 21, 17), 1),
    ],
    "acefone": [("call_records", moment(2020, 3, 27, 6), 1)],
    "bics": [("call_records", moment(2019, 6, 11, 5), 1), ("recordings", moment(2019, 6, 11, 5, 30), 2)],
    "voxo": [("call_records", moment(2022, 10, 10, 23, 30), 1), ("call_records", moment(2022, 10, 11, 3), 1)],
}


@every_vendor
def test_the_published_rows_are_served_at_their_own_dates(vendor, start) -> None:
    sim = start(vendor)
    for stream, begin, count in SAMPLES[vendor]:
        period = {"start": begin, "end": begin + timedelta(hours=1)}
        assert len(read(sim, stream, **period)) == len(sim.truth(stream, **period)) == count


@every_vendor
def test_a_call_is_served_only_after_it_ended(vendor) -> None:
    now = datetime.now(timezone.utc)
    with simulators.start(vendor, start=now - timedelta(hours=6), calls_per_day=2000) as sim:
        served = {id_of(row) for row in read(sim, end=now + timedelta(days=1))}
        later = {row.id for row in sim.table("call_records").rows if row.visible > time.time() + 60}
        assert served
        assert later
        assert served.isdisjoint(later)


# --- strictness ---


@every_vendor
def test_without_a_token_the_answer_is_401(vendor, start) -> None:
    sim = start(vendor)
    assert ask(sim).status_code == 200
    sim.access_token = "SECRET-wrong"
    assert ask(sim).status_code == 401


@every_vendor
def test_an_unknown_parameter_is_a_violation(vendor, start) -> None:
    sim = start(vendor)
    assert get(sim, DATA[vendor], foo=1).status_code == 400
    assert [what for what in sim.violations if "foo" in what]


DATA = {
    "vonage_business": "reports/accounts/913874/call-logs",
    "portsip": "cdrs",
    "acefone": "call_report",
    "bics": "voice/calls",
    "voxo": "call-reports",
}
NEEDED = {"voxo": {"start": "2026-03-28 00:00:00", "end": "2026-03-29 00:00:00"}}
WRONG = [
    ("vonage_business", {"end:gte": "2026-03-01T00:00:00Z"}),
    ("vonage_business", {"page": "0"}),
    ("vonage_business", {"order": "up"}),
    ("portsip", {"top": "101"}),
    ("portsip", {"skip": "-1"}),
    ("portsip", {"filter": "started_at ge 2026-03-01"}),
    ("acefone", {"limit": "101"}),
    ("acefone", {"from_date": "01-03-2026 00:00:00"}),
    ("bics", {"datetime[end_at]": "2026-03-01 - 2026-03-02"}),
    ("bics", {"datetime[end_at]": "Mär 01, 2026 - Mär 02, 2026"}),
    ("voxo", {"start": "2026-03-01 00:00:00"}),
    ("voxo", {"start": "2026-03-01", "end": "2026-03-02"}),
]


@pytest.mark.parametrize(("vendor", "params"), WRONG)
def test_a_parameter_of_the_wrong_form_is_answered_400_and_recorded(vendor, params, start) -> None:
    sim = start(vendor)
    answer = get(sim, DATA[vendor], **params)
    assert answer.status_code == 400
    assert answer.json()
    assert len(sim.violations) == 1


@every_vendor
def test_a_wrong_value_among_good_ones_is_seen_after_many_good_requests(vendor, start) -> None:
    sim = start(vendor)
    for page in range(1, 4):
        assert ask(sim, page=page).status_code == 200
    good = sim.requests[-1].params
    for name in good:
        assert get(sim, DATA[vendor], **{**good, name: "~"}).status_code == 400
    assert len(sim.violations) == len(good)


@every_vendor
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_get_reaches_data(vendor, method, start) -> None:
    sim = start(vendor)
    answer = requests.request(method, f"{sim.api_url}/{DATA[vendor]}", timeout=5)
    assert answer.status_code == 405
    assert len(sim.violations) == 1


def test_the_write_endpoints_of_reports_are_refused(start) -> None:
    sim = start("portsip")
    for path in ("call_reports", "call_reports/7/destroy", "completed_call_reports/7/destroy"):
        assert requests.post(f"{sim.api_url}/{path}", timeout=5).status_code in {404, 405}
    assert len(sim.violations) == 3


@every_vendor
def test_a_wrong_path_is_404_and_no_violation(vendor, start) -> None:
    sim = start(vendor)
    assert get(sim, "nowhere").status_code == 404
    assert sim.violations == []


def test_an_unknown_account_is_404(start) -> None:
    assert get(start("vonage_business"), "reports/accounts/1/call-logs").status_code == 404
    period = {"start": "2026-03-01 00:00:00", "end": "2026-03-02 00:00:00"}
    assert get(start("voxo"), "call-reports", tenantId=7, **period).status_code == 404


def test_a_token_in_the_url_is_refused_and_is_not_in_the_log(start) -> None:
    sim = start("bics")
    answer = requests.get(f"{sim.api_url}/voice/calls", params={"access_token": sim.access_token}, timeout=5)
    assert answer.status_code == 400
    assert len(sim.violations) == 1
    assert sim.access_token not in repr((sim.requests, sim.violations))


def test_voxo_wants_a_content_type(start) -> None:
    sim = start("voxo")
    period = {"start": "2026-03-01 00:00:00", "end": "2026-03-02 00:00:00"}
    headers = {"Authorization": f"Bearer {sim.access_token}"}
    answer = requests.get(f"{sim.api_url}/call-reports", params=period, headers=headers, timeout=5)
    assert (answer.status_code, len(sim.violations)) == (400, 1)


@every_vendor
def test_validation_can_be_switched_off(vendor, start) -> None:
    sim = start(vendor, validate=False)
    get(sim, DATA[vendor], foo=1)
    assert sim.violations == []


@every_vendor
def test_an_unknown_option_or_fault_is_an_error(vendor, start) -> None:
    with pytest.raises(TypeError, match="no option"):
        start(vendor, colour="blue")
    with pytest.raises(ValueError, match="no fault"):
        start(vendor).fault("earthquake")


# --- logging in ---


def log_in(sim: Simulator, *, password: str | None = None) -> requests.Response:
    given = sim.config(auth="password")["credentials"]
    secret = password or given["password"]
    match sim.vendor:
        case "vonage_business":
            user = f"{given['username']}@vbc.prod"
            form = {"grant_type": "password", "username": user, "password": secret, "scope": "openid"}
            client = {key: given[key] for key in ("client_id", "client_secret")}
            return requests.post(sim.config()["token_url"], data={**form, **client}, timeout=5)
        case "portsip":
            form = {"grant_type": "password", "scope": "all", "client_id": "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"}
            form |= {"username": given["username"], "password": secret, "domain": given["domain"]}
            return requests.post(f"{sim.api_url}/login/oauth/token", data=form, timeout=5)
        case "acefone":
            body = {"login_id": given["login_id"], "password": secret}
            return requests.post(f"{sim.api_url}/auth/login", json=body, timeout=5)
    body = {"strategy": "local", "email": given["email"], "password": secret}
    return requests.post(f"{sim.api_url}/authentication", json=body, timeout=5)


def token_of(answer: requests.Response) -> str:
    return answer.json().get("access_token") or answer.json()["accessToken"]


LOGINS = ["acefone", "portsip", "voxo", "vonage_business"]
REFUSED = {"acefone": 401, "portsip": 400, "voxo": 401, "vonage_business": 400}


@pytest.mark.parametrize("vendor", LOGINS)
def test_a_login_gives_a_token_that_reads_and_is_a_secret(vendor, start) -> None:
    sim = start(vendor)
    token = token_of(log_in(sim))
    assert token in sim.secrets
    sim.access_token = token
    assert ask(sim).status_code == 200
    assert sim.requests[-1].token == "minted-1"
    assert (sim.login_count, sim.violations) == (1, [])


@pytest.mark.parametrize("vendor", LOGINS)
def test_a_refused_login_is_counted_and_locks_in_the_end(vendor, start) -> None:
    sim = start(vendor, lock_after=3)
    statuses = {log_in(sim, password="SECRET-wrong").status_code for _ in range(3)}
    assert statuses == {REFUSED[vendor]}
    locked = log_in(sim)
    assert locked.status_code == REFUSED[vendor]
    assert "lock" in locked.text
    assert [login.accepted for login in sim.logins] == [False] * 4


@pytest.mark.parametrize("vendor", LOGINS)
def test_a_token_dies_after_its_time_or_its_requests(vendor, start) -> None:
    sim = start(vendor, token_requests=2)
    sim.access_token = token_of(log_in(sim))
    assert [ask(sim).status_code for _ in range(3)] == [200, 200, 401]
    sim = start(vendor, token_seconds=0.3)
    sim.access_token = token_of(log_in(sim))
    time.sleep(0.4)
    assert ask(sim).status_code == 401


def test_vonage_gives_a_refresh_token_for_a_single_use(start) -> None:
    sim = start("vonage_business", endpoint="B")
    given = sim.config(auth="refresh_token")["credentials"]
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "scope": "openid"}
    answers = [
        requests.post(
            sim.config()["token_url"], data=form, auth=(given["client_id"], given["client_secret"]), timeout=5
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].json()["refresh_token"] == sim.refresh_tokens[-1] != given["refresh_token"]


def test_vonage_refuses_a_token_without_the_scope_with_a_bare_401(start) -> None:
    sim = start("vonage_business")
    given = sim.config(auth="password")["credentials"]
    form = {"grant_type": "password", "username": f"{given['username']}@vbc.prod", "password": given["password"]}
    form |= {key: given[key] for key in ("client_id", "client_secret")}
    answer = requests.post(sim.config()["token_url"], data=form, timeout=5)
    sim.access_token = token_of(answer)
    refused = ask(sim)
    assert (answer.json()["scope"], refused.status_code, refused.content) == ("default", 401, b"")


def test_portsip_renews_and_refuses_to_renew(start) -> None:
    sim = start("portsip")
    form = {"grant_type": "refresh_token", "client_id": "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"}
    url = f"{sim.api_url}/login/oauth/token"
    renewal = log_in(sim).json()["refresh_token"]
    assert requests.post(url, data={**form, "refresh_token": renewal}, timeout=5).status_code == 200
    refused = requests.post(url, data={**form, "refresh_token": "SECRET-wrong"}, timeout=5)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "UNKNOWN")


@pytest.mark.parametrize(("login", "key"), [("sign_in", "access_token"), ("two_factor", "two_factor_enabled")])
def test_portsip_may_have_the_other_login_only(login, key, start) -> None:
    sim = start("portsip", login=login)
    assert log_in(sim).status_code == 404
    given = {name: value for name, value in sim.config(auth="password")["credentials"].items() if name != "auth_type"}
    assert key in requests.post(f"{sim.api_url}/auth/sign_in", json=given, timeout=5).json()


def test_acefone_renews_a_token_that_lives(start) -> None:
    sim = start("acefone")
    token = token_of(log_in(sim))
    renewed = requests.post(f"{sim.api_url}/auth/refresh", headers={"authorization": token}, timeout=5)
    assert token_of(renewed) != token


@pytest.mark.parametrize(
    ("form", "prefix", "status"),
    [
        ("bare", "", 200),
        ("bare", "Bearer ", 401),
        ("bearer", "", 401),
        ("bearer", "Bearer ", 200),
        ("both", "", 200),
        ("both", "Bearer ", 200),
    ],
)
def test_acefone_takes_the_token_in_the_form_it_is_set_to(form, prefix, status, start) -> None:
    sim = start("acefone", header=form)
    headers = {"authorization": prefix + sim.access_token}
    assert requests.get(f"{sim.api_url}/call_report", headers=headers, timeout=5).status_code == status


def test_voxo_answers_a_login_with_a_sip_password(start) -> None:
    sim = start("voxo")
    reply = log_in(sim)
    assert reply.status_code == 201
    assert reply.json()["user"]["myExtension"]["peerSecret"] in sim.secrets
    assert log_in(start("voxo", versions=2)).status_code == 404


# --- particulars ---


def test_vonage_grants_a_smaller_page_and_may_leave_the_rows_out(start) -> None:
    sim = start("vonage_business", max_page_size=7, total_key="total_page")
    body = ask(sim, size=1000).json()
    assert (body["page_size"], len(rows_of("vonage_business", body))) == (7, 7)
    assert body["total_page"] == -(-body["total_items"] // 7)
    empty = ask(sim, start=moment(2001, 1, 1), end=moment(2001, 1, 2)).json()
    assert "_embedded" not in empty
    assert empty["total_items"] == 0


def test_vonage_may_know_one_path_only_insist_on_start_and_refuse_order(start) -> None:
    sim = start("vonage_business", paths="v1")
    assert ask(sim).status_code == 404
    assert get(sim, "reports/v1/accounts/913874/call-logs").status_code == 200
    refused = ask(start("vonage_business", requires_start=True))
    assert {entry["name"] for entry in refused.json()["invalid_parameters"]} == {"start:gte", "start:lte"}
    assert "order" in ask(start("vonage_business", refuses_order=True)).text


def test_vonage_filters_on_start_too(start) -> None:
    sim = start("vonage_business")
    params = {"start:gte": "2026-03-28 00:00:00", "start:lte": "2026-03-28 23:59:59", "page_size": 1000}
    rows = rows_of("vonage_business", get(sim, DATA["vonage_business"], **params).json())
    assert rows
    assert all(row["start"].startswith("2026-03-28") for row in rows)


@pytest.mark.parametrize(
    ("vendor", "bounds", "first", "last"),
    [
        ("voxo", "inclusive", True, True),
        ("voxo", "half_open", True, False),
        ("voxo", "exclusive", False, False),
        ("voxo", "start_exclusive", False, True),
        ("acefone", "inclusive", True, True),
        ("acefone", "half_open", True, False),
        ("acefone", "exclusive", False, False),
    ],
)
def test_bounds_are_inclusive_as_they_are_set(vendor, bounds, first, last, start) -> None:
    sim = start(vendor, bounds=bounds)
    row = next(
        row
        for row in sim.truth()
        if row["started_at"] == "2026-03-28T12:00:00Z" and not {"time_mismatch", "time_ambiguous"} & set(row["issues"])
    )
    at, hour = moment(2026, 3, 28, 12), timedelta(hours=1)
    if vendor == "acefone":  # the reader above asks for two hours more
        sides = (at + 2 * hour, at + 3 * hour), (at - 3 * hour, at - 2 * hour)
    else:
        sides = (at, at + hour), (at - hour, at)
    found = [row["vendor_record_id"] in {id_of(one) for one in read(sim, start=a, end=b)} for a, b in sides]
    assert found == [first, last]


def test_voxo_prints_in_the_zone_that_was_asked_for(start) -> None:
    sim = start("voxo")
    period = {"start": "2026-03-28 00:00:00", "end": "2026-03-28 12:00:00", "tenantId": 1001}
    for zone in ("America/New_York", None):
        rows = get(sim, "call-reports", **period, **({"timezone": zone} if zone else {})).json()
        assert rows
        for row in rows:
            printed = datetime.strptime(row["time"], "%m/%d/%y %H:%M:%S").replace(
                tzinfo=ZoneInfo(zone or "America/Chicago")
            )
            assert 0 <= (printed - datetime(2026, 3, 28, tzinfo=printed.tzinfo)).total_seconds() <= 12 * 3600
    sample = {"start": "2022-10-10 23:00:00", "end": "2022-10-10 23:59:59", "timezone": "America/New_York"}
    assert get(sim, "call-reports", tenantId=1001, **sample).json()[0]["time"] == "10/10/22 23:07:20"


def test_voxo_refuses_more_than_31_days_and_cuts_a_partner_to_24_hours(start) -> None:
    sim = start("voxo")
    assert ask(sim, start=moment(2026, 1, 1), end=moment(2026, 2, 2)).status_code == 400
    span = {"start": "2026-03-28 00:00:00", "end": "2026-03-30 00:00:00", "timezone": "UTC"}
    rows = get(sim, "call-reports", **span).json()
    assert {row["time"][:5] for row in rows} <= {"03/29", "03/30"}
    assert len(sim.violations) == 2
    assert get(start("voxo", partner="refuse"), "call-reports", **span).status_code == 400


def test_voxo_may_cut_a_big_answer_or_fail_over_it(start) -> None:
    assert len(ask(start("voxo", rows_limit=10)).json()) == 10
    assert ask(start("voxo", rows_limit=10, rows_limit_answer="fail")).status_code == 500


def test_portsip_may_ignore_the_filter_and_have_no_total(start) -> None:
    sim = start("portsip", ignores_filter=("call_records",), count="missing")
    body = ask(sim, start=moment(2026, 3, 28), end=moment(2026, 3, 29)).json()
    assert "count" not in body
    assert any(row["started_at"] < "2026-03-28" for row in body["items"])
    assert ask(start("portsip", count="page"), size=5).json()["count"] == 5


def test_portsip_may_have_no_calllogs(start) -> None:
    assert ask(start("portsip", call_logs=False), "call_logs").status_code == 404


@pytest.mark.parametrize(("items", "count"), [("one", 1), ("agreeing", 2), ("disagreeing", 2)])
def test_portsip_details_have_two_shapes_and_the_costs_of_the_truth(items, count, start) -> None:
    sim = start("portsip", detail_items=items)
    for row in sim.truth(include_call_costs=True)[:20]:
        details = get(sim, f"cdrs/{row['vendor_record_id']}").json()["items"]
        assert len(details) == count
        assert "id" not in details[0]
        if items == "disagreeing":
            assert row["charge_amount"] is row["billed_account"] is None
        elif row["charge_amount"] is not None:
            assert float(row["charge_amount"]) == details[0]["cost"]
    leg = sim.truth("call_logs")[0]
    detail = get(sim, f"calllogs/{leg['vendor_record_id']}").json()
    assert detail["session_id"] == leg["call_group_id"]
    assert "cost" in detail
    assert get(sim, "cdrs/0").status_code == 404


def test_portsip_groups_the_legs_of_a_call(start) -> None:
    sizes = Counter(row["call_group_id"] for row in start("portsip").truth("call_logs"))
    assert {1, 2, 3} <= set(sizes.values())


def test_portsip_reports_have_details_and_absolute_links(start) -> None:
    sim = start("portsip")
    for row in sim.truth("call_reports"):
        assert get(sim, f"call_reports/{row['id']}").json()["email"] == row["email"]
    done = sim.truth("completed_call_reports")
    assert done
    for row in done:
        detail = get(sim, f"completed_call_reports/{row['id']}").json()
        assert row["file_url"] == f"{sim.url}{detail['file_url']}"


def test_acefone_may_key_rows_by_index_and_count_in_numbers(start) -> None:
    body = ask(start("acefone", data="index", counters="number")).json()
    assert list(body["data"]) == [str(index) for index in range(len(body["data"]))]
    assert body["page_records"] == len(body["data"])
    assert ask(start("acefone")).json()["page"] == "1"
    assert "filtered_records" not in ask(start("acefone", counters="total_only")).json()


def test_acefone_may_print_in_another_zone_than_it_says(start) -> None:
    rows = start("acefone", printed_zone="UTC", start=moment(2026, 7, 1), end=moment(2026, 7, 3)).truth()
    evident = [row for row in rows if str(row["raw"]["call_stats"]["call_id"] or "X").replace(".", "").isdigit()]
    assert evident
    assert all("time_mismatch" in row["issues"] for row in evident)


@pytest.mark.parametrize("shape", [1, 2, 3])
def test_bics_answers_in_three_shapes(shape, start) -> None:
    body = ask(start("bics", shape=shape)).json()
    assert isinstance(body["data"], dict if shape == 2 else list)
    assert ("meta" in body) is (shape == 3)
    rows = body["data"]["data"] if shape == 2 else body["data"]
    assert len(rows) == 15 or shape == 1


def test_bics_signs_links_anew_at_every_read(start) -> None:
    sim = start("bics")
    first, second = (rows_of("bics", ask(sim, "recordings").json())[0] for _ in range(2))
    assert first["id"] == second["id"]
    assert first["audio"] != second["audio"]
    assert sim.link_marker in first["audio"]


def test_bics_keeps_sixty_days_where_it_is_set_to(start) -> None:
    now = datetime.now(timezone.utc)
    period = {"start": now - timedelta(days=70), "end": now}
    kept = {id_of(row) for row in read(start("bics", **period, retention_days=60, calls_per_day=5))}
    edge = (now - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = start("bics", **period, calls_per_day=5).truth()
    assert {row["vendor_record_id"] for row in rows if row["ended_at"] > edge} <= kept
    assert not {row["vendor_record_id"] for row in rows if row["ended_at"] < edge} & kept


def test_bics_counts_days_in_a_zone_of_its_own(start) -> None:
    sim = start("bics", filter_zone="Asia/Kolkata")
    body = get(sim, "voice/calls", **{"datetime[end_at]": "Mar 28, 2026 - Mar 28, 2026"}).json()
    last = {row["end_at"][:13] for row in rows_of("bics", body)}
    assert last
    assert all("2026-03-27 18" <= hour <= "2026-03-28 18" for hour in last)


# --- faults ---


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
    sim.fault("change_rows", change=lambda row: [row["id"]])
    assert all(isinstance(row, list) for row in rows_of(vendor, ask(sim).json()))


# --- the simulator as a server ---


@every_vendor
def test_latency_and_requests_in_flight_are_measured(vendor, start) -> None:
    from concurrent.futures import ThreadPoolExecutor

    sim = start(vendor, latency_ms=80)
    ask(sim)
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        list(pool.map(lambda _: ask(sim), range(4)))
        assert time.monotonic() - began >= 0.08
    assert sim.max_in_flight == 4
    assert len(sim.requests) == 5


def test_a_limit_of_requests_a_minute_is_kept(start) -> None:
    sim = start("bics", rate_limit=3)
    answers = [ask(sim) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61


@every_vendor
def test_tls_under_a_private_authority(vendor, start, tmp_path) -> None:
    sim = start(vendor, tls=True)
    config = sim.config()
    assert config["api_url"].startswith("https://127.0.0.1:")
    with pytest.raises(requests.exceptions.SSLError):
        ask(sim)
    authority = tmp_path / "ca.pem"
    authority.write_text(config["ca_certificate"])
    url, params = f"{sim.api_url}/{DATA[vendor]}", NEEDED.get(vendor)
    answer = requests.get(url, headers=bearer(sim), params=params, verify=str(authority), timeout=5)
    assert answer.status_code == 200


@every_vendor
def test_every_config_fits_the_connectors_spec(vendor, start) -> None:
    sim = start(vendor, tls=True)
    folder = ROOT / "connectors" / f"source-{vendor.replace('_', '-')}"
    spec = json.loads(next(folder.glob("source_*/spec.json")).read_text(encoding="utf-8"))
    declared = spec["connectionSpecification"]
    for auth in sim.auths:
        config = sim.config(auth=auth, num_workers=3)
        jsonschema.validate(config, declared)
        assert config.keys() <= declared["properties"].keys()
        given = {key: value for key, value in config["credentials"].items() if key != "auth_type"}
        assert any(value in sim.secrets for value in given.values())
    assert "end_date" not in sim.config(end_date=None)


@every_vendor
def test_secrets_are_long_and_unmistakable(vendor, start) -> None:
    sim = start(vendor)
    assert all("SECRET-" in secret and len(secret) > 20 for secret in sim.secrets)
    assert len(sim.secrets) >= 2


def test_the_command_serves_every_vendor_until_its_parent_ends(tmp_path) -> None:
    command = [sys.executable, "-m", "simulators", "--days", "1", "--config-dir", str(tmp_path), "--until-stdin-closes"]
    command += ["--fault", "voxo:server_error:times=null", "--option", "bics:shape=3"]
    with subprocess.Popen(
        command, cwd=ROOT / "acceptance-tests", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "ready\n":
                break
        assert [line.split()[0] for line in lines] == [*simulators.VENDORS, "ready"]
        configs = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
        assert sorted(configs) == simulators.VENDORS
        token = configs["voxo"]["credentials"]["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        assert requests.get(configs["voxo"]["api_url"] + "/call-reports", headers=headers, timeout=5).status_code == 500
        headers["Authorization"] = f"Bearer {configs['bics']['credentials']['access_token']}"
        assert "meta" in requests.get(configs["bics"]["api_url"] + "/voice/calls", headers=headers, timeout=5).json()
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_the_command_ends_on_sigterm_and_names_what_it_does_not_know() -> None:
    command = [sys.executable, "-m", "simulators", "voxo", "--days", "1"]
    with subprocess.Popen(command, cwd=ROOT / "acceptance-tests", stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert any(line == "ready\n" for line in process.stdout)
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0
    wrong = subprocess.run(
        [*command[:3], "ringcentral"], cwd=ROOT / "acceptance-tests", capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, "ringcentral" in wrong.stderr) == (2, True)
