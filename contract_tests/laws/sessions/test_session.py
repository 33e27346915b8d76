"""Data and changes only for a valid session, and the one name that applies without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.context import UNAUTHORIZED, Lab
from contract_tests.api.invalid_credentials import EXPIRED, Kind, kinds
from contract_tests.api.request_templates import (
    Ask,
    fields,
    notifications,
    public,
    update,
)
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES, error_name
from contract_tests.laws._support import OPERATIONS, fresh, valid, wrong

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

TELLING = 8
"""So many characters of a text are not in an answer by chance."""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_needs_a_session(lab: Lab, operation: str) -> None:
    """Each way of being unauthenticated is 401 with its name; plain ways are repeated to catch one in seven."""
    ask = valid(lab, operation)
    for kind in kinds(lab):
        for _ in range(lab.depth.repeats if kind.plain else 1):
            if kind.plain and lab.contract.operations[operation].method == "GET":
                lab.ask(ask)  # what is kept of this answer must not be given to the next
            _unauthorized(lab, ask, kind)
    for role in EXPIRED:
        if role not in lab.target.sessions:
            lab.ledger.not_judged(
                f"401 {EXPIRED[role]} on every operation", f"the target gives no session {role}"
            )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_session_comes_first(lab: Lab, operation: str) -> None:
    """Without a valid session nobody learns what is valid or what exists."""
    for ask in wrong(lab, operation):
        for kind in kinds(lab):
            if kind.plain:
                _unauthorized(lab, ask, kind, "session.first")


def test_expired_sessions_under_any_scheme(lab: Lab) -> None:
    """The case of the scheme does not change which of the three names applies (RFC 9110, 11.1)."""
    for role, name in EXPIRED.items():
        if role not in lab.target.sessions:
            continue
        for operation in OPERATIONS:
            exchange = lab.ask(valid(lab, operation), None, f"bearer {lab.target.sessions[role]}")
            got = error_name(exchange)
            if exchange.status == UNAUTHORIZED and got is not None and got != name:
                documented = f"401 with {name}, as for Bearer"
                lab.find("session.scheme", operation, exchange.shown(), documented, exchange)


def test_head_needs_a_session_too(lab: Lab) -> None:
    """What GET refuses without a valid session, HEAD does not grant."""
    for operation in OPERATIONS:
        if lab.contract.operations[operation].method != "GET":
            continue
        ask = valid(lab, operation).but(method="HEAD")
        for kind in kinds(lab):
            exchange = lab.ask(ask, None, kind.header)
            if exchange.ok:
                rule = "session.form" if kind.valid_inside else "session.required"
                lab.find(
                    rule,
                    operation,
                    exchange.shown(),
                    f"401 for {kind.name}",
                    exchange,
                    expected_status=UNAUTHORIZED,
                )


def test_every_container_needs_a_session(lab: Lab) -> None:
    """No container's notifications are shown without a valid session."""
    for container in lab.target.containers:
        for kind in kinds(lab):
            _unauthorized(lab, notifications(container), kind)


def test_a_refused_session_changes_nothing(lab: Lab) -> None:
    """An update without a valid session leaves every profile as it was."""
    before = {who: resources.profile(lab, who) for who in lab.roles()}
    for number, kind in enumerate(each for each in kinds(lab) if not each.valid_inside):
        body = {name: fresh(lab, name, number) for name in lab.contract.updatable}
        exchange = lab.ask(update(body), None, kind.header)
        for who, known in before.items():
            after = resources.profile(lab, who)
            if after != known:
                received = f"{kind.name}: {exchange.status}, then {after}"
                lab.find(
                    "session.no-change", "updateProfile", received, f"unchanged {known}", exchange
                )
                before[who] = after


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_scheme_is_case_insensitive(lab: Lab, operation: str) -> None:
    """`bearer` and `BEARER` are as good as `Bearer` (RFC 9110, 11.1)."""
    ask = valid(lab, operation)
    for who in lab.roles():
        for scheme in ("bearer", "BEARER", "bEaReR"):
            exchange = lab.ask(ask, who, f"{scheme} {lab.target.sessions[who]}")
            if exchange.status == UNAUTHORIZED:
                lab.find("session.scheme", operation, exchange.shown(), "accepted", exchange)


def test_users_have_their_own_profiles(lab: Lab) -> None:
    """What one user writes, or asks for by another's name, never shows in or comes from another's profile."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        for number in range(4):
            _isolated(lab, who, other, number)


def _isolated(lab: Lab, who: str, other: str, number: int) -> None:
    before = resources.profile(lab, other)
    target = resources.username(lab, other)
    mark = lab.marker(who, number)
    ask = update({"username": target, "biography": mark} if number % 2 else {"biography": mark})
    if number > 1:
        ask = ask.but(query=(("username", target), ("userId", target)))
    exchange = lab.ask(ask, who)
    read = lab.ask(fields(*lab.contract.fields), other)
    after = resources.profile_of(lab, read, lab.contract.fields) if read.ok else before
    if after != before:
        lab.find(
            "session.isolation",
            "updateProfile",
            f"the other user's profile is {after}",
            f"unchanged {before}",
            exchange,
            read,
        )
    for home in resources.own_homes(lab, other)[:1] if lab.target.containers else ():
        shown = lab.ask(public(target, home), who)
        if lab.object(shown).get("biography") == mark:
            documented = f"what {other} wrote: {before['biography']!r}"
            lab.find(
                "session.isolation",
                "updateProfile",
                f"{other} in public: {shown.shown()}",
                documented,
                exchange,
                shown,
            )
    mine = lab.ask(
        fields("username").but(query=(("fields", "username"), ("username", target))), who
    )
    if lab.object(mine).get("username") == target != resources.username(lab, who):
        lab.find("session.isolation", "getProfile", mine.shown(), "one's own profile", mine)


def _unauthorized(lab: Lab, ask: Ask, kind: Kind, rule: str = "") -> None:
    exchange = lab.ask(ask, None, kind.header)
    wanted = f"401 with {kind.applies} for {kind.name}"
    if exchange.ok:
        lab.find(
            "session.form" if kind.valid_inside else "session.required",
            ask.operation,
            exchange.shown(),
            wanted,
            exchange,
            expected_status=UNAUTHORIZED,
        )
    elif exchange.status != UNAUTHORIZED and 0 < exchange.status < 500:  # noqa: PLR2004 - judged as a server error
        rule = rule or ("session.form" if kind.malformed else "session.name")
        lab.find(
            rule, ask.operation, exchange.shown(), wanted, exchange, expected_status=UNAUTHORIZED
        )
    elif exchange.status == UNAUTHORIZED:
        _name(lab, ask, kind, exchange, wanted)
        _tells_nothing(lab, ask, exchange, wanted)


def _tells_nothing(lab: Lab, ask: Ask, exchange: Exchange, wanted: str) -> None:
    """A refusal has nothing of a profile in it."""
    known = lab.once(
        "told by a refusal", lambda: resources.profile(lab, "primary", "displayName", "biography")
    )
    said = exchange.body.decode("utf-8", "replace")
    told = [
        name
        for name, value in known.items()
        if isinstance(value, str) and len(value) >= TELLING and value in said
    ]
    if told:
        received = f"401 with {' and '.join(told)} of $PRIMARY: {exchange.shown()}"
        lab.find("session.required", ask.operation, received, f"{wanted}, and no data", exchange)


def _name(lab: Lab, ask: Ask, kind: Kind, exchange: Exchange, wanted: str) -> None:
    name = error_name(exchange)
    if name is not None and name != kind.applies:
        lab.find("session.name", ask.operation, exchange.shown(), wanted, exchange)
    if name is None:
        received = f"{exchange.shown()}: none of {', '.join(AUTHENTICATION_NAMES)}"
        lab.find("answer.shape", ask.operation, received, wanted, exchange)
