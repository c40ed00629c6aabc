"""A vendor that answers from a list, for tests of what reads it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import orjson

from cdr.normaliser import moment, text
from cdr.vendor.config import Config
from cdr.vendor.paginators import PageNumber, SinglePage
from cdr.vendor.stream import CallStream
from cdr.vendor.windows import Period, Window

UTC = timezone.utc
DAY = Period(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
FORMAT = "%Y-%m-%d %H:%M:%S"
SPECIFICATION = {
    "type": "object",
    "properties": {
        "api_url": {"default": "http://127.0.0.1:1"},
        "include_raw": {"default": False},
        "num_workers": {"default": 4},
        "lookback_window_minutes": {"default": 60},
        "settling_delay_seconds": {"default": 60},
        "start_date": {"type": "string"},
        "requests_per_minute": {"type": "integer"},
        "ca_certificate": {"type": "string"},
        "privacy": {
            "type": "object",
            "oneOf": [{"type": "object", "properties": {"mode": {"const": mode}}} for mode in ("none", "mask", "drop")],
        },
    },
}


def config(**over):
    return Config({"start_date": "2026-01-01", **over}, SPECIFICATION)


class Paged(CallStream):
    vendor = "voxo"
    endpoint = "calls"
    rows = "rows"
    total = "total"
    cursor = "started_at"
    paginator = PageNumber("page", asks=("size", 10), last="last")
    window = Window("from", "to", format=FORMAT)
    fields = {"vendor_record_id": text("id"), "started_at": moment("time", FORMAT, zone="UTC")}


class Whole(Paged):
    rows = ""
    total = ()
    paginator = SinglePage()


def call(number, at=None):
    at = at or DAY.start + timedelta(seconds=number)
    return {"id": f"c{number}", "time": at.strftime(FORMAT)}


class PagedVendor:
    """Answers `Paged`. `script` may change `calls`, or the answer, before each page."""

    def __init__(self, calls, script=None, states_last=True):
        self.calls = list(calls)
        self.script = script or (lambda vendor, page, answer: answer)
        self.states_last = states_last
        self.requests = []
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()

    def get(self, request, *, attempts=None, what=""):
        with self._lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.requests.append(dict(request.params))
        try:
            return self.answer(int(request.params["page"]))
        finally:
            with self._lock:
                self.in_flight -= 1

    def answer(self, page):
        rows = self.calls[(page - 1) * 10 : page * 10]
        answer = {"rows": rows, "total": len(self.calls)}
        if self.states_last:
            answer["last"] = max(1, -(-len(self.calls) // 10))
        answer = self.script(self, page, answer)
        return answer if isinstance(answer, bytes) else orjson.dumps(answer)


def executor():
    return ThreadPoolExecutor(4)
