"""`python main.py …`: the CDK's entry point, with pages written as they are and errors that name the property."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    FailureType,
    Status,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.utils import AirbyteTracedException

from cdr.airbyte import files, output
from cdr.airbyte.source import CallRecordSource
from cdr.airbyte.sync import PageMessage
from cdr.airbyte.traces import traced
from cdr.reading.pages import memory
from cdr.schema.errors import ConfigError, quoted

# How long a thread may go on before another one interrupts it. A page is read in about this time. By default Python
# interrupts it every 5 ms for threads that have an answer, which then wait for their pages to be read all the same.
# On one core a full read took 5.97 s so, and takes 5.53 s with this (`make bench`, case one-core).
_TURN_SECONDS = 0.02
_USAGE = "Write spec, check --config FILE, discover --config FILE, or read --config FILE --catalog FILE [--state FILE]"


class PageEntrypoint(AirbyteEntrypoint):
    """Writes pages of rows as blocks of finished lines, everything else as the CDK does, in one order."""

    def __init__(self, source: CallRecordSource) -> None:
        super().__init__(source)
        source.in_pages = True

    def answers(self, arguments: list[str]) -> Iterator[str]:
        """The lines of one command. Raises what ended it; a `check` that cannot be tried is one that failed."""
        try:
            parsed = _parsed(arguments)
            _need_a_folder()
            yield from self.run(parsed)
        except (ConfigError, AirbyteTracedException) as error:
            failure = traced(error)
            if arguments[:1] != ["check"] or failure.failure_type is not FailureType.config_error:
                raise failure from None
            status = AirbyteConnectionStatus(status=Status.FAILED, message=str(failure))
            yield self.airbyte_message_to_string(AirbyteMessage(type=Type.CONNECTION_STATUS, connectionStatus=status))

    def read(
        self,
        source_spec: ConnectorSpecification,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage],
    ) -> Iterable[AirbyteMessage]:
        for message in super().read(source_spec, config, catalog, state):
            if isinstance(message, PageMessage):
                output.write(message.block())
                continue
            yield output.fit(message)
            if message.type is Type.STATE:
                # `launch` has printed it by now. A state is worth nothing while it waits in a buffer.
                output.flush()

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

    @staticmethod
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Left to the source, which knows the secrets as they are sent."""


def _parsed(arguments: list[str]) -> argparse.Namespace:
    """The command. Raises ConfigError, where argparse would print how to use it and end the process."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            parsed = AirbyteEntrypoint.parse_args(arguments)
    except SystemExit as ended:
        if not ended.code:  # --help
            raise
        reason = complaint.getvalue().strip().rpartition("error: ")[2]
        raise ConfigError(f"The command line cannot be read ({quoted(reason)}). {_USAGE}.") from None
    if not parsed.command:
        raise ConfigError(f"No command was given. {_USAGE}.")
    return parsed


def _need_a_folder() -> None:
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise ConfigError(
            "No folder for temporary files can be written; where the root file system is read-only, mount one: "
            "docker run --tmpfs /tmp."
        ) from None


def launch(source: CallRecordSource, args: list[str]) -> None:
    """Run one command. Standard output carries protocol messages and nothing else; exit code 1 exactly on errors.

    The exceptions are `doctor` and `renormalise`, which are for people: see the folders of these names.

    SIGTERM and SIGINT end the process at once, behind the last whole message: the last state on standard output says
    where the next sync goes on.
    """
    if args[:1] == ["doctor"]:
        # Imported here: the doctor is for people, and no sync needs it.
        from cdr.doctor.command import main  # noqa: PLC0415

        sys.exit(main(source, args[1:], files.read_config))
    if args[:1] == ["renormalise"]:
        from cdr.renormalise import command  # noqa: PLC0415 - as above

        sys.exit(command.main(source, args[1:], files))
    output.set_up()
    output.end_on_signals()
    entrypoint = PageEntrypoint(source)
    memory.settle()
    sys.setswitchinterval(_TURN_SECONDS)
    with PRINT_BUFFER:
        failure = _run(entrypoint, args)
        output.flush()
    if failure:
        sys.exit(1)


def _run(entrypoint: PageEntrypoint, arguments: list[str]) -> bool:
    """Whether the command ended in an error, which is then on standard output."""
    try:
        for line in entrypoint.answers(arguments):
            output.say(line)
    except Exception as error:
        failure = traced(error)
        if failure.failure_type is FailureType.system_error:
            logging.getLogger("airbyte").critical(str(error), exc_info=error)
        output.say(entrypoint.airbyte_message_to_string(output.fit(failure.as_airbyte_message())))
        return True
    return False
