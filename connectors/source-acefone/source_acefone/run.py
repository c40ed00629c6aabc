"""The connector's command."""

import sys

from cdr.entrypoint import launch
from source_acefone.source import SourceAcefone


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    launch(SourceAcefone(), sys.argv[1:])
