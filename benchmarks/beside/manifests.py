"""Manifests of our own that behave as Airbyte's connectors are documented to, run by the CDK's declarative runner.

Nothing here is copied: what is known of Airbyte's connectors is written in docs/beside-airbyte.md, with where it is
said, and each fact is one value below. `python -m benchmarks.beside.manifests VENDOR read --config …` is a connector.
"""

from __future__ import annotations

import sys
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

Parts = dict[str, Any]
STREAM = "calls"
_TWILIO = "/2010-04-01/Accounts"


def _option(name: str) -> Parts:
    return {"type": "RequestOption", "inject_into": "request_parameter", "field_name": name}


def _reader(path: str, rows: str, login: tuple[str, str], paginator: Parts, errors: Parts | None = None) -> Parts:
    user, password = login
    requester: Parts = {
        "type": "HttpRequester",
        "url_base": "{{ config['url'] }}",
        "path": path,
        "authenticator": {
            "type": "BasicHttpAuthenticator",
            "username": f"{{{{ config['{user}'] }}}}",
            "password": f"{{{{ config['{password}'] }}}}",
        },
    }
    if errors is not None:
        requester["error_handler"] = errors
    return {
        "type": "SimpleRetriever",
        "requester": requester,
        "record_selector": {
            "type": "RecordSelector",
            "extractor": {"type": "DpathExtractor", "field_path": [rows]},
        },
        "paginator": {"type": "DefaultPaginator", **paginator},
    }


def _stream(name: str, retriever: Parts, **more: Any) -> Parts:
    schema = {"type": "object", "additionalProperties": True, "properties": {}}
    loader = {"type": "InlineSchemaLoader", "schema": schema}
    return {"type": "DeclarativeStream", "name": name, "retriever": retriever, "schema_loader": loader, **more}


def twilio() -> Parts:
    """Whole days of the end, no lookback, pages of 1,000 by their link, 404 skipped; accounts first; key `sid`."""
    login = ("account_sid", "auth_token")
    paginator = {
        "page_token_option": {"type": "RequestPath"},
        "page_size_option": _option("PageSize"),
        "pagination_strategy": {
            "type": "CursorPagination",
            "page_size": 1000,
            "cursor_value": "{{ response['next_page_uri'] }}",
        },
    }
    actions = {429: "RATE_LIMITED", 401: "RETRY", 404: "IGNORE"}
    errors = {
        "type": "DefaultErrorHandler",
        "response_filters": [
            {"type": "HttpResponseFilter", "http_codes": [status], "action": action}
            for status, action in actions.items()
        ],
    }
    accounts = _stream("accounts", _reader(f"{_TWILIO}.json", "accounts", login, paginator, errors), primary_key="sid")
    path = f"{_TWILIO}/{{{{ stream_partition['account'] }}}}/Calls.json"
    calls = _reader(path, "calls", login, paginator, errors)
    parent = {"type": "ParentStreamConfig", "stream": accounts, "parent_key": "sid", "partition_field": "account"}
    calls["partition_router"] = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [parent]}
    day = {"type": "MinMaxDatetime", "datetime_format": "%Y-%m-%d"}
    cursor = {
        "type": "DatetimeBasedCursor",
        "cursor_field": "end_time",
        "cursor_datetime_formats": ["%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%d"],
        "datetime_format": "%Y-%m-%d",
        "cursor_granularity": "P1D",
        "step": "P1Y",
        "lookback_window": "PT0M",
        "start_datetime": {**day, "datetime": "{{ config['start'] }}"},
        "end_datetime": {**day, "datetime": "{{ config['today'] }}"},
        "start_time_option": _option("EndTime>"),
        "end_time_option": _option("EndTime<"),
    }
    return _stream(STREAM, calls, primary_key="sid", incremental_sync=cursor)


def aircall() -> Parts:
    """Everything at every sync, pages of 50 counted from 0, no filter, no key, errors as the CDK takes them."""
    paginator = {
        "page_token_option": _option("page"),
        "page_size_option": _option("per_page"),
        "pagination_strategy": {"type": "PageIncrement", "page_size": 50},
    }
    return _stream(STREAM, _reader("/v1/calls", "calls", ("api_id", "api_token"), paginator))


def manifest(vendor: str) -> Parts:
    """Return the manifest for a vendor."""
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [STREAM]},
        "streams": [{"twilio": twilio, "aircall": aircall}[vendor]()],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def main() -> None:
    """Be the connector of the vendor that is named first on the command line."""
    vendor, *arguments = sys.argv[1:]
    config, catalog, state = (
        str(found) if found else ""
        for found in (
            AirbyteEntrypoint.extract_config(arguments),
            AirbyteEntrypoint.extract_catalog(arguments),
            AirbyteEntrypoint.extract_state(arguments),
        )
    )
    source: ConcurrentDeclarativeSource = ConcurrentDeclarativeSource(
        catalog=ConcurrentDeclarativeSource.read_catalog(catalog) if catalog else None,
        config=ConcurrentDeclarativeSource.read_config(config),
        state=ConcurrentDeclarativeSource.read_state(state) if state else [],
        source_config=manifest(vendor),
    )
    launch(source, arguments)


if __name__ == "__main__":
    main()
