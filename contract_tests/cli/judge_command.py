"""The command `contract-tests`: flags and environment to one pytest run of the laws."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from contract_tests.cli import environment, processes
from contract_tests.cli.dry_run import would_send
from contract_tests.cli.finding_flags import (
    LawName,
    Lines,
    Seconds,
    findings_flags,
    option,
    parts_flags,
)
from contract_tests.cli.output_streams import harden
from contract_tests.cli.own_mock import running_mock
from contract_tests.cli.settings import MAX_TIME, TIMEOUT, Wishes, arguments, command
from contract_tests.cli.strict_commands import StrictGroup
from contract_tests.config.depth import DEPTHS
from contract_tests.config.target import load, parts
from contract_tests.exceptions import MockError, UsageError
from contract_tests.findings import baseline
from contract_tests.interrupts import INTERRUPTED, STOP, Phase
from contract_tests.redaction import terminal_text
from contract_tests.redaction.internal_errors import FAILED, confession
from contract_tests.reports import first_baseline, report_output
from contract_tests.reports.run_report import NOT_JUDGED, Run

USAGE = 2
PYTEST = {4: USAGE, 5: NOT_JUDGED}
"""The exit codes for those of pytest where no run came to its end: wrong usage, and no law."""
NETWORK = ("rate_limit", "request_timeout", "proxy", "tls_verify", "client_cert", "header")
"""Options that every command which sends requests has."""
REPORTS = ("report.json", "report.html", "junit.xml")
NEEDED = ("hypothesis", "pytest", "pytest_base_url", "schemathesis")
COMMANDS = {
    "drift": "contract_tests.cli.drift_command",
    "merge": "contract_tests.cli.processes",
    "restore": "contract_tests.cli.restore_command",
}
FILE: dict[str, Any] = {"type": click.Path(path_type=Path), "metavar": "FILE"}
DIRECTORY: dict[str, Any] = {
    "type": click.Path(path_type=Path, file_okay=False),
    "metavar": "DIR",
}
DEPTH: dict[str, Any] = {
    "type": click.Choice(list(DEPTHS)),
    "default": "standard",
    "show_default": True,
}
MOST_SECONDS = 31_536_000
"""A year, which is longer than any run."""
SECONDS: dict[str, Any] = {
    "type": click.IntRange(min=1, max=MOST_SECONDS),
    "default": MAX_TIME,
    "show_default": True,
    "metavar": "SECONDS",
}
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
        """Run the command; an error of the gate itself has an exit code of its own."""
        harden()
        try:
            return super().main(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the target's
            click.echo(confession(error), err=True)
            sys.exit(FAILED)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as the base class
        """Return the names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as the base class
        """Return the command of that name."""
        return (
            getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
            if cmd_name in COMMANDS
            else None
        )


@click.command(
    cls=Commands,
    invoke_without_command=True,
    help=HELP,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "CONTRACT_TESTS",
    },
)
@option(
    "--base-url",
    metavar="URL",
    help="The server to judge; default: our mock, started for the run.",
)
@option(
    "--target",
    "target_file",
    **FILE,
    envvar="CONTRACT_TESTS_TARGET",
    help="YAML: base_url, sessions, containers, usernames.",
)
@option(
    "--depth",
    **DEPTH,
    help="quick: under 10 s; standard: under a minute against the mock; deep: as long as --max-time.",
)
@option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Everything random follows it.",
)
@option(
    "--strict/--no-strict",
    default=None,
    help="Inferred findings fail too; default for our mock.",
)
@option("--report-dir", **DIRECTORY, help="Write report.json, report.html and junit.xml there.")
@option("--max-time", **SECONDS, help="The longest that the run may take; deep uses it up.")
@option(
    "--laws",
    type=LawName(),
    multiple=True,
    help="Only these, as in 'pages: pages add up'; may be repeated.",
)
@option(
    "--rate-limit",
    metavar="N/s",
    help="At most so many requests: 5/s, 100/m, 1000/h.",
)
@option(
    "--request-timeout",
    type=Seconds(),
    default=TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the whole of an answer.",
)
@option("--proxy", metavar="URL", help="Go through this HTTP proxy.")
@option(
    "--tls-verify/--no-tls-verify",
    default=True,
    show_default=True,
    help="Check certificates.",
)
@option("--client-cert", **FILE, help="PEM: a client certificate and its key.")
@option(
    "--header",
    type=Lines(),
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Send this with every request; ${VARIABLE} in it is taken from the environment and never shown.",
)
@option("--read-only", is_flag=True, help="Send nothing that could change the target.")
@option(
    "--allow-writes",
    is_flag=True,
    help="Write to a target that is not on this machine, and put it back.",
)
@option(
    "--allow-mark-read",
    is_flag=True,
    help="Mark notifications as read there; cannot be undone.",
)
@option(
    "--allow-first-write",
    is_flag=True,
    help="Write fields there that were never set; cannot be undone.",
)
@findings_flags
@parts_flags
@option(
    "--dry-run",
    is_flag=True,
    help="Say what would be sent, count it on our mock, send nothing.",
)
@option(
    "--verbose/--quiet",
    "-v/-q",
    default=False,
    help="Say every law, not only those that fail.",
)
@click.version_option(package_name="user-profile-api-mock")
def main(
    base_url: str | None,
    target_file: Path | None,
    strict: bool | None,  # noqa: FBT001
    *,
    dry_run: bool,
    **rest: object,
) -> None:
    """Run the command."""
    terminal_text.guard()
    if click.get_current_context().invoked_subcommand:
        return
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        click.echo(
            f"The gate needs {', '.join(missing)}, not installed here: in the project's folder, pip install '.[gate]'",
            err=True,
        )
        sys.exit(USAGE)
    strictly = _is_strict(strict, base_url, target_file)
    wishes = Wishes(strict=strictly, **rest)  # type: ignore[arg-type]
    try:
        report_output.check(None if dry_run else wishes.report_dir, *REPORTS)
        baseline.check_new(None if dry_run else wishes.write_baseline)
        code = (
            rehearse(base_url, target_file, wishes)
            if dry_run
            else run(base_url, target_file, wishes)
        )
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        code = USAGE
    except MockError as error:
        click.echo(f"Error: {error}", err=True)
        code = FAILED
    sys.exit(INTERRUPTED if STOP.asked else code)


def rehearse(base_url: str | None, target_file: Path | None, wishes: Wishes) -> int:
    """Say what a run would send."""
    aim = load(target_file, base_url or (None if target_file else "http://127.0.0.1:4010"))
    click.echo(would_send(aim, wishes))
    return 0


def run(base_url: str | None, target_file: Path | None, wishes: Wishes) -> int:
    """Judge the target, or our own mock where none is named, and return the exit code."""
    own = base_url is None and target_file is None
    most = None if own else parts(target_file)
    # Parts that only read may share the users of a target that lists no others.
    most = None if wishes.read_only and most == 1 else most
    if wishes.processes and (number := processes.count(wishes.processes, most)) > 1:
        return judge_in_parts(base_url, target_file, wishes, number)
    server: AbstractContextManager[str | None] = running_mock() if own else nullcontext(base_url)
    with server as url:
        terminal_text.warn(load(target_file, url, wishes.part()).warning)
        wishes.network()
        if wishes.baseline:
            baseline.read(wishes.baseline)
        return judge(url, target_file, wishes, own=own)


def judge_in_parts(url: str | None, target_file: Path | None, wishes: Wishes, number: int) -> int:
    """Run parts of the laws in as many processes, and return the exit code of the whole."""
    rate, _, unit = (wishes.rate_limit or "").partition("/")
    wishes.network()
    each = replace(
        wishes, processes=None, rate_limit=f"{float(rate) / number:g}/{unit}" if rate else None
    )
    given = [
        *(("--proxy", each.proxy) if each.proxy else ()),
        *(word for line in each.header for word in ("--header", line)),
    ]
    given += ["--verbose"] if each.verbose else []
    words = [*shlex.split(command(url, target_file, each))[1:], *given]
    run = processes.run_all(
        words, number, baseline.read(wishes.baseline) if wishes.baseline else ()
    )
    run.repeat = command(url, target_file, wishes)
    return processes.report(run, wishes.report_dir, wishes.write_baseline)


def _is_strict(wanted: bool | None, base_url: str | None, target_file: Path | None) -> bool:  # noqa: FBT001
    """Return whether inferred findings fail: as wanted, and else for our own mock only."""
    return wanted if wanted is not None else base_url is None and target_file is None


def judge(url: str | None, target_file: Path | None, wishes: Wishes, *, own: bool) -> int:
    """Run the laws under pytest and return the exit code."""
    # Only what the gate needs: another plugin of the environment must not shuffle, parallelise or rewrite the laws.
    environment.forget()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest  # noqa: PLC0415 - only once its presence is known

    STOP.install()
    repeat = command(None if own else url, target_file, wishes)
    # The mock of this run stops with it; at the same port another serves the curl lines.
    before = (
        f"mock-server --port {urlsplit(url).port}   # in another terminal" if own and url else ""
    )
    keeper = Keeper()
    given = [
        *arguments(url, target_file, wishes),
        f"--gate-repeat={repeat}",
        f"--gate-before={before}",
    ]
    said = pytest.main(given, plugins=[keeper])
    STOP.phase = Phase.IDLE
    if keeper.run is not None:
        first_baseline.write(keeper.run, wishes.write_baseline)
    return keeper.code if keeper.code is not None else PYTEST.get(int(said), FAILED)


class Keeper:
    """A plugin of pytest that keeps a run that came to its end, and its exit code."""

    code: int | None = None
    run: Run | None = None

    def pytest_unconfigure(self, config: Any) -> None:
        """Keep the run."""
        from contract_tests.runner.hooks import RUN  # noqa: PLC0415 - needs pytest

        gate = config.stash.get(RUN, None)
        if gate is not None and gate.context is not None:
            self.code, self.run = gate.run.exit_code, gate.run
