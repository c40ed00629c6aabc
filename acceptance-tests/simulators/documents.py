"""Checks requests against a vendor's OpenAPI document, and for what openapi-core does not see (specs/README.md)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest
from openapi_spec_validator.readers import read_from_filename

from simulators.server import Request

SPECS: Final = Path(__file__).resolve().parents[2] / "specs"
_MOST: Final = 20_000


class Document:
    """A vendor's document. One request at a time: openapi-core does not say that it is safe in threads."""

    def __init__(self, vendor: str) -> None:
        path = str(SPECS / f"{vendor}.openapi.yaml")
        self._api = OpenAPI.from_file_path(path)
        self._content: dict[str, Any] = dict(read_from_filename(path)[0])
        self._lock = Lock()
        self._good: set[tuple[str, str, str, str]] = set()

    @cache  # noqa: B019 - a document lives as long as the process
    def _operation(self, template: str, method: str) -> tuple[frozenset[str], frozenset[str]]:
        item = self._content["paths"][template]
        operation = item[method]
        known = self._content["components"].get("parameters", {})
        listed = [*item.get("parameters", []), *operation.get("parameters", [])]
        parameters = [known[entry["$ref"].rsplit("/", 1)[1]] if "$ref" in entry else entry for entry in listed]
        query = frozenset(parameter["name"] for parameter in parameters if parameter["in"] == "query")
        return query, frozenset(name.lower() for name in operation.get("x-required-headers", ()))

    def parameters_not_in_it(self, request: Request, template: str) -> str | None:
        """Say which query parameter is not in the document, or comes twice."""
        query, _ = self._operation(template, request.method.lower())
        names = [name for name, _ in request.pairs]
        if unknown := sorted(set(names) - query):
            return f"unknown query parameter {', '.join(unknown)}"
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            return f"repeated query parameter {', '.join(repeated)}"
        return None

    def breach(self, request: Request, template: str) -> str | None:
        """Say in what way a request breaks the document, or None."""
        _, required = self._operation(template, request.method.lower())
        if missing := sorted(required - request.headers.keys()):
            return f"missing header {', '.join(missing)}"
        # Parameters are judged one by one, so a request made of known good ones is good: openapi-core takes 5 ms.
        parts = {(template, request.method, "path", re.sub(r"[0-9A-Za-z]+", "x", request.path))}
        parts.add((template, request.method, "names", " ".join(sorted(request.query))))
        parts |= {(template, name, "value", _shape(name, value)) for name, value in request.pairs}
        if not request.body and parts <= self._good:
            return None
        checked = MockRequest(
            "http://127.0.0.1:1",  # where the documents know the simulators, TLS or not
            request.method.lower(),
            request.path,
            args=dict(request.pairs),
            headers=request.headers,
            data=request.body or None,
            content_type=request.headers.get("content-type", "").split(";")[0],
        )
        try:
            with self._lock:
                self._api.validate_request(checked)
        except OpenAPIError as error:
            return f"{error}: {error.__cause__}" if error.__cause__ else str(error)
        with self._lock:
            if len(self._good) < _MOST:
                self._good |= parts
        return None


def _shape(name: str, value: str) -> str:
    """Page numbers are all alike; only sizes have a largest one."""
    return "1" if name in {"page", "skip"} and re.fullmatch(r"[1-9][0-9]{0,7}", value) else value


@cache
def document(vendor: str) -> Document:
    """Return the document of a vendor, read once."""
    return Document(vendor)
