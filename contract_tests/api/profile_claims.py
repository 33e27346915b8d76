"""One run at a time: profiles are marked as this run's before it writes, and left alone where another run is there."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources, run_marks
from contract_tests.api.request_templates import update
from contract_tests.exceptions import NotJudgedError

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile

PLACES = ("biography", "displayName", "handle")
"""Fields that can hold a mark, the one that matters least to a user first."""
SHORTEST = 0.02
"""Seconds that another run is given to show that it began at the same moment; more where the target takes longer."""
WHAT_TO_DO = (
    "the user is in use, or was not put back. Wait until that run has ended; if it has, put the profile back by "
    "`contract-tests restore` with the file that the run named, or by hand. --read-only judges without writing"
)


class InUseError(NotJudgedError):
    """Another run of the gate writes to a profile, or has left its marks in it."""


def refuse_marks(context: Context) -> None:
    """Raise `InUseError` where a profile, as it was read, holds marks: it must not be taken for what to put back."""
    for role in context.roles() if context.permission.writes else ():
        _refuse_marks(context, role, resources.originals(context, role))


def claim(context: Context) -> None:
    """Mark the profiles as this run's. Raise `InUseError`, with everything as it was, where another run is there."""
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


def _claim(context: Context, role: str, written: set[str]) -> None:
    """Write a mark, and look whether it is still there after the time in which another run may have done the same.

    Who writes last finds the own mark: every other run read before that, and finds this one. `written` are the marks of
    this run, of which a wrong target may show one user's to the other.
    """
    begun = time.monotonic()
    before = resources.readable(context, role)
    _refuse_marks(context, role, before)
    if mark := renew(context, role):
        written.add(mark)
        time.sleep(max(SHORTEST, 2 * (time.monotonic() - begun)))
        after = resources.readable(context, role)
        _refuse_marks(context, role, after)
        names = [name for name, value in after.items() if _is_rival(value, written)]
        if names:
            raise InUseError(_said(role, names, context.client.run_id))


def renew(context: Context, role: str) -> str:
    """Write a mark, and return it; empty where the target gives no place for one."""
    before, chance = resources.originals(context, role), Random()  # noqa: S311 - a name, and not that of another run with the same seed
    for name in PLACES:
        allowed = before.get(name) is not None or context.permission.first_write
        if name in context.contract.updatable and allowed:
            mark = (run_marks.handle if name == "handle" else run_marks.text)(
                chance, context.client.run_id
            )
            if context.send(update({name: mark}), role).ok:
                return mark
    return ""


def _is_rival(value: object, written: set[str]) -> bool:
    """Tell whether a text is the mark of a run that has the same name, because it began at the same moment."""
    runs, lengths = {run_marks.run_of(mark) for mark in written}, {len(mark) for mark in written}
    if (
        not isinstance(value, str)
        or run_marks.run_of(value) not in runs
        or len(value) not in lengths
    ):
        return False
    return value.lower() not in {
        mark.lower() for mark in written
    }  # a target may keep another case of letters


def _refuse_marks(context: Context, role: str, profile: Profile) -> None:
    runs = {
        name: run for name, value in profile.items() if (run := run_marks.run_of(value)) is not None
    }
    found = {name: run for name, run in runs.items() if run != context.client.run_id}
    if found:
        raise InUseError(_said(role, list(found), max(found.values())))


def _said(role: str, names: list[str], run: str) -> str:
    hold = "holds" if len(names) == 1 else "hold"
    return f"{' and '.join(names)} of ${role.upper()} {hold} what {run_marks.named(run)}, wrote there: {WHAT_TO_DO}"
