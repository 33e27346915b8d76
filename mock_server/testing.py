"""Keep `from mock_server.testing import Mock` working: the plugin is `mock_server.pytest_plugin`."""

from mock_server.pytest_plugin import Mock

__all__ = ["Mock"]
