"""The source, as Airbyte knows it."""

from cdr.airbyte.source import CallRecordSource
from source_portsip.streams import CallLogs, CallRecords, CallReports, CompletedCallReports


class SourcePortsip(CallRecordSource):
    """Call detail records of PortSIP PBX."""

    streams = (CallRecords, CallLogs, CallReports, CompletedCallReports)
