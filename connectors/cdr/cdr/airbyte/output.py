"""Standard output: whole lines of the protocol in one order, whatever ends the command."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import threading
from typing import Final, NoReturn

import orjson
from airbyte_cdk.logger import PRINT_BUFFER, AirbyteLogFormatter
from airbyte_cdk.models import AirbyteMessage, FailureType
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.schema.words import without_queries

_STANDARD_ERROR: Final = 2
# What Python itself ends with where standard output cannot be written.
_UNHEARD: Final = 120
_PATIENCE_SECONDS: Final = 8.0


def write(block: bytes) -> None:
    """Write whole lines behind everything that was printed before, past the CDK's buffer of text."""
    try:
        with PRINT_BUFFER.lock:
            PRINT_BUFFER.flush()
            sys.__stdout__.buffer.write(block)  # type: ignore[union-attr]  # None only where there is no standard output
            sys.__stdout__.buffer.flush()  # type: ignore[union-attr]
    except OSError as error:
        _end_unheard(error)


def say(line: str) -> None:
    """Write one line of the protocol."""
    try:
        print(f"{line}\n", end="")  # noqa: T201 - standard output is the protocol
    except OSError as error:
        _end_unheard(error)


def flush() -> None:
    """Let nothing wait in a buffer."""
    try:
        PRINT_BUFFER.flush()
    except OSError as error:
        _end_unheard(error)


def _end_unheard(error: OSError) -> NoReturn:
    """End the process: nobody reads what it writes, and the last state that somebody read says where to go on."""
    reason = "was closed by its reader" if isinstance(error, BrokenPipeError) else f"takes no more ({error.strerror})"
    with contextlib.suppress(OSError):
        os.write(_STANDARD_ERROR, f"Standard output {reason}; the next sync goes on from the last state.\n".encode())
    os._exit(_UNHEARD)


def fit(message: AirbyteMessage) -> AirbyteMessage:
    """A log line or an error without secrets and without what signs a link, and a stack only where a fault is ours."""
    if message.log:
        message.log.message = without_queries(filter_secrets(message.log.message))
    error = message.trace.error if message.trace else None
    if error is not None:
        error.message = without_queries(filter_secrets(error.message))
        error.internal_message = without_queries(filter_secrets(error.internal_message or ""))
        is_ours = error.failure_type is FailureType.system_error
        error.stack_trace = without_queries(filter_secrets(error.stack_trace or "")) if is_ours else None
    return message


class _Formatter(AirbyteLogFormatter):
    """Every log line as a LOG message: the CDK's own debug form is no message of the protocol."""

    def format(self, record: logging.LogRecord) -> str:
        text = without_queries(filter_secrets(logging.Formatter.format(self, record)))
        level = self.level_mapping.get(record.levelno)
        log = {"level": level.value if level else "INFO", "message": text.encode(errors="replace").decode()}
        return orjson.dumps({"type": "LOG", "log": log}).decode()


def _is_ours_to_say(record: logging.LogRecord) -> bool:
    """False for the CDK's line on every wait, which calls any of them a rate limit."""
    return record.module != "rate_limiting"


def _log_failed(record: logging.LogRecord) -> None:  # noqa: ARG001 - the name is logging's own
    error = sys.exc_info()[1]
    if isinstance(error, OSError):
        _end_unheard(error)


def set_up() -> None:
    """Make standard output the protocol's: in UTF-8 whatever the machine's own way is, log lines as messages."""
    if sys.__stdout__ is None:
        _end_unheard(BrokenPipeError())
    if isinstance(sys.__stdout__, io.TextIOWrapper):
        sys.__stdout__.reconfigure(encoding="utf-8")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Formatter())
        handler.addFilter(_is_ours_to_say)
        handler.handleError = _log_failed  # type: ignore[method-assign]  # the documented place to say what then happens


def end_on_signals() -> None:
    """End the process behind the last whole line when it is told to stop.

    A thread waits for the signals. A handler would interrupt the main thread in the middle of a write, and Python then
    drops the rest of what a full pipe did not take.
    """
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    threading.Thread(target=_wait_for, args=(signals,), name="signals", daemon=True).start()


def _wait_for(signals: set[signal.Signals]) -> None:
    received = signal.Signals(signal.sigwait(signals))
    # Whoever reads may have stopped reading, and a write then holds the lock for ever.
    if PRINT_BUFFER.lock.acquire(timeout=_PATIENCE_SECONDS):
        logging.getLogger("airbyte").warning(f"Stopped by {received.name}; the next sync goes on from the last state.")
        flush()
    # Not sys.exit: it would wait for the requests that are under way.
    os._exit(128 + received)
