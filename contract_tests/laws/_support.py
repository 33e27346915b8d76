"""What laws of several families need: requests for every operation, and values and answers compared."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

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
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile
    from contract_tests.http.messages import Exchange

OPERATIONS = tuple(contract.load().operations)
JUNK = "no-such-thing-here"
STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:)(\d\d)(\.\d+)?(z|[+-]\d\d:\d\d)\Z", re.IGNORECASE)


def fresh(context: Context, name: str, *salt: object) -> Any:
    """Return a valid value for the field that it does not have yet."""
    schema = context.contract.property_schema(name)
    if schema.get("type") == "object":
        parts = schema.get("properties", {})
        chance = context.random(name, *salt)
        return {
            key: chance.randint(part["minimum"], part["maximum"]) for key, part in parts.items()
        }
    return context.handle(name, *salt) if name == "handle" else context.marker(name, *salt)


def valid(context: Context, operation: str) -> RequestTemplate:
    """Return a request that only lacks a session, also where the target gives too little for a success."""
    try:
        return resources.valid(context, operation, "primary")
    except NotJudgedError:
        return {
            "getPublicProfile": public(JUNK, JUNK),
            "listNotifications": notifications(JUNK),
        }.get(operation, RequestTemplate(operation))


def wrong(context: Context, operation: str) -> list[RequestTemplate]:
    """Return requests that are refused with any session."""
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
    """Return status and data: what the contract names in them, since a target may add what varies."""
    operation = context.contract.operations[exchange.request.operation]
    response = operation.response(exchange.status) or {}
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    body = context.body(exchange)
    if schema is None or body is None:
        return exchange.status, ""
    kept = (
        {"code": body.get("code")}
        if not exchange.ok and isinstance(body, dict)
        else _known(context, schema, body)
    )
    return exchange.status, json.dumps(kept, sort_keys=True)


def _known(context: Context, schema: dict[str, Any], value: Any) -> Any:
    schema = context.contract.full.resolve(schema)
    if isinstance(value, list):
        return [_known(context, schema.get("items", {}), item) for item in value]
    properties = _properties(context, schema)
    if not isinstance(value, dict) or not properties:
        return value
    return {
        key: _known(context, inner, value[key]) for key, inner in properties.items() if key in value
    }


def _properties(context: Context, schema: dict[str, Any]) -> dict[str, Any]:
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, [])]
    properties = dict(schema.get("properties", {}))
    for part in parts:
        properties |= context.contract.full.resolve(part).get("properties", {})
    return properties


def differing(shown: Profile, wanted: Profile) -> Profile:
    """Return what a public profile shows otherwise than it was written, and not only in a form or a part of it."""
    told = {key: value for key, value in shown.items() if key in wanted and value is not None}
    return {key: value for key, value in told.items() if not _alike(value, wanted[key])}


def _alike(got: object, sent: object) -> bool:
    if got == sent or not isinstance(sent, str):
        return got == sent
    if not isinstance(got, str):
        return isinstance(
            got, dict | list
        )  # a shape of the target's own, which is judged by itself
    shown, wanted = comparison.letters(got), comparison.letters(sent)
    return shown == wanted or bool(shown and wanted and (shown in wanted or wanted in shown))


def moment(text: object) -> tuple[datetime, Fraction] | None:
    """Return an RFC 3339 time in UTC and its fraction of a second, exact for any precision; None if Python knows none such."""
    match = STAMP.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    start, second, fraction, zone = match.groups()
    leap = int(second == "60")
    try:
        whole = datetime.fromisoformat(
            f"{start}{int(second) - leap:02d}{'+00:00' if zone in 'zZ' else zone}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return whole, Fraction(fraction or 0) + leap
