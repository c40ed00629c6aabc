"""Airbyte source for the call detail records of Vonage Business Communications."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_vonage_business.source import SourceVonageBusiness

__all__ = ["SourceVonageBusiness"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceVonageBusiness":
        from source_vonage_business.source import SourceVonageBusiness  # noqa: PLC0415  see above

        return SourceVonageBusiness
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
