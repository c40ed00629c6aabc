"""The connector's command."""

import sys


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    # Imported here: a worker process imports this module, and needs no CDK.
    from cdr.airbyte.entrypoint import launch  # noqa: PLC0415
    from source_aircall_calls.source import SourceAircallCalls  # noqa: PLC0415

    launch(SourceAircallCalls(), sys.argv[1:])
