"""What the command shows while it runs, in place of pytest's own terminal."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time

import pytest

from contract_tests.exceptions import CheckFailed
from contract_tests.interrupts import STOP
from contract_tests.redaction import terminal_text
from contract_tests.reports.github_actions import silence, tell
from contract_tests.reports.report_output import say
from contract_tests.runner.hooks import RUN, Gate
from contract_tests.runner.pytest_options import flag, option

MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "  - "}
TICKER = pytest.StashKey["Ticker"]()
RESUME = pytest.StashKey[str]()


class Ticker(threading.Thread):
    """Says how far the run is: each second on one line where a person looks on, else a line now and then."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(daemon=True)
        self.gate = gate
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
        run = self.gate.run
        seconds = time.monotonic() - run.started
        law = f"law {min(len(run.laws) + 1, self.gate.total)} of {self.gate.total}"
        return f"  …  {law}, {run.collector.judged} calls, {seconds:.0f} of at most {run.max_time} s: {self.gate.now}"


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Say what pytest could not collect; it is a fault of the gate, not of the target."""
    if report.failed:
        say(f"{report.longrepr}\n")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to say how far the run is; to GitHub, as nothing but text."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        stop, session.config.stash[RESUME] = silence()
        say(f"{stop}\n")
    ticker = session.config.stash[TICKER] = Ticker(session.config.stash[RUN])
    ticker.start()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Show what became of the law."""
    report: pytest.TestReport = yield
    crashed = report.failed and report.when != "call"
    if report.when != "call" and not crashed:
        return report
    if report.failed or option(item.config, "verbose") == "1":
        terminal_text.erase()
        say(f"{MARKS[report.outcome]} {item.config.stash[RUN].now}  {report.duration:.1f} s\n")
    if crashed or (
        report.failed and call.excinfo is not None and not call.excinfo.errisinstance(CheckFailed)
    ):
        say(f"{report.longrepr}\n")
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Say no more how far the run is."""
    if (ticker := session.config.stash.get(TICKER, None)) is not None:
        ticker.done.set()
        ticker.join()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say the verdict last."""
    gate = config.stash.get(RUN, None)
    if gate is not None and gate.context is not None and flag(config, "verdict"):
        terminal_text.erase()
        gate.run.interrupted = gate.run.interrupted or STOP.asked
        say(f"\n{gate.run.verdict()}\n")
        if gate.run.report_dir is not None:
            say(f"Reports: {gate.run.report_dir.resolve()}\n")
        _tell_github(config, gate)


def _tell_github(config: pytest.Config, gate: Gate) -> None:
    """Annotate the run, and add to the summary of its step where there is one."""
    if resume := config.stash.get(RESUME, None):
        tell(gate.run.as_dict(), gate.run.sentence(), resume)
