"""`python main.py …`: the CDK's entry point, with pages written as they are and errors that name the property."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, AirbyteLogFormatter
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr import memory
from cdr.source import CallRecordSource
from cdr.sync import PageMessage

# A page is read in about this time. By default Python interrupts that every 5 ms for threads that have an answer, which
# then wait for their pages to be read all the same: on one core a fourteenth of a sync went into the changes.
_TURN_SECONDS = 0.02


class PageEntrypoint(AirbyteEntrypoint):
    """Writes pages of rows as blocks of finished lines, everything else as the CDK does, in one order."""

    def __init__(self, source: CallRecordSource) -> None:
        super().__init__(source)
        source.in_pages = True

    def read(
        self,
        source_spec: ConnectorSpecification,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage],
    ) -> Iterable[AirbyteMessage]:
        for message in super().read(source_spec, config, catalog, state):
            if isinstance(message, PageMessage):
                _write(message.block())
                continue
            yield message
            if message.type is Type.STATE:
                # `launch` has printed it by now. A state is worth nothing while it waits in a buffer.
                sys.stdout.flush()

    @staticmethod
    def handle_record_counts(
        message: AirbyteMessage, stream_message_count: defaultdict[HashableStreamDescriptor, float]
    ) -> AirbyteMessage:
        if isinstance(message, PageMessage):
            stream_message_count[HashableStreamDescriptor(name=message.stream)] += message.rows.count
            return message
        return AirbyteEntrypoint.handle_record_counts(message, stream_message_count)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Left to `Config`, which names the property and never quotes a value."""


def _write(block: bytes) -> None:
    """Write whole lines behind everything that was printed before, past the CDK's buffer of text."""
    with PRINT_BUFFER.lock:
        PRINT_BUFFER.flush()
        sys.__stdout__.buffer.write(block)  # type: ignore[union-attr]  # None only where there is no standard output
        sys.__stdout__.buffer.flush()  # type: ignore[union-attr]


class _ProtocolFormatter(AirbyteLogFormatter):
    """Debug lines as LOG messages: the CDK's own debug form is no message of the protocol."""

    def format(self, record: logging.LogRecord) -> str:
        if record.levelno > logging.DEBUG:
            return super().format(record)
        text = filter_secrets(record.getMessage())
        return orjson.dumps({"type": "LOG", "log": {"level": "DEBUG", "message": text}}).decode()


def _is_ours_to_say(record: logging.LogRecord) -> bool:
    """False for the CDK's line on every wait, which calls any of them a rate limit."""
    return record.module != "rate_limiting"


def _end_on_sigterm() -> None:
    """Wait for SIGTERM, and end the process behind the last whole line."""
    signal.sigwait({signal.SIGTERM})
    with PRINT_BUFFER.lock:
        logging.getLogger("airbyte").warning("Stopped by SIGTERM; the next sync goes on from the last state.")
        PRINT_BUFFER.flush()
        # Not sys.exit: it would wait for the requests that are under way.
        os._exit(128 + signal.SIGTERM)


def launch(source: CallRecordSource, args: list[str]) -> None:
    """Run one command. Standard output carries protocol messages and nothing else; exit code 1 exactly on errors.

    SIGTERM ends the process at once, behind the last whole message: the last state on standard output says where the
    next sync goes on.
    """
    entrypoint = PageEntrypoint(source)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_ProtocolFormatter())
        handler.addFilter(_is_ours_to_say)
    parsed = entrypoint.parse_args(args)
    memory.settle()
    sys.setswitchinterval(_TURN_SECONDS)
    # A thread waits for the signal. A handler would interrupt the main thread in the middle of a write, and Python then
    # drops the rest of what a full pipe did not take.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_on_sigterm, name="sigterm", daemon=True).start()
    with PRINT_BUFFER:
        for message in entrypoint.run(parsed):
            print(f"{message}\n", end="")  # noqa: T201 - standard output is the protocol
