import time

import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets


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
