"""The command `contract-tests restore`: puts profiles back that a run could not put back itself."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contract_tests.api import resources, saved_profiles
from contract_tests.api.context import Context
from contract_tests.checks.coverage import Coverage
from contract_tests.cli import flags
from contract_tests.cli.strict_commands import StrictCommand
from contract_tests.config.depth import DEPTHS
from contract_tests.config.settings import Settings
from contract_tests.exceptions import NotJudgedError, Reason, UsageError
from contract_tests.findings.collector import Collector
from contract_tests.redaction.redactor import Redactor
from contract_tests.reports.run_report import NOT_JUDGED
from contract_tests.spec import contract

HELP = """Put profiles back as they were before a run.

\b
  contract-tests restore FILE --target staging.yaml

FILE is what a run has named that could not put everything back itself: its session had
ended, or the target was out of order. The sessions come from the target file, as always;
new ones of the same users will do. FILE is removed once everything is back.

\b
Exit codes: 0 everything is back, 2 wrong usage, 3 something is not."""


@click.command(
    cls=StrictCommand,
    help=HELP,
    context_settings={"auto_envvar_prefix": "CONTRACT_TESTS"},
    params=[flags.BASE_URL, flags.TARGET, *flags.NETWORK],
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(file: Path, **given: Any) -> None:
    """Run the command."""
    url, shard, people = saved_profiles.read(file)
    settings = Settings(**given, shard=shard)
    if settings.is_for_own_mock:
        settings = replace(settings, base_url=url)
    context = _open(settings)
    target = context.target.base_url
    if given["base_url"] is None and target != url:
        # It may have users of the same names.
        raise UsageError(
            f"{file} is of {url}, and the target is {target}: nothing was sent. If the same users "
            f"are there, say so by --base-url {target}"
        )
    left = _restore(context, people)
    for line in left:
        click.echo(f"Not put back: {line}", err=True)
    if left:
        click.echo(f"{file} stays where it is, for another try.", err=True)
        sys.exit(NOT_JUDGED)
    file.unlink(missing_ok=True)
    click.echo(f"{target}: everything is as it was. {file} is removed.")


def _open(settings: Settings) -> Context:
    """Return a context that only puts back; nothing is sent yet."""
    target = settings.target()
    known = contract.load()
    secrets = (*target.secrets, *settings.network.secrets)
    redactor = Redactor(hides=True, words=frozenset(known.words), secrets=secrets)
    context = Context(
        target,
        known,
        Collector(target.base_url, redactor=redactor),
        DEPTHS["quick"],
        0,
        Coverage(known),
        network=settings.network,
    )
    context.begin_closing()
    return context


def _restore(context: Context, people: saved_profiles.Profiles) -> list[str]:
    """Put everybody back whose session there is, and return what is not back."""
    owners: dict[str, str] = {}
    for role in context.roles():
        try:
            owners[resources.username(context, role)] = role
        except NotJudgedError as reason:
            click.echo(f"The session of ${role.upper()} does not work: {reason}", err=True)
    left = []
    for saved_as, person in people.items():
        if person["username"] not in owners:
            user = f"${saved_as.upper()}"
            left.append(f"the profile of {user}: the target gives no valid session of its user")
            continue
        context.collector.skipped.clear()
        names = resources.put_back(context, owners[person["username"]], person["profile"])
        reasons = dict.fromkeys(context.collector.reasons(Reason.NOT_PUT_BACK))
        left += [f"{name}: {'; '.join(reasons)}" for name in names]
    context.client.close()
    return left
