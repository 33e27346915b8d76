"""What the tests of both programs share."""

from collections.abc import Iterator

import pytest

from tests.live import LiveMock, live_mock


@pytest.fixture(scope="session")
def mock() -> Iterator[LiveMock]:
    """A mock that serves the default scenario; tests that change its state start their own."""
    with live_mock() as running:
        yield running
