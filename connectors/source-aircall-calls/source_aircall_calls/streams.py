"""Aircall, calls. Docs: developer.aircall.io, API reference, "Calls", "Pagination" and "Rate limiting"."""

from collections.abc import Mapping
from datetime import timedelta

from cdr.normaliser import (
    as_sent,
    between,
    cents,
    choice,
    derived,
    epoch,
    expiry,
    joined,
    present,
    seconds,
    text,
)
from cdr.vendor import (
    Authenticator,
    Basic,
    CallStream,
    Config,
    EpochWindow,
    Form,
    GivenToken,
    PageNumber,
    RecordingFileStream,
    Uncertain,
)
from source_aircall_calls.worked_out import dollars, full_name, outcome, ringing, sides, talking, was_answered

_REFUSED = frozenset({400, 422})


_ANSWERED = derived(was_answered, as_sent("answered_at"))
_CONTACT = derived(full_name, text("contact.first_name"), text("contact.last_name"), text("contact.company_name"))
_CALLER, _CALLEE = sides(text("number.digits"), text("raw_digits"))
_CALLER_NAME, _CALLEE_NAME = sides(text("user.name"), _CONTACT)
_LINK = text("recording").otherwise(text("voicemail"))


class CallRecords(CallStream):
    """Filtered on the creation; 50 rows a page; ten thousand a query, however many there are; six months."""

    vendor = "aircall"
    endpoint = "v1/calls"
    rows = "calls"
    total = "meta.total"
    cursor = "started_at"
    order = "oldest first"
    kept = timedelta(days=180)
    resets = "X-AircallApi-Reset"
    advice = {403: "Aircall says so of a wrong API ID, API token or access token; it knows no smaller rights."}

    paginator = PageNumber("page", asks=("per_page", 50), granted="meta.per_page")
    most_rows = 10_000
    # Few requests a minute, so weeks. A call is created when it starts, give or take what the reference does not say.
    window = EpochWindow("from", "to", step=timedelta(days=7), wider=timedelta(minutes=1))
    documented = (
        "id:n sid direct_link direction status missed_call_reason started_at:n answered_at:n ended_at:n duration:n "
        "voicemail recording asset raw_digits user:o contact:o archived:b assigned_to:o transferred_by:o "
        "transferred_to:o cost:ns number:o comments:l tags:l teams:l participants:l hangup_cause country_code_a2 "
        "pricing_type"
    )
    uncertain = (
        Uncertain(
            "request",
            (Form("contacts in the rows"), Form("no contacts", lambda _, asked, __: asked.without("fetch_contact"))),
            statuses=_REFUSED,
            naming=("fetch_contact",),
        ),
        Uncertain(
            "order",
            (Form("the oldest first"), Form("no order", lambda _, asked, __: asked.without("order"))),
            statuses=_REFUSED,
            naming=("order",),
        ),
    )

    fields = {
        "vendor_record_id": text("id"),
        "started_at": epoch("started_at", first_year=1971),
        "answered_at": epoch("answered_at", first_year=1971),
        "ended_at": epoch("ended_at", first_year=1971),
        # Of a call that is still going on it is 0.
        "duration_seconds": seconds("duration").where_known("ended_at"),
        "ring_seconds": derived(
            ringing, _ANSWERED, between("started_at", "answered_at"), between("started_at", "ended_at")
        ),
        "talk_seconds": derived(talking, _ANSWERED, between("answered_at", "ended_at"), "ended_at"),
        "direction": choice("direction", {word: word for word in ("inbound", "outbound", "internal")}),
        "direction_raw": text("direction"),
        "disposition": derived(
            outcome,
            _ANSWERED,
            present("voicemail"),
            choice(
                "missed_call_reason",
                {
                    **dict.fromkeys(("short_abandoned", "abandoned_in_ivr", "abandoned_in_classic"), "abandoned"),
                    **dict.fromkeys(
                        ("out_of_opening_hours", "no_available_agent", "agents_did_not_answer"), "no_answer"
                    ),
                },
                absent=None,
            ),
            choice("status", {"answered": "answered", "done": "no_answer"}),
        ),
        "disposition_raw": text("missed_call_reason").otherwise(text("status")),
        "hangup_cause": text("hangup_cause"),
        "from_number": _CALLER,
        "from_name": _CALLER_NAME,
        "from_extension": text("user.extension").where(direction="outbound"),
        "from_user": text("user.email").where(direction="outbound"),
        "to_number": _CALLEE,
        "to_name": _CALLEE_NAME,
        "to_extension": text("user.extension").where(direction="inbound"),
        "to_user": text("user.email").where(direction="inbound"),
        "did_number": text("number.digits").where(direction="inbound"),
        "presented_number": text("number.digits").where(direction="outbound"),
        "answered_by": text("user.name").where(direction="inbound", disposition="answered"),
        "forwarded_to": text("transferred_to.name"),
        "charge_amount": cents("cost"),
        "charge_currency": derived(dollars, "charge_amount"),
        "is_recorded": present("recording", empty=None),  # a recording may come later
        "recording_url": _LINK,
        "recording_expires_at": derived(expiry, _LINK),
        "tag": joined("tags", "name", ", "),
        "notes": joined("comments", "content", "\n"),
    }

    def params(self) -> Mapping[str, str]:
        return {"order": "asc", "fetch_contact": "true"}

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "access_token":
            return GivenToken(given["access_token"])
        return Basic(given["api_id"], given["api_token"])


class RecordingFiles(RecordingFileStream, CallRecords):
    """What the links of `call_records` lead to, recordings and voicemails; each works for an hour."""
