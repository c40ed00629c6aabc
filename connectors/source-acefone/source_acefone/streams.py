"""Acefone UK, call report. Docs: docs.acefone.co.uk/reference, "Authentication" and "Call Report"."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from cdr.normaliser import as_sent, choice, containing, decimal, derived, moment, plus, present, seconds, text
from cdr.vendor import (
    Authenticator,
    CallStream,
    Config,
    Form,
    GivenToken,
    Login,
    LoginToken,
    PageNumber,
    Period,
    RecordingFileStream,
    Request,
    Stream,
    Uncertain,
)
from source_acefone import answers, call_flow
from source_acefone.windows import LocalDays, LocalWindow

Q850_CAUSES = {
    "unallocated number": 1,
    "no route to destination": 3,
    "normal clearing": 16,
    "user busy": 17,
    "no user responding": 18,
    "no answer": 19,
    "call rejected": 21,
    "number changed": 22,
    "invalid number format": 28,
    "normal unspecified": 31,
    "no circuit available": 34,
    "network out of order": 38,
    "temporary failure": 41,
    "switching equipment congestion": 42,
    "interworking": 127,
}


_DATES = ("from_date", "to_date")
_OTHER_REFUSALS = frozenset({400, 404, 422, 500, 501, 502})


def _with_offset(stream: Stream, asked: Request, period: Period | None) -> Request:
    """The zone as the offset that it has when the period begins."""
    if period is None:
        return asked
    offset = period.start.astimezone(ZoneInfo(stream.zone)).strftime("%z")
    return asked.plus({"time_zone": f"{offset[:3]}:{offset[3:]}"})


class CallRecords(CallStream):
    """Filtered on the start (assumed), in the configured zone, bounds unknown; 100 rows a page; the total is stated."""

    vendor = "acefone"
    endpoint = "call_report"
    rows = answers.rows
    total = "filtered_records"
    account_total = "total_records"
    cursor = "started_at"
    order = "newest first"
    bare_country_codes = True

    paginator = PageNumber("page", asks=("limit", 100))
    window = LocalWindow(*_DATES, format="%Y-%m-%d %H:%M:%S", zone="{timezone}", behind=timedelta(hours=26))
    zones = ("UTC", "Europe/London", "Asia/Kolkata", "America/New_York", "America/Chicago")
    headers = {"Accept": "application/json", "Authorization": "{}"}
    documented = (
        "id:n call_stats:o call_stats.inbound_sec:n call_stats.outbound_sec:n call_stats.bill_sec:ns "
        "call_stats.bill_calls:ns call_stats.total_charges:ns call_stats.connection_time call_stats.ring_time:ns "
        "call_stats.answer_time:ns call_stats.call_flow:l call_stats.call_id call_stats.unique_id:n "
        "call_stats.call_date call_stats.call_duration:ns call_hint source destination forward_to_number "
        "reason_key hangup_cause date recording_file_link status call_answered_by:ns service"
    )
    uncertain = (
        Uncertain(
            "request",
            (
                Form("dates with a time of day"),
                Form("dates alone", window=LocalDays(*_DATES)),
                Form("dates as the vendor prints them", window=LocalWindow(*_DATES, format="%d-%b-%Y %H:%M:%S")),
            ),
            statuses=_OTHER_REFUSALS,
            if_empty=True,
        ),
        Uncertain(
            "zone",
            (
                Form("the zone by its name"),
                Form("the zone as an offset", _with_offset),
                Form("no zone", lambda _, asked, __: asked.without("time_zone")),
            ),
            statuses=_OTHER_REFUSALS,
        ),
        Uncertain(
            "token",
            (
                Form("the bare token in the header Authorization"),
                Form("the token behind Bearer", lambda _, asked, __: asked.with_header("Authorization", "Bearer {}")),
            ),
            statuses=frozenset({401, 403, 500}),  # this vendor answers every mistake with 500
        ),
    )
    advice = {
        404: "Acefone runs a second UK platform (api-account-uk.acefone.com, call/records), which this connector does "
        "not read: ask Acefone which one the account is on."
    }

    fields = {
        "vendor_record_id": text("id"),
        "call_group_id": text("call_stats.unique_id").otherwise(text("call_stats.call_id")),
        "started_at": moment(
            "date",
            "%d-%b-%Y %H:%M:%S",
            witness="call_stats.call_id",
            otherwise=("call_stats.call_date", "call_stats.connection_time"),
        ),
        "answered_at": derived(
            call_flow.answered_at, "started_at", "duration_seconds", "talk_seconds", "ring_seconds"
        ).where_positive("talk_seconds"),
        "ended_at": plus("started_at", "duration_seconds"),
        # The reference does not list `call_duration`.
        "duration_seconds": seconds("call_stats.call_duration").where_missing(
            derived(call_flow.ring_and_talk, "ring_seconds", "talk_seconds")
        ),
        "ring_seconds": seconds("call_stats.ring_time"),
        "talk_seconds": seconds("call_stats.answer_time"),
        "billed_seconds": seconds("call_stats.bill_sec"),
        "direction": containing(
            "call_hint",
            {"inbound": "inbound", "outbound": "outbound", "clicktocall": "outbound", "internal": "internal"},
        ),
        "direction_raw": text("call_hint"),
        "disposition": choice(
            "status",
            {
                **dict.fromkeys(("missed", "no_answer"), "no_answer"),
                **dict.fromkeys(("canceled", "cancelled"), "canceled"),
                **{
                    word: word
                    for word in ("answered", "busy", "rejected", "abandoned", "voicemail", "congestion", "failed")
                },
            },
        ),
        "disposition_raw": text("status"),
        "hangup_party": derived(call_flow.hangup_party, as_sent("call_stats.call_flow")),
        "hangup_cause": text("hangup_cause"),
        "q850_cause": choice("hangup_cause", Q850_CAUSES, absent=None, other=None),
        "from_number": text("source"),
        "to_number": text("destination"),
        "did_number": derived(call_flow.did_number, as_sent("call_stats.call_flow")),
        "answered_by": text("call_answered_by"),
        "forwarded_to": text("forward_to_number"),
        "charge_amount": decimal("call_stats.total_charges"),
        "is_recorded": present("recording_file_link"),
        "recording_url": text("recording_file_link"),
    }

    # Not sent on purpose: `sort` and `order`, whose values nobody documents.
    def params(self) -> Mapping[str, str]:
        return {"time_zone": self.zone}

    failed = staticmethod(answers.failure)

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "access_token":
            return GivenToken(given["access_token"])
        login = Login("auth/login", json={"login_id": given["login_id"], "password": given["password"]})
        return LoginToken(
            login,
            renewal=lambda token: Login("auth/refresh", bearer=token.value),
            last_resort=login,  # once the hour is over, a token cannot be renewed
        )


class RecordingFiles(RecordingFileStream, CallRecords):
    """What the links of `call_records` lead to."""
