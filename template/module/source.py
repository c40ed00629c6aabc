"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from ${module}.streams import CallRecords


class ${class_name}(CallRecordSource):
    """${title}."""

    streams = (CallRecords,)
