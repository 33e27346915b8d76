"""The ends of a run: what is remembered at its beginning is put back, and what was reached is judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract_tests.api import profile_claims, resources
from contract_tests.config.shard import WHOLE
from contract_tests.exceptions import UNFINISHED, NotJudgedError, OutOfTimeError, StoppedError
from contract_tests.interrupts import STOP, Phase
from contract_tests.runner.preflight import reached

if TYPE_CHECKING:
    from contract_tests.api.context import Lab
    from contract_tests.reports.run_report import Run


def remember(lab: Lab) -> bool:
    """Remember what will be put back; tell whether that is not what another run has written."""
    try:
        resources.remember(lab)
        profile_claims.refuse_marks(lab)
    except profile_claims.InUseError as reason:
        lab.ledger.not_judged("everything", str(reason))
        return False
    except (NotJudgedError, OutOfTimeError) as reason:
        lab.ledger.not_judged("putting the profile back at the end", str(reason))
    if not lab.target.is_local:
        lab.permission = replace(lab.permission, unread=frozenset(resources.unread(lab)))
    for who in lab.roles():
        lab.ledger.veil.name(resources.own_username(lab, who) or "", f"{who.upper()}_USERNAME")
    return True


def claim(lab: Lab) -> bool:
    """Tell whether the profiles are this run's alone, which it has marked as such; say why not."""
    try:
        profile_claims.claim(lab)
        resources.tell_apart(lab)
    except profile_claims.InUseError as reason:
        lab.ledger.not_judged("everything", str(reason))
        return False
    except (NotJudgedError, OutOfTimeError) as reason:
        lab.ledger.not_judged("whether another run writes to the profiles", str(reason))
    return True


def ended(lab: Lab, place: int) -> StoppedError | None:
    """Return how the target or a session has ended, if it has; what was found from `place` on is then forgotten."""
    try:
        if not lab.stopped:
            lab.watch.settle(place)
    except StoppedError as reason:
        return reason
    except (NotJudgedError, OutOfTimeError):
        pass  # there is no time to find out
    return None


def close(run: Run, lab: Lab) -> None:
    """Put the profiles back and judge what was reached."""
    ended(lab, len(lab.ledger.findings))
    STOP.phase = Phase.PUTTING_BACK
    lab.ledger.law = "reach"
    lab.begin_closing()
    run.not_put_back = ["what this run has changed"]  # until it is known better
    left = resources.restore(lab)
    run.not_put_back = [
        f"{name} of ${who.upper()}" for who, names in left.items() for name in names
    ]
    if run.originals is not None:
        run.originals.narrow(left)
    if why := lab.stopped or next((why for _, why in lab.ledger.skipped if why in UNFINISHED), ""):
        lab.ledger.not_judged("reach: whether everything can be reached", why)
    elif run.whole:
        _reach(run, lab)
    STOP.phase = Phase.PUTTING_BACK
    lab.client.close()


def _reach(run: Run, lab: Lab) -> None:
    """Judge what was reached; of a part alone it is not a finding yet, since another part may have reached it."""
    STOP.phase = Phase.AT_WORK
    lab.end_closing(run.started + run.max_time)
    ledger = lab.ledger
    if run.shard != WHOLE:
        run.unreached.law, run.unreached.veil = ledger.law, ledger.veil
        lab.ledger = run.unreached
    try:
        reached(lab)
    except (NotJudgedError, OutOfTimeError) as reason:
        ledger.not_judged("reach: whether everything can be reached", str(reason))
