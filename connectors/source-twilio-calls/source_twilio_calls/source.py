"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_twilio_calls.streams import CallRecords


class SourceTwilioCalls(CallRecordSource):
    """Call detail records of Twilio."""

    streams = (CallRecords,)
