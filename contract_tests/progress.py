"""What the command shows while it runs, in place of pytest's own terminal."""

from __future__ import annotations

import sys

import pytest

from contract_tests.plugin import RUN, law_name, option

MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "  - "}


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Say what pytest could not collect; it is a fault of the gate, not of the target."""
    if report.failed:
        sys.stdout.write(f"{report.longrepr}\n")


def pytest_runtest_logstart(nodeid: str) -> None:
    """Show which law is at work, where a person looks on."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K  …  {nodeid.rpartition('::')[2].removeprefix('test_').replace('_', ' ')}")
        sys.stdout.flush()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Show what became of the law."""
    report: pytest.TestReport = yield
    crashed = report.failed and report.when != "call"
    if report.when != "call" and not crashed:
        return report
    end = "\r\x1b[K" if sys.stdout.isatty() else ""
    sys.stdout.write(end)
    if report.failed or option(item.config, "verbose") == "1":
        sys.stdout.write(f"{MARKS[report.outcome]} {law_name(item)}  {report.duration:.1f} s\n")
    if crashed or (report.failed and call.excinfo is not None and call.excinfo.typename != "LawBrokenError"):
        sys.stdout.write(f"{report.longrepr}\n")
    sys.stdout.flush()
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say the verdict last."""
    gate = config.stash.get(RUN, None)
    if gate is not None and gate.lab is not None:
        sys.stdout.write(f"\n{gate.run.verdict()}\n")
        if gate.run.report_dir is not None:
            sys.stdout.write(f"Reports: {gate.run.report_dir.resolve()}\n")
