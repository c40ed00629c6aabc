"""How each of the five real vendors is asked and answers, for drawn calls and habits: see `drawn_vendor.py`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cdr.vendor.request import Request

UTC: Final = timezone.utc
DAY: Final = 86_400
_UUID_EPOCH: Final = 0x01B21DD213814000
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PLAIN: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Call:
    """A call. Moments are seconds since 1970.

    number: tells it from all others, also from one with the same id
    shown:  from when on the vendor serves it
    """

    number: int
    id_number: int
    id_epoch: int
    start: int
    end: int
    shown: int


@dataclass(frozen=True)
class Habits:
    """What a vendor does, in all that its documents leave open.

    filters_on:   start or end of a call
    printed_zone: of the times of its rows; request_zone: in which it reads a request, None for the one asked for
    low, high:    whether it includes the two moments that it is asked for
    days_alone:   whether it looks at their dates alone; last_day: whether it includes the last one
    cap:          the most rows that it finds for a request; newest: which of them it keeps
    page_rows:    the most rows that it grants a page
    total:        right, none, account (of all its calls), capped, page (of that page)
    behind:       what comes behind the last page: empty, last (once more), missing (404)
    obeys:        whether it filters at all
    epochs:       whether ids tell the time of the call
    growing:      whether calls appear one by one while it is asked
    """

    filters_on: str = "start"
    printed_zone: str = "UTC"
    request_zone: str | None = None
    low: bool = True
    high: bool = True
    days_alone: bool = False
    last_day: bool = True
    cap: int | None = None
    newest: bool = True
    descending: bool = False
    page_rows: int = 100
    total: str = "right"
    behind: str = "empty"
    obeys: bool = True
    epochs: bool = True
    growing: bool = False


@dataclass(frozen=True)
class Form:
    """How one of the five is asked and answers.

    asked: the first and the last second that a request names
    page:  rows to leave out (None where pages are numbered), rows wanted (0 for all), number of the page from 0
    """

    asked: Callable[[Request, Habits], tuple[int, int]]
    page: Callable[[Request], tuple[int | None, int, int]]
    row: Callable[[Call, Habits], dict[str, Any]]
    body: Callable[[list[dict[str, Any]], int | None, int, int], Any]


def _second(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def _bounds(low: str, high: str, zone: str, habits: Habits) -> tuple[int, int]:
    """Two texts in the vendor's reading."""
    zone = habits.request_zone or zone
    if habits.days_alone:
        # The last second of the last day, or of the day before it: both bounds then are of seconds.
        day = date.fromisoformat(high[:10]) + timedelta(days=habits.last_day)
        return _second(low[:10], zone), _second(day.isoformat(), zone) - 1
    return _second(low, zone), _second(high, zone)


def _wall(moment: int, habits: Habits) -> datetime:
    return datetime.fromtimestamp(moment, ZoneInfo(habits.printed_zone))


def _text(moment: int, habits: Habits) -> str:
    return _wall(moment, habits).strftime(_PLAIN)


def _voxo_row(call: Call, habits: Habits) -> dict[str, Any]:
    return {
        "id": f"v{call.id_number}",
        "time": _wall(call.start, habits).strftime("%m/%d/%y %H:%M:%S"),
        "uniqueId": f"{call.id_epoch if habits.epochs else 'x'}.{call.id_number}",
        "callerIdNumber": str(call.number),
        "direction": "IN",
        "duration": call.end - call.start,
        "afterAnswerDuration": 0,
    }


def _acefone_asked(request: Request, habits: Habits) -> tuple[int, int]:
    zone = request.params.get("time_zone", "Europe/London")
    low, high = (_as_plain(request.params[name]) for name in ("from_date", "to_date"))
    if len(low) == len("2026-06-30"):
        low, high = f"{low} 00:00:00", f"{high} {'23:59:59' if habits.last_day else '00:00:00'}"
    return _bounds(low, high, zone, habits)


def _as_plain(text: str) -> str:
    """A date as Acefone prints it, in digits."""
    day, month, rest = text.partition("-")[0], text[3:6], text[7:]
    return f"{rest[:4]}-{_MONTHS.index(month) + 1:02}-{day}{rest[4:]}" if month in _MONTHS else text


def _acefone_row(call: Call, habits: Habits) -> dict[str, Any]:
    wall = _wall(call.start, habits)
    return {
        "id": f"a{call.id_number}",
        "date": f"{wall.day:02}-{_MONTHS[wall.month - 1]}-{wall:%Y %H:%M:%S}",
        "source": str(call.number),
        "call_hint": "inbound",
        "call_stats": {
            "call_id": f"{call.id_epoch if habits.epochs else 'x'}.{call.id_number}",
            "call_duration": call.end - call.start,
        },
    }


def _acefone_body(rows: list[dict[str, Any]], total: int | None, _: int, everything: int) -> Any:
    stated = {} if total is None else {"total_records": str(everything), "filtered_records": str(total)}
    return {**stated, "page_records": len(rows), "data": rows}


def _bics_asked(request: Request, habits: Habits) -> tuple[int, int]:
    days = []
    for text in request.params["datetime[end_at]"].split(" - "):
        month, day, year = re.fullmatch(r"(\w{3}) (\d\d), (\d{4})", text).groups()  # type: ignore[union-attr]
        days.append(f"{year}-{_MONTHS.index(month) + 1:02}-{day}")
    return _bounds(days[0], days[1], "UTC", habits)


def _bics_row(call: Call, habits: Habits) -> dict[str, Any]:
    ticks = _UUID_EPOCH + call.id_epoch * 10**7
    time = (ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF | 0x1000)
    told = UUID(fields=(*time, 0x80, 0, call.id_number))
    return {
        "id": str(told) if habits.epochs else f"b{call.id_number}",
        "start_at": _text(call.start, habits),
        "end_at": _text(call.end, habits),
        "duration": str(timedelta(seconds=call.end - call.start)).rjust(8, "0"),
        "service": "IN",
        "call_from": str(call.number),
    }


def _bics_body(rows: list[dict[str, Any]], total: int | None, size: int, _: int) -> Any:
    stated = {} if total is None else {"total": total, "last_page": max(1, -(-total // size))}
    return {"status": "OK", "data": {"data": rows, "per_page": size, **stated}}


def _utc(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _portsip_asked(request: Request, habits: Habits) -> tuple[int, int]:
    low, high = (_moment(text) for text in re.findall(r"'([^']*)'", request.params["filter"]))
    return math.ceil(low), math.ceil(high) - 1


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _portsip_row(call: Call, habits: Habits) -> dict[str, Any]:
    times = {"started_at": _utc(call.start), "ended_at": _utc(call.end)}
    return {"id": f"p{call.id_number}", **times, "caller": str(call.number), "direction": "INBOUND_CALL"}


def _vonage_row(call: Call, habits: Habits) -> dict[str, Any]:
    times = {"start": _text(call.start, habits), "end": _text(call.end, habits), "length": call.end - call.start}
    return {"id": f"o{call.id_number}", **times, "from": str(call.number), "direction": "Inbound"}


def _vonage_body(rows: list[dict[str, Any]], total: int | None, size: int, _: int) -> Any:
    stated = {} if total is None else {"total_items": total, "total_pages": max(1, -(-total // size))}
    return {"page_size": size, **stated, "_embedded": {"call_logs": rows}}


def _numbered(name: str | None, usual: int) -> Callable[[Request], tuple[int | None, int, int]]:
    return lambda request: (
        None,
        int(request.params[name]) if name else usual,
        int(request.params["page"]) - 1,
    )


def _dated(low: str, high: str, zone: str | None = None) -> Callable[[Request, Habits], tuple[int, int]]:
    return lambda request, habits: _bounds(
        request.params[low], request.params[high], request.params[zone] if zone else "UTC", habits
    )


FORMS: Final = {
    "voxo": Form(_dated("start", "end", "timezone"), lambda _: (None, 0, 0), _voxo_row, lambda rows, *_: rows),
    "acefone": Form(
        _acefone_asked,
        _numbered("limit", 100),
        _acefone_row,
        _acefone_body,
    ),
    "bics": Form(_bics_asked, _numbered(None, 15), _bics_row, _bics_body),
    "portsip": Form(
        _portsip_asked,
        lambda request: (int(request.params["skip"]), int(request.params["top"]), 0),
        _portsip_row,
        lambda rows, total, *_: {**({} if total is None else {"count": total}), "items": rows},
    ),
    "vonage_business": Form(_dated("start:gte", "start:lte"), _numbered("page_size", 1000), _vonage_row, _vonage_body),
}
