"""What the command shows while it runs, in place of pytest's own terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.exceptions import CheckFailed
from contract_tests.redaction import terminal_text
from contract_tests.reports.report_output import say

if TYPE_CHECKING:
    from collections.abc import Generator

    from contract_tests.runner.run_plugin import RunPlugin

MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "  - "}


class Ticker(threading.Thread):
    """Says how far the run is: each second where a person looks on, else a line now and then."""

    def __init__(self, plugin: RunPlugin) -> None:
        super().__init__(daemon=True)
        self.plugin = plugin
        self.done = threading.Event()

    def run(self) -> None:
        """Tick until the run is done."""
        watched = sys.stdout.isatty()
        while not self.done.wait(1 if watched else 30):
            terminal_text.erase()
            # A line that wraps could not be erased whole.
            columns = shutil.get_terminal_size().columns - 1
            say(self.line()[:columns] if watched else f"{self.line()}\n")

    def line(self) -> str:
        """Return how far the run is."""
        run, total = self.plugin.run, self.plugin.total
        seconds = time.monotonic() - run.started
        number = min(len(run.laws) + 1, total)
        return (
            f"  …  law {number} of {total}, {run.collector.judged} calls, "
            f"{seconds:.0f} of at most {run.max_time} s: {self.plugin.law}"
        )


class ProgressPlugin:
    """Shows each law that fails, or every law, and in between how far the run is."""

    def __init__(self, plugin: RunPlugin) -> None:
        self.plugin = plugin
        self.ticker = Ticker(plugin)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say what pytest could not collect; it is a fault of the gate, not of the target."""
        if report.failed:
            say(f"{report.longrepr}\n")

    def pytest_collection_finish(self) -> None:
        """Begin to say how far the run is."""
        self.ticker.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, pytest.TestReport]:
        """Show what became of the law."""
        report: pytest.TestReport = yield
        crashed = report.failed and report.when != "call"
        if report.when != "call" and not crashed:
            return report
        if report.failed or self.plugin.settings.verbose:
            terminal_text.erase()
            say(f"{MARKS[report.outcome]} {self.plugin.law}  {report.duration:.1f} s\n")
        is_ours = call.excinfo is not None and not call.excinfo.errisinstance(CheckFailed)
        if crashed or (report.failed and is_ours):
            say(f"{report.longrepr}\n")
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Say no more how far the run is."""
        self.ticker.done.set()
        if self.ticker.is_alive():
            self.ticker.join()
            terminal_text.erase()
