"""PortSIP PBX v22: call detail records, legs and reports. Docs: the vendor's REST API reference, v22."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from cdr.normaliser import (
    Fields,
    Normaliser,
    Row,
    Setting,
    between,
    containing,
    decimal,
    derived,
    free_object,
    integer,
    link,
    seconds,
    starting,
    text,
    timestamp,
)
from cdr.vendor import ISSUES, Authenticator, Config, GivenToken, SkipTop
from source_portsip import lists
from source_portsip.lists import Filter
from source_portsip.login import PortsipToken

_DISPOSITION_OF_STATUS = {
    **dict.fromkeys((486, 600), "busy"),
    487: "canceled",
    **dict.fromkeys((408, 480), "no_answer"),
    **dict.fromkeys((403, 603), "rejected"),
    **dict.fromkeys(range(500, 600), "failed"),
}


def disposition(answered_at: str | None, by_reason: str, status: int | None) -> str:
    """What became of the call: the answer decides, then the reason's word, then the SIP status."""
    if answered_at is not None:
        return "answered"
    if by_reason != "unknown" or status is None:
        return by_reason
    return _DISPOSITION_OF_STATUS.get(status, "unknown")


def where_it_went(destination: str | None, callee: str | None, reason: str | None) -> str | None:
    """The destination of a call that did not stay with the one it was for.

    Without a reason it may be the number that was dialled, rewritten.
    """
    return destination if destination != callee and reason is not None else None


CALL_FIELDS: Fields = {
    "vendor_record_id": text("id"),
    "sip_call_id": text("call_id"),
    # Builds differ in how they say "not set": null, empty text, or the year 1.
    "started_at": timestamp("started_at", first_year=1971),
    "ringing_at": timestamp("rang_at", first_year=1971),
    "answered_at": timestamp("answered_at", first_year=1971),
    "ended_at": timestamp("ended_at", first_year=1971),
    "duration_seconds": between("started_at", "ended_at"),
    "ring_seconds": between("ringing_at", "answered_at", missing=between("ringing_at", "ended_at")),
    "talk_seconds": between("answered_at", "ended_at", missing=seconds("duration")),
    "direction": starting(
        "direction",
        {
            **dict.fromkeys(("inbound_outbound", "in2out"), "transit"),
            "inbound": "inbound",
            "outbound": "outbound",
            "internal": "internal",
            "ext": "internal",
        },
        alone={"in": "inbound", "out": "outbound"},  # the vendor's webhooks spell so
    ),
    "direction_raw": text("direction"),
    "disposition": derived(
        disposition,
        "answered_at",
        containing(
            "end_reason",
            {
                "busy": "busy",
                "cancel": "canceled",
                **dict.fromkeys(("reject", "decline"), "rejected"),
                **dict.fromkeys(("no_answer", "timeout"), "no_answer"),
                "voicemail": "voicemail",
                "fail": "failed",
            },
        ),
        "sip_status_code",
    ),
    "disposition_raw": text("end_reason"),
    "hangup_party": starting("end_reason", {"caller": "caller", "cancel": "caller", "callee": "callee"}, absent=None),
    "hangup_cause": text("end_reason"),
    "sip_status_code": integer("status_code", 100, 699),
    "from_number": text("caller"),
    "from_name": text("caller_display_name"),
    "from_extension": text("caller").where(from_number_kind="extension"),
    "to_number": text("callee"),
    "to_name": text("callee_display_name"),
    "to_extension": text("callee").where(to_number_kind="extension"),
    "did_number": text("did_cid"),
    "presented_number": text("outbound_caller_id"),
    "forwarded_to": derived(where_it_went, text("destination"), "to_number", text("reroute_reason")),
    "trunk": text("trunk"),
    "user_data": text("user_data"),
}

COST_FIELDS: Fields = {  # of the detail alone
    "charge_amount": decimal("cost"),
    "billed_account": text("billed_account"),
}
_READ_COSTS = {column: field.compile(Setting()) for column, field in COST_FIELDS.items()}

REPORT_FIELDS: Fields = {
    "id": text("id"),
    "name": text("name"),
    "type": text("type"),
    "status": text("status"),
    "email": text("email"),
    "format": text("format"),
    "range": text("range"),
    "started_at": timestamp("started_at", first_year=1971),
    "ended_at": timestamp("ended_at", first_year=1971),
    "cron_expr": text("cron_expr"),
    "filter": free_object("filter"),
}

COMPLETED_FIELDS: Fields = {
    "id": text("id"),
    "name": text("name"),
    "type": text("type"),
    "format": text("format"),
    "completed_at": timestamp("completed_at", first_year=1971),
    "file_name": text("file_name"),
    "file_size": integer("file_size"),
    "file_url": link("file_url"),  # a path on the server's root, not below /api
}


class CallRecords(lists.PortsipStream):
    """`/cdrs`: filtered on the start, in UTC, half-open to the microsecond; the costs stand in the detail."""

    name = "call_records"
    endpoint = "cdrs"
    cursor = "started_at"

    paginator = SkipTop("skip", "top", 100)
    window = Filter(
        "started_at ge", "started_at lt", zone="UTC", margin=timedelta(0), granularity=timedelta(microseconds=1)
    )

    documented = (
        "id caller caller_domain caller_display_name callee callee_domain callee_display_name started_at rang_at "
        "answered_at ended_at call_id session_id direction end_reason reroute_reason status_code:n destination "
        "outbound_caller_id did_cid trunk duration:n service_number user_data cost:n billed_account"
    )
    fields = {**CALL_FIELDS, **COST_FIELDS}
    detail_has: ClassVar[tuple[str, ...]] = ("sip_call_id", "started_at")  # as the row has it; it leaves the id out

    @property
    def with_details(self) -> bool:
        return self.config.flag("include_call_costs")

    def normaliser(self, found: str | None = None, asked: str | None = None) -> Normaliser:
        # A list that sends a cost is not documented; the one of the detail is.
        return replace(
            super().normaliser(found, asked), fields={c: self.fields[c] for c in self.fields if c not in COST_FIELDS}
        )

    def complete(self, row: Row, details: Sequence[Row], normaliser: Normaliser) -> None:
        # Whether `/cdrs/{id}` can answer with several rows, or with another one, nobody says.
        issues = ["value_unreadable"]
        if len(details) == 1:
            filled = normaliser.row(details[0])
            if all(filled[column] == row[column] for column in self.detail_has):
                issues = []
                row.update({column: read(details[0], {"issues": issues}) for column, read in _READ_COSTS.items()})
        row["issues"] = [issue for issue in ISSUES if issue in row["issues"] or issue in issues]

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "access_token":
            return GivenToken(given["access_token"])
        # The system administrator belongs to no domain.
        return PortsipToken({name: given[name] for name in ("username", "password", "domain") if given.get(name)})


class CallLogs(CallRecords):
    """`/calllogs`: the legs of calls; as `/cdrs`, with what groups them."""

    name = "call_logs"
    endpoint = "calllogs"
    missing = (
        "this server has no /calllogs, which came with a later v22 than its own; the legs of calls are not read. "
        "Upgrade the PBX, or leave the stream out."
    )

    fields = {**CALL_FIELDS, "call_group_id": text("session_id"), **COST_FIELDS}
    detail_has = ("vendor_record_id",)


class CallReports(lists.PortsipStream):
    """`/call_reports`: the reports that are defined, in short; the detail has the rest. Read whole."""

    name = "call_reports"
    endpoint = "call_reports"
    cursor: ClassVar[str | None] = None
    primary_key = "id"

    paginator = SkipTop("skip", "top", 100)

    fields = REPORT_FIELDS

    def complete(self, row: Row, details: Sequence[Row], normaliser: Normaliser) -> None:
        kept = ("id", self.cursor)  # the window was cut by the time of the list
        for detail in details[:1]:
            filled = normaliser.row(detail)
            row.update({name: filled[name] for name in self.fields if name not in kept and filled[name] is not None})


class CompletedCallReports(CallReports):
    """`/completed_call_reports`: filtered on the completion; the detail is the same object, bare."""

    name = "completed_call_reports"
    endpoint = "completed_call_reports"
    cursor = "completed_at"

    window = Filter(
        "completed_at ge", "completed_at lt", zone="UTC", margin=timedelta(0), granularity=timedelta(microseconds=1)
    )

    fields = COMPLETED_FIELDS

    @property
    def lookback(self) -> timedelta:
        return max(super().lookback, timedelta(minutes=1440))
