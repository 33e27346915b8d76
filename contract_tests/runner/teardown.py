"""The end of a run: what it changed is put back, and what it reached is judged."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from contract_tests.api import resources
from contract_tests.config.shard import WHOLE
from contract_tests.exceptions import NotJudgedError, OutOfTimeError, Reason, StoppedError
from contract_tests.interrupts import STOP, Phase
from contract_tests.runner.reach import judge_reach

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.reports.run_report import Run

REACH = "reach: whether everything can be reached"


def ended(context: Context, place: int) -> StoppedError | None:
    """Return how the target or a session has ended, if it has.

    What was found from `place` on is then forgotten.
    """
    if context.stopped:
        return None
    # There may be no time left to find out.
    with suppress(NotJudgedError, OutOfTimeError):
        try:
            context.watch.settle(place)
        except StoppedError as reason:
            return reason
    return None


def close(run: Run, context: Context) -> None:
    """Put the profiles back and judge what was reached."""
    collector = context.collector
    ended(context, len(collector.findings))
    STOP.phase = Phase.PUTTING_BACK
    collector.law = "reach"
    context.begin_closing()
    # Until it is known better.
    run.not_put_back = ["what this run has changed"]
    left = resources.restore(context)
    run.not_put_back = []
    for role, names in left.items():
        run.not_put_back += [f"{name} of ${role.upper()}" for name in names]
    if run.originals is not None:
        run.originals.narrow(left)
    unfinished = collector.reasons(Reason.UNFINISHED)
    if context.stopped or unfinished:
        collector.not_judged(REACH, context.stopped or unfinished[0])
    elif run.whole:
        _judge_reach(run, context)
    STOP.phase = Phase.PUTTING_BACK
    context.client.close()


def _judge_reach(run: Run, context: Context) -> None:
    """Judge what was reached."""
    STOP.phase = Phase.AT_WORK
    context.end_closing(run.started + run.max_time)
    collector = context.collector
    if run.shard != WHOLE:
        # It is no finding yet: another part may have reached what this one has not.
        run.unreached.law = collector.law
        run.unreached.redactor = collector.redactor
        context.collector = run.unreached
    try:
        judge_reach(context)
    except (NotJudgedError, OutOfTimeError) as reason:
        collector.not_judged(REACH, reason)
