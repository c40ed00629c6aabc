"""A tap of the Singer SDK: `RESTStream`, incremental, with the SDK's msgspec writer.

Docs: sdk.meltano.com, "Build a Tap", "Incremental replication", and `singer_sdk.contrib.msgspec`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.jsonpath import extract_jsonpath
from singer_sdk.pagination import PageNumberPaginator

from benchmarks.contenders.job import PATH, Job, normaliser
from cdr.schema.columns import json_schema

_TEXTS = ("id", "from", "to", "direction", "start", "end", "custom_tag", "result")
_NUMBER_OR_TEXT = {"type": ["integer", "string", "null"]}
_PARTY = ("device_name", "user_full_name", "user", "sip_id")
_PLAIN = th.PropertiesList(
    *(th.Property(name, th.StringType) for name in _TEXTS),
    *(th.Property(f"{side}_{name}", th.StringType) for side in ("source", "destination") for name in _PARTY),
    *(th.Property(name, th.CustomType(_NUMBER_OR_TEXT)) for name in ("source_extension", "destination_extension")),
    th.Property("length", th.IntegerType),
    *(th.Property(name, th.NumberType) for name in ("charge", "rate")),
    *(th.Property(name, th.BooleanType) for name in ("in_network", "international", "recorded")),
).to_dict()


class CallLogs(RESTStream[int]):
    """The call logs as they come."""

    name = "call_records"
    path = f"/{PATH}"
    records_jsonpath = "$._embedded.call_logs[*]"
    primary_keys = ("id",)
    replication_key = "start"
    schema = _PLAIN
    is_sorted = True

    @property
    def url_base(self) -> str:
        return str(self.config["api_url"])

    def get_new_paginator(self) -> PageNumberPaginator:
        return PageNumberPaginator(1)  # the SDK ends on the page without rows: cheaper than parsing each body again

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        return {
            "page": next_page_token,
            "page_size": 1000,
            "order": "asc",
            "start:gte": self.get_starting_replication_key_value(context),
            "start:lte": self.config["end_date"],
        }


class NormalisedCallLogs(CallLogs):
    """The same, normalised in the place that the SDK has for it."""

    primary_keys = ("record_id",)
    replication_key = "started_at"
    schema = json_schema("call_records")

    def parse_response(self, response: Any) -> Iterator[dict[str, Any]]:
        # The SDK reads fractions as Decimal, which is no value of JSON to our normaliser.
        yield from extract_jsonpath(self.records_jsonpath, input=response.json())

    def post_process(self, row: Any, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._normalise(row)

    _normalise = staticmethod(normaliser().row)


class CallTap(Tap):
    """A tap with one stream."""

    name = "tap-calls"
    message_writer_class = MsgSpecWriter
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("start_date", th.StringType, required=True),
        th.Property("end_date", th.StringType, required=True),
        th.Property("normalise", th.BooleanType, required=True),
    ).to_dict()

    def discover_streams(self) -> list[CallLogs]:
        return [NormalisedCallLogs(self) if self.config["normalise"] else CallLogs(self)]


def main() -> None:
    """Sync all of it."""
    job = Job.given()
    config = {"api_url": job.url, "start_date": job.start, "end_date": job.end, "normalise": job.same}
    CallTap(config=config).sync_all()


if __name__ == "__main__":
    main()
