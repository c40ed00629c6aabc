"""The mock server: `python -m benchmarks.server` prints its port, and serves until its standard input ends.

One process, one thread, no framework: rows are printed once, and an answer is a slice of that. The path says what to
serve: `/LATENCY_MS/VENDOR/ROWS/DAYS/…`, then the vendor's own path. Every token is accepted unseen.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import cast
from urllib.parse import parse_qsl

import orjson

from benchmarks.calls import LONGEST, Call, Dataset
from benchmarks.rows import printed

_FORMAT = "%Y-%m-%d %H:%M:%S"
_TOKEN = b'{"access_token":"t","accessToken":"t","token_type":"Bearer","expires_in":86399,"success":true}'
_LARGEST = {"vonage_business": 1000, "acefone": 100, "portsip": 100}


class Table:
    """Rows as JSON, comma behind comma, in one block of memory, in the order of one of their times."""

    def __init__(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self._times, self._offsets, block = array("q"), array("q", [0]), bytearray()
        for at, body in rows:
            block += body
            block += b","
            self._times.append(at)
            self._offsets.append(len(block))
        self._block = memoryview(block)

    def __len__(self) -> int:
        return len(self._times)

    def select(self, low: int, high: int) -> tuple[int, int]:
        """Return the range of rows with `low <= at <= high`."""
        return bisect_left(self._times, low), bisect_left(self._times, high + 1)

    def slice(self, first: int, last: int) -> memoryview:
        """Return the JSON of rows `first` up to `last`, without brackets."""
        start, end = self._offsets[first], self._offsets[last]
        return self._block[start : max(start, end - 1)]


class Reordered(Table):
    """The rows of another table, which has the memory for them, in the order of other times of theirs."""

    def __init__(self, table: Table, times: array[int]) -> None:
        self._table = table
        self._order = array("q", sorted(range(len(times)), key=times.__getitem__))
        self._times = array("q", (times[index] for index in self._order))

    def slice(self, first: int, last: int) -> memoryview:
        return memoryview(b",".join(self._table.slice(index, index + 1) for index in self._order[first:last]))


@lru_cache(maxsize=6)  # a case has a handful, and ten million rows take eight gigabytes
def tables(dataset: Dataset) -> Mapping[str, Table]:
    """Return the rows of a dataset by the times that its vendor filters on, printed when they are first asked for."""
    rows = ((call, orjson.dumps(row)) for call, row in printed(dataset))
    if dataset.vendor != "vonage_business":
        return {"at": Table((call.at, body) for call, body in rows)}
    ends = array("q")
    by_start = Table(_by_start(rows, ends))
    return {"start": by_start, "end": Reordered(by_start, ends)}


def _by_start(rows: Iterable[tuple[Call, bytes]], ends: array[int]) -> Iterator[tuple[int, bytes]]:
    """Turn calls in the order of their ends into those of their starts, and note the ends, never holding them all."""
    waiting: list[tuple[int, int, int, bytes]] = []
    for call, body in rows:
        end = call.start + call.duration
        while waiting and waiting[0][0] < end - LONGEST:
            yield _first(waiting, ends)
        heapq.heappush(waiting, (call.start, call.number, end, body))
    while waiting:
        yield _first(waiting, ends)


def _first(waiting: list[tuple[int, int, int, bytes]], ends: array[int]) -> tuple[int, bytes]:
    start, _, end, body = heapq.heappop(waiting)
    ends.append(end)
    return start, body


Body = tuple[bytes | memoryview, ...]


def answer(dataset: Dataset, query: Mapping[str, str]) -> Body:
    """Return the body for a vendor's request, in the parts that it consists of."""
    if dataset.vendor == "vonage_business":
        return _vonage(dataset, query)
    if dataset.vendor == "acefone":
        return _acefone(tables(dataset)["at"], query)
    if dataset.vendor == "portsip":
        return _portsip(tables(dataset)["at"], query)
    low, high = _second(query["start"]), _second(query["end"])
    found = tables(dataset)["at"]
    return b"[", found.slice(*found.select(low, high)), b"]"


def _second(text: str) -> int:
    return int(datetime.strptime(text, _FORMAT).replace(tzinfo=timezone.utc).timestamp())


def _page(found: tuple[int, int], query: Mapping[str, str], size: int) -> tuple[int, int]:
    first = min(found[0] + (int(query.get("page", "1")) - 1) * size, found[1])
    return first, min(first + size, found[1])


def _vonage(dataset: Dataset, query: Mapping[str, str]) -> Body:
    """By the start or the end. Both bounds inclusive, either may be missing; past the last page there are no rows."""
    time = "end" if {"end:gte", "end:lte"} & query.keys() else "start"
    low = _second(query[f"{time}:gte"]) if f"{time}:gte" in query else 0
    high = _second(query[f"{time}:lte"]) if f"{time}:lte" in query else 1 << 40
    rows = tables(dataset)[time]
    found, size = rows.select(low, high), min(int(query.get("page_size", "10")), _LARGEST["vonage_business"])
    total = found[1] - found[0]
    head = b'{"page_size":%d,"page":%d,"total_pages":%d,"total_items":%d,"_links":{"self":{"href":"string"}},' % (
        *(size, int(query.get("page", "1")), -(-total // size), total),
    )
    return head, b'"_embedded":{"call_logs":[', rows.slice(*_page(found, query, size)), b"]}}"


def _acefone(rows: Table, query: Mapping[str, str]) -> Body:
    found = rows.select(_second(query["from_date"]), _second(query["to_date"]))
    first, last = _page(found, query, min(int(query.get("limit", "10")), _LARGEST["acefone"]))
    head = b'{"total_records":"%d","filtered_records":"%d","page_records":"%d","page":"%s","data":[' % (
        *(found[1] - found[0], found[1] - found[0], last - first, query.get("page", "1").encode()),
    )
    return head, rows.slice(first, last), b"]}"


def _portsip(rows: Table, query: Mapping[str, str]) -> Body:
    """A server that ignores its filter: whatever is asked for, the page is one of everything that it has."""
    first = min(int(query.get("skip", "0")), len(rows))
    last = min(first + min(int(query.get("top", "10")), _LARGEST["portsip"]), len(rows))
    return b'{"count":%d,"items":[' % len(rows), rows.slice(first, last), b"]}"


class Connection(asyncio.Protocol):
    """One kept connection: a request at a time, as all contenders send them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # A page is written at once; what the kernel does not take yet waits here without stopping anybody.
        self._transport.set_write_buffer_limits(high=1 << 26)
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            length = _length(head)
            if len(rest) < length:
                return
            self._received = rest[length:]
            self._serve(head.split(b"\r\n", 1)[0].decode("latin-1"))

    def _serve(self, request_line: str) -> None:
        _, target, _ = request_line.split(" ", 2)
        path, _, query = target.partition("?")
        latency, vendor, rows, days, *rest = path.strip("/").split("/")
        status = b"200 OK"
        parts: Body = ()
        try:
            if rest and rest[-1] in {"token", "login", "authentication"}:
                parts = (_TOKEN,)
            else:
                dataset = Dataset(vendor, int(rows), int(days))
                parts = answer(dataset, dict(parse_qsl(query, keep_blank_values=True))) if rest else _prepared(dataset)
        except Exception as error:  # noqa: BLE001  a closed connection would say nothing about what went wrong
            status, parts = b"500 Internal Server Error", (orjson.dumps({"msg": f"{type(error).__name__}: {error}"}),)
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        reply = b"".join((head % (status, sum(map(len, parts))), *parts))
        if int(latency):
            loop = asyncio.get_running_loop()
            loop.call_later(timedelta(milliseconds=int(latency)).total_seconds(), self._transport.write, reply)
        else:
            self._transport.write(reply)


def _prepared(dataset: Dataset) -> Body:
    tables(dataset)
    return (b"{}",)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve() -> None:
    """Listen on a free port of the loopback address, say which, and end with whoever started this."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1) else ended.set())
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve())
