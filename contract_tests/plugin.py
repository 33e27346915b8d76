"""The plugin for plain pytest: `pytest --pyargs contract_tests -p contract_tests.plugin`.

Its options are the flags of the command, spelt `--gate-…`, with the same environment variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from contract_tests.cli.flags import BASE_URL
from contract_tests.cli.judge_command import main
from contract_tests.config.settings import Settings
from contract_tests.exceptions import UsageError
from contract_tests.runner.run_plugin import RunPlugin
from contract_tests.runner.session_start import new_run

if TYPE_CHECKING:
    from collections.abc import Iterator

# pytest chooses its tests and its processes itself, and pytest-base-url defines `--base-url`.
ELSEWHERE = ("base_url", "laws", "processes", "dry_run", "write_baseline", "version")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define the options."""
    group = parser.getgroup("contract tests")
    for flag in _flags():
        variable = flag.envvar or f"CONTRACT_TESTS_{flag.name.upper()}"
        text = f"{flag.help} [{variable}]".replace("%", "%%")
        group.addoption(_spelt(flag), default=None, help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Make the settings of the run, and begin it."""
    try:
        settings = _settings(config)
        run = new_run(settings)
    except (click.UsageError, UsageError) as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(RunPlugin(settings, run))


def _settings(config: pytest.Config) -> Settings:
    """Return what the options and the environment ask for, read as the command reads it."""
    words = _words(BASE_URL, config.getoption("base_url", default=None))
    for flag in _flags():
        words += _words(flag, config.getoption(_spelt(flag), default=None))
    given = main.make_context("contract-tests", words).params
    del given["dry_run"]
    # Our own mock, for which it is the default, is never what pytest judges.
    return Settings(**{**given, "strict": bool(given["strict"])})


def _words(flag: click.Option, value: str | None) -> list[str]:
    """Return how the command spells an option."""
    if value is None:
        return []
    if flag.is_flag:
        is_on = click.BOOL.convert(value, flag, None)
        return [*flag.opts[:1]] if is_on else [*flag.secondary_opts[:1]]
    values = value.splitlines() if flag.multiple else [value]
    return [f"{flag.opts[0]}={each}" for each in values if each.strip()]


def _flags() -> Iterator[click.Option]:
    for flag in main.params:
        if isinstance(flag, click.Option) and flag.name not in ELSEWHERE:
            yield flag


def _spelt(flag: click.Option) -> str:
    return f"--gate-{flag.opts[0].removeprefix('--')}"
