"""The simulators refuse what no vendor would take, and note it."""

import pytest
import requests

from simulator_requests import DATA, VENDORS, ask, every_vendor, get


@every_vendor
def test_a_wrong_token_is_refused(vendor, start) -> None:
    sim = start(vendor)
    assert ask(sim).status_code == 200
    sim.access_token = "SECRET-wrong"
    assert ask(sim).status_code == VENDORS[vendor].wrong_token


@every_vendor
def test_an_unknown_parameter_is_a_violation(vendor, start) -> None:
    sim = start(vendor)
    assert get(sim, DATA[vendor], foo=1).status_code == 400
    assert [what for what in sim.violations if "foo" in what]


WRONG = [(name, params) for name, vendor in VENDORS.items() for params in vendor.wrong]


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
