"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_ringcentral_calls.streams import CallLogs, CallRecords


class SourceRingcentralCalls(CallRecordSource):
    """Call detail records of RingCentral."""

    streams = (CallRecords, CallLogs)
