"""A rest_api source of dlt, of which only the extract step runs: what it read is in the pipeline's own files then.

Docs: dlthub.com/docs, "REST API source", "Incremental loading", "Optimizing dlt".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.contenders.job import PATH, Job, normaliser

_PAGES = {"type": "page_number", "base_page": 1, "total_path": "total_pages"}
_PARAMS = {"page_size": 1000, "order": "asc"}


def source(job: Job) -> Any:
    """One resource read page by page; with workers, the days are a parent resource and are read in parallel."""
    endpoint: dict[str, Any] = {"path": PATH, "data_selector": "_embedded.call_logs"}
    calls: dict[str, Any] = {
        "name": "call_records",
        "primary_key": "record_id" if job.same else "id",
        "endpoint": endpoint,
    }
    resources: list[Any] = [calls]
    if job.workers == 1:
        endpoint["params"] = {**_PARAMS, "start:lte": job.end}
        # dlt looks for the cursor behind the maps: normalised rows call it otherwise, and write it otherwise.
        cursor = {"cursor_path": "started_at", "convert": _as_asked} if job.same else {"cursor_path": "start"}
        since = f"{job.start.replace(' ', 'T')}Z" if job.same else job.start
        endpoint["incremental"] = {"start_param": "start:gte", "initial_value": since, **cursor}
    else:
        endpoint["params"] = {**_PARAMS, "start:gte": "{resources.days.start}", "start:lte": "{resources.days.end}"}
        calls["parallelized"] = True
        resources.append(days(job))
    found = rest_api_source({"client": {"base_url": job.url, "paginator": _PAGES}, "resources": resources})
    if job.same:
        found.resources["call_records"].add_map(normaliser().row)
    return found


def _as_asked(stamp: str) -> str:
    return stamp.replace("T", " ").rstrip("Z")


def days(job: Job) -> Any:
    """Return a resource of the windows to read; here it is the one that keeps the state."""

    def windows(since: Any = dlt.sources.incremental("start", initial_value=job.start)) -> Iterator[list[Any]]:  # noqa: B008  dlt's way to ask for the state
        each = (dict(zip(("start", "end"), job.day(index), strict=True)) for index in range(job.days))
        yield [day for day in each if day["start"] >= since.last_value]

    return dlt.resource(windows, name="days", selected=False)


def main() -> None:
    """Extract all of it."""
    job = Job.given()
    pipeline = dlt.pipeline(pipeline_name="calls", pipelines_dir=job.folder, destination="duckdb", dataset_name="calls")
    pipeline.extract(source(job), workers=job.workers)


if __name__ == "__main__":
    main()
