"""The connector's command."""

import sys

from cdr.entrypoint import launch
from source_portsip.source import SourcePortsip


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    launch(SourcePortsip(), sys.argv[1:])
