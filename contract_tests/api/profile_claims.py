"""One run at a time.

Profiles are marked as this run's before it writes, and left alone where another run is there.
"""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources, run_marks
from contract_tests.api.request_templates import update
from contract_tests.exceptions import NotJudgedError

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile

# Fields that can hold a mark, the one that matters least to a user first.
PLACES = ("biography", "displayName", "handle")
# Seconds that another run is given to show that it began at the same moment; more where the target
# takes longer.
SHORTEST = 0.02
WHAT_TO_DO = (
    "the user is in use, or was not put back. Wait until that run has ended; if it has, put the "
    "profile back by `contract-tests restore` with the file that the run named, or by hand. "
    "--read-only judges without writing"
)


class InUseError(NotJudgedError):
    """Another run of the gate writes to a profile, or has left its marks in it."""

    def __init__(
        self,
        role: str,
        names: list[str],
        run: str,
    ) -> None:
        verb = "holds" if len(names) == 1 else "hold"
        what = f"{' and '.join(names)} of ${role.upper()} {verb} what {run_marks.named(run)}"
        super().__init__(f"{what}, wrote there: {WHAT_TO_DO}")


def refuse_marks(context: Context) -> None:
    """Raise `InUseError` where a profile, as it was read, holds marks.

    It must not be taken for what to put back.
    """
    for role in context.roles() if context.permission.writes else ():
        _refuse_marks(context, role, resources.originals(context, role))


def claim(context: Context) -> None:
    """Mark the profiles as this run's.

    Raise `InUseError`, with everything as it was, where another run is there.
    """
    if not context.permission.writes:
        return
    pagination.keep_before_writing(context)
    claimed: list[str] = []
    written: set[str] = set()
    for role in context.roles():
        try:
            _claim(context, role, written)
        except InUseError:
            for other in claimed:
                resources.put_back(context, other, resources.originals(context, other))
            raise
        claimed.append(role)


def _claim(
    context: Context,
    role: str,
    written: set[str],
) -> None:
    """Write a mark, and look whether it is still there after a while.

    In that time another run may have done the same. The one that writes last finds its own mark:
    every other run read before that, and finds this one. `written` are the marks of this run, of
    which a wrong target may show one user's to the other.
    """
    start = time.monotonic()
    _refuse_marks(context, role, resources.readable(context, role))
    mark = renew(context, role)
    if not mark:
        return
    written.add(mark)
    time.sleep(max(SHORTEST, 2 * (time.monotonic() - start)))
    after = resources.readable(context, role)
    _refuse_marks(context, role, after)
    rivals = [name for name, value in after.items() if _is_rival(value, written)]
    if rivals:
        raise InUseError(role, rivals, context.client.run_id)


def renew(context: Context, role: str) -> str:
    """Write a mark, and return it; empty where the target gives no place for one."""
    before = resources.originals(context, role)
    # Not from the seed: another run with the same seed must not write the same mark.
    chance = Random()  # noqa: S311 - a name, and no secret
    for name in PLACES:
        allowed = before.get(name) is not None or context.permission.first_write
        if name not in context.contract.updatable or not allowed:
            continue
        make = run_marks.handle if name == "handle" else run_marks.text
        mark = make(chance, context.client.run_id)
        if context.send(update({name: mark}), role).ok:
            return mark
    return ""


def _is_rival(value: object, written: set[str]) -> bool:
    """Tell whether a text is the mark of a run of the same name, which began at the same moment."""
    if not isinstance(value, str):
        return False
    # A target may keep another case of letters.
    ours = {mark.lower() for mark in written}
    runs = {run_marks.run_of(mark) for mark in written}
    lengths = {len(mark) for mark in written}
    has_our_form = run_marks.run_of(value) in runs and len(value) in lengths
    return has_our_form and value.lower() not in ours


def _refuse_marks(
    context: Context,
    role: str,
    profile: Profile,
) -> None:
    own = (None, context.client.run_id)
    runs = {name: run_marks.run_of(value) for name, value in profile.items()}
    found = {name: run for name, run in runs.items() if run not in own}
    if found:
        raise InUseError(role, list(found), max(filter(None, found.values()), default=""))
