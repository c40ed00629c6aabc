"""The simulators as servers: latency, limits, TLS, configurations, the command."""

import json
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import requests

import simulators
from simulator_requests import DATA, NEEDED, ask, bearer, every_vendor
from tools.naming import connector_of

ROOT = Path(__file__).resolve().parent.parent


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
    folder = ROOT / "connectors" / connector_of(vendor)
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
        [*command[:3], "nobody"], cwd=ROOT / "acceptance-tests", capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, "nobody" in wrong.stderr) == (2, True)
