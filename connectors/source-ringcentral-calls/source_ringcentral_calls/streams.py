"""RingCentral, call log of an account, detailed view. Docs: developers.ringcentral.com, "Call Log", "JWT auth flow"."""

from collections.abc import Mapping
from datetime import timedelta

from cdr.normaliser import Legs, choice, decimal, leg_id, plus, present, seconds, text, timestamp
from cdr.vendor import (
    Authenticator,
    CallStream,
    Config,
    Form,
    GivenToken,
    IsoWindow,
    JwtGrant,
    NextLink,
    Uncertain,
)

_DAY = timedelta(days=1)

# Faxes are rows of the call log as well: one that went through was answered.
DISPOSITIONS = {
    **dict.fromkeys(("accepted", "call connected", "connected", "answered elsewhere", "received", "sent"), "answered"),
    **dict.fromkeys(("missed", "no answer", "not answered", "answered not accepted"), "no_answer"),
    **dict.fromkeys(("busy", "line busy"), "busy"),
    **dict.fromkeys(("rejected", "declined", "blocked"), "rejected"),
    **dict.fromkeys(("hang up", "stopped"), "canceled"),
    "abandoned": "abandoned",
    **dict.fromkeys(("voicemail", "sent to voicemail"), "voicemail"),
    **dict.fromkeys(("call failed", "call failure", "internal error", "wrong number", "ip phone offline"), "failed"),
    **dict.fromkeys(("carrier is not active", "edge trunk misconfigured", "restricted number"), "failed"),
    **dict.fromkeys(("international disabled", "international restricted", "not allowed"), "failed"),
    **dict.fromkeys(("no calling credit", "suspended account"), "failed"),
    **dict.fromkeys(("fax not sent", "fax partially sent", "fax poor line", "fax receipt error"), "failed"),
    **dict.fromkeys(("partial receive", "receive error", "send error"), "failed"),
}


class CallRecords(CallStream):
    """Filtered on the start, in UTC; pages by a link, newest first; totals may be missing; ten requests a minute."""

    vendor = "ringcentral"
    endpoint = "restapi/v1.0/account/~/call-log"
    rows = "records"
    total = "paging.totalElements"
    cursor = "started_at"
    order = "newest first"
    bare_country_codes = True

    paginator = NextLink(
        "navigation.nextPage.uri", asks=("perPage", 250), granted="paging.perPage", numbered=("page", "paging.page")
    )
    # Wide, so that a quiet account costs few of the ten requests.
    window = IsoWindow("dateFrom", "dateTo", zone="UTC", step=7 * _DAY, narrowest=_DAY, behind=_DAY)
    most_rows = 250_000  # the reference numbers pages up to 1,000
    documented = (
        "uri id sessionId telephonySessionId partyId startTime duration:n durationMs:n type internalType direction "
        "action result reason reasonDescription from:o to:o extension:o transport message:o delegate:o recording:o "
        "shortRecording:b billing:o legs:l lastModifiedTime deleted:b"
    )
    uncertain = (
        Uncertain(
            "page_size",
            (
                Form("250 records a page"),
                Form("100 records a page", lambda _, asked, __: asked.plus({"perPage": "100"})),
            ),
            statuses=frozenset({400, 422}),
            naming=("perpage",),
        ),
    )
    advice = {403: "The app needs the permission ReadCallLog, and its user FullCompanyCallLog, as administrators have."}

    fields = {
        "vendor_record_id": text("id"),
        "call_group_id": text("sessionId"),
        "started_at": timestamp("startTime"),
        "ended_at": plus("started_at", "duration_seconds"),
        "duration_seconds": seconds("duration"),
        "direction": choice("direction", {"inbound": "inbound", "outbound": "outbound"}),
        "direction_raw": text("direction"),
        "disposition": choice("result", DISPOSITIONS),
        "disposition_raw": text("result"),
        # This reason alone tells who hung up: the caller, before the call was answered.
        "hangup_party": choice("reason", {"hang up": "caller"}, absent=None, other=None),
        "hangup_cause": text("reason"),
        # Between two extensions there is no phone number.
        "from_number": text("from.phoneNumber").where_missing(text("from.extensionNumber")),
        "from_name": text("from.name"),
        "from_extension": text("from.extensionNumber"),
        "from_user": text("from.extensionId"),
        "to_number": text("to.phoneNumber").where_missing(text("to.extensionNumber")),
        "to_name": text("to.name"),
        "to_extension": text("to.extensionNumber"),
        "to_user": text("to.extensionId"),
        "did_number": text("to.phoneNumber").where(direction="inbound"),
        "presented_number": text("from.phoneNumber").where(direction="outbound"),
        "answered_by": text("to.name").where(direction="inbound", disposition="answered"),
        "charge_amount": decimal("billing.costPurchased"),
        "is_international": choice(
            "internalType",
            {"international": True, "local": False, "longdistance": False, "tollfreenumber": False},
            absent=None,
            other=None,
        ),
        "is_toll_free": choice(
            "internalType",
            {"tollfreenumber": True, "local": False, "longdistance": False, "international": False},
            absent=None,
            other=None,
        ),
        # The recording may come after the record: one without is not known to be unrecorded.
        "is_recorded": present("recording.id", empty=None),
        "recording_url": text("recording.contentUri"),
    }

    def params(self) -> Mapping[str, str]:
        return {"view": "Detailed"}  # legs and costs

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "access_token":
            return GivenToken(given["access_token"])
        return JwtGrant(
            "restapi/oauth/token",
            client_id=given["client_id"],
            client_secret=given["client_secret"],
            jwt=given["jwt"],
        )


class CallLogs(CallRecords):
    """The legs of the records: the same answers, a row a leg. A record's own time says which period its legs are of."""

    name = "call_logs"

    legs = Legs("legs", id="id")
    fields = {
        **CallRecords.fields,
        "vendor_record_id": leg_id("id"),
        "call_group_id": text("parent.sessionId"),
    }
