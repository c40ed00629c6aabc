import base64
import logging
import time
from urllib.parse import parse_qs

import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.schema.errors import ConfigError
from cdr.vendor.authenticators import LoginRefusedError
from cdr.vendor.credentials import Basic, HeaderKey, JwtGrant
from cdr.vendor.request import Request
from cdr.vendor.typed_values import tidy
from clients import CALLS, OK, client, in_turn
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test", "waits")

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJpbnZlbnRlZCJ9.c2lnbmF0dXJl"
PAIR = base64.b64encode(b"the-client:the-client-secret").decode()


def grant():
    return JwtGrant("restapi/oauth/token", client_id="the-client", client_secret="the-client-secret", jwt=JWT)


def test_basic_sends_user_and_password_as_one_pair():
    with serving(in_turn(OK)) as server:
        client(server, Basic("AC0123", "the päss:word")).get(CALLS)
        sent = server.requests[0].headers["Authorization"]
    assert sent == "Basic " + base64.b64encode("AC0123:the päss:word".encode()).decode()


def test_a_refusal_of_basic_is_final_and_shows_neither_password_nor_pair():
    pair = base64.b64encode(b"AC0123:the-password").decode()
    with serving(in_turn((401, {}, {"message": f"no: the-password, {pair}"}))) as server:
        with pytest.raises(ConfigError) as refusal:
            client(server, Basic("AC0123", "the-password")).get(CALLS)
        assert len(server.requests) == 1
    assert "the-password" not in filter_secrets(refusal.value.message)
    assert pair not in filter_secrets(refusal.value.message)


def test_a_key_goes_into_its_own_header_and_stays_out_of_every_message():
    with serving(in_turn((403, {}, {"message": "not the-key"}))) as server:
        with pytest.raises(ConfigError) as refusal:
            client(server, HeaderKey("X-Api-Key", "the-key")).get(CALLS)
        headers = server.requests[0].headers
    assert headers["X-Api-Key"] == "the-key"
    assert "Authorization" not in headers
    assert "the-key" not in filter_secrets(refusal.value.message)


class Authority:
    """Gives tokens for the JWT; data is for those who show the last one."""

    def __init__(self, *, refuses=False, life=3600):
        self.refuses, self.life, self.asked = refuses, life, []

    def __call__(self, request):
        if request.command == "POST":
            self.asked.append((request.path, request.headers["Authorization"], parse_qs(request.body.decode())))
            if self.refuses:
                return 400, {}, {"error": "invalid_grant", "error_description": f"Token {JWT} is revoked"}
            return 200, {}, {"access_token": f"t{len(self.asked)}", "token_type": "bearer", "expires_in": self.life}
        good = request.headers["Authorization"] == f"Bearer t{len(self.asked)}"
        return OK if good else (401, {}, {"message": "expired"})


def test_a_jwt_is_exchanged_for_a_token_with_the_client_as_basic():
    authority = Authority()
    with serving(authority) as server:
        subject = client(server, grant())
        subject.get(CALLS)
        subject.get(Request("calls", {"page": "2"}))
    form = {"grant_type": ["urn:ietf:params:oauth:grant-type:jwt-bearer"], "assertion": [JWT]}
    assert authority.asked == [("/restapi/oauth/token", f"Basic {PAIR}", form)]


def test_a_token_of_a_jwt_is_renewed_with_the_jwt_before_it_expires(monkeypatch):
    authority = Authority()
    with serving(authority) as server:
        subject = client(server, grant())
        subject.get(CALLS)
        later = time.time() + 3600 - 59
        monkeypatch.setattr(time, "time", lambda: later)
        subject.get(CALLS)
    assert len(authority.asked) == 2


def test_a_token_of_a_jwt_that_is_refused_is_renewed_once():
    authority = Authority()
    with serving(authority) as server:
        subject = client(server, grant())
        subject.get(CALLS)
        authority.asked.append("another client logged in, which ends our token")
        subject.get(CALLS)
    assert len(authority.asked) == 3


def test_a_jwt_that_is_refused_is_never_sent_twice_and_never_shown(caplog):
    authority = Authority(refuses=True)
    with caplog.at_level(logging.DEBUG), serving(authority) as server:
        subject = client(server, grant())
        for _ in range(2):
            with pytest.raises(LoginRefusedError) as refusal:
                subject.get(CALLS)
    assert len(authority.asked) == 1
    for said in (filter_secrets(refusal.value.message), filter_secrets(caplog.text)):
        assert not any(secret in said for secret in (JWT, "the-client-secret", PAIR))


def test_a_jwt_or_a_key_that_was_copied_with_a_line_end_in_it_names_its_property():
    for name in ("jwt", "api_key", "auth_token"):
        with pytest.raises(ConfigError, match=f"`{name}` holds a character"):
            tidy({name: "abc\ndef"})
    assert tidy({"jwt": f" {JWT} "}) == {"jwt": JWT}
