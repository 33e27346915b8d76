"""The command `contract-tests restore`: puts profiles back that a run could not put back itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract_tests.api import resources, saved_profiles
from contract_tests.api.context import Context
from contract_tests.checks.coverage import Coverage
from contract_tests.cli import judge_command
from contract_tests.cli.settings import Wishes
from contract_tests.cli.strict_commands import StrictCommand
from contract_tests.config.depth import DEPTHS
from contract_tests.config.shard import read
from contract_tests.config.target import load
from contract_tests.exceptions import NotJudgedError, UsageError
from contract_tests.findings.collector import Collector
from contract_tests.redaction.redactor import Redactor
from contract_tests.reports.run_report import NOT_JUDGED
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.config.target import Target

HELP = """Put profiles back as they were before a run.

\b
  contract-tests restore FILE --target staging.yaml

FILE is what a run has named that could not put everything back itself: its session had
ended, or the target was out of order. The sessions come from the target file, as always;
new ones of the same users will do. FILE is removed once everything is back.

\b
Exit codes: 0 everything is back, 2 wrong usage, 3 something is not."""


@click.command(
    cls=StrictCommand, help=HELP, context_settings={"auto_envvar_prefix": "CONTRACT_TESTS"}
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(file: Path, base_url: str | None, target_file: Path | None, **rest: object) -> None:
    """Run the command."""
    nothing: dict[str, Any] = {"depth": "", "seed": 0, "strict": False, "report_dir": None}
    nothing |= {"max_time": 0, "laws": (), "verbose": False}
    wishes = Wishes(**nothing, **rest)  # type: ignore[arg-type]
    try:
        known_url, shard, people = saved_profiles.read(file)
        aim = load(target_file, base_url or (None if target_file else known_url), read(shard))
        _check(file, known_url, aim.base_url, said=base_url is not None)
        left = _restore(_lab(aim, wishes), people)
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(judge_command.USAGE)
    for line in left:
        click.echo(f"Not put back: {line}", err=True)
    if left:
        click.echo(f"{file} stays where it is, for another try.", err=True)
        sys.exit(NOT_JUDGED)
    file.unlink(missing_ok=True)
    click.echo(f"{aim.base_url}: everything is as it was. {file} is removed.")


restore.params += [
    each
    for each in judge_command.main.params
    if each.name in {"base_url", "target_file", *judge_command.NETWORK}
]


def _check(file: Path, of: str, target: str, *, said: bool) -> None:
    """Raise `UsageError` where a file is not of this target, which may have users of the same names."""
    if not said and target != of:
        raise UsageError(
            f"{file} is of {of}, and the target is {target}: nothing was sent. If the same users are there, "
            f"say so by --base-url {target}"
        )


def _lab(aim: Target, wishes: Wishes) -> Context:
    how, known = wishes.network(), contract.load()
    collector = Collector(
        aim.base_url,
        redactor=Redactor(
            hides=True, words=frozenset(known.words), secrets=(*aim.secrets, *how.secrets)
        ),
    )
    context = Context(aim, known, collector, DEPTHS["quick"], 0, Coverage(known), network=how)
    context.begin_closing()
    return context


def _restore(context: Context, people: dict[str, Any]) -> list[str]:
    """Put everybody back whose session there is, and return what is not back."""
    owners: dict[str, str] = {}
    for role in context.roles():
        try:
            owners[resources.username(context, role)] = role
        except NotJudgedError as reason:
            click.echo(f"The session of ${role.upper()} does not work: {reason}", err=True)
    left = []
    for saved_as, person in people.items():
        role = owners.get(person["username"], "")
        if not role:
            left.append(
                f"the profile of ${saved_as.upper()}: the target gives no valid session of its user"
            )
            continue
        context.collector.skipped.clear()
        names = resources.put_back(context, role, person["profile"])
        whys = dict.fromkeys(
            why for what, why in context.collector.skipped if what.startswith("putting back")
        )
        left += [f"{name}: {'; '.join(whys)}" for name in names]
    context.client.close()
    return left
