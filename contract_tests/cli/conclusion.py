"""What is said at the end of a run, of all its parts together, and of a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.reports import first_baseline, github_actions
from contract_tests.reports.report_files import report_data
from contract_tests.reports.report_output import say
from contract_tests.reports.verdict_text import sentence, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.reports.run_report import Run


def conclude(run: Run, report_dir: Path | None, write_baseline: Path | None) -> None:
    """Say the verdict and where the reports are, and write a first baseline."""
    say(f"\n{verdict(run, report_data(run))}\n")
    if report_dir is not None:
        say(f"Reports: {report_dir.resolve()}\n")
    first_baseline.write(run, write_baseline)


def annotate(run: Run) -> None:
    """Tell GitHub what was found, if this is a step of it."""
    if github_actions.is_here():
        github_actions.tell(report_data(run), sentence(run))
