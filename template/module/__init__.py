"""Airbyte source for the call detail records of ${title}."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ${module}.source import ${class_name}

__all__ = ["${class_name}"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "${class_name}":
        from ${module}.source import ${class_name}  # noqa: PLC0415  see above

        return ${class_name}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
