"""Every bound of every input is exact on both sides, and a rejected update changes nothing, whichever field was wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.api import comparison, resources
from contract_tests.api.request_templates import Ask, fields, notifications, public, update
from contract_tests.checks import boundary_values
from contract_tests.laws._support import fresh
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Lab, Profile
    from contract_tests.http.messages import Exchange

FIELDS = contract.load().updatable
NOT_JSON = (
    *(
        b"",
        b"{",
        b"{'displayName': 'x'}",
        b'{"displayName": "x"',
        b'{"displayName": "x"} more',
        b"{displayName: 1}",
    ),
    *(
        b'{"displayName": "x",}',
        b'{"unknown": NaN}',
        b'{"biography": "\xff\xfe"}',
        b"displayName=x",
    ),
    *(b"null", b"[]", b'[{"displayName": "x"}]', b'"text"', b"5", b"true"),
)
NOT_JSON_TYPES = (
    None,
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/jsonx",
    "multipart/form-data",
)
MORE = "calendar"
JSON_TYPES = (
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "Application/JSON",
)


@pytest.mark.parametrize("name", FIELDS)
def test_at_the_bound(lab: Lab, name: str) -> None:
    """Valid values up to each bound are accepted and read back exactly."""
    schema = lab.contract.property_schema(name)
    for who in lab.roles():
        before = resources.profile(lab, who, name)[name]
        for value in boundary_values.good(name, schema, lab.handle(who, name)):
            exchange = lab.ask(update({name: value}), who)
            if not exchange.ok:
                documented = f"{name} accepted: {boundary_values.why_good(schema, value)}"
                lab.find(
                    "input.accepted",
                    "updateProfile",
                    exchange.shown(),
                    documented,
                    exchange,
                    field=name,
                )
                continue
            before = _read_back(lab, who, (name, value), exchange, before)
        # While one field holds values without a mark, the others show another run that this one is there.
        lab.ask(update({name: fresh(lab, name, who, "after")}), who)


@pytest.mark.parametrize("name", FIELDS)
def test_past_the_bound(lab: Lab, name: str) -> None:
    """Values past a bound or of a wrong type are refused, and nothing else of the same update is done."""
    schema = lab.contract.property_schema(name)
    for who in lab.roles():
        lab.ask(update({name: fresh(lab, name, who, "before")}), who)
        before = resources.profile(lab, who)
        for number, value in enumerate(boundary_values.bad(schema)):
            others = {other: fresh(lab, other, who, number) for other in FIELDS if other != name}
            body = {name: value, **others} if number % 2 else {**others, name: value}
            before = _nothing(lab, who, before, lab.refused(update(body), who))
            if number < lab.depth.repeats:
                before = _nothing(lab, who, before, lab.refused(update({name: value}), who))


def test_all_at_once(lab: Lab) -> None:
    """Every text at its largest in one update is accepted, also where each character is escaped in six letters or more."""
    for who in lab.roles():
        for letter in ("é", "😀", '"'):
            schemas = {
                name: lab.contract.property_schema(name) for name in ("displayName", "biography")
            }
            changes = {name: letter * schema["maxLength"] for name, schema in schemas.items()}
            exchange = lab.accepted(update(json.dumps(changes).encode()), who)
            for name, value in changes.items():
                _read_back(lab, who, (name, value), exchange)


def test_further_parts_are_not_kept(lab: Lab) -> None:
    """Further keys of a date of birth are ignored."""
    birth = boundary_values.plain_object(lab.contract.property_schema("dateOfBirth"))
    for who in lab.roles():
        exchange = lab.accepted(update({"dateOfBirth": {**birth, MORE: lab.marker(who)}}), who)
        read = lab.accepted(fields("dateOfBirth"), who)
        for answer in (exchange, read):
            got = lab.object(answer).get("dateOfBirth")
            if isinstance(got, dict) and got.get(MORE) == lab.marker(who):
                documented = f"a date of birth without {MORE}"
                lab.find(
                    "update.ignored", "updateProfile", answer.shown(), documented, exchange, read
                )


def test_several_wrong_fields(lab: Lab) -> None:
    """An update with several wrong fields is refused, names them all where it gives details, and changes nothing."""
    before = resources.profile(lab, "primary")
    birth = lab.contract.property_schema("dateOfBirth")
    bodies: list[dict[str, Any]] = [
        {"displayName": 5, "handle": "!", "biography": lab.marker()},
        {"displayName": "", "handle": lab.handle(), "biography": "x" * 501},
        {
            "displayName": lab.marker(),
            "dateOfBirth": {**boundary_values.plain_object(birth), "month": 13, "day": 0},
        },
        {"dateOfBirth": {}, "biography": lab.marker()},
        dict.fromkeys(FIELDS),
    ]
    for body in bodies:
        before = _nothing(lab, "primary", before, lab.refused(update(body)))


@pytest.mark.parametrize("body", NOT_JSON, ids=repr)
def test_a_body_that_is_no_object(lab: Lab, body: bytes) -> None:
    """A body that is missing, not JSON or not an object is refused and changes nothing."""
    for who in lab.roles():
        before = resources.profile(lab, who)
        _nothing(lab, who, before, lab.refused(update(body), who))


@pytest.mark.parametrize("field", ["displayName", "handle", "biography"])
def test_lone_surrogates(lab: Lab, field: str) -> None:
    """Half a character is no text."""
    before = resources.profile(lab, "primary")
    for text in ("\ud800", "abc\udc00", "\ud83dabc", "\ude00\ud83d"):
        before = _nothing(
            lab,
            "primary",
            before,
            lab.refused(
                update(
                    {field: text, "biography" if field != "biography" else "handle": lab.handle()}
                )
            ),
        )


@pytest.mark.parametrize("content_type", NOT_JSON_TYPES, ids=str)
def test_a_body_of_another_type(lab: Lab, content_type: str | None) -> None:
    """A body that is not `application/json` is refused and changes nothing."""
    before = resources.profile(lab, "primary")
    _nothing(
        lab,
        "primary",
        before,
        lab.refused(update({"biography": lab.marker()}).but(content_type=content_type)),
    )


@pytest.mark.parametrize("content_type", JSON_TYPES)
def test_json_types(lab: Lab, content_type: str) -> None:
    """Parameters and the case of the media type do not matter (RFC 9110, 8.3.1)."""
    lab.accepted(
        update({"biography": lab.marker()}).but(content_type=content_type), rule="input.accepted"
    )


def test_extremes(lab: Lab) -> None:
    """Deep, long and huge input is answered without failing, by whatever stands before the target too."""
    token = lab.target.sessions["primary"]
    container = resources.homes(lab, "primary")[0] if lab.target.containers else "main"
    huge = b"9" * 400
    asks = [
        update(b'{"unknown": ' + b"[" * 3000 + b"]" * 3000 + b"}"),
        update(b'{"dateOfBirth": {"year": ' + huge + b', "month": 1, "day": 1}}'),
        update(b'{"unknown": 1e999}'),
        update(b'{"unknown": ' + b"9" * 5000 + b"}"),
        update({"biography": "x" * 100_000}),
        notifications(container, "9" * 400, 1),
        notifications(container, 1, "1" + "0" * 400),
        notifications("x" * 2000),
        public("x" * 2000, container),
        Ask("getProfile", query=(("fields", "handle"),) * 200),
        update({}).but(content_type="application/json; charset=nonsense"),
        update({}).but(content_type="application/json; ="),
    ]
    headers = ("Bearer t\u00f6ken", f"Bearer {token * 50}"[:4000], "Bearer " + "x" * 4000)
    calls = [lab.call(ask) for ask in asks] + [
        lab.call(fields("handle"), None, header) for header in headers
    ]
    for call in calls:
        lab.client.send(replace(call, extreme=True))


def _read_back(
    lab: Lab, who: str, sent: tuple[str, object], exchange: Exchange, before: object = None
) -> object:
    name, value = sent
    read = lab.accepted(fields(name), who)
    got = resources.profile_of(lab, read, (name,))[name]
    if got != resources.plain(lab, {name: value})[name]:
        # Neighbours look alike once they are cut, so that the value before tells nothing, but for an empty text.
        rule = comparison.how_lost(value, before if value == "" else None, got)
        lab.find(
            rule, "updateProfile", f"{name} is {got!r}", f"{value!r}", exchange, read, field=name
        )
    return got


def _nothing(lab: Lab, who: str, before: Profile, exchange: Exchange) -> Profile:
    after = resources.profile(lab, who)
    if after != before and not exchange.ok:
        received = f"{exchange.status}, then {after}"
        lab.find(
            "update.all-or-nothing", "updateProfile", received, f"unchanged {before}", exchange
        )
    return after
