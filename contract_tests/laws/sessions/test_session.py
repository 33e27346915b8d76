"""Data and changes only for a valid session, and the one name that applies without one."""

from __future__ import annotations

from functools import partial
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
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES, SERVER_ERROR, error_name
from contract_tests.findings.evidence import Status, Text, Value
from contract_tests.laws._support import (
    OPERATIONS,
    READS,
    both_ways,
    fresh,
    unchanged,
    valid,
    wrong,
)

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

# So many characters of a text are not in an answer by chance.
TELLING = 8


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_needs_a_session(context: Context, operation: str) -> None:
    """Each way of being unauthenticated is 401 with its name.

    Plain ways are repeated, to catch what goes wrong one time in seven.
    """
    template = valid(context, operation)
    for credential in invalid_credentials(context):
        for _ in range(context.depth.repeats if credential.plain else 1):
            # What is kept of this answer must not be given to the next.
            if credential.plain and operation in READS:
                context.send(template)
            _unauthorized(context, template, credential)
    # Said in the report: 401 has three names and only one was judged.
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
        header = f"bearer {context.target.sessions[role]}"
        for operation in OPERATIONS:
            exchange = context.send(valid(context, operation), None, header)
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
    for operation in READS:
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
    for number, credential in enumerate(invalid_credentials(context)):
        if credential.valid_inside:
            continue
        body = {name: fresh(context, name, number) for name in context.contract.updatable}
        exchange = context.send(update(body), None, credential.header)
        judged = ("session.no-change", credential.name)
        for role, known in before.items():
            before[role] = unchanged(
                context,
                role,
                known,
                exchange,
                judged,
            )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_scheme_is_case_insensitive(context: Context, operation: str) -> None:
    """`bearer` and `BEARER` are as good as `Bearer` (RFC 9110, 11.1)."""
    template = valid(context, operation)
    for role in context.roles():
        # In lower case, in capitals and mixed.
        for scheme in ("bearer", "BEARER", "bEaReR"):
            exchange = context.send(template, role, f"{scheme} {context.target.sessions[role]}")
            if exchange.status == UNAUTHORIZED:
                context.find("session.scheme", operation, exchange, "accepted")


def test_users_have_their_own_profiles(context: Context) -> None:
    """What one user writes never shows in another's profile, nor comes from there."""
    for role, other in both_ways(context):
        for number in range(4):
            _judge_apart(context, role, other, number)


def _judge_apart(
    context: Context,
    role: str,
    other: str,
    number: int,
) -> None:
    before = resources.profile(context, other)
    name = resources.username(context, other)
    mark = context.marker(role, number)
    # By another's name in the body, in the query, in both and in neither.
    template = update({"username": name, "biography": mark} if number % 2 else {"biography": mark})
    if number > 1:
        template = template.but(query=(("username", name), ("userId", name)))
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
        shown = context.send(public(name, home), role)
        if context.object(shown).get("biography") == mark:
            context.find(
                "session.isolation",
                "updateProfile",
                Text("{} in public: {}", other, shown),
                Text("what {} wrote: {}", other, Value(before["biography"])),
                exchange,
                shown,
            )
    query = (("fields", "username"), ("username", name))
    mine = context.send(fields("username").but(query=query), role)
    if context.object(mine).get("username") == name != resources.username(context, role):
        context.find("session.isolation", "getProfile", mine, "one's own profile")


def _unauthorized(
    context: Context,
    template: RequestTemplate,
    credential: InvalidCredential,
    rule: str = "",
) -> None:
    operation = template.operation
    exchange = context.send(template, None, credential.header)
    status = exchange.status
    expected = Status(UNAUTHORIZED, Text("with {} for {}", credential.applies, credential.name))
    if exchange.ok:
        broken = "session.form" if credential.valid_inside else "session.required"
        context.find(broken, operation, exchange, expected)
    elif status == UNAUTHORIZED:
        _judge_name(context, credential, exchange, expected)
        _judge_silence(context, exchange, expected)
    # A failure and a call without an answer are judged by rules of theirs.
    elif 0 < status < SERVER_ERROR:
        rule = rule or ("session.form" if credential.malformed else "session.name")
        context.find(rule, operation, exchange, expected)


def _judge_silence(
    context: Context,
    exchange: Exchange,
    expected: Status,
) -> None:
    """Judge that a refusal has nothing of a profile in it."""
    learn = partial(
        resources.profile,
        context,
        "primary",
        "displayName",
        "biography",
    )
    known = context.once("told by a refusal", learn)
    text = exchange.body.decode("utf-8", "replace")
    names = [name for name, value in known.items() if _is_telling(value) and value in text]
    if names:
        context.find(
            "session.required",
            exchange.request.operation,
            Text("401 with {} of $PRIMARY: {}", " and ".join(names), exchange),
            Text("{}, and no data", expected),
            exchange,
        )


def _is_telling(value: object) -> bool:
    return isinstance(value, str) and len(value) >= TELLING


def _judge_name(
    context: Context,
    credential: InvalidCredential,
    exchange: Exchange,
    expected: Status,
) -> None:
    operation = exchange.request.operation
    name = error_name(exchange)
    if name is None:
        context.find(
            "answer.shape",
            operation,
            Text("{}: none of {}", exchange, ", ".join(AUTHENTICATION_NAMES)),
            expected,
            exchange,
        )
    elif name != credential.applies:
        context.find("session.name", operation, exchange, expected)
