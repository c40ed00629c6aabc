"""The CDK's declarative manifest: a datetime cursor in steps of a day, numbered pages, concurrency by the manifest.

Docs: docs.airbyte.com/platform/connector-development/config-based. Commands are those of any connector.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.models import AirbyteStateMessage, ConfiguredAirbyteCatalog
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from airbyte_cdk.sources.declarative.transformations import RecordTransformation

from benchmarks.contenders.job import FORMAT, PATH, Job, normaliser
from cdr.schema.columns import json_schema


@dataclass
class Normalise(RecordTransformation):
    """Our normaliser in the place that the CDK has for it."""

    config: Mapping[str, Any]
    parameters: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        self._row = normaliser().row

    def transform(
        self, record: dict[str, Any], config: Any = None, stream_state: Any = None, stream_slice: Any = None
    ) -> None:
        row = self._row(dict(record))
        record.clear()
        record.update(row)


def manifest(job: Job) -> dict[str, Any]:
    """Return the manifest: as plain as the documentation's own, with a transformation where the job is the same."""
    size = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page_size"}
    stream: dict[str, Any] = {
        "type": "DeclarativeStream",
        "name": "call_records",
        "primary_key": "record_id" if job.same else "id",
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": job.url,
                "path": f"/{PATH}",
                "http_method": "GET",
                "request_parameters": {"order": "asc"},
            },
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["_embedded", "call_logs"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {**size, "field_name": "page"},
                "page_size_option": size,
                "pagination_strategy": {
                    "type": "PageIncrement",
                    "start_from_page": 1,
                    "page_size": 1000,
                    "inject_on_first_request": True,
                },
            },
        },
        "incremental_sync": {
            "type": "DatetimeBasedCursor",
            "cursor_field": "started_at" if job.same else "start",
            "cursor_datetime_formats": ["%Y-%m-%dT%H:%M:%SZ" if job.same else FORMAT],
            "datetime_format": FORMAT,
            "start_datetime": {"type": "MinMaxDatetime", "datetime": job.start, "datetime_format": FORMAT},
            "end_datetime": {"type": "MinMaxDatetime", "datetime": job.end, "datetime_format": FORMAT},
            "step": "P1D",
            "cursor_granularity": "PT1S",
            "start_time_option": {**size, "field_name": "start:gte"},
            "end_time_option": {**size, "field_name": "start:lte"},
        },
        "schema_loader": {"type": "InlineSchemaLoader", "schema": json_schema("call_records") if job.same else _PLAIN},
    }
    if job.same:
        name = "benchmarks.contenders.declarative.Normalise"
        stream["transformations"] = [{"type": "CustomTransformation", "class_name": name}]
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["call_records"]},
        "streams": [stream],
        "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": job.workers},
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


_PLAIN: dict[str, Any] = {"type": "object", "additionalProperties": True, "properties": {"id": {"type": "string"}}}


def main() -> None:
    """Read all of it through the CDK's own entry point."""
    job = Job.given()
    description = {"name": "call_records", "json_schema": {}, "supported_sync_modes": ["incremental"]}
    mode = {"sync_mode": "incremental", "destination_sync_mode": "append"}
    arguments = ["read"]
    for name, content in (("config", {}), ("catalog", {"streams": [{"stream": description, **mode}]})):
        path = Path(job.folder) / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        arguments += [f"--{name}", str(path)]
    catalog = AirbyteEntrypoint.extract_catalog(arguments)
    source: ConcurrentDeclarativeSource = ConcurrentDeclarativeSource(
        catalog=_configured(catalog), config={}, state=list[AirbyteStateMessage](), source_config=manifest(job)
    )
    launch(source, arguments)


def _configured(path: str | None) -> ConfiguredAirbyteCatalog:
    return ConcurrentDeclarativeSource.read_catalog(str(path))


if __name__ == "__main__":
    sys.modules["benchmarks.contenders.declarative"] = sys.modules["__main__"]
    main()
