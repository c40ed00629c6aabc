"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_bics.streams import CallRecords, RecordingFiles, Recordings


class SourceBics(CallRecordSource):
    """Call detail records and recordings of BICS CPaaS."""

    streams = (CallRecords, Recordings, RecordingFiles)
