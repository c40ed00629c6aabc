"""The connector's command."""

import sys

from cdr.entrypoint import launch
from ${module}.source import ${class_name}


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    launch(${class_name}(), sys.argv[1:])
