"""The canonical records: their schemas, their columns in order, their issues, and which columns are personal.

The schemas in the ``*.json`` files beside this one are written by hand and are the only place that lists the columns.
What else there is to say about a column, and cannot be said in JSON Schema, is said here, once.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

SCHEMA_VERSION: Final = 1

_FILES: Final = MappingProxyType(
    {
        "call_records": "call_records.json",
        "call_logs": "call_records.json",  # the legs of a call have the columns of a call
        "recordings": "recordings.json",
        "recording_files": "recording_files.json",
        "call_reports": "call_reports.json",
        "completed_call_reports": "completed_call_reports.json",
    }
)
_SCHEMAS: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {stream: json.loads((files("cdr.schema") / name).read_text(encoding="utf-8")) for stream, name in _FILES.items()}
)

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {stream: tuple(schema["properties"]) for stream, schema in _SCHEMAS.items()}
)
"""The columns of each stream, in the order of the contract."""

ISSUES: Final = (
    "number_unparsed",
    "number_ambiguous",
    "id_repeated",
    "time_unreadable",
    "time_ambiguous",
    "time_mismatch",
    "time_outside_window",
    "end_before_start",
    "negative_duration",
    "amount_unreadable",
    "id_missing",
    "value_unreadable",
)
"""Every word that `issues` can hold, in the order in which a row lists them."""

DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "direction": "unknown",
        "disposition": "unknown",
        "from_number_kind": "absent",
        "to_number_kind": "absent",
        "schema_version": SCHEMA_VERSION,
    }
)
"""What a column says of a row about which the vendor says nothing; null for every column not named here."""

PERSONAL_NUMBERS: Final = frozenset(
    {
        "from_number",
        "to_number",
        "from_number_e164",
        "to_number_e164",
        "did_number",
        "presented_number",
        "forwarded_to",
        "answered_by",
    }
)
"""Numbers, or people where a vendor puts them in a number's place."""

PERSONAL_PEOPLE: Final = frozenset(
    {"from_name", "to_name", "from_extension", "to_extension", "from_user", "to_user", "agent", "email"}
)

PERSONAL_FREE_TEXT: Final = frozenset(
    {"notes", "dtmf", "user_data", "tag", "recording_url", "file_url", "raw", "filter"}
)
"""Free text, links, and the vendor's own objects: nobody knows what they hold."""

NOT_PERSONAL: Final = frozenset(
    {
        *("record_id", "recording_id", "recording_file_id", "id", "vendor", "account_id", "vendor_record_id"),
        *("call_group_id", "previous_leg_id", "next_leg_id", "sip_call_id"),
        *("started_at", "ringing_at", "answered_at", "ended_at", "created_at", "completed_at"),
        *("duration_seconds", "ring_seconds", "talk_seconds", "billed_seconds"),
        *("direction", "direction_raw", "disposition", "disposition_raw"),
        *("hangup_party", "hangup_cause", "q850_cause", "sip_status_code"),
        *("from_number_kind", "to_number_kind", "from_country", "to_country", "trunk", "carrier"),
        *("charge_amount", "charge_currency", "billed_account"),
        *("is_international", "is_on_net", "is_toll_free", "is_queue_call", "is_recorded"),
        *("mos", "jitter_percent", "packet_loss_percent", "recording_expires_at"),
        *("name", "type", "status", "format", "range", "cron_expr", "file_name", "file_size"),
        *("size_bytes", "sha256"),
        *("issues", "schema_version"),
    }
)


def json_schema(stream: str) -> dict[str, Any]:
    """The JSON Schema (draft-07) of a stream; a copy, so that the caller may change it."""
    return deepcopy(_SCHEMAS[stream])
