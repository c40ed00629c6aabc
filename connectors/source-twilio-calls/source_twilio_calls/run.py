"""The connector's command."""

import sys


def run() -> None:
    """Run one Airbyte command: spec, check, discover or read."""
    # Imported here: a worker process imports this module, and needs no CDK.
    from cdr.airbyte.entrypoint import launch  # noqa: PLC0415
    from source_twilio_calls.source import SourceTwilioCalls  # noqa: PLC0415

    launch(SourceTwilioCalls(), sys.argv[1:])
