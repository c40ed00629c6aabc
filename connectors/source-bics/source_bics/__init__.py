"""Airbyte source for the call detail records of BICS CPaaS."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_bics.source import SourceBics

__all__ = ["SourceBics"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceBics":
        from source_bics.source import SourceBics  # noqa: PLC0415  see above

        return SourceBics
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
