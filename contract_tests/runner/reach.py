"""Whether everything was reached that can be: each operation, each status, each error name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.api import resources
from contract_tests.api.context import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED
from contract_tests.api.request_templates import notifications, public
from contract_tests.checks.coverage import Answer
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES
from contract_tests.findings.evidence import Status, Text

if TYPE_CHECKING:
    from contract_tests.api.context import Context

SUCCESS = "reach.success"
STATUS = "reach.status"
# The session without which a name is never met.
NEEDS = {
    "SESSION_TOKEN_EXPIRED": "session_expired",
    "REFRESH_TOKEN_EXPIRED": "refresh_expired",
}
WITHOUT_INPUT = ("listReferrals", "markNotificationsRead")
WITH_LOOK_UP = ("getPublicProfile", "listNotifications")


def judge_reach(context: Context) -> None:
    """Note what never happened although it could have."""
    for operation in context.contract.operations:
        _judge_success(context, operation)
        _judge_refusals(context, operation)


def _judge_success(context: Context, operation: str) -> None:
    if context.coverage.has_succeeded(operation):
        return
    if _is_open(context, operation, SUCCESS):
        context.find(SUCCESS, operation, "never a success", "a success")


def _judge_refusals(context: Context, operation: str) -> None:
    answers = context.coverage.answers(operation)
    seen = {answer.status for answer in answers}
    for status in sorted(_expected(operation) - seen):
        if _is_open(context, operation, STATUS):
            _find_never(context, operation, Status(status), str(status), str(status))
    for name in AUTHENTICATION_NAMES:
        if Answer(UNAUTHORIZED, name) not in answers:
            _judge_name(context, operation, name)


def _expected(operation: str) -> set[int]:
    """Return the statuses of refusals that every operation of its kind gives."""
    expected = {UNAUTHORIZED}
    if operation not in WITHOUT_INPUT:
        expected.add(BAD_REQUEST)
    if operation in WITH_LOOK_UP:
        expected.add(NOT_FOUND)
    return expected


def _is_open(context: Context, operation: str, rule: str) -> bool:
    """Tell whether an operation could be reached; note why not."""
    why = _forbidden(context, operation)
    if not why and operation in WITH_LOOK_UP:
        why = _nowhere(context)
    if why:
        context.collector.not_judged(f"{rule} on {operation}", why)
    return not why


def _forbidden(context: Context, operation: str) -> str:
    method = context.contract.operations[operation].method
    return context.permission.forbids(operation, method)


def _nowhere(context: Context) -> str:
    """Return why nothing can be found in the target's containers; empty where somebody can."""
    if not context.target.containers:
        return "the target gives no containers"
    if any(_is_anybody_in(context, container) for container in context.target.containers):
        return ""
    return "no session's user and no known user is a member of the target's containers"


def _is_anybody_in(context: Context, container: str) -> bool:
    for name in resources.usernames(context):
        if context.send(public(name, container)).ok:
            return True
    return any(context.send(notifications(container), role).ok for role in context.roles())


def _judge_name(context: Context, operation: str, name: str) -> None:
    role = NEEDS.get(name)
    if role is not None and role not in context.target.sessions:
        why = f"the target gives no session {role}"
        context.collector.not_judged(f"{name} on every operation", why)
        return
    why = _forbidden(context, operation)
    if why:
        context.collector.not_judged(f"{STATUS} on {operation}", why)
        return
    expected = Status(UNAUTHORIZED, Text("with {}", name))
    _find_never(context, operation, expected, name, f"{UNAUTHORIZED} with {name}")


def _find_never(
    context: Context, operation: str, expected: Status, missing: str, documented: str
) -> None:
    """Find that a status, or a name that comes with it, was never seen."""
    context.find(
        STATUS,
        operation,
        Text("never {}", missing),
        expected,
        sign=f"never answers {documented}",
    )
