"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_voxo.streams import CallRecords


class SourceVoxo(CallRecordSource):
    """Call detail records of VOXO."""

    streams = (CallRecords,)
