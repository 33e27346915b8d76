"""Loads the plugin for a bare `pytest --pyargs contract_tests`; its options then come from the environment."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin unless `-p contract_tests.runner.hooks` already has."""
    config.pluginmanager.import_plugin("contract_tests.runner.hooks")
