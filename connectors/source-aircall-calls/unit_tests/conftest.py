"""Aircall on loopback: the simulator, which is as strict as the vendor's document."""

from functools import partial

import pytest

from in_process import simulators_of, sync, waits
from source_aircall_calls import SourceAircallCalls

__all__ = ["waits"]


@pytest.fixture
def aircall():
    """Starts simulators of a day; they end with the test."""
    yield from simulators_of("aircall")


@pytest.fixture
def read():
    """Syncs one stream in this process."""
    return partial(sync, SourceAircallCalls())
