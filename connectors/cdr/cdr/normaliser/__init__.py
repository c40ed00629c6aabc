"""The vendor's fields become columns: field readers, values, times, phone numbers, derivations, privacy.

Pure: no clock, no network, no vendor. What a vendor's `streams.py` needs of it is imported here.
"""

from cdr.normaliser.derivations import between, derived, minus, plus
from cdr.normaliser.fields import Field, Fields, Read, Reader, Row, Setting
from cdr.normaliser.instants import epoch, rfc2822
from cdr.normaliser.legs import Legs, leg_id
from cdr.normaliser.links import expiry
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.normaliser.privacy import Privacy
from cdr.normaliser.readers import (
    as_sent,
    cents,
    choice,
    clock,
    containing,
    decimal,
    flag,
    free_object,
    integer,
    joined,
    link,
    number,
    present,
    seconds,
    starting,
    text,
)
from cdr.normaliser.sides import by_word
from cdr.normaliser.time_readers import moment, timestamp
from cdr.normaliser.timestamps import later, rfc3339
from cdr.normaliser.values import Paths, Unreadable, integer_at, value_at

__all__ = [
    "Field",
    "Fields",
    "Legs",
    "Normaliser",
    "Paths",
    "Privacy",
    "Read",
    "Reader",
    "Row",
    "Setting",
    "Unreadable",
    "as_sent",
    "between",
    "by_word",
    "cents",
    "choice",
    "clock",
    "containing",
    "decimal",
    "derived",
    "epoch",
    "expiry",
    "flag",
    "free_object",
    "integer",
    "integer_at",
    "joined",
    "later",
    "leg_id",
    "link",
    "minus",
    "moment",
    "number",
    "plus",
    "present",
    "rfc2822",
    "rfc3339",
    "seconds",
    "serialise",
    "starting",
    "text",
    "timestamp",
    "value_at",
]
