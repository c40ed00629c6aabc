"""What only one vendor has: kinds of account, ways to log in, servers that want a request in another form."""

from datetime import datetime, timedelta, timezone

import pytest

import simulators
from harness import Connector

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=3) + timedelta(seconds=1), "end": END}


def assert_complete(outcome, rows):
    assert outcome.code == 0, outcome.text[-3000:]
    assert sorted(outcome.ids()) == sorted(row["record_id"] for row in rows)


@pytest.mark.parametrize(
    ("account", "account_id"),
    [
        ({"account_type": "tenant", "tenant_id": 1001}, "1001"),
        ({"account_type": "billing_code", "billing_code": "B-7001"}, "B-7001"),
        ({"account_type": "partner"}, "partner"),
    ],
)
@pytest.mark.parametrize("partner", ["cut", "refuse"])
def test_voxo_is_read_for_a_tenant_a_billing_code_and_a_partner(account, account_id, partner, tmp_path):
    with simulators.start("voxo", **DAYS, partner=partner) as sim:
        done = Connector("source-voxo", tmp_path).read(sim.config(account=account, num_workers=1))
        assert_complete(done, sim.truth(account_id=account_id))
        assert sim.violations == []
        spans = [
            datetime.fromisoformat(request.params["end"]) - datetime.fromisoformat(request.params["start"])
            for request in sim.requests
            if request.stream
        ]
        if account["account_type"] == "partner":
            assert max(spans) <= timedelta(hours=24)


def test_vonage_hands_every_new_refresh_token_back_before_the_first_row(tmp_path):
    connector = Connector("source-vonage-business", tmp_path)
    with simulators.start("vonage_business", **DAYS) as sim:
        config = sim.config(auth="refresh_token")
        for _ in range(2):
            done = connector.read(config)
            assert_complete(done, sim.truth())
            kinds = [message["type"] for message in done.messages]
            assert kinds.index("CONTROL") < kinds.index("RECORD")
            handed_back = done.of("CONTROL")[-1]["control"]["connectorConfig"]["config"]
            assert handed_back["credentials"]["refresh_token"] != config["credentials"]["refresh_token"]
            assert {**handed_back, "credentials": 0} == {**config, "credentials": 0}
            config = handed_back
        checked = connector.run("check", config=config)
        assert checked.status["status"] == "SUCCEEDED"
        assert checked.of("CONTROL")


@pytest.mark.parametrize("auth", ["access_token", "password", "refresh_token"])
def test_vonage_takes_a_new_token_where_reports_refuses_one_in_mid_sync(auth, tmp_path):
    with simulators.start("vonage_business", **DAYS) as sim:
        sim.fault("expire_tokens", at="call_records", after=2, times=1)
        done = Connector("source-vonage-business", tmp_path).read(sim.config(auth=auth, num_workers=1))
        assert_complete(done, sim.truth())


@pytest.mark.parametrize("options", [{"refuses_order": True}, {"requires_start": True}, {"max_page_size": 10}])
def test_vonage_servers_that_want_another_form_of_request_are_read(options, tmp_path):
    with simulators.start("vonage_business", **DAYS, validate=False, **options) as sim:
        done = Connector("source-vonage-business", tmp_path).read(sim.config(num_workers=1))
        assert_complete(done, sim.truth())
