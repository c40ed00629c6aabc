"""The source, as Airbyte knows it."""

from cdr.source import CallRecordSource
from source_twilio_calls.streams import CallRecords


class SourceTwilioCalls(CallRecordSource):
    """Twilio Calls."""

    streams = (CallRecords,)
