"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_aircall_calls.streams import CallRecords, RecordingFiles


class SourceAircallCalls(CallRecordSource):
    """Aircall."""

    streams = (CallRecords, RecordingFiles)
