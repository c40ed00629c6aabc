"""The vendors' OpenAPI documents: valid, complete, marked, with examples that fit."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from folders import any_folder, properties_of, written_folder
from harness import vendor as vendor_of
from openapi_documents import (
    VENDORS,
    described,
    document,
    every_vendor,
    examples,
    faults,
    nodes,
    operations,
)

MARK = re.compile(r"\[[DCI](, [DCI])*\]")


def test_there_are_documents() -> None:
    assert VENDORS


@every_vendor
def test_a_document_is_valid_openapi_3_1(vendor: str) -> None:
    assert document(vendor)["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document(vendor)).validate()


@any_folder
def test_every_connector_has_a_document(folder: Path) -> None:
    assert vendor_of(folder.name) in VENDORS


@written_folder
def test_the_default_api_url_is_the_first_server(folder: Path) -> None:
    default = properties_of(folder)["api_url"].get("default")
    server = document(vendor_of(folder.name))["servers"][0]["url"]
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


def with_new_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_new_keys(item) for key, item in value.items()} | {"key_of_tomorrow": {"deep": [1]}}
    return [with_new_keys(item) for item in value] if isinstance(value, list) else deepcopy(value)
