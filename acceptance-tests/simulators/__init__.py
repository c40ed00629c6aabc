"""The vendors' simulators: real HTTP servers on loopback, strict and awkward in the ways of the vendors.

    with simulators.start("voxo", seed=7, calls_per_day=200) as vendor:
        config = vendor.config(auth="password", num_workers=4)
        ...
        assert rows == vendor.truth("call_records")

A vendor is a module here, named like its document in specs/.
"""

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from simulators.documents import SPECS
from simulators.engine import Simulator
from simulators.faults import KINDS

__all__ = ["KINDS", "VENDORS", "Simulator", "simulator_class", "start"]

VENDORS = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if (SPECS / f"{path.stem}.openapi.yaml").exists()
)


def simulator_class(vendor: str) -> type[Simulator]:
    """Return the class of a vendor's simulator."""
    if vendor not in VENDORS:
        raise ValueError(f"there is no simulator of {vendor!r}: {', '.join(VENDORS)}")
    made: type[Simulator] = import_module(f"simulators.{vendor}").VENDOR
    return made


def start(
    vendor: str, *, start: datetime | None = None, end: datetime | None = None, seed: int = 7, **options: Any
) -> Simulator:
    """Start a vendor's simulator on a free port; leaving the context stops it.

    It holds the calls from `start` to `end` (now, where there is no end; then rows appear as calls end). Options
    that all have: calls_per_day, latency_ms, validate, tls, port, and those of `engine.COMMON_OPTIONS`; a vendor's
    own are in the `defaults` of its class.
    """
    return simulator_class(vendor)(start=start, end=end, seed=seed, **options)
