"""Call detail records: telephony vendors' call rows as canonical records.

What is imported here is free of Airbyte's CDK.
"""

from cdr.fields import Fields, Reader
from cdr.moments import Weighed, weigh
from cdr.normaliser import Normaliser, serialise
from cdr.numbers import Number, resolve
from cdr.privacy import Privacy
from cdr.record import COLUMNS, ISSUES, SCHEMA_VERSION, schema

__all__ = [
    "COLUMNS",
    "ISSUES",
    "SCHEMA_VERSION",
    "Fields",
    "Normaliser",
    "Number",
    "Privacy",
    "Reader",
    "Weighed",
    "resolve",
    "schema",
    "serialise",
    "weigh",
]
