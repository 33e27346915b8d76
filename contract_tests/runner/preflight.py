"""Whether a run means anything: do the sessions work, and was everything reached that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.context import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Context
from contract_tests.api.request_templates import REFERRALS, fields, notifications, public
from contract_tests.checks import availability
from contract_tests.checks.coverage import Answer
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES
from contract_tests.exceptions import NotJudgedError, OutOfTimeError
from contract_tests.findings.evidence import Status, Text

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange, HttpRequest

# Calls that a session is given to show that it works after all.
TRIES = 4
NAME_NEEDS = {
    "SESSION_TOKEN_EXPIRED": "session_expired",
    "REFRESH_TOKEN_EXPIRED": "refresh_expired",
}
WITHOUT_INPUT = ("listReferrals", "markNotificationsRead")
WITH_LOOK_UP = ("getPublicProfile", "listNotifications")


def sessions_work(context: Context) -> bool:
    """Whether the target is the API and takes every session that is given for valid; says why not."""
    try:
        first = {role: _first_calls(context, role) for role in context.roles()}
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("everything", reason)
        return False
    if why := _unfit(context, first):
        context.collector.not_judged("everything", why)
        return False
    for role, exchanges in first.items():
        if good := [exchange for exchange in exchanges if availability.is_api(exchange)]:
            context.watch.proofs[role] = good[-1]
    return True


def _unfit(context: Context, first: dict[str, list[Exchange]]) -> str:
    """Return why nothing can be judged, for the first answers that each role got; empty where something can."""
    every = [exchange for exchanges in first.values() for exchange in exchanges]
    if why := availability.out_of_order(every):
        nobody = all(exchange.status in (UNAUTHORIZED, 0) for exchange in every)
        return (
            f"no session works: {why}"
            if nobody
            else f"{context.target.base_url} is out of order: {why}"
        )
    for role, exchanges in first.items():
        if all(map(availability.is_no_session, exchanges)) and not _works_after_all(
            context, exchanges[-1].request
        ):
            variable = context.target.variables.get(role, "")
            check = (
                f"is ${variable} right, and still valid?"
                if variable
                else "is it right, and still valid?"
            )
            others = " and ".join(f"${other.upper()}" for other in first if other != role)
            kind = availability.kind(exchanges[-1])
            return f"the session of ${role.upper()} does not work: every call {kind}, while {others} works; {check}"
    return ""


def _works_after_all(context: Context, request: HttpRequest) -> bool:
    return any(availability.is_api(context.client.probe(request)) for _ in range(TRIES))


def _first_calls(context: Context, role: str) -> list[Exchange]:
    """Read the lists before anything else, since any other call may mark them; the profile comes last."""
    readings = [
        reading
        for container in context.target.containers
        for reading in pagination.first_readings(context, role, container)
    ]
    begun = [exchange for _, exchange in readings]
    others = (
        [fields("username")]
        if any(exchange.ok for exchange in begun)
        else [REFERRALS, fields("username")]
    )
    return [*begun, *(context.send(template, role) for template in others)]


def reached(context: Context) -> None:
    """Note operations that never succeeded, and statuses and names that were never seen although they could have been."""
    for operation in context.contract.operations.values():
        answers = context.coverage.answers(operation.name)
        seen = {answer.status for answer in answers}
        if not context.coverage.has_succeeded(operation.name):
            _unreached(context, operation.name, "reach.success", None)
        wanted = {UNAUTHORIZED}
        if operation.name not in WITHOUT_INPUT:
            wanted.add(BAD_REQUEST)
        if operation.name in WITH_LOOK_UP:
            wanted.add(NOT_FOUND)
        for status in sorted(wanted - seen):
            _unreached(context, operation.name, "reach.status", status)
        for name in AUTHENTICATION_NAMES:
            if Answer(UNAUTHORIZED, name) not in answers:
                _missing_name(context, operation.name, name)


def _unreached(context: Context, operation: str, rule: str, status: int | None) -> None:
    if why := context.permission.forbids(operation, context.contract.operations[operation].method):
        context.collector.not_judged(f"{rule} on {operation}", why)
        return
    if operation in WITH_LOOK_UP and (why := _nowhere(context)):
        context.collector.not_judged(f"{rule} on {operation}", why)
        return
    if status is None:
        context.find(rule, operation, "never a success", "a success")
    else:
        _never(context, operation, Status(status), f"{status}", f"never answers {status}")


def _nowhere(context: Context) -> str:
    """Why nothing can be found in the target's containers; empty where somebody is seen in one."""
    if not context.target.containers:
        return "the target gives no containers"
    seen = any(
        context.send(public(name, home)).ok
        for name in resources.usernames(context)
        for home in context.target.containers
    )
    seen = seen or any(
        context.send(notifications(home), role).ok
        for role in context.roles()
        for home in context.target.containers
    )
    return (
        "" if seen else "no session's user and no known user is a member of the target's containers"
    )


def _missing_name(context: Context, operation: str, name: str) -> None:
    role = NAME_NEEDS.get(name)
    if role is not None and role not in context.target.sessions:
        context.collector.not_judged(
            f"{name} on every operation", f"the target gives no session {role}"
        )
        return
    if why := context.permission.forbids(operation, context.contract.operations[operation].method):
        context.collector.not_judged(f"reach.status on {operation}", why)
        return
    expected = Status(UNAUTHORIZED, Text("with {}", name))
    _never(context, operation, expected, name, f"never answers 401 with {name}")


def _never(context: Context, operation: str, expected: Status, missing: str, sign: str) -> None:
    """Note that a status, or a name that comes with it, was never seen."""
    context.find(
        "reach.status",
        operation,
        Text("never {}", missing),
        expected,
        sign=sign,
    )
