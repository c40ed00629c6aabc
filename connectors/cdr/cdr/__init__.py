"""Call detail records: telephony vendors' call rows as canonical records.

What is imported here is free of Airbyte's CDK.
"""

from cdr.normaliser.fields import Fields, Reader
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.normaliser.phone_numbers import Number, resolve_number
from cdr.normaliser.privacy import Privacy
from cdr.normaliser.timestamps import ResolvedTime, resolve_time
from cdr.schema.columns import COLUMNS, ISSUES, SCHEMA_VERSION, json_schema

__all__ = [
    "COLUMNS",
    "ISSUES",
    "SCHEMA_VERSION",
    "Fields",
    "Normaliser",
    "Number",
    "Privacy",
    "Reader",
    "ResolvedTime",
    "json_schema",
    "resolve_number",
    "resolve_time",
    "serialise",
]
