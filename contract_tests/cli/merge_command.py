"""The command `contract-tests merge`: one report of the parts of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contract_tests.cli.conclusion import annotate, conclude
from contract_tests.cli.strict_commands import StrictCommand
from contract_tests.findings import baseline
from contract_tests.reports import merging, report_output
from contract_tests.reports.github_actions import plain_text
from contract_tests.reports.report_files import write

if TYPE_CHECKING:
    from contract_tests.reports.run_report import Run


@click.command(cls=StrictCommand, short_help="One report of the parts of a run (--shard).")
@click.argument(
    "directories", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the reports of the whole there.",
)
@click.option(
    "--baseline",
    "accepted",
    type=click.Path(path_type=Path),
    help="Findings that are accepted for a while.",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
    help="Write a first baseline of what fails the run.",
)
def merge(
    directories: tuple[Path, ...],
    report_dir: Path | None,
    accepted: Path | None,
    write_baseline: Path | None,
) -> None:
    """Make one report of the parts of a run.

    DIRECTORIES are the report directories of all parts: what `contract-tests --shard 1/3
    --report-dir DIR` and its like wrote.
    """
    report_output.check(report_dir)
    baseline.check_new(write_baseline)
    entries = baseline.read(accepted) if accepted else ()
    run = merging.merged(directories, entries)
    write_whole(run, report_dir)
    with plain_text():
        conclude(run, report_dir, write_baseline)
    annotate(run)
    sys.exit(run.exit_code)


def write_whole(run: Run, report_dir: Path | None) -> None:
    """Write the reports of all parts together; that it cannot be done makes the run a failure."""
    if report_dir is None:
        return
    try:
        write(run, report_dir)
    except OSError as error:
        run.failures.append(report_output.unwritable(report_dir, error))
