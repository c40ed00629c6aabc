"""RingCentral on loopback: the simulator, which is as strict as the vendor's document."""

from functools import partial

import pytest

from in_process import simulators_of, sync, waits
from source_ringcentral_calls import SourceRingcentralCalls

__all__ = ["waits"]


@pytest.fixture
def ringcentral():
    """Starts simulators of a day; they end with the test."""
    yield from simulators_of("ringcentral")


@pytest.fixture
def read():
    """Syncs one stream in this process."""
    return partial(sync, SourceRingcentralCalls())
