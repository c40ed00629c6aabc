"""A strict BICS on loopback: what it was not documented to take it refuses, and the test fails at its end."""

import logging
import re
import threading
import time
from contextlib import ExitStack
from datetime import date, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    Level,
    SyncMode,
    Type,
)
from airbyte_cdk.utils import AirbyteTracedException

from cdr.vendor.config import Config
from scripted import Handler, serving
from source_bics import SourceBics

TOKEN = "token-of-the-test"
GREGORIAN = datetime(1582, 10, 15, tzinfo=timezone.utc)  # where UUIDs of version 1 count from
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = re.compile(rf"({'|'.join(MONTHS)}) (\d\d), (\d{{4}}) - ({'|'.join(MONTHS)}) (\d\d), (\d{{4}})")
FILTERS = {
    "/api/v2/voice/calls": ("datetime[end_at]", "end_at"),
    "/api/v2/voice/recordings": ("datetime[r.created_at]", "created_at"),
}


class Prompt(Handler):
    disable_nagle_algorithm = True  # head and body of an answer are two packets


class Vendor:
    """Lists `ends` newest first, by whole days of `filter_zone`, printing times of `row_zone`.

    before:  called with (vendor, page) before each answer; may `add` and `remove`
    change:  the answer that is sent instead, from the answer
    """

    def __init__(self, ends, *, shape=2, size=15, filter_zone="UTC", row_zone="UTC", latency=0.0):
        self.shape, self.size, self.latency = shape, size, latency
        self.filter_zone, self.row_zone = ZoneInfo(filter_zone), ZoneInfo(row_zone)
        self.before = lambda vendor, page: None
        self.change = lambda answer: answer
        self.calls, self.names = [], {}
        self.asked, self.complaints, self.lists = [], [], {}
        self.lock = threading.RLock()
        self.at_once = self.most_at_once = 0
        for end in ends:
            self.add(end)

    def add(self, end, **columns):
        """A call, whose id tells its start as the vendor's ids do; tests know it by a short name."""
        with self.lock:
            number = len(self.names)
            identity = columns.get("id", uuid_of(end - timedelta(seconds=12), number))
            self.names.setdefault(identity, identity if "id" in columns else f"c{number}")
            self.calls.append((end, {"id": identity, **columns}))

    def ids(self, start, end):
        return sorted(self.names[row["id"]] for moment, row in self.calls if start <= moment < end)

    # What goes over the wire

    def answer(self, request):
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.latency)
        with self.lock:
            self.at_once -= 1
            url = urlsplit(request.path)
            query = parse_qsl(url.query, keep_blank_values=True, strict_parsing=True)
            asked = dict(query)
            self.asked.append(asked)
            name, column = FILTERS.get(url.path, ("", ""))
            days = DAYS.fullmatch(asked.get(name, ""))
            if request.headers.get_all("Authorization") != [f"Bearer {TOKEN}"]:
                return 401, {}, {"status": "ERROR", "code": 401, "message": "Unauthenticated"}
            if request.command != "GET" or sorted(asked) != sorted([name, "page"]) or len(query) != 2 or not days:
                self.complaints.append(f"{request.command} {request.path}")
                return 400, {}, {"status": "ERROR", "code": 400, "message": "Malformed"}
            page = int(asked["page"])
            self.before(self, page)
            answer = self.change(self.page(page, column, day(*days.groups()[:3]), day(*days.groups()[3:])))
            return answer if isinstance(answer, tuple) else (200, {}, answer)

    def page(self, number, column, first, last):
        listed = self.listed(first, last)
        if self.shape == 1:
            return {"status": "200", "data": [self.row(column, *call) for call in listed]}
        rows = [self.row(column, *call) for call in listed[(number - 1) * self.size : number * self.size]]
        last_page = max(1, -(-len(listed) // self.size))
        facts = {"current_page": number, "last_page": last_page, "per_page": self.size, "total": len(listed)}
        bait = "http://127.0.0.1:1/voice/calls?page=2"
        if self.shape == 2:
            return {"status": "OK", "data": {**facts, "data": rows, "next_page_url": bait, "last_page_url": bait}}
        return {"status": 200, "code": 200, "message": "OK", "data": rows, "links": {"next": bait}, "meta": facts}

    def listed(self, first, last):
        """The calls of these days, newest first; worked out again where one came or went."""
        key = (first, last, len(self.calls))
        if key not in self.lists:
            self.lists = {key: sorted(self.calls, key=lambda call: call[0], reverse=True)}
            self.lists[key] = [
                call for call in self.lists[key] if first <= call[0].astimezone(self.filter_zone).date() <= last
            ]
        return self.lists[key]

    def row(self, column, end, columns):
        start = self.printed(end - timedelta(seconds=12))
        return {**ROW, column: self.printed(end), "start_at": start, **columns}

    def printed(self, moment):
        return moment.astimezone(self.row_zone).strftime("%Y-%m-%d %H:%M:%S")

    def handle(self, answer):
        self.server.answer = answer

    # Reading it

    def config(self, start, end, **over):
        return {
            "start_date": f"{start:%Y-%m-%dT%H:%M:%S}Z",
            "end_date": f"{end - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}Z",
            "credentials": {"auth_type": "access_token", "access_token": TOKEN},
            "account_name": "acme",
            "api_url": f"{self.url}/api/v2/",
            **over,
        }

    def read(self, start, end, stream="call_records", **over):
        """A whole sync of one stream, from `start` up to but not including `end`."""
        chosen = ConfiguredAirbyteCatalog(
            streams=[
                ConfiguredAirbyteStream(
                    stream=AirbyteStream(name=stream, json_schema={}, supported_sync_modes=[SyncMode.incremental]),
                    sync_mode=SyncMode.incremental,
                    destination_sync_mode="append",
                )
            ]
        )
        return Outcome(SourceBics().read, self.config(start, end, **over), chosen, self.names)

    def check(self, **over):
        now = datetime.now(timezone.utc)
        config = self.config(now - timedelta(days=2), now, **over)
        return SourceBics().check(logging.getLogger("test"), config)


class Outcome(logging.Handler):
    """What a sync gave: records, states, log lines, and the error that it ended with."""

    def __init__(self, read, config, catalog, names):
        super().__init__()
        self.names = names
        self.records, self.states, self.log, self.warnings, self.error, self.estimate = [], [], [], [], None, None
        logger = logging.Logger("test")  # noqa: LOG001 - one for each sync, so that lines do not mix
        logger.addHandler(self)
        try:
            for message in read(logger, config, catalog, None):
                self.take(message)
        except AirbyteTracedException as error:
            self.error = error

    def take(self, message):
        if message.type is Type.RECORD:
            self.records.append(message.record.data)
        elif message.type is Type.STATE:
            self.states.append(message.state.stream.stream_state.__dict__)
        elif message.type is Type.LOG:
            self.log.append(message.log.message)
            if message.log.level is Level.WARN:
                self.warnings.append(message.log.message)
        elif message.trace.estimate:
            self.estimate = message.trace.estimate.row_estimate

    def emit(self, record):
        self.log.append(record.getMessage())
        if record.levelno >= logging.WARNING:
            self.warnings.append(record.getMessage())

    @property
    def ids(self):
        return sorted(self.names[record["vendor_record_id"]] for record in self.records)

    @property
    def text(self):
        """Everything but the records."""
        return "\n".join(
            [*self.log, *map(str, self.states), str(self.error), str(getattr(self.error, "stack_trace", ""))]
        )


def uuid_of(moment, number):
    """A UUID of version 1 that was made then."""
    ticks = (moment - GREGORIAN) // timedelta(microseconds=1) * 10
    low, middle, high = ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF | 0x1000
    return str(UUID(fields=(low, middle, high, 0xBB, 0x88, number)))


def day(month, number, year):
    return date(int(year), MONTHS.index(month) + 1, int(number))


ROW = orjson.loads("""
    {"id": "", "call_from": "442079460001", "call_to": "442079460002", "service": "IN", "bridge": "442079460002",
     "status": "ANSWER", "duration": "00:00:12", "billing": "00:00:12", "pulsing": "30", "charges": "0.0150",
     "start_at": "", "hangup_by": "caller", "dtmf": null, "location": "GB", "region": "LN", "provider": "BT",
     "notes": null, "audio": null, "name": null}
""")


@pytest.fixture
def bics():
    """Makes vendors; what one complained about fails the test."""
    vendors = []
    with ExitStack() as stack:

        def serve(ends=(), **options):
            vendor = Vendor(ends, **options)
            vendor.server = stack.enter_context(serving(vendor.answer))
            vendor.server.RequestHandlerClass = Prompt
            vendor.url = vendor.server.url
            vendors.append(vendor)
            return vendor

        yield serve
    assert [vendor.complaints for vendor in vendors if vendor.complaints] == []


@pytest.fixture
def settings():
    """A valid configuration, for what is tested without a server."""

    def make(**over):
        specification = SourceBics().spec(logging.getLogger("test")).connectionSpecification
        credentials = {"auth_type": "access_token", "access_token": TOKEN}
        return Config({"start_date": "2026-01-01", "credentials": credentials, **over}, specification)

    return make


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
