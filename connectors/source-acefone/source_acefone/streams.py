"""Acefone UK, call report. Docs: docs.acefone.co.uk/reference, "Authentication" and "Call Report"."""

from collections.abc import Mapping

from cdr.authenticators import Authenticator
from cdr.config import Config
from cdr.paginators import PageNumber
from cdr.readers import as_sent, choice, containing, decimal, derived, moment, plus, present, seconds, text
from cdr.reading import WindowReader
from cdr.stream import CallStream
from source_acefone import answers, call_flow
from source_acefone.authenticator import EitherForm, LoginInEitherForm
from source_acefone.windows import LocalWindow

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


class CallRecords(CallStream):
    """Filtered on the start (assumed), in the configured zone, bounds unknown; 100 rows a page; the total is stated."""

    vendor = "acefone"
    endpoint = "call_report"
    rows = answers.rows
    total = ("filtered_records", "total_records")
    cursor = "started_at"
    bare_country_codes = True

    paginator = PageNumber("page", size=("limit", 100))
    window = LocalWindow("from_date", "to_date", format="%Y-%m-%d %H:%M:%S", zone="{timezone}", bounds="unknown")

    fields = {
        "vendor_record_id": text("id"),
        "call_group_id": text("call_stats.unique_id").otherwise(text("call_stats.call_id")),
        "started_at": moment(
            "date",
            "%d-%b-%Y %H:%M:%S",
            witness="call_stats.call_id",
            otherwise=("call_stats.call_date", "call_stats.connection_time"),
        ),
        "answered_at": plus("started_at", "ring_seconds").where_positive("talk_seconds"),
        "ended_at": plus("started_at", "duration_seconds"),
        "duration_seconds": seconds("call_stats.call_duration"),
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

    @classmethod
    def reader(cls) -> type[WindowReader]:
        return answers.Reader  # a 404 has one more reason here

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "access_token":
            return EitherForm(given["access_token"])
        return LoginInEitherForm(given["login_id"], given["password"])
