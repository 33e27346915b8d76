"""What laws of several families need: requests, and comparisons of values and answers."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.api import comparison, resources
from contract_tests.api.request_templates import (
    MARK_READ,
    REFERRALS,
    RequestTemplate,
    fields,
    notifications,
    public,
    update,
)
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text, Value
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile
    from contract_tests.http.messages import Exchange

DOCUMENTED = contract.load().operations
OPERATIONS = tuple(DOCUMENTED)
READS = [name for name, operation in DOCUMENTED.items() if operation.method == "GET"]
EACH_ROLE = pytest.mark.parametrize("role", ["primary", "secondary"])
JUNK = "no-such-thing-here"
# RFC 3339, 5.6, with small letters allowed.
STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:)(\d\d)(\.\d+)?(z|[+-]\d\d:\d\d)\Z", re.IGNORECASE)


def both_ways(context: Context) -> tuple[tuple[str, str], ...]:
    """Return the two users' roles in both orders; stop the law where there is only one."""
    context.need("primary", "secondary")
    return ("primary", "secondary"), ("secondary", "primary")


def fresh(
    context: Context,
    name: str,
    *salt: object,
) -> Any:
    """Return a valid value for the field that it does not have yet."""
    schema = context.contract.property_schema(name)
    if schema.get("type") == "object":
        chance = context.random(name, *salt)
        parts = schema.get("properties", {}).items()
        return {key: chance.randint(part["minimum"], part["maximum"]) for key, part in parts}
    return context.handle(name, *salt) if name == "handle" else context.marker(name, *salt)


def find_value(
    context: Context,
    rule: str,
    name: str,
    values: tuple[object, object],
    *steps: Exchange,
) -> None:
    """Note that a field of the profile has the first of two values, and should have the second."""
    got, wanted = map(Value, values)
    context.find(
        rule,
        "updateProfile",
        got,
        wanted,
        *steps,
        field=name,
    )


def unchanged(
    context: Context,
    role: str,
    before: Profile,
    exchange: Exchange,
    judged: tuple[str, str],
) -> Profile:
    """Judge that a profile is what it was before a call, and return what it is now.

    `judged` is the rule and what was called.
    """
    after = resources.profile(context, role)
    rule, call = judged
    if after != before:
        context.find(
            rule,
            "updateProfile",
            Text(
                "{}: {}, then the profile of {} is {}",
                call,
                exchange.status,
                role,
                after,
            ),
            Text("unchanged {}", before),
            exchange,
        )
    return after


def valid(context: Context, operation: str) -> RequestTemplate:
    """Return a request that only lacks a session.

    The target may give too little for a success.
    """
    try:
        return resources.valid(context, operation, "primary")
    except NotJudgedError:
        nobody = {
            "getPublicProfile": public(JUNK, JUNK),
            "listNotifications": notifications(JUNK),
        }
        return nobody.get(operation, RequestTemplate(operation))


def wrong(context: Context, operation: str) -> list[RequestTemplate]:
    """Return requests that are refused with any session."""
    # Wrong in itself, whatever the container is.
    known = context.target.containers[0] if context.target.containers else JUNK
    table: dict[str, list[RequestTemplate]] = {
        "getProfile": [RequestTemplate("getProfile"), fields("nonsense")],
        "getPublicProfile": [
            RequestTemplate("getPublicProfile", username=JUNK),
            public(JUNK, known),
            public(JUNK, JUNK),
            public(resources.own_username(context, "primary") or JUNK, JUNK),
        ],
        "updateProfile": [
            RequestTemplate("updateProfile"),
            update({"displayName": 5}),
            update({"handle": "!"}),
            update(b"{"),
            update([]),
            update({"biography": "x"}).but(content_type="text/plain"),
        ],
        "listNotifications": [
            RequestTemplate("listNotifications"),
            notifications(known, 0),
            notifications(known, 1, 101),
            notifications(JUNK),
        ],
        "listReferrals": [REFERRALS.but(query=(("page", "0"),))],
        "markNotificationsRead": [MARK_READ.but(body=b"{")],
    }
    return table[operation]


def meaning(context: Context, exchange: Exchange) -> tuple[int, str]:
    """Return status and data, without what the contract does not name, since that may vary."""
    operation = context.contract.operations[exchange.request.operation]
    response = operation.response(exchange.status) or {}
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    body = context.body(exchange)
    if schema is None or body is None:
        return exchange.status, ""
    known = _known(context, schema, body)
    # The words of an error may vary; its name may not.
    if not exchange.ok and isinstance(body, dict):
        known = {"code": body.get("code")}
    return exchange.status, json.dumps(known, sort_keys=True)


def _known(
    context: Context,
    schema: dict[str, Any],
    value: Any,
) -> Any:
    """Return a value without what the schema does not name."""
    schema = context.contract.full.resolve(schema)
    if isinstance(value, list):
        return [_known(context, schema.get("items", {}), item) for item in value]
    properties = _properties(context, schema)
    if not isinstance(value, dict) or not properties:
        return value
    known = {key: inner for key, inner in properties.items() if key in value}
    return {key: _known(context, inner, value[key]) for key, inner in known.items()}


def _properties(context: Context, schema: dict[str, Any]) -> dict[str, Any]:
    properties = dict(schema.get("properties", {}))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, []):
            properties |= context.contract.full.resolve(part).get("properties", {})
    return properties


def differing(shown: Profile, wanted: Profile) -> Profile:
    """Return what a public profile shows otherwise than it was written.

    Another form or a part of it is no other value.
    """
    known = {key: value for key, value in shown.items() if key in wanted and value is not None}
    return {key: value for key, value in known.items() if not _alike(value, wanted[key])}


def _alike(got: object, sent: object) -> bool:
    if got == sent or not isinstance(sent, str):
        return got == sent
    if not isinstance(got, str):
        # A shape of the target's own, which is judged by itself.
        return isinstance(got, dict | list)
    shown, wanted = comparison.letters(got), comparison.letters(sent)
    return shown == wanted or bool(shown and wanted and (shown in wanted or wanted in shown))


def moment(text: object) -> tuple[datetime, Fraction] | None:
    """Return an RFC 3339 time in UTC and its fraction of a second, exact for any precision.

    None if Python knows no such time.
    """
    match = STAMP.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    start, second, fraction, zone = match.groups()
    # A leap second, which `datetime` does not know.
    leap = int(second == "60")
    offset = "+00:00" if zone in "zZ" else zone
    try:
        local = datetime.fromisoformat(f"{start}{int(second) - leap:02d}{offset}")
        return local.astimezone(UTC), Fraction(fraction or 0) + leap
    except (ValueError, OverflowError):
        return None
