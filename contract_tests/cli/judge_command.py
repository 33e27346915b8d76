"""The command `contract-tests`: one settings object from flags and environment, and the laws."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import click

from contract_tests.cli import flags, processes
from contract_tests.cli.conclusion import annotate, conclude
from contract_tests.cli.dry_run import would_send
from contract_tests.cli.merge_command import write_whole
from contract_tests.cli.output_streams import harden
from contract_tests.cli.own_mock import running_mock
from contract_tests.cli.strict_commands import StrictCommand, StrictGroup
from contract_tests.config import environment
from contract_tests.config.command_lines import repeating
from contract_tests.config.settings import Settings
from contract_tests.config.target import parts
from contract_tests.exceptions import MockError, UsageError
from contract_tests.findings import baseline
from contract_tests.interrupts import INTERRUPTED, STOP
from contract_tests.redaction import terminal_text
from contract_tests.redaction.internal_errors import FAILED, confession
from contract_tests.reports import report_output
from contract_tests.reports.github_actions import plain_text
from contract_tests.reports.run_report import USAGE

if TYPE_CHECKING:
    from contract_tests.config.target import Target
    from contract_tests.reports.run_report import Run

REPORTS = ("report.json", "report.html", "junit.xml")
NEEDED = ("hypothesis", "pytest", "schemathesis")
COMMANDS = {
    "drift": "contract_tests.cli.drift_command",
    "merge": "contract_tests.cli.merge_command",
    "part": "contract_tests.cli.judge_command",
    "restore": "contract_tests.cli.restore_command",
}
USUAL_MOCK = "http://127.0.0.1:4010"
HELP = """Judge a server of the User Profile API by its contract.

\b
  contract-tests                                     our own mock, strictly
  contract-tests --base-url http://127.0.0.1:4010    a server on this machine
  contract-tests --target staging.yaml               any other

What the API's documentation says and the target breaks is a violation and fails
the run. What only this project decided is 'inferred': a warning, unless --strict.

\b
Exit codes: 0 conforms, 1 violates the contract, 2 wrong usage,
            3 not judged (the target is unreachable or out of order, no session works
              or one ended, too little was judged), 4 the gate itself failed,
            130 interrupted."""


class Commands(StrictGroup):
    """Imports the other commands only when they are called, so that it starts quickly."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; each kind of error has an exit code of its own."""
        harden()
        try:
            return super().main(*args, **kwargs)
        except UsageError as error:
            click.echo(f"Error: {error}", err=True)
            code = USAGE
        except MockError as error:
            click.echo(f"Error: {error}", err=True)
            code = FAILED
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the target's
            click.echo(confession(error), err=True)
            code = FAILED
        return end(code)

    # Their parameters are those of the base class.

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:  # noqa: ARG002
        """Return the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)


@click.command(
    cls=Commands,
    invoke_without_command=True,
    help=HELP,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "CONTRACT_TESTS",
    },
    params=[
        flags.BASE_URL,
        flags.TARGET,
        *flags.RUN,
        *flags.NETWORK,
        *flags.PERMISSIONS,
        *flags.FINDINGS,
        *flags.PARTS,
        flags.DRY_RUN,
        flags.VERBOSE,
    ],
)
@click.version_option(package_name="user-profile-api-mock")
def main(*, dry_run: bool, strict: bool | None, **given: Any) -> None:
    """Run the command."""
    terminal_text.guard()
    if click.get_current_context().invoked_subcommand:
        return
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the gate needs {', '.join(missing)}, not installed here: "
            "in the project's folder, pip install '.[gate]'"
        )
    settings = Settings(**given)
    settings = replace(settings, strict=settings.is_for_own_mock if strict is None else strict)
    if dry_run:
        # A target file has a URL of its own.
        if settings.is_for_own_mock:
            settings = replace(settings, base_url=USUAL_MOCK)
        click.echo(would_send(settings, settings.target()))
        code = 0
    else:
        report_output.check(settings.report_dir, *REPORTS)
        baseline.check_new(settings.write_baseline)
        code = run(settings)
    end(code)


@click.command(cls=StrictCommand, hidden=True)
def part() -> None:
    """Judge what the parent process writes to standard input; it says the verdict of the whole."""
    job = processes.read_job(sys.stdin.readline())
    code, _ = judge(job.settings, job.target)
    end(code)


def end(code: int) -> NoReturn:
    """End the process with its code, unless somebody has ended the run."""
    sys.exit(INTERRUPTED if STOP.is_stopping else code)


def run(settings: Settings) -> int:
    """Judge, say the verdict, and return the exit code."""
    with plain_text():
        code, found = _judge_by_parts(settings)
        if found is not None:
            conclude(found, settings.report_dir, settings.write_baseline)
    if found is not None:
        annotate(found)
    return code


def _judge_by_parts(settings: Settings) -> tuple[int, Run | None]:
    """Judge in several processes, if they are wanted, or in this one."""
    number = 1
    if settings.processes:
        number = processes.count(settings.processes, _most_processes(settings))
    if number == 1:
        _check_part(settings)
        return judge(settings, None if settings.is_for_own_mock else settings.target())
    accepted = baseline.read(settings.baseline) if settings.baseline else ()
    found = processes.run_all(processes.jobs(settings, number), accepted)
    found.repeat = repeating(settings)
    write_whole(found, settings.report_dir)
    return found.exit_code, found


def judge(settings: Settings, target: Target | None) -> tuple[int, Run | None]:
    """Judge a target in this process, or our own mock if there is none.

    Return the exit code, and the run if it came to its end.
    """
    # Before anything is imported that reads them.
    environment.forget()
    from contract_tests.runner import pytest_run  # noqa: PLC0415

    repeat = repeating(settings)
    before = ""
    with running_mock() if target is None else nullcontext() as url:
        if target is None:
            settings = replace(settings, base_url=url)
            target = settings.target()
            # This mock stops with the run; at the same port another serves the curl lines.
            before = f"mock-server --port {urlsplit(url).port}   # in another terminal"
        terminal_text.warn(target.warning)
        return pytest_run.judge(settings, target, repeat, before)


def _check_part(settings: Settings) -> None:
    """Raise `UsageError` if a part of a run lacks what `contract-tests merge` needs."""
    if not settings.shard:
        return
    if settings.report_dir is None:
        raise UsageError(
            "--shard needs --report-dir, where `contract-tests merge` finds what the part has found"
        )
    if settings.write_baseline is not None:
        raise UsageError(
            "--write-baseline is for the whole: give it to `contract-tests merge`, "
            "and not with --shard"
        )


def _most_processes(settings: Settings) -> int | None:
    """Return into how many processes a run may be split; None if there may be any number."""
    if settings.is_for_own_mock:
        return None
    most = parts(settings.target_file)
    # Parts that only read may share the users of a target that lists no others.
    return None if settings.read_only and most == 1 else most
