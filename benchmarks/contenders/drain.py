"""How fast the mock server is: takes every page's bytes and drops them, and writes the ids that it was promised."""

from __future__ import annotations

import http.client
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from benchmarks.contenders.job import PATH, Job

_PAGES = re.compile(rb'"total_pages":(\d+)')


def main() -> None:
    """Read every day, two at once, and say how many bytes that was."""
    job = Job.given()
    address = urlsplit(job.url)

    def read(day: int) -> int:
        connection = http.client.HTTPConnection(address.netloc)
        start, end = job.day(day)
        page, pages, size = 1, 1, 0
        while page <= pages:
            query = urlencode({"page": page, "page_size": 1000, "start:gte": start, "start:lte": end})
            connection.request("GET", f"{address.path}/{PATH}?{query}")
            body = connection.getresponse().read()
            found = _PAGES.search(body, 0, 200)
            page, pages, size = page + 1, int(found[1]) if found else 0, size + len(body)
        return size

    with ThreadPoolExecutor(2) as threads:
        sys.stdout.write(f"{sum(threads.map(read, range(job.days)))}\n")


if __name__ == "__main__":
    main()
