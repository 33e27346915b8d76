"""Loads the plugin for a bare `pytest --pyargs contract_tests`; the environment has its options."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin unless `-p contract_tests.plugin` already has."""
    config.pluginmanager.import_plugin("contract_tests.plugin")
