"""Writes the first baseline of a run: an entry for each finding that fails it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.findings import baseline
from contract_tests.reports import report_output
from contract_tests.reports.run_report import CONFORMS, VIOLATES

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.reports.run_report import Run


def write(run: Run, path: Path | None) -> None:
    """Write the baseline where one is wanted and the run came to a verdict, and say so."""
    if path is None:
        return
    if run.exit_code not in (CONFORMS, VIOLATES):
        report_output.say(
            f"No baseline was written: the run came to no verdict. --write-baseline {path}\n"
        )
        return
    try:
        count = baseline.write_first(path, run.failing())
    except OSError as error:
        report_output.say(
            f"Warning: --write-baseline {path}: it cannot be written: {error.strerror or error}\n"
        )
        return
    what = "1 entry" if count == 1 else f"{count} entries"
    report_output.say(
        f"Baseline: {path.resolve()}, with {what}. Say in each its reason, owner and expires, then give it to --baseline.\n"
    )
