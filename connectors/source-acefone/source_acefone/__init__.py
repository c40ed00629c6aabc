"""Airbyte source for the call detail records of Acefone."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_acefone.source import SourceAcefone

__all__ = ["SourceAcefone"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceAcefone":
        from source_acefone.source import SourceAcefone  # noqa: PLC0415  see above

        return SourceAcefone
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
