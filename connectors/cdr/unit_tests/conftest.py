import time

import hypothesis
import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

# A machine that is busy is no fault of the code: no test is timed.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def no_secret_outlives_its_test():
    """The CDK keeps one list of secrets a process, and masks them in every text."""
    yield
    update_secrets([])


@pytest.fixture
def waits(monkeypatch):
    """Waits are counted, not waited for."""
    seconds = []
    monkeypatch.setattr(time, "sleep", lambda wait: seconds.append(wait) if wait else None)
    return seconds


class Clock:
    """A clock that goes on by what is waited for, and by nothing else."""

    def __init__(self):
        self.now = 1000.0
        self.on_sleep = lambda seconds: None

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.on_sleep(seconds)


@pytest.fixture
def clock(monkeypatch):
    """The clock of the client's waits: `clock.now - 1000` is what was waited for."""
    clock = Clock()
    monkeypatch.setattr("cdr.http.waits.time", clock)
    return clock
