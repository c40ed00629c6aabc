"""Airbyte source for the call detail records of PortSIP PBX."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_portsip.source import SourcePortsip

__all__ = ["SourcePortsip"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: worker processes read `streams` and need no CDK."""
    if name == "SourcePortsip":
        from source_portsip.source import SourcePortsip  # noqa: PLC0415  see above

        return SourcePortsip
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
