"""The vendors' OpenAPI documents are strict enough to check requests with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

from openapi_documents import SPECS, VENDORS, Node, document, faults, operations
from vendors import known


@cache
def api(vendor: str) -> OpenAPI:
    return OpenAPI.from_file_path(str(SPECS / f"{vendor}.openapi.yaml"))


class Request(NamedTuple):
    """A request made of the examples of one operation. `servers` are the places where it may go."""

    vendor: str
    method: str
    path: str
    servers: list[str]
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    required: set[str]
    content_type: str

    def passes(self, changes: Mapping[str, str | None] | None = None, server: int = -1) -> bool:
        """Whether the document takes it with these values; a key that becomes None is left out."""
        parts = {"query": dict(self.query), "headers": dict(self.headers), "body": dict(self.body)}
        for key, value in (changes or {}).items():
            holder = next((name for name, part in parts.items() if key in part), "body" if self.body else "query")
            parts[holder][key] = value
        query, headers, body = ({k: v for k, v in part.items() if v is not None} for part in parts.values())
        place = urlsplit(self.servers[server])
        encoded = urlencode(body) if "form" in self.content_type else json.dumps(body)
        request = MockRequest(
            f"{place.scheme}://{place.netloc}",
            self.method,
            place.path + self.path,
            args=query,
            headers=headers,
            data=encoded.encode() if self.body else None,
            content_type=self.content_type,
        )
        try:
            api(self.vendor).validate_request(request)
        except OpenAPIError:
            return False
        return True


CREDENTIALS = {"bearer": "Bearer EXAMPLE", "basic": "Basic RVhBTVBMRTpFWEFNUExF", None: "EXAMPLE"}


def parameters(vendor: str, path: str, operation: Node) -> list[Node]:
    known = document(vendor)["components"]["parameters"]
    listed = [*document(vendor)["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    return [known[parameter["$ref"].rsplit("/", 1)[1]] for parameter in listed]


def needed(vendor: str, schema: Node, body: Node) -> set[str]:
    """The keys that this body cannot do without: those of the one form that it fits."""
    forms = [form["$ref"].removeprefix("#") for form in schema.get("oneOf", [schema])]
    (form,) = (form for form in forms if not faults(vendor, form, body))
    return set(document(vendor)["components"]["schemas"][form.rsplit("/", 1)[1]]["required"])


def requests(vendor: str) -> Iterator[Request]:
    """For each operation the requests that its examples (else defaults) make: one for each example of its body."""
    doc = document(vendor)
    for path, method, operation in operations(vendor):
        values: dict[str, dict[str, str]] = {"path": {}, "query": {}}
        for parameter in parameters(vendor, path, operation):
            example = parameter.get("example", parameter["schema"].get("default"))
            if example is not None:
                values[parameter["in"]][parameter["name"]] = str(example)
        servers = [
            server["url"].format(
                **{name: variable["default"] for name, variable in server.get("variables", {}).items()}
            )
            for server in doc["paths"][path].get("servers", doc["servers"])
        ]
        security = operation.get("security", doc["security"])
        schemes = [doc["components"]["securitySchemes"][name] for name in (security[0] if security else {})]
        headers = {scheme.get("name", "Authorization"): CREDENTIALS[scheme.get("scheme")] for scheme in schemes}
        url = path.format(**values["path"])
        contents = operation.get("requestBody", {}).get("content", {})
        if not contents:
            yield Request(vendor, method, url, servers, values["query"], headers, {}, set(), "")
        for content_type, content in contents.items():
            for example in content["examples"].values():
                body, required = example["value"], needed(vendor, content["schema"], example["value"])
                yield Request(vendor, method, url, servers, values["query"], headers, body, required, content_type)


REQUESTS = [request for vendor in VENDORS for request in requests(vendor)]
every_request = pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r.vendor} {r.method} {r.path}")


@every_request
def test_a_well_formed_request_passes_on_every_server(request_: Request) -> None:
    assert [server for index, server in enumerate(request_.servers) if not request_.passes(server=index)] == []


@every_request
def test_a_request_without_credentials_does_not_pass(request_: Request) -> None:
    assert request_.headers or request_.method == "post"  # a login brings its own in the body
    assert [name for name in request_.headers if request_.passes({name: None})] == []


@every_request
def test_a_parameter_of_the_wrong_form_does_not_pass(request_: Request) -> None:
    assert [name for name in request_.query if request_.passes({name: "~"})] == []


@every_request
def test_a_body_with_a_key_too_many_or_too_few_does_not_pass(request_: Request) -> None:
    assert [key for key in sorted(request_.required) if request_.passes({key: None})] == []
    assert not (request_.body and request_.passes({"key_of_tomorrow": "1"}))


TAKEN = [(name, *case) for name, vendor in known().items() for case in vendor.taken]
REFUSED = [(name, *case) for name, vendor in known().items() for case in vendor.refused]


def answers(vendor: str, path: str, changes: Mapping[str, str | None]) -> set[bool]:
    tried = {
        request.passes(changes) for request in REQUESTS if request.vendor == vendor and request.path.endswith(path)
    }
    assert tried
    return tried


@pytest.mark.parametrize(("vendor", "path", "changes"), TAKEN)
def test_what_the_vendor_takes_passes(vendor: str, path: str, changes: Mapping[str, str | None]) -> None:
    assert True in answers(vendor, path, changes)


@pytest.mark.parametrize(("vendor", "path", "changes"), REFUSED)
def test_what_the_vendor_does_not_take_does_not_pass(vendor: str, path: str, changes: Mapping[str, str | None]) -> None:
    assert answers(vendor, path, changes) == {False}


@pytest.mark.parametrize(
    ("vendor", "method", "path"),
    [
        ("portsip", "post", "/call_reports"),
        ("portsip", "post", "/call_reports/NzAw"),
        ("portsip", "post", "/call_reports/NzAw/destroy"),
        ("portsip", "post", "/completed_call_reports/NzAw/destroy"),
        ("portsip", "post", "/cdrs"),
        ("acefone", "post", "/click_to_call"),
        ("bics", "delete", "/voice/calls"),
        ("voxo", "get", "/v2/call-reports"),
    ],
)
def test_what_a_source_must_not_ask_is_refused(vendor: str, method: str, path: str) -> None:
    reader = next(request for request in REQUESTS if request.vendor == vendor and request.method == "get")
    assert not reader._replace(method=method, path=path).passes()
