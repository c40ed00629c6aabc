"""The vendors' OpenAPI documents: valid, complete, marked, and strict enough to check requests with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
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
    loaded: Node = yaml.safe_load((SPECS / f"{vendor}.openapi.yaml").read_text(encoding="utf-8"))
    return loaded


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
    for path, method, operation in operations(vendor):
        yield f"{method} {path}", operation
    for path, node in nodes(document(vendor)):
        parent, place = path[-2:-1], "/".join(path)
        is_parameter = "in" in node and "name" in node
        is_property = parent == ("properties",)
        is_response = parent == ("responses",) and "$ref" not in node
        is_other = parent in {("headers",), ("securitySchemes",), ("variables",), ("servers",)} and "$ref" not in node
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


@every_vendor
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
    posted = {(method, path) for path, method, operation in operations(vendor) if operation["tags"] != ["authentication"]}
    assert {method for method, _ in posted} == {"get"}
    assert {method for _, method, _ in operations(vendor)} <= {"get", "post"}


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


class Sample(NamedTuple):
    """One request to a vendor: what is sent, and what the same request may not say."""

    vendor: str
    method: str
    url: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: dict[str, str] = {}
    form: bool = False
    malformed: tuple[tuple[str, str | None], ...] = ()

    def passes(self, **changes: str | None) -> bool:
        """Whether the document takes the request; a change to None leaves the key out."""
        parts = [self.query, self.headers, self.body]
        sent = [{key: changes.get(key, value) for key, value in part.items()} for part in parts]
        query, headers, body = ({key: value for key, value in part.items() if value is not None} for part in sent)
        if self.body:
            body |= {key: value for key, value in changes.items() if value is not None and key not in query | headers}
        request = MockRequest(
            "http://127.0.0.1:8080",
            self.method,
            self.url,
            args=query,
            headers=headers,
            data=(urlencode(body) if self.form else json.dumps(body)).encode() if self.body else None,
            content_type="application/x-www-form-urlencoded" if self.form else "application/json",
        )
        try:
            api(self.vendor).validate_request(request)
        except OpenAPIError:
            return False
        return True


BEARER = {"Authorization": "Bearer EXAMPLE"}
BARE = {"authorization": "EXAMPLE"}
BASIC = {"Authorization": "Basic RVhBTVBMRTpFWEFNUExF"}
GRANT = {"grant_type": "password", "username": "a@example.com@vbc.prod", "password": "p", "scope": "openid"}
CLIENT = {"client_id": "i", "client_secret": "s"}
PORTSIP_CLIENT = {"client_id": "9d806019-75b2-4b3d-bb8b-f5a3a412cc0a"}
ODATA = "started_at ge '2024-08-20T00:00:00Z' and started_at lt '2024-08-21T00:00:00Z'"
VONAGE_DAY = {"end:gte": "2024-08-20 00:00:00", "end:lte": "2024-08-21 00:00:00"}
PORTSIP_LIST = {"filter": ODATA, "orderby": "started_at asc", "skip": "0", "top": "100", "count": "true"}
ACEFONE_DAY = {"from_date": "2024-08-20 00:00:00", "to_date": "2024-08-21 00:00:00", "time_zone": "Europe/London"}
VOXO_DAY = {"start": "2024-08-20 00:00:00", "end": "2024-08-21 00:00:00", "timezone": "UTC"}
DAY = "Aug 12, 2019 - Aug 13, 2019"

SAMPLES = [
    *(
        Sample(
            "vonage_business",
            "get",
            f"/t/vbc.prod/{path}/accounts/913874/call-logs",
            query={**VONAGE_DAY, "page": "1", "page_size": "1000", "order": "asc"},
            headers=BEARER,
            malformed=(
                ("end:gte", "2024-08-20T00:00:00Z"),
                ("end:lte", "21/08/2024 00:00:00"),
                ("page", "0"),
                ("page_size", "all"),
                ("order", "newest"),
                ("Authorization", None),
                ("Authorization", "EXAMPLE"),
            ),
        )
        for path in ("reports", "reports/v1")
    ),
    Sample(
        "vonage_business",
        "post",
        "/token",
        body=GRANT | CLIENT,
        form=True,
        malformed=(
            ("username", "a@example.com"),
            ("client_secret", None),
            ("grant_type", "client_credentials"),
            ("extra", "1"),
        ),
    ),
    Sample(
        "vonage_business",
        "post",
        "/t/vbc.prod/oauth2/token",
        body=GRANT,
        headers=BASIC,
        form=True,
        malformed=(("Authorization", None), ("client_id", "i"), ("password", None)),
    ),
    Sample(
        "voxo",
        "get",
        "/call-reports",
        query=VOXO_DAY | {"tenantId": "1"},
        headers=BEARER,
        malformed=(
            ("start", None),
            ("end", "2024-08-21"),
            ("tenantId", "one"),
            ("timezone", "UTC+ 1"),
            ("Authorization", None),
        ),
    ),
    Sample("voxo", "get", "/call-reports", query=VOXO_DAY, headers=BEARER, malformed=(("end", None),)),
    Sample(
        "voxo",
        "post",
        "/authentication",
        body={"strategy": "local", "email": "a@example.com", "password": "p"},
        malformed=(("strategy", None), ("strategy", "jwt"), ("password", None), ("extra", "1")),
    ),
    Sample(
        "voxo",
        "post",
        "/v2/authentication",
        body={"email": "a@example.com", "password": "p"},
        malformed=(("strategy", "local"), ("email", None)),
    ),
    *(
        Sample(
            "portsip",
            "get",
            f"/api/{path}",
            query=PORTSIP_LIST,
            headers=BEARER,
            malformed=(
                ("filter", "started_at ge 2024-08-20T00:00:00Z"),
                ("filter", "started_at ge '2024-08-20 00:00:00'"),
                ("filter", "started_at >= '2024-08-20T00:00:00Z'"),
                ("orderby", "started_at ascending"),
                ("skip", "-1"),
                ("top", "0"),
                ("top", "101"),
                ("count", "yes"),
                ("Authorization", None),
            ),
        )
        for path in ("cdrs", "calllogs", "call_reports", "completed_call_reports")
    ),
    *(
        Sample("portsip", "get", f"/api/{path}/NzAw", headers=BEARER, malformed=(("Authorization", None),))
        for path in ("cdrs", "calllogs", "call_reports", "completed_call_reports")
    ),
    Sample(
        "portsip",
        "post",
        "/api/login/oauth/token",
        body=PORTSIP_CLIENT | {"grant_type": "password", "username": "u", "password": "p", "scope": "all"},
        form=True,
        malformed=(("client_id", "mine"), ("scope", None), ("password", None), ("extra", "1")),
    ),
    Sample(
        "portsip",
        "post",
        "/api/login/oauth/token",
        body=PORTSIP_CLIENT | {"grant_type": "refresh_token", "refresh_token": "r"},
        form=True,
        malformed=(("refresh_token", None), ("client_id", None)),
    ),
    Sample(
        "portsip",
        "post",
        "/api/auth/sign_in",
        body={"username": "u", "password": "p", "domain": "example.com"},
        malformed=(("username", None), ("extra", "1")),
    ),
    *(
        Sample(
            "acefone",
            "get",
            "/v1/call_report",
            query=ACEFONE_DAY | {"page": "1", "limit": "100"},
            headers=headers,
            malformed=(
                ("from_date", "20-08-2024"),
                ("to_date", "2024-08-21T00:00:00"),
                ("page", "0"),
                ("limit", "101"),
                ("time_zone", "Europe London"),
                (next(iter(headers)), None),
            ),
        )
        for headers in (BARE, BEARER)
    ),
    Sample(
        "acefone",
        "post",
        "/v1/auth/login",
        body={"login_id": "u", "password": "p"},
        malformed=(("login_id", None), ("username", "u")),
    ),
    Sample("acefone", "post", "/v1/auth/refresh", headers=BARE, malformed=(("authorization", None),)),
    *(
        Sample(
            "bics",
            "get",
            f"/api/v2/voice/{path}",
            query={name: DAY, "page": "2"},
            headers=BEARER,
            malformed=(
                (name, "2019-08-12 - 2019-08-13"),
                (name, "Août 12, 2019 - Août 13, 2019"),
                (name, "Aug 12, 2019"),
                ("page", "0"),
                ("Authorization", None),
                ("Authorization", "EXAMPLE"),
            ),
        )
        for path, name in (("calls", "datetime[end_at]"), ("recordings", "datetime[r.created_at]"))
    ),
    Sample("bics", "get", "/api/v2/auth/me", headers=BEARER, malformed=(("Authorization", None),)),
]


def named(sample: Sample) -> str:
    return f"{sample.vendor} {sample.method} {sample.url}"


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_well_formed_request_passes(sample: Sample) -> None:
    assert sample.passes()


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_malformed_request_does_not_pass(sample: Sample) -> None:
    assert [change for change in sample.malformed if sample.passes(**dict([change]))] == []


@every_vendor
def test_every_operation_has_a_sample_request(vendor: str) -> None:
    urls = [(sample.method, sample.url) for sample in SAMPLES if sample.vendor == vendor]
    spelt = [(method, re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(path))) for path, method, _ in operations(vendor)]
    without = [path for method, path in spelt if not any(m == method and re.search(path + "$", u) for m, u in urls)]
    assert without == [re.escape("/auth/refresh_token")] * (vendor == "portsip")  # never sent: it logs in again


@pytest.mark.parametrize(
    ("vendor", "method", "url"),
    [
        ("portsip", "post", "/api/call_reports"),
        ("portsip", "post", "/api/call_reports/NzAw"),
        ("portsip", "post", "/api/call_reports/NzAw/destroy"),
        ("portsip", "post", "/api/completed_call_reports/NzAw/destroy"),
        ("portsip", "post", "/api/cdrs"),
        ("acefone", "post", "/v1/click_to_call"),
        ("bics", "delete", "/api/v2/voice/calls"),
        ("voxo", "get", "/v2/call-reports"),
        ("vonage_business", "get", "/reports/accounts/913874/call-logs"),
    ],
)
def test_what_a_source_must_not_ask_is_refused(vendor: str, method: str, url: str) -> None:
    assert not Sample(vendor, method, url, headers=BEARER).passes()
