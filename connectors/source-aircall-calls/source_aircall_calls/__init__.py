"""Airbyte source for the call detail records of Aircall."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_aircall_calls.source import SourceAircallCalls

__all__ = ["SourceAircallCalls"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceAircallCalls":
        from source_aircall_calls.source import SourceAircallCalls  # noqa: PLC0415  see above

        return SourceAircallCalls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
