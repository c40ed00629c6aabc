"""Airbyte source for the call detail records of Twilio Calls."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_twilio_calls.source import SourceTwilioCalls

__all__ = ["SourceTwilioCalls"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceTwilioCalls":
        from source_twilio_calls.source import SourceTwilioCalls  # noqa: PLC0415  see above

        return SourceTwilioCalls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
