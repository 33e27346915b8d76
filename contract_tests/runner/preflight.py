"""Whether a run means anything: does the target answer as the API, and do its sessions work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.api import pagination
from contract_tests.api.context import UNAUTHORIZED
from contract_tests.api.request_templates import REFERRALS, fields
from contract_tests.checks import availability
from contract_tests.config.target import variables
from contract_tests.exceptions import NotJudgedError

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.http.messages import Exchange, HttpRequest

# Requests that a session is given to show that it works after all.
TRIES = 4


def check_sessions(context: Context) -> None:
    """Raise `NotJudgedError` unless the target takes every session that is given for valid."""
    first = {role: _first_exchanges(context, role) for role in context.roles()}
    _check_order(context, first)
    for role, exchanges in first.items():
        if all(map(availability.is_no_session, exchanges)):
            _check_session(context, role, exchanges[-1])
        good = list(filter(availability.is_api, exchanges))
        if good:
            context.watch.proofs[role] = good[-1]


def _first_exchanges(context: Context, role: str) -> list[Exchange]:
    """Read the lists before anything else, since any other request may mark them."""
    exchanges = []
    for container in context.target.containers:
        readings = pagination.first_readings(context, role, container)
        exchanges += [exchange for _, exchange in readings]
    if not any(exchange.ok for exchange in exchanges):
        exchanges.append(context.send(REFERRALS, role))
    # The profile comes last.
    exchanges.append(context.send(fields("username"), role))
    return exchanges


def _check_order(context: Context, first: dict[str, list[Exchange]]) -> None:
    """Raise `NotJudgedError` if no role got an answer that is one of the API."""
    every = [exchange for exchanges in first.values() for exchange in exchanges]
    why = availability.out_of_order(every)
    if not why:
        return
    if all(exchange.status in (UNAUTHORIZED, 0) for exchange in every):
        raise NotJudgedError(f"no session works: {why}")
    raise NotJudgedError(f"{context.target.base_url} is out of order: {why}")


def _check_session(context: Context, role: str, last: Exchange) -> None:
    """Raise `NotJudgedError` if a session does not work, at the last of some tries."""
    if _works_after_all(context, last.request):
        return
    variable = context.target.variables.get(role)
    named = f"${variable}" if variable else "it"
    others = [other for other in context.roles() if other != role]
    raise NotJudgedError(
        f"the session of ${role.upper()} does not work: every call {availability.kind(last)}, "
        f"while {' and '.join(variables(others))} works; is {named} right, and still valid?"
    )


def _works_after_all(context: Context, request: HttpRequest) -> bool:
    exchanges = (context.client.probe(request) for _ in range(TRIES))
    return any(map(availability.is_api, exchanges))
