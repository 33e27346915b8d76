"""Every bound of every input is exact on both sides.

A rejected update changes nothing, whichever field was wrong.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.api import comparison, resources
from contract_tests.api.request_templates import (
    RequestTemplate,
    fields,
    notifications,
    public,
    update,
)
from contract_tests.checks import boundary_values
from contract_tests.findings.evidence import Text
from contract_tests.laws._support import find_value, fresh, unchanged
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile
    from contract_tests.http.messages import Exchange

FIELDS = contract.load().updatable
# Missing, cut off, not quite JSON, not UTF-8, a form, and JSON that is no object.
NOT_JSON = (
    b"",
    b"{",
    b"{'displayName': 'x'}",
    b'{"displayName": "x"',
    b'{"displayName": "x"} more',
    b"{displayName: 1}",
    b'{"displayName": "x",}',
    b'{"unknown": NaN}',
    b'{"biography": "\xff\xfe"}',
    b"displayName=x",
    b"null",
    b"[]",
    b'[{"displayName": "x"}]',
    b'"text"',
    b"5",
    b"true",
)
NOT_JSON_TYPES = (
    None,
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/jsonx",
    "multipart/form-data",
)
# A part of a date that the contract does not have.
MORE = "calendar"
JSON_TYPES = (
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "Application/JSON",
)


@pytest.mark.parametrize("name", FIELDS)
def test_at_the_bound(context: Context, name: str) -> None:
    """Valid values up to each bound are accepted and read back exactly."""
    schema = context.contract.property_schema(name)
    for role in context.roles():
        before = resources.field(context, role, name)
        for value in boundary_values.good(schema, context.handle(role, name)):
            exchange = context.send(update({name: value}), role)
            if not exchange.ok:
                context.find(
                    "input.accepted",
                    "updateProfile",
                    exchange,
                    Text("{} accepted: {}", name, boundary_values.why_good(schema, value)),
                    field=name,
                )
                continue
            before = _read_back(
                context,
                role,
                (name, value),
                exchange,
                before,
            )
        # While one field holds values without a mark, the others show another run that this one is
        # there.
        context.send(update({name: fresh(context, name, role, "after")}), role)


@pytest.mark.parametrize("name", FIELDS)
def test_past_the_bound(context: Context, name: str) -> None:
    """Values past a bound or of a wrong type are refused, and nothing of the update is done."""
    schema = context.contract.property_schema(name)
    for role in context.roles():
        context.send(update({name: fresh(context, name, role, "before")}), role)
        before = resources.profile(context, role)
        for number, value in enumerate(boundary_values.bad(schema)):
            body = {other: fresh(context, other, role, number) for other in FIELDS}
            # Before or after the others, for who writes field by field.
            del body[name]
            body = {name: value, **body} if number % 2 else {**body, name: value}
            before = _refused(context, role, before, update(body))
            # Alone too, for who stops at the first wrong field.
            if number < context.depth.repeats:
                before = _refused(context, role, before, update({name: value}))


def test_all_at_once(context: Context) -> None:
    """Every text at its largest in one update is accepted, also where each character is escaped."""
    texts = ("displayName", "biography")
    sizes = {name: context.contract.property_schema(name)["maxLength"] for name in texts}
    for role in context.roles():
        # Two and four bytes in UTF-8, six and twelve letters where they are escaped.
        for letter in ("é", "😀", '"'):
            changes = {name: letter * size for name, size in sizes.items()}
            exchange = context.accepted(update(json.dumps(changes).encode()), role)
            for name, value in changes.items():
                _read_back(context, role, (name, value), exchange)


def test_further_parts_are_not_kept(context: Context) -> None:
    """Further keys of a date of birth are ignored."""
    birth = boundary_values.plain_object(context.contract.property_schema("dateOfBirth"))
    for role in context.roles():
        mark = context.marker(role)
        exchange = context.accepted(update({"dateOfBirth": {**birth, MORE: mark}}), role)
        read = context.accepted(fields("dateOfBirth"), role)
        for answer in (exchange, read):
            got = context.object(answer).get("dateOfBirth")
            if isinstance(got, dict) and got.get(MORE) == mark:
                context.find(
                    "update.ignored",
                    "updateProfile",
                    answer,
                    Text("a date of birth without {}", MORE),
                    exchange,
                    read,
                )


def test_several_wrong_fields(context: Context) -> None:
    """An update with several wrong fields is refused and changes nothing.

    Where the refusal gives details, it names all of them.
    """
    before = resources.profile(context, "primary")
    birth = context.contract.property_schema("dateOfBirth")
    bodies: list[dict[str, Any]] = [
        {"displayName": 5, "handle": "!", "biography": context.marker()},
        {"displayName": "", "handle": context.handle(), "biography": "x" * 501},
        {
            "displayName": context.marker(),
            "dateOfBirth": {**boundary_values.plain_object(birth), "month": 13, "day": 0},
        },
        {"dateOfBirth": {}, "biography": context.marker()},
        dict.fromkeys(FIELDS),
    ]
    for body in bodies:
        before = _refused(context, "primary", before, update(body))


@pytest.mark.parametrize("body", NOT_JSON, ids=repr)
def test_a_body_that_is_no_object(context: Context, body: bytes) -> None:
    """A body that is missing, not JSON or not an object is refused and changes nothing."""
    for role in context.roles():
        _refused(context, role, resources.profile(context, role), update(body))


@pytest.mark.parametrize("field", ["displayName", "handle", "biography"])
def test_lone_surrogates(context: Context, field: str) -> None:
    """Half a character is no text."""
    before = resources.profile(context, "primary")
    other = "biography" if field != "biography" else "handle"
    # Halves alone, beside letters and in the wrong order.
    for text in ("\ud800", "abc\udc00", "\ud83dabc", "\ude00\ud83d"):
        template = update({field: text, other: context.handle()})
        before = _refused(context, "primary", before, template)


@pytest.mark.parametrize("content_type", NOT_JSON_TYPES, ids=str)
def test_a_body_of_another_type(context: Context, content_type: str | None) -> None:
    """A body that is not `application/json` is refused and changes nothing."""
    before = resources.profile(context, "primary")
    template = update({"biography": context.marker()}).but(content_type=content_type)
    _refused(context, "primary", before, template)


@pytest.mark.parametrize("content_type", JSON_TYPES)
def test_json_types(context: Context, content_type: str) -> None:
    """Parameters and the case of the media type do not matter (RFC 9110, 8.3.1)."""
    template = update({"biography": context.marker()}).but(content_type=content_type)
    context.accepted(template, rule="input.accepted")


def test_extremes(context: Context) -> None:
    """Deep, long and huge input is answered without failing.

    What stands before the target must not fail either.
    """
    token = context.target.sessions["primary"]
    container = resources.homes(context, "primary")[0] if context.target.containers else "main"
    # More than a float can hold.
    huge = b"9" * 400
    templates = [
        update(b'{"unknown": ' + b"[" * 3000 + b"]" * 3000 + b"}"),
        update(b'{"dateOfBirth": {"year": ' + huge + b', "month": 1, "day": 1}}'),
        update(b'{"unknown": 1e999}'),
        update(b'{"unknown": ' + b"9" * 5000 + b"}"),
        update({"biography": "x" * 100_000}),
        notifications(container, "9" * 400, 1),
        notifications(container, 1, "1" + "0" * 400),
        notifications("x" * 2000),
        public("x" * 2000, container),
        RequestTemplate("getProfile", query=(("fields", "handle"),) * 200),
        update({}).but(content_type="application/json; charset=nonsense"),
        update({}).but(content_type="application/json; ="),
    ]
    headers = ("Bearer t\u00f6ken", f"Bearer {token * 50}"[:4000], "Bearer " + "x" * 4000)
    calls = [context.request(template) for template in templates]
    calls += [context.request(fields("handle"), None, header) for header in headers]
    for request in calls:
        context.client.send(replace(request, extreme=True))


def _read_back(
    context: Context,
    role: str,
    sent: tuple[str, object],
    exchange: Exchange,
    before: object = None,
) -> object:
    """Judge that a value is read as it was sent, and return what was read."""
    name, value = sent
    read = context.accepted(fields(name), role)
    got = resources.profile_of(context, read, (name,))[name]
    if got != resources.plain(context, {name: value})[name]:
        # Neighbours look alike once they are cut, so that the value before tells nothing, but for
        # an empty text.
        rule = comparison.how_lost(value, before if value == "" else None, got)
        find_value(
            context,
            rule,
            name,
            (got, value),
            exchange,
            read,
        )
    return got


def _refused(
    context: Context,
    role: str,
    before: Profile,
    template: RequestTemplate,
) -> Profile:
    """Judge that an update is refused and changes nothing, and return the profile as it is then."""
    exchange = context.refused(template, role)
    if exchange.ok:
        return resources.profile(context, role)
    judged = ("update.all-or-nothing", "a refused update")
    return unchanged(
        context,
        role,
        before,
        exchange,
        judged,
    )
