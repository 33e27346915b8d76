"""The shapes of the fixtures that tests of the mock share."""

from collections.abc import Callable
from typing import Any

from mock_server.api.app import Core

Build = Callable[..., Core]
Steer = Callable[..., tuple[int, Any]]
