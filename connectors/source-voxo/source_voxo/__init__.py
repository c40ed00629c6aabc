"""Airbyte source for the call detail records of VOXO."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_voxo.source import SourceVoxo

__all__ = ["SourceVoxo"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourceVoxo":
        from source_voxo.source import SourceVoxo  # noqa: PLC0415  see above

        return SourceVoxo
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
