"""Airbyte source for the call detail records of RingCentral."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_ringcentral_calls.source import SourceRingcentralCalls

__all__ = ["SourceRingcentralCalls"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceRingcentralCalls":
        from source_ringcentral_calls.source import SourceRingcentralCalls  # noqa: PLC0415  see above

        return SourceRingcentralCalls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
