"""What is said at the end of a run, of all its parts together, and of a merge."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contract_tests.reports import first_baseline
from contract_tests.reports.github_actions import silence, tell
from contract_tests.reports.report_files import report_data
from contract_tests.reports.report_output import say
from contract_tests.reports.verdict_text import sentence, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.reports.run_report import Run


def begin_plain_text() -> str:
    """Make GitHub take what follows for nothing but text; return what ends that, empty elsewhere."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return ""
    stop, resume = silence()
    say(f"{stop}\n")
    return resume


def conclude(run: Run, report_dir: Path | None, write_baseline: Path | None, resume: str) -> int:
    """Say the verdict and where the reports are, write a first baseline, and return the exit code.

    `resume` is what `begin_plain_text` has returned.
    """
    data = report_data(run)
    say(f"\n{verdict(run, data)}\n")
    if report_dir is not None:
        say(f"Reports: {report_dir.resolve()}\n")
    first_baseline.write(run, write_baseline)
    if resume:
        tell(data, sentence(run), resume)
    return run.exit_code
