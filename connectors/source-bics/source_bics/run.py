"""The connector's command."""

import sys

from cdr.entrypoint import launch
from source_bics.source import SourceBics


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    launch(SourceBics(), sys.argv[1:])
