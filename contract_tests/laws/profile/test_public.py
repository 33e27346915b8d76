"""Public profiles: of the user in the path, in a container where the user is a member, the same for every reader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from unicodedata import normalize

from contract_tests.api import resources
from contract_tests.api.context import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Context
from contract_tests.api.request_templates import fields, notifications, public
from contract_tests.checks.response_checks import SERVER_ERROR
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Status, Text, Value

if TYPE_CHECKING:
    from contract_tests.api.request_templates import RequestTemplate

STRANGE = ("no such user", "ünï-çødé", "a+b", "a%2Fb", "😀", "%", "'", "a" * 300)
WORDS = ("..", "null", "undefined", "0", "me", "self", "current")
CONTAINERS = ("no-such-container", "ünï", "😀", "a/b", "a&b", "it's", '"', "a;b", "a\\b", "100%")
NOWHERE = "no-such-container"
SHOWN = ("username", "displayName", "handle", "biography")
WIDE = 0xFEE0  # from a plain letter to its full-width form


def test_members_have_one(context: Context) -> None:
    """A public profile shows that user, without the date of birth, and the same to every reader."""
    for name, container in resources.members(context):
        seen = {}
        for role in context.roles():
            exchange = context.send(public(name, container), role)
            body = context.body(exchange)
            if exchange.refused:
                context.find(
                    "public.any-reader",
                    "getPublicProfile",
                    exchange,
                    "the public profile, as for the other reader",
                )
            if not exchange.ok or not isinstance(body, dict):
                continue
            if body.get("username", name) != name:
                context.find(
                    "public.who", "getPublicProfile", exchange, Text("username {}", Value(name))
                )
            if "dateOfBirth" in body:
                context.find("public.private", "getPublicProfile", exchange, "no dateOfBirth")
            seen[role] = {key: body.get(key) for key in SHOWN}
        if len({str(value) for value in seen.values()}) > 1:
            context.find(
                "public.any-reader",
                "getPublicProfile",
                Value(seen),
                "the same for every reader",
                exchange,
            )


def test_every_name_is_known(context: Context) -> None:
    """A name of the target file that is found nowhere tests nothing; said once for each."""
    found = resources.members(context)
    here = {container for role in context.roles() for container in _homes(context, role)}
    for name in context.target.usernames:
        if name not in {user for user, _ in found}:
            context.collector.not_judged(
                f"the user {name}", "no container of the target has a public profile of that name"
            )
    for container in context.target.containers:
        if container not in here | {home for _, home in found}:
            context.collector.not_judged(
                f"the container {container}",
                "no session's user and no known user is a member of it",
            )


def _homes(context: Context, role: str) -> tuple[str, ...]:
    try:
        return resources.homes(context, role)
    except NotJudgedError:
        return ()


def test_others_have_their_own(context: Context) -> None:
    """Public and own profile of each session's user agree."""
    for role in context.roles():
        own = resources.profile(context, role)
        for container in resources.own_homes(context, role):
            exchange = context.accepted(public(own["username"], container), role)
            body = context.object(exchange)
            shared = resources.plain(context, {key: body[key] for key in own if key in body})
            if any(own[key] is not None and own[key] != value for key, value in shared.items()):
                context.find("public.who", "getPublicProfile", exchange, Value(own))


def test_unknown_names(context: Context) -> None:
    """Unknown users and containers are 404 for every reader."""
    name, container = resources.members(context)[0]
    known = context.body(context.send(public(name, container)))
    salt = f"{context.random('unknown').getrandbits(32):08x}"
    for role in context.roles():
        for other in STRANGE:
            _not_found(context, public(other + salt, container), role)
        for other in WORDS:
            if other not in resources.usernames(context):
                _not_found(context, public(other, container), role, known)
        for other in CONTAINERS:
            _not_found(context, public(name, other + salt), role)
            _not_found(context, notifications(other + salt), role)


def test_handles_are_not_names(context: Context) -> None:
    """A public profile is found by the username and by nothing else of a user."""
    for role in context.roles():
        handle = context.handle(role)
        resources.set_profile(context, role, handle=handle)
        for container in resources.own_homes(context, role):
            body = context.body(context.send(public(resources.username(context, role), container)))
            for other in (handle, f"@{handle}"):
                _not_found(context, public(other, container), role, body)


def test_similar_names(context: Context) -> None:
    """Names that resemble known ones are other names: no folding, trimming, normalising or wildcards."""
    pairs = dict(reversed(resources.members(context)))
    for name, container in pairs.items():
        body = context.body(context.send(public(name, container)))
        for other in like(name):
            if other not in resources.usernames(context):
                _not_found(context, public(other, container), "primary", body)
        for other in (f"{name}/x", f"{name}\u0000"):
            _nobody(context, public(other, container), body)
    user_of = {container: name for name, container in reversed(resources.members(context))}
    for container, name in user_of.items():
        for other in (
            *like(container),
            f"{container}\u0000",
            f"{container},{NOWHERE}",
            f"{NOWHERE},{container}",
        ):
            if other in context.target.containers or not all(
                _not_found(context, notifications(other), role) for role in context.roles()
            ):
                continue
            for role in context.roles():
                _not_found(context, public(name, other), role)


def test_encoding_does_not_matter(context: Context) -> None:
    """Percent-encoding of a plain character changes nothing (RFC 3986, 2.3)."""
    name, container = resources.members(context)[0]
    encoded = "".join(f"%{byte:02x}" for byte in name.encode(errors="backslashreplace"))
    query = "containerId=" + _percent(container)
    templates = [
        public(name, container).but(raw_username=encoded),
        public(name, container).but(raw_query=query),
    ]
    templates += [
        notifications(home).but(raw_query=f"containerId={_percent(home)}")
        for home in resources.homes(context, "primary")
    ]
    templates += [fields("handle").but(raw_query=f"fields={_percent('handle')}")]
    for template in templates:
        context.accepted(template, rule="input.accepted")


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_membership_is_one(context: Context) -> None:
    """A container shows its notifications to those who have a public profile in it, and to nobody else."""
    for role in context.roles():
        members = resources.own_homes(context, role)
        for container in context.target.containers:
            exchange = context.send(notifications(container), role)
            member = container in members
            if exchange.status in (200, NOT_FOUND) and exchange.ok != member:
                context.find(
                    "pages.membership",
                    "listNotifications",
                    exchange,
                    Status(200, "for a member")
                    if member
                    else Status(NOT_FOUND, "for who is not a member"),
                )


def like(name: str) -> list[str]:
    """Return names that resemble this one."""
    middle = len(name) // 2
    others = [
        *(name.upper(), name.lower(), name.capitalize(), name.swapcase()),
        *(f"@{name}", name[:-1], name + "x", name + " ", " " + name, name + ".", name + "\t"),
        *(name + "\u0301", name + "\u200b", f"{name};x", f"%{ord(name[0]):02x}{name[1:]}"),
        *(
            "*",
            "%",
            "_" * len(name),
            name + "%",
            name[:1] + "%",
            "_" + name[1:],
            name[:middle] + "_" + name[middle + 1 :],
        ),
        *(normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")),
        "".join(chr(ord(letter) + WIDE) if "!" <= letter <= "~" else letter for letter in name),
    ]
    return [other for other in dict.fromkeys(others) if other and other != name]


def _not_found(
    context: Context, template: RequestTemplate, role: str, known: object = None
) -> bool:
    """Judge the answer about a name that is not there, unless it is after all: then False.

    `known` is the profile that the answer must not be mistaken for.
    """
    exchange = context.send(template, role)
    if exchange.ok and _is_another(context.body(exchange), known, template):
        return False
    if exchange.ok or (
        exchange.status not in (NOT_FOUND, BAD_REQUEST, UNAUTHORIZED)
        and 0 < exchange.status < SERVER_ERROR
    ):
        rule = (
            "public.not-found" if template.operation == "getPublicProfile" else "pages.membership"
        )
        context.find(
            rule,
            template.operation,
            exchange,
            Status(NOT_FOUND, "there is no such thing"),
        )
    elif exchange.status == BAD_REQUEST and template.username.isalnum():
        context.find(
            "public.not-found",
            template.operation,
            exchange,
            Status(NOT_FOUND, "there is no such thing"),
        )
    return True


def _nobody(context: Context, template: RequestTemplate, known: object) -> None:
    """Judge a name that what stands before a target may refuse in a form of its own: only that nobody is found by it."""
    request = context.request(template)
    exchange = context.client.send(replace(request, extreme=True))
    if exchange.ok and not _is_another(context.body(exchange), known, template):
        context.find(
            "public.not-found",
            template.operation,
            exchange,
            Status(NOT_FOUND, "there is no such thing"),
        )


def _is_another(body: object, known: object, template: RequestTemplate) -> bool:
    """Whether there is such a user or container, unknown as it was: it has that very name and is not the known one."""
    if not isinstance(body, dict):
        return False
    if isinstance(known, dict):
        told = [(body.get(key), known.get(key)) for key in SHOWN[1:]]
        nobody_can_tell = not any(value for pair in told for value in pair)
        return body.get("username") == template.username and (
            nobody_can_tell or any(one != other for one, other in told)
        )
    items = body.get("items") if template.operation == "listNotifications" else None
    names = (
        {str(item.get("containerId")) for item in items if isinstance(item, dict)}
        if isinstance(items, list)
        else set()
    )
    return len(names) == 1 and ("containerId", names.pop()) in template.query
