"""What a command says to what a person has put in, in this process and without a network."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import requests
from airbyte_cdk.models import FailureType

from cdr.airbyte import output
from cdr.airbyte.entrypoint import PageEntrypoint
from cdr.airbyte.traces import traced
from cdr.http import connections
from folders import source_class
from hostile import NEVER


def _refuse(_: Any, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
    """Answer a request by 403, without a network."""
    for value in request.headers.values():  # what http.client would refuse
        assert "\n" not in str(value)
        str(value).encode("latin-1")
    response = requests.Response()
    response.status_code, response.request, response.url = 403, request, request.url or ""
    response._content = b'{"message": "no right"}'
    response.raw = io.BytesIO()
    return response


class Answer:
    """What a command said, in process."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.lines: list[str] = []
        self.failure: Any = None
        with mock.patch.object(connections.Adapter, "send", _refuse), _log_to(self.lines):
            entrypoint = PageEntrypoint(source_class(folder)())
            try:
                self.lines += list(entrypoint.answers(arguments))
            except Exception as error:  # noqa: BLE001 - as the command does
                failure = traced(error)
                self.failure = output.fit(failure.as_airbyte_message()).trace.error
                self.lines.append(str(self.failure))
        self.text = "\n".join(self.lines)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def status(self) -> Mapping[str, Any] | None:
        statuses = [one["connectionStatus"] for one in self.messages if one["type"] == "CONNECTION_STATUS"]
        assert len(statuses) <= 1
        return statuses[0] if statuses else None

    @property
    def sentence(self) -> str | None:
        """What went wrong; None where nothing did."""
        if self.failure is not None:
            assert self.failure.failure_type is FailureType.config_error, self.text
            return str(self.failure.message)
        if self.status is not None and self.status["status"] == "FAILED":
            return str(self.status["message"])
        return None

    def assert_sound(self) -> None:
        """Nothing that frightens, no pattern and no secret in anything that was said."""
        said = "\n".join(line for line in self.lines if not line.startswith('{"type":"SPEC"'))
        assert [word for word in NEVER if word in said] == [], said


@contextlib.contextmanager
def _log_to(lines: list[str]) -> Iterator[None]:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(output._Formatter().format(record))

    root, handler = logging.getLogger(), Handler()
    before, root.handlers = root.handlers, [handler]
    try:
        yield
    finally:
        root.handlers = before
