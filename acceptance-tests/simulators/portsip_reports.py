"""PortSIP's report definitions, and the reports that they made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from simulators.calls import MICRO, stamp
from simulators.tables import Row, packed

if TYPE_CHECKING:
    from simulators.engine import Simulator

_DAY: Final = 86_400
_SAMPLE_ID: Final = "NzAwNTUxOTA5NzczMTQ4MTYw"
_SAMPLE_TIME: Final = "2017-07-21T17:32:28Z"
_IN_LIST: Final = ("id", "name", "type", "cron_expr", "status")
_NO_ANSWERS: Final = {
    "answer_state": "NOT_ANSWERED",
    "duration": "RING_DURATION",
    "duration_from": 5,
    "duration_to": 60,
}


class Report(NamedTuple):
    """A definition, or a completed report: the detail as served, whether it is completed, and when, in microseconds."""

    detail: Mapping[str, Any]
    completed: int | None = None


def _definition(number: int, **keys: Any) -> dict[str, Any]:
    return {"id": str(700_551_909_773_148_000 + number), "email": f"manager{number}@example.com", **keys}


_SAMPLE_FILTER: Final = {
    "from": "ANY",
    "from_value": "text",
    "to": "ANY",
    "to_value": "text",
    "answer_state": "ANY",
    "duration": "ANY",
    "duration_from": 1,
    "duration_to": 1,
}
DEFINITIONS: Final[tuple[dict[str, Any], ...]] = (
    {
        "id": _SAMPLE_ID,
        "name": "text",
        "type": "NORMAL",
        "email": "user@example.com",
        "format": "CSV",
        "range": "TODAY",
        "started_at": _SAMPLE_TIME,
        "ended_at": _SAMPLE_TIME,
        "cron_expr": "text",
        "filter": _SAMPLE_FILTER,
        "status": "RUNNING",
    },
    _definition(
        1,
        name="Verpasste Anrufe, Zürich",
        type="NORMAL",
        format="HTML",
        range="YESTERDAY",
        started_at="",
        ended_at="",
        cron_expr="5 6 * * *",
        status="SCHEDULED",
        filter={"from": "NUMBERS_START_WITH", "from_value": "+4420", "to": "ANY", "to_value": "", **_NO_ANSWERS},
    ),
    _definition(
        2,
        name="Queues",
        type="QUEUE_PERFORMANCE",
        format="CSV",
        range="LAST_WEEK",
        cron_expr="",
        status="SCHEDULED",
        filter={"call_queues": ["8001", "8002"]},
    ),
    _definition(
        3,
        name="March",
        type="EXTENSION_GROUP_CALL_COST",
        format="CSV",
        range="CUSTOM",
        started_at="2026-03-01T00:00:00Z",
        ended_at="2026-03-31T23:59:59Z",
        cron_expr=None,
        status="ABORTED",
        filter={"type": "GROUP", "groups": ["Sales"]},
    ),
    _definition(
        4,
        name="Next build",
        type="A_TYPE_OF_TOMORROW",
        format="PDF",
        range="LAST_DECADE",
        cron_expr="0 0 1 * *",
        status="PAUSED",
        filter={},
    ),
)
COMPLETED: Final = "completed_call_reports"


def completed_reports(start: int, end: int) -> Iterator[Report]:
    """Yield the reports that the daily definitions made between two moments, in seconds since 1970."""
    for day in range(start // _DAY, -(-end // _DAY)):
        for number, made in enumerate(DEFINITIONS[1:3]):
            done, micros = day * _DAY + 6 * 3600 + 305 + 60 * number, (day * 7919 + number) % MICRO
            detail = {
                "id": str(810_000_000_000_000_000 + 10 * day + number),
                **{key: made[key] for key in ("name", "type", "format")},
                "completed_at": stamp(done, micros),
                "file_name": f"report-{day}-{number}.{made['format'].lower()}",
                "file_size": 5_000_000_000 if day % 9 == 0 else 1000 + day % 997,
                "file_url": f"/api/blobs/Blob{day:06}{number}",
            }
            yield Report(detail, done * MICRO + micros)
    sample = {"completed_at": _SAMPLE_TIME, "file_name": "text", "file_size": 0, "name": "text", "type": "NORMAL"}
    url = "/api/blobs/WexWdABcd5D4PDgzTKV3gAAAEu00WcK"
    yield Report({"id": _SAMPLE_ID, **sample, "format": "CSV", "file_url": url}, 1_500_658_348 * MICRO)


def report_rows(simulator: Simulator, stream: str) -> Iterator[Row]:
    """Print the rows of one of the two lists."""
    if stream != COMPLETED:
        for number, detail in enumerate(DEFINITIONS):
            body = packed({key: detail[key] for key in _IN_LIST})
            yield Row(number, number, 0, detail["id"], body, Report(detail))
        return
    last = (simulator.end.timestamp() if simulator.end else simulator.now()) + timedelta(days=2).total_seconds()
    for report in completed_reports(int(simulator.start.timestamp()), int(last)):
        at = report.completed or 0
        yield Row(at, at, at / MICRO, report.detail["id"], packed(report.detail), report)


def report_columns(report: Report, origin: str) -> dict[str, Any]:
    """Return the columns of the contract; a completed report's link is absolute."""
    if report.completed is not None:
        named = ("id", "name", "type", "format", "completed_at", "file_name", "file_size")
        return {**{key: report.detail[key] for key in named}, "file_url": origin + report.detail["file_url"]}
    described = ("id", "name", "type", "status", "email", "format", "range", "started_at", "ended_at", "cron_expr")
    return {**{key: report.detail.get(key) or None for key in described}, "filter": report.detail["filter"]}
