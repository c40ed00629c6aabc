"""The vendors' OpenAPI documents, for the tests that hold them to their standard and requests to them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator.readers import read_from_filename
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tools.install import ROOT

SPECS = ROOT / "specs"
VENDORS = sorted(path.name.removesuffix(".openapi.yaml") for path in SPECS.glob("*.openapi.yaml"))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
LITERAL = {"example", "examples"}  # below these keys stands data, not OpenAPI
DOCUMENT = "urn:document"

Node = dict[str, Any]

every_vendor = pytest.mark.parametrize("vendor", VENDORS)


@cache
def document(vendor: str) -> Node:
    loaded, _ = read_from_filename(str(SPECS / f"{vendor}.openapi.yaml"))
    return dict(loaded)


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
