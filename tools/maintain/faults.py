"""What becomes of a fault, for the tables in docs/troubleshooting.md: asked of the code, and proved by the tests."""

from __future__ import annotations

import importlib
import sys
from http import HTTPStatus

import requests
from requests import exceptions

from cdr.http.failures import DataFailures, Failures, LoginFailures
from cdr.schema.errors import ConfigError
from tools.install import ROOT
from tools.maintain.boilerplate import connector_folders, facts_of

_WORDS = b'{"message": "the vendor\'s words"}'

_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_NETWORK: dict[str, Exception] = {
    "certificate of an unknown authority": exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] unable to verify"),
    "host name that does not resolve": exceptions.ConnectionError("NameResolutionError: name not known"),
    "closed port": exceptions.ConnectionError("[Errno 111] Connection refused"),
    "no connection in time": exceptions.ConnectTimeout("timed out"),
    "no answer in time": exceptions.ReadTimeout("Read timed out"),
    "connection reset": exceptions.ConnectionError("Connection reset by peer"),
    "body cut short": exceptions.ChunkedEncodingError("Connection broken: IncompleteRead"),
}


def fault_table() -> str:
    """Return the table: fault, what becomes of it for a data request and for a login, and the message."""
    faults: list[tuple[str, requests.Response | Exception]] = [
        *((f"{int(status)} {status.phrase}", _answer(status)) for status in _STATUSES),
        *_NETWORK.items(),
    ]
    lines = ["| Fault | Request for calls | Login | The message for calls |", "| --- | --- | --- | --- |"]
    for name, fault in faults:
        data, sentence = _outcome(DataFailures(), fault)
        login, _ = _outcome(LoginFailures(), fault)
        lines.append(f"| {name} | {data} | {login} | {sentence} |")
    return "\n".join(lines) + "\n"


def fault_matrix() -> str:
    """Return the table of the faults that the tests plant: what each connector makes of them."""
    folder = str(ROOT / "acceptance-tests")
    sys.path.insert(0, folder)
    try:
        cases = importlib.import_module("fault_matrix").CASES
    finally:
        sys.path.remove(folder)
    connectors = [facts_of(path) for path in connector_folders()]
    lines = [f"| Fault | {' | '.join(one.title for one in connectors)} |", "| --- " * (len(connectors) + 1) + "|"]
    for case in cases:
        outcomes = " | ".join(case.outcome_for(one.vendor) or "-" for one in connectors)
        lines.append(f"| {case.title} | {outcomes} |")
    return "\n".join(lines) + "\n"


def _answer(status: HTTPStatus) -> requests.Response:
    response = requests.Response()
    response.status_code = int(status)
    response._content = _WORDS  # noqa: SLF001  a response that nobody sent has no other way to a body
    if status is HTTPStatus.FOUND:
        response.headers["Location"] = "https://other.example.com/"
    return response


def _outcome(failures: Failures, fault: requests.Response | Exception) -> tuple[str, str]:
    failures.interpret_response(fault)
    failure = failures.last()
    kind = "config error" if isinstance(failure.error, ConfigError) else "transient error"
    return (f"tried again, then {kind}" if failure.again else kind), failure.error.message
