"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_acefone.streams import CallRecords


class SourceAcefone(CallRecordSource):
    """Call detail records of Acefone."""

    streams = (CallRecords,)
