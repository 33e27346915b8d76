"""Data and changes only for a valid session, and the one name that applies without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.context import UNAUTHORIZED, Context
from contract_tests.api.invalid_credentials import EXPIRED, InvalidCredential, invalid_credentials
from contract_tests.api.request_templates import (
    RequestTemplate,
    fields,
    notifications,
    public,
    update,
)
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES, error_name
from contract_tests.findings.evidence import Status, Text, Value
from contract_tests.laws._support import OPERATIONS, fresh, valid, wrong

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

# So many characters of a text are not in an answer by chance.
TELLING = 8


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_needs_a_session(context: Context, operation: str) -> None:
    """Each way of being unauthenticated is 401 with its name; plain ways are repeated to catch one in seven."""
    template = valid(context, operation)
    for credential in invalid_credentials(context):
        for _ in range(context.depth.repeats if credential.plain else 1):
            if credential.plain and context.contract.operations[operation].method == "GET":
                context.send(template)  # what is kept of this answer must not be given to the next
            _unauthorized(context, template, credential)
    for role in EXPIRED:
        if role not in context.target.sessions:
            context.collector.not_judged(
                f"401 {EXPIRED[role]} on every operation", f"the target gives no session {role}"
            )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_session_comes_first(context: Context, operation: str) -> None:
    """Without a valid session nobody learns what is valid or what exists."""
    for template in wrong(context, operation):
        for credential in invalid_credentials(context):
            if credential.plain:
                _unauthorized(context, template, credential, "session.first")


def test_expired_sessions_under_any_scheme(context: Context) -> None:
    """The case of the scheme does not change which of the three names applies (RFC 9110, 11.1)."""
    for role, name in EXPIRED.items():
        if role not in context.target.sessions:
            continue
        for operation in OPERATIONS:
            exchange = context.send(
                valid(context, operation), None, f"bearer {context.target.sessions[role]}"
            )
            got = error_name(exchange)
            if exchange.status == UNAUTHORIZED and got is not None and got != name:
                context.find(
                    "session.scheme",
                    operation,
                    exchange,
                    Status(UNAUTHORIZED, Text("with {}, as for Bearer", name)),
                )


def test_head_needs_a_session_too(context: Context) -> None:
    """What GET refuses without a valid session, HEAD does not grant."""
    for operation in OPERATIONS:
        if context.contract.operations[operation].method != "GET":
            continue
        template = valid(context, operation).but(method="HEAD")
        for credential in invalid_credentials(context):
            exchange = context.send(template, None, credential.header)
            if exchange.ok:
                rule = "session.form" if credential.valid_inside else "session.required"
                context.find(
                    rule,
                    operation,
                    exchange,
                    Status(UNAUTHORIZED, Text("for {}", credential.name)),
                )


def test_every_container_needs_a_session(context: Context) -> None:
    """No container's notifications are shown without a valid session."""
    for container in context.target.containers:
        for credential in invalid_credentials(context):
            _unauthorized(context, notifications(container), credential)


def test_a_refused_session_changes_nothing(context: Context) -> None:
    """An update without a valid session leaves every profile as it was."""
    before = {role: resources.profile(context, role) for role in context.roles()}
    for number, credential in enumerate(
        each for each in invalid_credentials(context) if not each.valid_inside
    ):
        body = {name: fresh(context, name, number) for name in context.contract.updatable}
        exchange = context.send(update(body), None, credential.header)
        for role, known in before.items():
            after = resources.profile(context, role)
            if after != known:
                context.find(
                    "session.no-change",
                    "updateProfile",
                    Text("{}: {}, then {}", credential.name, exchange.status, after),
                    Text("unchanged {}", known),
                    exchange,
                )
                before[role] = after


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_scheme_is_case_insensitive(context: Context, operation: str) -> None:
    """`bearer` and `BEARER` are as good as `Bearer` (RFC 9110, 11.1)."""
    template = valid(context, operation)
    for role in context.roles():
        for scheme in ("bearer", "BEARER", "bEaReR"):
            exchange = context.send(template, role, f"{scheme} {context.target.sessions[role]}")
            if exchange.status == UNAUTHORIZED:
                context.find("session.scheme", operation, exchange, "accepted")


def test_users_have_their_own_profiles(context: Context) -> None:
    """What one user writes, or asks for by another's name, never shows in or comes from another's profile."""
    context.need("primary", "secondary")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        for number in range(4):
            _isolated(context, role, other, number)


def _isolated(context: Context, role: str, other: str, number: int) -> None:
    before = resources.profile(context, other)
    target = resources.username(context, other)
    mark = context.marker(role, number)
    template = update(
        {"username": target, "biography": mark} if number % 2 else {"biography": mark}
    )
    if number > 1:
        template = template.but(query=(("username", target), ("userId", target)))
    exchange = context.send(template, role)
    read = context.send(fields(*context.contract.fields), other)
    after = resources.profile_of(context, read, context.contract.fields) if read.ok else before
    if after != before:
        context.find(
            "session.isolation",
            "updateProfile",
            Text("the other user's profile is {}", after),
            Text("unchanged {}", before),
            exchange,
            read,
        )
    for home in resources.own_homes(context, other)[:1] if context.target.containers else ():
        shown = context.send(public(target, home), role)
        if context.object(shown).get("biography") == mark:
            context.find(
                "session.isolation",
                "updateProfile",
                Text("{} in public: {}", other, shown),
                Text("what {} wrote: {}", other, Value(before["biography"])),
                exchange,
                shown,
            )
    mine = context.send(
        fields("username").but(query=(("fields", "username"), ("username", target))), role
    )
    if context.object(mine).get("username") == target != resources.username(context, role):
        context.find("session.isolation", "getProfile", mine, "one's own profile")


def _unauthorized(
    context: Context, template: RequestTemplate, credential: InvalidCredential, rule: str = ""
) -> None:
    exchange = context.send(template, None, credential.header)
    why = Text("with {} for {}", credential.applies, credential.name)
    wanted = Status(UNAUTHORIZED, why)
    if exchange.ok:
        context.find(
            "session.form" if credential.valid_inside else "session.required",
            template.operation,
            exchange,
            wanted,
        )
    elif exchange.status != UNAUTHORIZED and 0 < exchange.status < 500:  # noqa: PLR2004 - judged as a server error
        rule = rule or ("session.form" if credential.malformed else "session.name")
        context.find(rule, template.operation, exchange, wanted)
    elif exchange.status == UNAUTHORIZED:
        _name(context, template, credential, exchange, wanted)
        _tells_nothing(context, template, exchange, wanted)


def _tells_nothing(
    context: Context, template: RequestTemplate, exchange: Exchange, wanted: Status
) -> None:
    """A refusal has nothing of a profile in it."""
    known = context.once(
        "told by a refusal",
        lambda: resources.profile(context, "primary", "displayName", "biography"),
    )
    said = exchange.body.decode("utf-8", "replace")
    told = [
        name
        for name, value in known.items()
        if isinstance(value, str) and len(value) >= TELLING and value in said
    ]
    if told:
        context.find(
            "session.required",
            template.operation,
            Text("401 with {} of $PRIMARY: {}", " and ".join(told), exchange),
            Text("{}, and no data", wanted),
            exchange,
        )


def _name(
    context: Context,
    template: RequestTemplate,
    credential: InvalidCredential,
    exchange: Exchange,
    wanted: Status,
) -> None:
    name = error_name(exchange)
    if name is not None and name != credential.applies:
        context.find("session.name", template.operation, exchange, wanted)
    if name is None:
        context.find(
            "answer.shape",
            template.operation,
            Text("{}: none of {}", exchange, ", ".join(AUTHENTICATION_NAMES)),
            wanted,
            exchange,
        )
