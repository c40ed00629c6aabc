"""What a command is given, made fit to use: its files, the settings, the streams that are chosen."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime, timezone
from typing import Any, ClassVar

from airbyte_cdk.models import AirbyteStateMessage, ConfiguredAirbyteCatalog, SyncMode
from airbyte_cdk.sources import Source
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets

from cdr.airbyte import files
from cdr.airbyte.states import States
from cdr.airbyte.traces import traced
from cdr.schema.errors import ConfigError, SyncError, quoted
from cdr.vendor.config import Config
from cdr.vendor.stream import Stream


class GivenSource(Source):
    """A source that refuses what it cannot use in one sentence, whichever entry point runs it.

    streams:  the stream classes, `call_records` first
    in_pages: whether `read` gives out whole pages (`PageMessage`) instead of a message a row. Only the entry point
              that writes standard output sets it.
    """

    streams: ClassVar[tuple[type[Stream], ...]]

    def __init__(self) -> None:
        self.in_pages = False
        self.message_repository: MessageRepository | None = None

    @classmethod
    def read_config(cls, config_path: str) -> MutableMapping[str, Any]:
        with protocol_errors():
            return files.read_config(config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        with protocol_errors():
            return files.read_catalog(catalog_path)

    @classmethod
    def read_state(cls, state_path: str | None) -> list[AirbyteStateMessage]:
        with protocol_errors():
            given = files.read_states(state_path, cls.names()) if state_path else States([])
        if given.warning:
            logging.getLogger("airbyte").warning(given.warning)
        return given.messages

    @classmethod
    def names(cls) -> list[str]:
        """The names of its streams."""
        return [stream.name for stream in cls.streams]

    def config(self, raw: Mapping[str, Any]) -> Config:
        """The settings, whose secrets no log shows from now on. Raises ConfigError."""
        config = Config(raw, self.spec(logging.getLogger("airbyte")).connectionSpecification)
        for secret in config.secrets:
            if filter_secrets(secret) == secret:
                add_to_secrets(secret)
        return config

    def chosen(self, catalog: ConfiguredAirbyteCatalog, logger: logging.Logger) -> list[tuple[type[Stream], SyncMode]]:
        """The streams of a catalogue, each once. Raises ConfigError where there is no such stream."""
        known = {cls.name: cls for cls in self.streams}
        chosen: dict[str, tuple[type[Stream], SyncMode]] = {}
        for configured in catalog.streams:
            name = configured.stream.name
            if name not in known:
                raise ConfigError(
                    f"The catalogue asks for the stream {quoted(name, 60)!r}, which this source does not have; "
                    f"it has {', '.join(known)}. Refresh the schema of the connection."
                )
            if name in chosen:
                logger.warning(f"The catalogue has the stream {name} more than once; it is read once.")
                continue
            chosen[name] = known[name], configured.sync_mode
        return list(chosen.values())


@contextlib.contextmanager
def protocol_errors() -> Iterator[None]:
    """Errors in the protocol's form."""
    try:
        yield
    except SyncError as error:
        raise traced(error) from None


def warn(config: Config, logger: logging.Logger) -> list[str]:
    """Log what the settings allow and hardly mean; the same sentences are returned."""
    warnings = config.warnings(datetime.now(timezone.utc))
    for warning in warnings:
        logger.warning(warning)
    return warnings
