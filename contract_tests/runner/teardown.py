"""The ends of a run: what is remembered at its beginning is put back, and what was reached is judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract_tests.api import profile_claims, resources
from contract_tests.config.shard import WHOLE
from contract_tests.exceptions import NotJudgedError, OutOfTimeError, Reason, StoppedError
from contract_tests.interrupts import STOP, Phase
from contract_tests.runner.preflight import reached

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.reports.run_report import Run


def remember(context: Context) -> bool:
    """Remember what will be put back; tell whether that is not what another run has written."""
    try:
        resources.remember(context)
        profile_claims.refuse_marks(context)
    except profile_claims.InUseError as reason:
        context.collector.not_judged("everything", reason)
        return False
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("putting the profile back at the end", reason)
    if not context.target.is_local:
        context.permission = replace(
            context.permission, unread=frozenset(resources.unread(context))
        )
    for role in context.roles():
        context.collector.redactor.name(
            resources.own_username(context, role) or "", f"{role.upper()}_USERNAME"
        )
    return True


def claim(context: Context) -> bool:
    """Tell whether the profiles are this run's alone, which it has marked as such; say why not."""
    try:
        profile_claims.claim(context)
        resources.tell_apart(context)
    except profile_claims.InUseError as reason:
        context.collector.not_judged("everything", reason)
        return False
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("whether another run writes to the profiles", reason)
    return True


def ended(context: Context, place: int) -> StoppedError | None:
    """Return how the target or a session has ended, if it has; what was found from `place` on is then forgotten."""
    try:
        if not context.stopped:
            context.watch.settle(place)
    except StoppedError as reason:
        return reason
    except (NotJudgedError, OutOfTimeError):
        pass  # there is no time to find out
    return None


def close(run: Run, context: Context) -> None:
    """Put the profiles back and judge what was reached."""
    ended(context, len(context.collector.findings))
    STOP.phase = Phase.PUTTING_BACK
    context.collector.law = "reach"
    context.begin_closing()
    run.not_put_back = ["what this run has changed"]  # until it is known better
    left = resources.restore(context)
    run.not_put_back = [
        f"{name} of ${role.upper()}" for role, names in left.items() for name in names
    ]
    if run.originals is not None:
        run.originals.narrow(left)
    unfinished = context.collector.reasons(Reason.UNFINISHED)
    if context.stopped or unfinished:
        why = context.stopped or unfinished[0]
        context.collector.not_judged("reach: whether everything can be reached", why)
    elif run.whole:
        _reach(run, context)
    STOP.phase = Phase.PUTTING_BACK
    context.client.close()


def _reach(run: Run, context: Context) -> None:
    """Judge what was reached; of a part alone it is not a finding yet, since another part may have reached it."""
    STOP.phase = Phase.AT_WORK
    context.end_closing(run.started + run.max_time)
    collector = context.collector
    if run.shard != WHOLE:
        run.unreached.law, run.unreached.redactor = collector.law, collector.redactor
        context.collector = run.unreached
    try:
        reached(context)
    except (NotJudgedError, OutOfTimeError) as reason:
        collector.not_judged("reach: whether everything can be reached", reason)
