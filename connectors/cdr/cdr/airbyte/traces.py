"""Errors in the protocol's form, with secrets taken out."""

from __future__ import annotations

from collections.abc import Mapping

from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.schema.errors import ConfigError, SyncError


def traced(error: BaseException, stream: str | None = None) -> AirbyteTracedException:
    """The protocol's form of an error, with secrets taken out."""
    if isinstance(error, AirbyteTracedException):
        return error
    if isinstance(error, SyncError):
        kind = FailureType.config_error if isinstance(error, ConfigError) else FailureType.transient_error
        message = filter_secrets(error.message)
        internal = message
    else:
        kind = FailureType.system_error
        internal = filter_secrets(f"{type(error).__name__}: {error}")
        message = "The connector failed in a way nobody foresaw; please report the log of this sync."
    return AirbyteTracedException(
        message=message,
        internal_message=internal,
        failure_type=kind,
        stream_descriptor=StreamDescriptor(name=stream) if stream else None,
    )


def together(failures: Mapping[str, Exception]) -> AirbyteTracedException:
    """One error for all streams that failed. A setting to change outranks a vendor to wait for."""
    errors = {name: traced(error) for name, error in failures.items()}
    kinds = [error.failure_type for error in errors.values()]
    worst = next(
        (kind for kind in (FailureType.system_error, FailureType.config_error) if kind in kinds),
        FailureType.transient_error,
    )
    messages = [str(error) for error in errors.values()]
    text = messages[0] if len(messages) == 1 else "; ".join(f"{name}: {error}" for name, error in errors.items())
    return AirbyteTracedException(message=text, internal_message=text, failure_type=worst)


def without_secrets(message: AirbyteMessage) -> AirbyteMessage:
    """An error trace with secrets taken out: the concurrent core sends the traces of streams as they are."""
    error = message.trace.error if message.trace else None
    if error is not None:
        error.message = filter_secrets(error.message)
        error.internal_message = filter_secrets(error.internal_message or "")
        error.stack_trace = filter_secrets(error.stack_trace or "")
    return message
