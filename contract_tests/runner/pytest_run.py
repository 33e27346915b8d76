"""Runs the laws under pytest, with nothing of the user's own pytest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from contract_tests.interrupts import STOP, Phase
from contract_tests.redaction.internal_errors import FAILED
from contract_tests.reports.run_report import NOT_JUDGED, USAGE
from contract_tests.runner.law_files import FAMILIES, LAWS, pytest_place
from contract_tests.runner.progress import ProgressPlugin
from contract_tests.runner.run_plugin import RunPlugin
from contract_tests.runner.session_start import new_run

if TYPE_CHECKING:
    from contract_tests.config.settings import Settings
    from contract_tests.config.target import Target
    from contract_tests.reports.run_report import Run

# The exit codes where no run came to its end, for those of pytest.
CODES = {
    pytest.ExitCode.USAGE_ERROR: USAGE,
    pytest.ExitCode.NO_TESTS_COLLECTED: NOT_JUDGED,
}
# No file of the user's and no other plugin may shuffle, parallelise or rewrite the laws.
ALONE = (
    *("-c", os.devnull),
    *("--rootdir", str(LAWS)),
    *("-p", "no:cacheprovider"),
    *("-p", "no:terminal"),
    *("-p", "_hypothesis_pytestplugin"),
    *("-W", "ignore"),
    "--noconftest",
    "--capture=no",
    "--assert=plain",
)
SCHEMATHESIS = ("-p", "schemathesis.pytest.plugin")


def judge(settings: Settings, target: Target, repeat: str, before: str) -> tuple[int, Run | None]:
    """Run the laws and show what becomes of them. Raise `UsageError`.

    Return the exit code, and the run if it came to its end.
    """
    run = new_run(settings, repeat, before)
    plugin = RunPlugin(settings, run, target)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    STOP.install()
    laws = settings.laws or FAMILIES
    # It takes long to import, and one family needs it.
    generator = SCHEMATHESIS if any(law.startswith("fuzz") for law in laws) else ()
    places = [pytest_place(law) for law in laws]
    status = pytest.main([*ALONE, *generator, *places], plugins=[plugin, ProgressPlugin(plugin)])
    STOP.phase = Phase.IDLE
    if plugin.context is None:
        return CODES.get(pytest.ExitCode(status), FAILED), None
    run.interrupted = run.interrupted or STOP.is_stopping
    return run.exit_code, run
