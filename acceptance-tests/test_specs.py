"""The vendors' OpenAPI documents: valid, complete, marked, and strict enough to check requests with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.readers import read_from_filename
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
VENDORS = sorted(path.name.removesuffix(".openapi.yaml") for path in SPECS.glob("*.openapi.yaml"))
CONNECTORS = sorted(path for path in (ROOT / "connectors").glob("source-*") if path.is_dir())
MARK = re.compile(r"\[[DCI](, [DCI])*\]")
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
LITERAL = {"example", "examples"}  # below these keys stands data, not OpenAPI
DOCUMENT = "urn:document"

Node = dict[str, Any]

every_vendor = pytest.mark.parametrize("vendor", VENDORS)


@cache
def document(vendor: str) -> Node:
    loaded, _ = read_from_filename(str(SPECS / f"{vendor}.openapi.yaml"))
    return dict(loaded)


@cache
def api(vendor: str) -> OpenAPI:
    return OpenAPI.from_file_path(str(SPECS / f"{vendor}.openapi.yaml"))


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every object of a document with its path, leaving out what is example data."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            # A property may be called "example"; its parent is then a map of properties.
            if key not in LITERAL or path[-1:] == ("properties",):
                yield from nodes(value, (*path, str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, (*path, str(index)))


def operations(vendor: str) -> Iterator[tuple[str, str, Node]]:
    for path, item in document(vendor)["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def described(vendor: str) -> Iterator[tuple[str, Node]]:
    """What has to carry a mark: operations, parameters, properties, responses, headers, security schemes, servers."""
    for url, method, operation in operations(vendor):
        yield f"{method} {url}", operation
    for path, node in nodes(document(vendor)):
        place, parent = "/".join(path), path[-2] if len(path) > 1 else ""
        is_parameter = "in" in node and "name" in node
        is_property = parent == "properties"
        is_response = parent == "responses" and "$ref" not in node
        is_other = parent in {"headers", "securitySchemes", "variables", "servers"} and "$ref" not in node
        if is_parameter or is_property or is_response or is_other or "requestBody" in path[-1:]:
            yield place, node


def examples(vendor: str) -> Iterator[tuple[str, str, Any]]:
    """Every example with its place and the pointer of the schema it has to fit."""
    for path, node in nodes(document(vendor)):
        if "schema" not in node:
            continue
        pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in (*path, "schema"))
        place = "/".join(path)
        for name, example in node.get("examples", {}).items():
            yield f"{place}/{name}", pointer, example["value"]
        if "example" in node:
            yield place, pointer, node["example"]


def faults(vendor: str, pointer: str, value: Any) -> list[str]:
    resource = Resource.from_contents(document(vendor), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(DOCUMENT, resource)
    validator = OAS31Validator({"$ref": f"{DOCUMENT}#{pointer}"}, registry=registry)
    return [error.message for error in validator.iter_errors(value)]


def with_new_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_new_keys(item) for key, item in value.items()} | {"key_of_tomorrow": {"deep": [1]}}
    return [with_new_keys(item) for item in value] if isinstance(value, list) else deepcopy(value)


def test_there_are_documents() -> None:
    assert VENDORS


@every_vendor
def test_a_document_is_valid_openapi_3_1(vendor: str) -> None:
    assert document(vendor)["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document(vendor)).validate()


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda path: path.name)
def test_every_connector_has_a_document(connector: Path) -> None:
    assert connector.name.removeprefix("source-").replace("-", "_") in VENDORS


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda path: path.name)
def test_the_default_api_url_is_the_first_server(connector: Path) -> None:
    vendor = connector.name.removeprefix("source-").replace("-", "_")
    declared = sorted(connector.glob("source_*/spec.json"))
    if not declared:
        pytest.skip("this connector is not built yet")
    spec = json.loads(declared[0].read_text(encoding="utf-8"))
    default = spec["connectionSpecification"]["properties"]["api_url"].get("default")
    server = document(vendor)["servers"][0]["url"]
    assert default == (None if "{" in server else server)


@every_vendor
def test_every_description_carries_a_mark(vendor: str) -> None:
    unmarked = [place for place, node in described(vendor) if not MARK.search(str(node.get("description", "")))]
    assert unmarked == []


@every_vendor
def test_what_is_left_out_and_what_is_not_known_is_said(vendor: str) -> None:
    text = document(vendor)["info"]["description"]
    assert "Deliberately left out, because a source only reads" in text
    assert "Not known, with the default the connector takes" in text


@every_vendor
def test_every_example_fits_its_schema(vendor: str) -> None:
    checked = [(place, faults(vendor, pointer, value)) for place, pointer, value in examples(vendor)]
    assert checked
    assert [(place, found) for place, found in checked if found] == []


@every_vendor
def test_every_body_has_an_example(vendor: str) -> None:
    bodies = [("/".join(path), node) for path, node in nodes(document(vendor)) if path[-2:-1] == ("content",)]
    assert bodies
    assert [place for place, node in bodies if not node.get("examples")] == []


PUBLISHED = {
    "vonage_business": {"f27b937d-6dde-441a-9595-006e7302eac1"},
    "portsip": {
        "NzAwNTUxOTA5NzczMTQ4MTYw",
        "878156595253481472",
        "/api/blobs/WexWdABcd5D4PDgzTKV3gAAAEu00WcK",
        "Login failed, authentication error",
    },
    "acefone": {"36671", "15XXXXXX7.4XX0"},
    "bics": {
        "c839b4c4-8c0d-11e9-bb88-6c2b59c79f5a",
        "c136768e-8c0e-11e9-b795-6c2b59c79f5a",
        "066f0afa-8c0e-11e9-8b2f-6c2b59c79f5a",
    },
    "voxo": {"2d275d62-706c-42d2-a4d4-e4ef53d83974", "ae8a5f62-7bd3-46a0-84d6-a3d46b35c886"},
}


@pytest.mark.parametrize("vendor", PUBLISHED)
def test_the_published_samples_are_examples(vendor: str) -> None:
    text = json.dumps([value for _, _, value in examples(vendor)])
    assert {word for word in PUBLISHED[vendor] if word not in text} == set()


@every_vendor
def test_an_answer_may_bring_new_keys(vendor: str) -> None:
    published = [entry for entry in examples(vendor) if entry[0].endswith("/published")]
    assert published
    for place, pointer, value in published:
        assert faults(vendor, pointer, with_new_keys(value)) == [], place


@every_vendor
def test_words_of_an_answer_are_not_listed(vendor: str) -> None:
    schemas = document(vendor)["components"]["schemas"]
    listed = [path for path, node in nodes(schemas) if "enum" in node]
    assert listed in ([], [("Success",)])  # how BICS says that an answer is one at all


@every_vendor
def test_only_logins_are_posted(vendor: str) -> None:
    assert {method for _, method, _ in operations(vendor)} <= {"get", "post"}
    assert {op["tags"][0] for _, method, op in operations(vendor) if method == "post"} <= {"authentication"}


@every_vendor
def test_a_request_body_takes_no_unknown_key(vendor: str) -> None:
    for path, method, operation in operations(vendor):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            for option in schema.get("oneOf", [schema]):
                body = document(vendor)["components"]["schemas"][option["$ref"].rsplit("/", 1)[1]]
                assert body["additionalProperties"] is False, f"{method} {path}"
                assert body["required"], f"{method} {path}"


@every_vendor
def test_too_many_requests_says_when_to_come_back(vendor: str) -> None:
    for path, method, operation in operations(vendor):
        assert operation["responses"]["429"] == {"$ref": "#/components/responses/TooMany"}, f"{method} {path}"
    assert "Retry-After" in document(vendor)["components"]["responses"]["TooMany"]["headers"]


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


CALL_LOGS = "/reports/accounts/913874/call-logs"
ODATA = "started_at ge '2024-08-20T00:00:00.5Z' and contains(caller, '10') or duration gt 5"
TAKEN: list[tuple[str, str, dict[str, str | None]]] = [
    ("vonage_business", CALL_LOGS, {"start:gte": "2024-02-29 23:59:59", "page": "12", "page_size": "1000"}),
    ("vonage_business", CALL_LOGS, {"order": None, "end:gte": None, "end:lte": None}),
    ("vonage_business", "/token", {"scope": None}),
    ("portsip", "/cdrs", {"filter": ODATA, "orderby": "caller asc, started_at desc", "top": "1", "skip": "100"}),
    ("portsip", "/login/oauth/token", {"domain": None, "grant_type": "password"}),
    ("acefone", "/call_report", {"authorization": "Bearer EXAMPLE", "time_zone": "America/Argentina/Buenos_Aires"}),
    ("bics", "/voice/calls", {"Authorization": None, "access_token": "EXAMPLE"}),
    ("voxo", "/call-reports", {"tenantId": None, "billingCode": "B1"}),
    ("voxo", "/call-reports", {"tenantId": None}),
]
REFUSED: list[tuple[str, str, dict[str, str | None]]] = [
    ("vonage_business", CALL_LOGS, {"end:gte": "2024-08-20T00:00:00Z"}),
    ("vonage_business", CALL_LOGS, {"end:lte": "2024-08-20"}),
    ("vonage_business", CALL_LOGS, {"page": "0"}),
    ("vonage_business", CALL_LOGS, {"Authorization": "EXAMPLE"}),
    ("vonage_business", "/token", {"username": "reports@example.com"}),
    ("vonage_business", "/token", {"grant_type": "client_credentials"}),
    ("vonage_business", "/oauth2/token", {"client_id": "EXAMPLE"}),
    ("portsip", "/cdrs", {"filter": "started_at ge 2024-08-20T00:00:00Z"}),
    ("portsip", "/cdrs", {"filter": "started_at ge '2024-08-20 00:00:00'"}),
    ("portsip", "/cdrs", {"top": "101"}),
    ("portsip", "/cdrs", {"top": "0"}),
    ("portsip", "/cdrs", {"skip": "-1"}),
    ("portsip", "/login/oauth/token", {"client_id": "EXAMPLE"}),
    ("acefone", "/call_report", {"limit": "101"}),
    ("acefone", "/call_report", {"page": "0"}),
    ("acefone", "/call_report", {"from_date": "20-08-2024 00:00:00"}),
    ("bics", "/voice/calls", {"datetime[end_at]": "Août 12, 2019 - Août 13, 2019"}),
    ("bics", "/voice/calls", {"datetime[end_at]": "Aug 12, 2019"}),
    ("bics", "/voice/recordings", {"datetime[r.created_at]": "2019-08-12 - 2019-08-13"}),
    ("voxo", "/call-reports", {"start": None}),
    ("voxo", "/call-reports", {"end": "2024-08-21"}),
    ("voxo", "/call-reports", {"timezone": "UTC+ 1"}),
]


def answers(vendor: str, path: str, changes: dict[str, str | None]) -> set[bool]:
    tried = {
        request.passes(changes) for request in REQUESTS if request.vendor == vendor and request.path.endswith(path)
    }
    assert tried
    return tried


@pytest.mark.parametrize(("vendor", "path", "changes"), TAKEN)
def test_what_the_vendor_takes_passes(vendor: str, path: str, changes: dict[str, str | None]) -> None:
    assert True in answers(vendor, path, changes)


@pytest.mark.parametrize(("vendor", "path", "changes"), REFUSED)
def test_what_the_vendor_does_not_take_does_not_pass(vendor: str, path: str, changes: dict[str, str | None]) -> None:
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
