"""The exceptions of the gate, and the texts that tell why a run, a law or an option came to nothing."""

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
    """An option, a file or a variable that cannot be used; the text says why and what to do, never a secret."""


class MockError(RuntimeError):
    """Our own mock does not start, or the dry run against it fails."""


class CheckFailed(Exception):  # noqa: N818 - what a test runner calls a failure is no error
    """A law that found something; the text is all its findings."""


class NotJudgedError(Exception):
    """A law that cannot be applied to this target; its text says why."""

    reason = Reason.DOES_NOT_APPLY


class UnansweredError(NotJudgedError):
    """An operation refused a request that is valid, so that nothing more can be judged of it by this law."""

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

    It is a skip, because Hypothesis passes that on at once, where it would repeat and shrink an error.
    """

    reason = Reason.UNFINISHED

    def __init__(self) -> None:
        super().__init__(OVER)


class StoppedError(NotJudgedError, SkipTest):
    """The run goes no further: it was interrupted, or the target or a session of it has ended. The text says why."""
