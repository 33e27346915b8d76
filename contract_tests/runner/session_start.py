"""The beginning of a run: from its settings to a context whose profiles can be put back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract_tests.api import profile_claims, resources
from contract_tests.api.context import Context
from contract_tests.api.saved_profiles import keep
from contract_tests.checks.coverage import Coverage
from contract_tests.config.command_lines import reaching
from contract_tests.config.depth import DEPTHS
from contract_tests.config.target import variables
from contract_tests.exceptions import NotJudgedError, OutOfTimeError
from contract_tests.findings import baseline
from contract_tests.findings.collector import Collector
from contract_tests.http.write_policy import FORWARDED, decide
from contract_tests.interrupts import STOP
from contract_tests.redaction.redactor import Redactor
from contract_tests.reports.report_output import say
from contract_tests.reports.run_report import Run
from contract_tests.runner import tunnel_detection
from contract_tests.runner.preflight import check_sessions
from contract_tests.runner.restore_guard import start_guard
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.saved_profiles import Originals
    from contract_tests.config.settings import Settings
    from contract_tests.config.target import Target
    from contract_tests.runner.restore_guard import RestoreGuard

NOT_WRITTEN = "Ended at once. The target was only read."


def new_run(settings: Settings, repeat: str = "", before: str = "") -> Run:
    """Return a run that has judged nothing yet. Raise `UsageError`.

    `repeat` is the command that repeats it, `before` what to run before a curl line of it.
    """
    collector = Collector("", strict=settings.strict)
    if settings.baseline is not None:
        collector.baseline = baseline.read(settings.baseline)
    return Run(
        collector=collector,
        coverage=Coverage(contract.load()),
        depth=settings.depth,
        seed=settings.seed,
        report_dir=settings.report_dir,
        max_time=settings.max_time,
        min_judged=settings.min_judged,
        repeat=repeat,
        shard=settings.part,
        before=[before] if before else [],
    )


def open_context(settings: Settings, target: Target, run: Run) -> Context:
    """Return the context of a run; nothing is sent yet."""
    known = run.coverage.contract
    shows = target.is_sample if settings.show_values is None else settings.show_values
    words = frozenset(known.words | {*target.usernames, *target.containers})
    run.target = target
    run.collector.base_url = target.base_url
    run.collector.redactor = Redactor(
        not shows, words, (*target.secrets, *settings.network.secrets)
    )
    context = Context(
        target,
        known,
        run.collector,
        DEPTHS[run.depth],
        run.seed,
        run.coverage,
        decide(target, settings),
        settings.network,
    )
    run.sent = context.client.sent
    context.until = context.client.until = run.started + run.max_time
    return context


def prepare(settings: Settings, context: Context, run: Run) -> RestoreGuard | None:
    """See whether the target can be judged, which `run.working` then says, and secure its profiles.

    Return the guard that puts them back if this process cannot; None where nothing is written.
    """
    guard = None
    try:
        check_sessions(context)
        _look_beyond(settings, context)
        _remember(context)
        run.originals = _saved(settings, context)
        guard = start_guard(context, run.originals)
        STOP.last_words = lambda: _last_words(context, guard, run.originals)
        # Last, since it writes a mark: from here on there is something to put back.
        _claim(context)
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("everything", reason)
        run.working = False
        if run.originals is not None:
            run.originals.narrow(())
    return guard


def _look_beyond(settings: Settings, context: Context) -> None:
    """Take a target that only forwards to another machine for one there.

    It is only read, unless more is allowed.
    """
    if not context.target.is_local or not context.permission.writes:
        return
    sign = tunnel_detection.sign(context)
    if sign:
        context.target = replace(context.target, far=True)
        permission = decide(context.target, settings)
        context.permission = replace(permission, no_writes=FORWARDED.format(sign))
    if not context.permission.writes:
        context.collector.not_judged("what writing does", context.permission.no_writes)


def _remember(context: Context) -> None:
    """Remember what will be put back. Raise `InUseError` if another run has written it."""
    try:
        resources.remember(context)
        profile_claims.refuse_marks(context)
    except profile_claims.InUseError:
        raise
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("putting the profile back at the end", reason)
    if not context.target.is_local:
        unread = frozenset(resources.unread(context))
        context.permission = replace(context.permission, unread=unread)
    for role in context.roles():
        name = resources.own_username(context, role) or ""
        context.collector.redactor.name(name, f"{role.upper()}_USERNAME")


def _claim(context: Context) -> None:
    """Mark the profiles as this run's alone. Raise `InUseError` if they are not."""
    try:
        profile_claims.claim(context)
        resources.tell_apart(context)
    except profile_claims.InUseError:
        raise
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("whether another run writes to the profiles", reason)


def _saved(settings: Settings, context: Context) -> Originals | None:
    """Save the profiles in a file, for the case that they cannot be put back at the end."""
    try:
        return keep(context, reaching(settings), settings.shard)
    except OSError as error:
        why = error.strerror or error
        say(f"Warning: the profiles as they are cannot be kept in a file: {why}\n")
    return None


def _last_words(context: Context, guard: RestoreGuard | None, originals: Originals | None) -> str:
    """Return what is left if this process ends at once."""
    if guard is None:
        return NOT_WRITTEN
    guard.end_quietly()
    users = " and ".join(variables(context.roles()))
    how = f"\n{originals.how_to()}" if originals is not None else ""
    return (
        f"Ended at once. The profiles of {users} may be as the gate wrote them; "
        f"a process that is left behind tries to put them back.{how}"
    )
