"""The connector's command."""

import sys

from cdr.entrypoint import launch
from source_voxo.source import SourceVoxo


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    launch(SourceVoxo(), sys.argv[1:])
