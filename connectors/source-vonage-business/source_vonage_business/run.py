"""The connector's command."""

import sys

from cdr.entrypoint import launch
from source_vonage_business.source import SourceVonageBusiness


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    launch(SourceVonageBusiness(), sys.argv[1:])
