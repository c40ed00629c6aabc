"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_acefone.streams import CallRecords, RecordingFiles


class SourceAcefone(CallRecordSource):
    """Call detail records and recordings of Acefone."""

    streams = (CallRecords, RecordingFiles)
