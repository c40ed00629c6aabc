"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_vonage_business.streams import CallRecords


class SourceVonageBusiness(CallRecordSource):
    """Call detail records of Vonage Business Communications."""

    streams = (CallRecords,)
