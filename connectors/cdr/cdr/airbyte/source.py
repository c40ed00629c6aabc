"""The four commands of a source: spec, check, discover, read. A connector is this class and a tuple of streams."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    Status,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils import AirbyteTracedException

from cdr.airbyte.inputs import GivenSource, protocol_errors, warn
from cdr.airbyte.session import Session
from cdr.airbyte.states import plain_states
from cdr.airbyte.sync import PageMessage
from cdr.airbyte.traces import traced, without_secrets
from cdr.schema.errors import SyncError
from cdr.vendor.windows import Period

# Somebody waits for the answer of a check.
_CHECK = {"attempts": 3, "read_seconds": 30}


class CallRecordSource(GivenSource):
    """A source whose streams are windows of call records.

    streams: the stream classes, `call_records` first
    """

    # The CDK's own check quotes values and does not name the property; Config says it better.
    check_config_against_spec = False

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Ask for the calls of the last settled hour: it proves the address, the credentials and the right to read.

        Every account is asked once.
        """
        try:
            valid = self.config(config)
            warnings = warn(valid, logger)
            settled = _now().replace(microsecond=0) - timedelta(seconds=valid.integer("settling_delay_seconds"))
            with Session(self, valid, logger, **_CHECK) as session:
                odd = session.first_look(Period(settled - timedelta(hours=1), settled))
        except (SyncError, AirbyteTracedException) as error:
            return AirbyteConnectionStatus(status=Status.FAILED, message=str(traced(error)))
        message = " ".join([*warnings, *odd])
        return AirbyteConnectionStatus(status=Status.SUCCEEDED, message=message or None)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams and their schemas. Asks the vendor nothing; raises where the configuration is wrong."""
        with protocol_errors():
            valid = self.config(config)
        with Session(self, valid, logger) as session:
            return AirbyteCatalog(streams=[session.described(cls).as_airbyte_stream() for cls in self.streams])

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Every message of a sync, in order. Raises after the last one where a stream has failed."""
        with protocol_errors():
            valid = self.config(config)
            chosen = self.chosen(catalog, logger)
            given = plain_states(state, self.names())
        warn(valid, logger)
        if given.warning:
            logger.warning(given.warning)
        if not chosen:
            logger.info("The catalogue has no streams, so there is nothing to read.")
            return
        with Session(self, valid, logger) as session:
            session.fetch_files_of(catalog)
            with protocol_errors():
                streams = session.streams(chosen, ConnectorStateManager(given.messages))
            for message in session.messages(streams):
                if isinstance(message, PageMessage) and not self.in_pages:
                    yield from message.records()
                else:
                    yield without_secrets(message)


def _now() -> datetime:
    return datetime.now(timezone.utc)
