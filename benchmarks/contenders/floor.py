"""The floor: requests, orjson and our normaliser in threads, without a framework, state, retries or checks."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, local

import orjson
import requests

from benchmarks.contenders.job import PATH, Job, normaliser

_HEAD = b'{"type":"RECORD","record":{"stream":"call_records","data":'
_TAIL = b',"emitted_at":1767225600000}}\n'


def main() -> None:
    """Read every day, several at once where there are workers."""
    job, row = Job.given(), normaliser().row
    lock, kept = Lock(), local()

    def read(day: int) -> None:
        session = kept.session = getattr(kept, "session", None) or requests.Session()
        start, end = job.day(day)
        page, pages = 1, 1
        while page <= pages:
            params = {"page": str(page), "page_size": "1000", "order": "asc", "start:gte": start, "start:lte": end}
            body = orjson.loads(session.get(f"{job.url}/{PATH}", params=params, timeout=60).content)
            rows = body["_embedded"]["call_logs"]
            if job.same:
                rows = map(row, rows)
            block = b"".join(_HEAD + orjson.dumps(one) + _TAIL for one in rows)
            with lock:
                sys.stdout.buffer.write(block)
            page, pages = page + 1, body["total_pages"]

    if job.workers == 1:
        for day in range(job.days):
            read(day)
        return
    with ThreadPoolExecutor(job.workers) as threads:
        list(threads.map(read, range(job.days)))


if __name__ == "__main__":
    main()
