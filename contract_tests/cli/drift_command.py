"""The command `contract-tests drift`."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from contract_tests.cli import flags
from contract_tests.cli.strict_commands import StrictCommand
from contract_tests.config.settings import Settings
from contract_tests.config.target import load
from contract_tests.drift.drift_page import page
from contract_tests.drift.drift_report import Report
from contract_tests.drift.limit_search import largest
from contract_tests.drift.observing import NothingError, compared, observe
from contract_tests.drift.proposals.document_edits import Text
from contract_tests.drift.proposals.inferred_marks import verdicts
from contract_tests.drift.proposals.proposed_changes import Source, propose
from contract_tests.drift.sides import Side
from contract_tests.exceptions import UsageError
from contract_tests.redaction import terminal_text
from contract_tests.redaction.terminal_text import shown
from contract_tests.spec import contract

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.drift.observing import Evidence
    from contract_tests.spec.contract import Contract

SAME, DIFFERENT, _, NOTHING = range(4)
HELP = """Send the same requests to two servers and say in what they differ.

\b
  contract-tests drift --left http://127.0.0.1:4010 --right-target staging.yaml

The right side is taken for the real thing, the left for what should be like it: the mock.
Only GET, HEAD and OPTIONS are sent. Each side has its own sessions, containers and
usernames; what follows from them is not compared.

\b
Exit codes: 0 the same, 1 differences, 2 wrong usage, 3 nothing compared."""


@click.command(
    cls=StrictCommand,
    help=HELP,
    context_settings={"auto_envvar_prefix": "CONTRACT_TESTS"},
    params=[
        flags.option("--left", metavar="URL", help="What should be like the right side: our mock."),
        flags.option("--right", metavar="URL", help="The real thing."),
        flags.option(
            "--left-target",
            **flags.FILE,
            help="YAML: base_url, sessions, containers, usernames of the left side.",
        ),
        flags.option("--right-target", **flags.FILE, help="The same of the right side."),
        flags.option(
            "--report-dir",
            **flags.DIRECTORY,
            help="Write drift.json, drift.html and drift.patch there.",
        ),
        flags.MAX_TIME,
        *flags.NETWORK,
    ],
)
def drift(
    left: str | None,
    right: str | None,
    left_target: Path | None,
    right_target: Path | None,
    **given: Any,
) -> None:
    """Run the command."""
    settings = Settings(**given)
    known = contract.load()
    try:
        with (
            closing(_side("left", left, left_target, known, settings)) as one,
            closing(_side("right", right, right_target, known, settings)) as other,
        ):
            evidence = observe(one, other, time.monotonic() + settings.max_time)
            report = _report(one, other, evidence, known)
    except NothingError as error:
        click.echo(f"Nothing was compared: {error}.", err=True)
        sys.exit(NOTHING)
    click.echo(report.text())
    if settings.report_dir:
        _write(settings.report_dir, report)
    if report.rows:
        sys.exit(DIFFERENT)
    sys.exit(SAME if report.evidence.pairs else NOTHING)


def _side(
    name: str, url: str | None, path: Path | None, known: Contract, settings: Settings
) -> Side:
    if not url and not path:
        raise UsageError(f"--{name} URL or --{name}-target FILE is missing")
    target = load(path, url)
    terminal_text.warn(target.warning)
    return Side(name, target, known, settings.network)


def _report(left: Side, right: Side, evidence: Evidence, known: Contract) -> Report:
    written = Text(contract.text())
    limit = largest(right, evidence.found)
    proposals = propose(Source(known, written, limit), evidence.found)
    judged = verdicts(known.full.document, evidence.found, compared(evidence.pairs))
    return Report(
        left,
        right,
        evidence,
        proposals,
        judged,
        written.diff([each.edit for each in proposals if each.edit]),
    )


def _write(directory: Path, report: Report) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "drift.json").write_text(
        json.dumps(report.data(), indent=2) + "\n", encoding="utf-8"
    )
    (directory / "drift.html").write_text(shown(page(report)), encoding="utf-8")
    if report.diff:
        (directory / "drift.patch").write_text(shown(report.diff), encoding="utf-8")
    click.echo(f"Reports: {directory}")
