"""Names: of a connector's folder, of the vendor's word in the column `vendor`, of the package.

A folder may end in `-calls`, which only keeps its image apart from one of Airbyte's own: `source-twilio-calls` reads
the vendor `twilio`. Simulators, documents in specs/ and golden vectors are named by the vendor's word.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONNECTORS = ROOT / "connectors"
_APART = "-calls"


def vendor_of(connector: str) -> str:
    """Return the vendor's word for a connector: `vonage_business` of `source-vonage-business`."""
    return connector.removeprefix("source-").removesuffix(_APART).replace("-", "_")


def connector_of(vendor: str) -> str:
    """Return the connector of a vendor's word: `source-vonage-business`; of one that has none yet, what to call it."""
    plain = f"source-{vendor.replace('_', '-')}"
    return plain if not (CONNECTORS / f"{plain}{_APART}").is_dir() else f"{plain}{_APART}"


def package_of(vendor: str) -> str:
    """Return the package of a vendor's connector: `source_vonage_business`."""
    return connector_of(vendor).replace("-", "_")
