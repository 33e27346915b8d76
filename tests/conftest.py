"""What the tests of both programs share."""

import os
from collections.abc import Iterator

import pytest

from tests.live import LiveMock, live_mock


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a fifth of the time goes by in waiting for time-outs and browsers."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def mock() -> Iterator[LiveMock]:
    """A mock that serves the default scenario; tests that change its state start their own."""
    with live_mock() as running:
        yield running
