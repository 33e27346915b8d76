"""What a run may do to its target: read, write, and what cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import SkipTest

from contract_tests.config.header_values import OVERRIDES
from contract_tests.exceptions import NotJudgedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from contract_tests.config.settings import Settings
    from contract_tests.config.target import Target
    from contract_tests.http.messages import HttpRequest

# Methods that change nothing (RFC 9110, 9.2.1).
SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
MARKING = "markNotificationsRead"
NO_WRITES = "it would write to the target, which needs --allow-writes"
READ_ONLY = "it would write to the target, which --read-only forbids"
FORWARDED = "the target forwards to another machine ({}), and writing there needs --allow-writes"
NO_OTHERS = "what a method that is not documented does there cannot be known"
NO_MARKING = "what is marked as read cannot be put back, so it needs --allow-mark-read"
NO_UNREAD = "{} cannot be read, so that it could not be put back"
NO_FIRST = "{} was never set and cannot be unset again, so writing it needs --allow-first-write"


class ForbiddenError(NotJudgedError, SkipTest):
    """A request that the run may not send. Hypothesis passes a `SkipTest` on at once."""


@dataclass(frozen=True)
class Permission:
    """What may be done besides reading.

    That is to change the sessions' profiles, to mark as read, and to write fields that were never
    set. `others` are methods that are not documented, of which nobody knows what they do.
    `no_writes` says why nothing is written, `unread` are fields that are left alone, because nobody
    knows what they were.
    """

    writes: bool = True
    mark_read: bool = True
    first_write: bool = True
    others: bool = True
    no_writes: str = NO_WRITES
    unread: frozenset[str] = frozenset()

    def check(
        self, request: HttpRequest, marking: str, never_set: Collection[str], *, documented: bool
    ) -> None:
        """Raise `ForbiddenError` if the call may not leave; `marking` is the path of mark-read."""
        is_overridden = _overridden(request)
        if request.method.upper() in SAFE and not is_overridden:
            return
        if not self.writes:
            raise ForbiddenError(self.no_writes)
        is_known = documented and not is_overridden
        if not is_known and not self.others:
            raise ForbiddenError(NO_OTHERS)
        if marking in request.path.lower() and not self.mark_read:
            raise ForbiddenError(NO_MARKING)
        self._check_fields(request.body or b"", never_set)

    def _check_fields(self, body: bytes, never_set: Collection[str]) -> None:
        """Raise `ForbiddenError` if a body names a field that could not be put back."""
        for name in self.unread:
            if name.encode() in body:
                raise ForbiddenError(NO_UNREAD.format(name))
        if self.first_write:
            return
        for name in never_set:
            if name.encode() in body:
                raise ForbiddenError(NO_FIRST.format(name))

    def forbids(self, operation: str, method: str) -> str:
        """Return why a documented operation is never called; empty if it may be."""
        if method in SAFE:
            return ""
        if not self.writes:
            return self.no_writes
        return NO_MARKING if operation == MARKING and not self.mark_read else ""


def decide(target: Target, settings: Settings) -> Permission:
    """Return what may be done: anything on this machine, elsewhere only what is allowed."""
    if settings.read_only:
        return Permission(
            writes=False, mark_read=False, first_write=False, others=False, no_writes=READ_ONLY
        )
    if target.is_local:
        return Permission()
    writes = settings.allow_writes
    return Permission(
        writes=writes,
        mark_read=writes and settings.allow_mark_read,
        first_write=writes and settings.allow_first_write,
        others=False,
    )


def _overridden(request: HttpRequest) -> bool:
    """Tell whether a request names another method than its own."""
    named = {name.lower() for name, _ in request.headers}
    overrides = {name.lower() for name in OVERRIDES}
    return bool(named & overrides) or "_method=" in request.path
