"""VOXO, call reports. Docs: docs.voxo.co, "Call Reports"."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from cdr.normaliser import choice, flag, minus, moment, number, plus, seconds, text
from cdr.vendor import (
    Ask,
    Authenticator,
    CallStream,
    Config,
    Form,
    GivenToken,
    Login,
    LoginToken,
    SinglePage,
    Uncertain,
    Window,
)

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class CallRecords(CallStream):
    """Filtered on the start, in the zone asked for; one array a window; 31 days at most, 24 hours for a partner."""

    vendor = "voxo"
    endpoint = "call-reports"
    headers = {"Content-Type": "application/json"}
    rows = ""
    cursor = "started_at"

    paginator = SinglePage()
    # Its second of margin included, no request spans more than 24 hours: more might be cut off without a word.
    window = Window(
        "start", "end", format="%Y-%m-%d %H:%M:%S", zone="UTC", step=_DAY - _SECOND, behind=_DAY - 2 * _SECOND
    )
    zones = ("America/Chicago", "America/New_York")
    documented = (
        "id time callerIdNumber callerIdName dialedNum direction disposition duration:n percentJitter:n "
        "packetLoss:n qos:n uniqueId prevUniqueId whoAnswered recorded:n queueCall:n ocn ani lata city rateCenter "
        "state jurisdiction local:n lec lecType spid isTollFree:n nextUniqueId isInternational:n presented:n "
        "mos:n callOutcome afterAnswerDuration:n outgoingCidNum billingId:ns partnerId:ns geolocation:nso"
    )
    uncertain = (
        Uncertain(
            "zone",
            (
                Form("the zone UTC"),
                Form("the zone Etc/UTC", lambda _, asked, __: asked.plus({"timezone": "Etc/UTC"})),
                Form(
                    "the zone America/Chicago",
                    lambda _, asked, __: asked.plus({"timezone": "America/Chicago"}),
                    zone="America/Chicago",
                ),
            ),
            statuses=frozenset({400, 422}),
        ),
    )

    fields = {
        "vendor_record_id": text("id"),
        "call_group_id": text("uniqueId"),
        "previous_leg_id": text("prevUniqueId"),
        "next_leg_id": text("nextUniqueId"),
        "started_at": moment(
            "time", "%m/%d/%y %H:%M:%S", witness="uniqueId", previous_leg="prevUniqueId", otherwise=("start",)
        ),
        "answered_at": plus("started_at", "ring_seconds").where_positive("talk_seconds"),
        "ended_at": plus("started_at", "duration_seconds"),
        "duration_seconds": seconds("duration"),
        "ring_seconds": minus("duration_seconds", "talk_seconds"),
        "talk_seconds": seconds("afterAnswerDuration"),
        "direction": choice(
            "direction", {"in": "inbound", "out": "outbound", "internal": "internal", "local": "internal"}
        ),
        "direction_raw": text("direction"),
        "disposition": choice(
            "disposition",
            {
                **{
                    word: word
                    for word in ("answered", "no_answer", "busy", "failed", "congestion", "voicemail", "rejected")
                },
                "cancel": "canceled",
            },
        ),
        "disposition_raw": text("disposition"),
        "hangup_cause": text("callOutcome"),
        "from_number": text("callerIdNumber"),
        "from_name": text("callerIdName"),
        "to_number": text("dialedNum"),
        "did_number": text("dialedNum").where(direction="inbound"),
        "presented_number": text("outgoingCidNum"),
        "answered_by": text("whoAnswered"),
        "carrier": text("lec"),
        "billed_account": text("billingId"),
        "is_international": flag("isInternational"),
        "is_toll_free": flag("isTollFree"),
        "is_queue_call": flag("queueCall"),
        "is_recorded": flag("recorded"),
        # The vendor's sample has 0 in all three for an answered call: nothing was measured.
        "mos": number("mos", 1, 5, zero_is_null=True),
        "jitter_percent": number("percentJitter").unless_zero("mos"),
        "packet_loss_percent": number("packetLoss").unless_zero("mos"),
    }

    @staticmethod
    def accounts(config: Config, ask: Ask) -> Iterator[Mapping[str, Any]]:
        tenants = config.group("account").get("tenant_ids")
        if tenants is None:
            yield {}
            return
        for tenant in tenants:
            yield {"account": {"account_type": "tenant", "tenant_id": tenant}}

    def account_id(self) -> str:
        account = self.config.group("account")
        return str(account.get("tenant_id", account.get("billing_code", "partner")))

    def params(self) -> Mapping[str, str]:
        # Without a zone the server answers in Chicago's time.
        names = {"tenant_id": "tenantId", "billing_code": "billingCode"}
        account = self.config.group("account")
        return {"timezone": "UTC", **{names[key]: str(account[key]) for key in names if key in account}}

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "access_token":
            return GivenToken(given["access_token"])
        user = {"email": given["email"], "password": given["password"]}
        names = ("accessToken", "", "")
        return LoginToken(
            Login("authentication", json={"strategy": "local", **user}, names=names),
            otherwise=(frozenset({404}), Login("v2/authentication", json=user, names=names)),
        )
