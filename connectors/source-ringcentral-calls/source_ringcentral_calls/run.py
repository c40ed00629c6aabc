"""The connector's command."""

import sys


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    # Imported here: a worker process imports this module, and needs no CDK.
    from cdr.airbyte.entrypoint import launch  # noqa: PLC0415
    from source_ringcentral_calls.source import SourceRingcentralCalls  # noqa: PLC0415

    launch(SourceRingcentralCalls(), sys.argv[1:])
