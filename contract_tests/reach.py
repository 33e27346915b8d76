"""Whether a run means anything: do the sessions work, and was everything reached that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests import lists, state
from contract_tests.answers import AUTHENTICATION_NAMES
from contract_tests.asks import REFERRALS, fields, notifications, public
from contract_tests.findings import NotJudgedError
from contract_tests.lab import NOT_FOUND, UNAUTHORIZED, Lab

if TYPE_CHECKING:
    from contract_tests.client import Exchange

NAME_NEEDS = {"SESSION_TOKEN_EXPIRED": "session_expired", "REFRESH_TOKEN_EXPIRED": "refresh_expired"}
WITHOUT_INPUT = ("listReferrals", "markNotificationsRead")
WITH_LOOK_UP = ("getPublicProfile", "listNotifications")


def sessions_work(lab: Lab) -> bool:
    """Whether the target answers at all and takes at least one of the sessions for valid; says why not."""
    try:
        exchanges = [exchange for who in lab.roles() for exchange in _first_calls(lab, who)]
    except NotJudgedError as reason:
        lab.ledger.not_judged("everything", str(reason))
        return False
    if not any(exchange.status for exchange in exchanges):
        how = "is there, but does not answer" if lab.client.is_there() else "cannot be reached"
        lab.ledger.not_judged("everything", f"{lab.target.base_url} {how}: {exchanges[0].trouble}")
        return False
    if all(exchange.status in (UNAUTHORIZED, 0) for exchange in exchanges):
        lab.ledger.not_judged("everything", "no session works: every call of a valid session is answered with 401")
        return False
    return True


def _first_calls(lab: Lab, who: str) -> list[Exchange]:
    """Read the lists before anything else, since any other call may mark them."""
    readings = [reading for container in lab.target.containers for reading in lists.first_readings(lab, who, container)]
    begun = [exchange for _, exchange in readings]
    others = [fields("username")] if any(exchange.ok for exchange in begun) else [fields("username"), REFERRALS]
    return [*begun, *(lab.ask(ask, who) for ask in others)]


def reached(lab: Lab) -> None:
    """Note operations that never succeeded, and statuses and names that were never seen although they could have been."""
    for operation in lab.contract.operations.values():
        answers = lab.coverage.answers(operation.name)
        seen = {answer.partition(" ")[0] for answer in answers}
        if not any(status.startswith("2") for status in seen):
            _unreached(lab, operation.name, "reach.success", "a success")
        wanted = {"401"}
        wanted |= set() if operation.name in WITHOUT_INPUT else {"400"}
        wanted |= {str(NOT_FOUND)} if operation.name in WITH_LOOK_UP else set()
        for status in sorted(wanted - seen):
            _unreached(lab, operation.name, "reach.status", status)
        for name in AUTHENTICATION_NAMES:
            if f"{UNAUTHORIZED} {name}" not in answers:
                _missing_name(lab, operation.name, name)


def _unreached(lab: Lab, operation: str, rule: str, what: str) -> None:
    if why := lab.permission.forbids(operation, lab.contract.operations[operation].method):
        lab.ledger.not_judged(f"{rule} on {operation}", why)
        return
    if operation in WITH_LOOK_UP and (why := _nowhere(lab)):
        lab.ledger.not_judged(f"{rule} on {operation}", why)
        return
    lab.find(rule, operation, f"never {what}", what)


def _nowhere(lab: Lab) -> str:
    """Why nothing can be found in the target's containers; empty where somebody is seen in one."""
    if not lab.target.containers:
        return "the target gives no containers"
    seen = any(lab.ask(public(name, home)).ok for name in state.usernames(lab) for home in lab.target.containers)
    seen = seen or any(lab.ask(notifications(home), who).ok for who in lab.roles() for home in lab.target.containers)
    return "" if seen else "no session's user and no known user is a member of the target's containers"


def _missing_name(lab: Lab, operation: str, name: str) -> None:
    role = NAME_NEEDS.get(name)
    if role is not None and role not in lab.target.sessions:
        lab.ledger.not_judged(f"{name} on every operation", f"the target gives no session {role}")
        return
    if why := lab.permission.forbids(operation, lab.contract.operations[operation].method):
        lab.ledger.not_judged(f"reach.status on {operation}", why)
        return
    lab.find("reach.status", operation, f"never {name}", f"401 with {name}")
