"""PortSIP PBX v22: call detail records, legs and reports. Docs: the vendor's REST API reference, v22."""

from cdr.readers import (
    Fields,
    between,
    containing,
    decimal,
    derived,
    free_object,
    link,
    seconds,
    starting,
    text,
    timestamp,
    whole,
)

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


def where_it_differs(destination: str | None, callee: str | None) -> str | None:
    """The destination of a call that did not stay with the one it was for."""
    return destination if destination != callee else None


CALL_FIELDS: Fields = {
    "vendor_record_id": text("id"),
    "call_group_id": text("session_id"),  # /calllogs alone sends it
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
            "inbound_outbound": "transit",
            "inbound": "inbound",
            "outbound": "outbound",
            "internal": "internal",
            "ext": "internal",
        },
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
    "sip_status_code": whole("status_code", 100, 699),
    "from_number": text("caller"),
    "from_name": text("caller_display_name"),
    "from_extension": text("caller").where(from_number_kind="extension"),
    "to_number": text("callee"),
    "to_name": text("callee_display_name"),
    "to_extension": text("callee").where(to_number_kind="extension"),
    "did_number": text("did_cid"),
    "presented_number": text("outbound_caller_id"),
    "forwarded_to": derived(where_it_differs, text("destination"), "to_number"),
    "trunk": text("trunk"),
    "charge_amount": decimal("cost"),  # of the detail request
    "billed_account": text("billed_account"),
    "user_data": text("user_data"),
}

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
    "file_size": whole("file_size"),
    "file_url": link("file_url"),  # a path on the server's root, not below /api
}
