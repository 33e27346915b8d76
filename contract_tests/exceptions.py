"""The exceptions of the gate, and the texts that say why a run or a law came to nothing."""

from __future__ import annotations

from enum import Enum
from unittest import SkipTest

OVER = "the time given by --max-time was over"
BUSY = "the target answers 429, too many requests: give it --rate-limit"
BY_HAND = "the run was interrupted"


class Reason(Enum):
    """For what kind of reason something was not judged, or not done."""

    DOES_NOT_APPLY = "does not apply"
    # It could have been judged: the time was over, or the target too busy.
    UNFINISHED = "unfinished"
    # An operation that it needs never answered a valid request.
    REFUSED = "refused"
    NOT_PUT_BACK = "not put back"


class UsageError(ValueError):
    """An option, file or variable that cannot be used; the text says why, and never a secret."""


class MockError(RuntimeError):
    """Our own mock does not start, or the dry run against it fails."""


class CheckFailed(Exception):  # noqa: N818 - what a test runner calls a failure is no error
    """A law that found something; the text is all its findings."""


class NotJudgedError(Exception):
    """A law that cannot be applied to this target; its text says why."""

    reason = Reason.DOES_NOT_APPLY


class UnansweredError(NotJudgedError):
    """An operation refused a valid request, so that this law can judge nothing more of it."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} did not answer a valid request")
        self.operation = operation


class BusyError(NotJudgedError):
    """The target wants to be left alone for longer than the run can wait."""

    reason = Reason.UNFINISHED

    def __init__(self) -> None:
        super().__init__(BUSY)


class OutOfTimeError(SkipTest):
    """The time is over.

    It is a skip, because Hypothesis passes that on at once. An error it would repeat and shrink.
    """

    reason = Reason.UNFINISHED

    def __init__(self) -> None:
        super().__init__(OVER)


class StoppedError(NotJudgedError, SkipTest):
    """The run goes no further: it was interrupted, or the target or a session has ended."""
