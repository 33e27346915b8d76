"""Public profiles: of the user in the path, in a container of that user, for every reader."""

from __future__ import annotations

from contextlib import suppress
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
    from contract_tests.api.context import Profile
    from contract_tests.api.request_templates import RequestTemplate
    from contract_tests.http.messages import Exchange

# Names that nobody has, with characters that URLs and databases treat in their own way.
STRANGE = ("no such user", "ünï-çødé", "a+b", "a%2Fb", "😀", "%", "'", "a" * 300)
# Words to which a router or a programming language may give a meaning.
WORDS = ("..", "null", "undefined", "0", "me", "self", "current")
CONTAINERS = ("no-such-container", "ünï", "😀", "a/b", "a&b", "it's", '"', "a;b", "a\\b", "100%")
NOWHERE = "no-such-container"
PUBLIC = "getPublicProfile"
# What a public profile may show.
SHOWN = ("username", "displayName", "handle", "biography")
# From a plain letter to its full-width form.
WIDE = 0xFEE0


def test_members_have_one(context: Context) -> None:
    """A public profile shows that user, without the date of birth, and the same to every reader."""
    for name, container in resources.members(context):
        seen = {}
        for role in context.roles():
            exchange = context.send(public(name, container), role)
            if exchange.refused:
                expected = "the public profile, as for the other reader"
                context.find("public.any-reader", PUBLIC, exchange, expected)
            body = context.object(exchange) if exchange.ok else {}
            if body:
                _judge_owner(context, name, exchange)
                seen[role] = {key: body.get(key) for key in SHOWN}
        if len(set(map(str, seen.values()))) > 1:
            context.find(
                "public.any-reader",
                PUBLIC,
                Value(seen),
                "the same for every reader",
                exchange,
            )


def _judge_owner(context: Context, name: str, exchange: Exchange) -> None:
    body = context.object(exchange)
    # That it is missing is judged with the shape.
    if body.get("username", name) != name:
        context.find("public.who", PUBLIC, exchange, Text("username {}", Value(name)))
    if "dateOfBirth" in body:
        context.find("public.private", PUBLIC, exchange, "no dateOfBirth")


def test_every_name_is_known(context: Context) -> None:
    """A name of the target file that is found nowhere tests nothing; noted once for each."""
    members = resources.members(context)
    users = {user for user, _ in members}
    containers = {home for _, home in members}
    for role in context.roles():
        with suppress(NotJudgedError):
            containers.update(resources.homes(context, role))
    for name in context.target.usernames:
        if name not in users:
            why = "no container of the target has a public profile of that name"
            context.collector.not_judged(f"the user {name}", why)
    for name in context.target.containers:
        if name not in containers:
            why = "no session's user and no known user is a member of it"
            context.collector.not_judged(f"the container {name}", why)


def test_others_have_their_own(context: Context) -> None:
    """Public and own profile of each session's user agree."""
    for role in context.roles():
        own = resources.profile(context, role)
        for container in resources.own_homes(context, role):
            exchange = context.accepted(public(own["username"], container), role)
            if not _agrees(context, own, context.object(exchange)):
                context.find("public.who", PUBLIC, exchange, Value(own))


def _agrees(context: Context, own: Profile, body: Profile) -> bool:
    shared = resources.plain(context, {key: body[key] for key in own if key in body})
    # What its user never set may be shown in any way.
    return all(own[key] in (None, value) for key, value in shared.items())


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
        name = resources.username(context, role)
        for container in resources.own_homes(context, role):
            body = context.body(context.send(public(name, container)))
            for other in (handle, f"@{handle}"):
                _not_found(context, public(other, container), role, body)


def test_similar_names(context: Context) -> None:
    """Names that resemble known ones are other names: no folding, trimming or wildcards."""
    # One container for each user; the first of them where there are several.
    for name, container in dict(reversed(resources.members(context))).items():
        body = context.body(context.send(public(name, container)))
        for other in like(name):
            if other not in resources.usernames(context):
                _not_found(context, public(other, container), "primary", body)
        for other in (f"{name}/x", f"{name}\u0000"):
            _nobody(context, public(other, container), body)
    _similar_containers(context)


def _similar_containers(context: Context) -> None:
    user_of = {container: name for name, container in reversed(resources.members(context))}
    for container, name in user_of.items():
        lists = [f"{container},{NOWHERE}", f"{NOWHERE},{container}"]
        for other in (*like(container), f"{container}\u0000", *lists):
            if other not in context.target.containers:
                _no_container(context, name, other)


def _no_container(
    context: Context,
    username: str,
    container: str,
) -> None:
    template = notifications(container)
    if all(_not_found(context, template, role) for role in context.roles()):
        for role in context.roles():
            _not_found(context, public(username, container), role)


def test_encoding_does_not_matter(context: Context) -> None:
    """Percent-encoding of a plain character changes nothing (RFC 3986, 2.3)."""
    name, container = resources.members(context)[0]
    encoded = "".join(f"%{byte:02x}" for byte in name.encode(errors="backslashreplace"))
    templates = [
        public(name, container).but(raw_username=encoded),
        public(name, container).but(raw_query=_percent("containerId", container)),
        fields("handle").but(raw_query=_percent("fields", "handle")),
    ]
    templates += [
        notifications(home).but(raw_query=_percent("containerId", home))
        for home in resources.homes(context, "primary")
    ]
    for template in templates:
        context.accepted(template, rule="input.accepted")


def _percent(name: str, value: str) -> str:
    encoded = "".join(f"%{byte:02X}" for byte in value.encode())
    return f"{name}={encoded}"


def test_membership_is_one(context: Context) -> None:
    """A container shows its notifications to those who have a public profile in it only."""
    for role in context.roles():
        members = resources.own_homes(context, role)
        for container in context.target.containers:
            exchange = context.send(notifications(container), role)
            is_member = container in members
            expected = Status(NOT_FOUND, "for who is not a member")
            if is_member:
                expected = Status(200, "for a member")
            if exchange.status in (200, NOT_FOUND) and exchange.ok != is_member:
                context.find("pages.membership", "listNotifications", exchange, expected)


def like(name: str) -> list[str]:
    """Return names that resemble this one."""
    middle = len(name) // 2
    wide = [chr(ord(letter) + WIDE) if "!" <= letter <= "~" else letter for letter in name]
    others = (
        name.upper(),
        name.lower(),
        name.capitalize(),
        name.swapcase(),
        f"@{name}",
        name[:-1],
        f"{name}x",
        f"{name} ",
        f" {name}",
        f"{name}.",
        f"{name}\t",
        f"{name}\u0301",
        f"{name}\u200b",
        f"{name};x",
        # The first letter, encoded once more.
        f"%{ord(name[0]):02x}{name[1:]}",
        # Wildcards of files and of SQL.
        "*",
        "%",
        "_" * len(name),
        f"{name}%",
        f"{name[:1]}%",
        f"_{name[1:]}",
        f"{name[:middle]}_{name[middle + 1 :]}",
        *(normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")),
        "".join(wide),
    )
    return [other for other in dict.fromkeys(others) if other and other != name]


def _not_found(
    context: Context,
    template: RequestTemplate,
    role: str,
    known: object = None,
) -> bool:
    """Judge the answer about a name that is not there, unless it is after all: then False.

    `known` is the profile that the answer must not be mistaken for.
    """
    exchange = context.send(template, role)
    status = exchange.status
    if exchange.ok and _is_another(context.body(exchange), known, template):
        return False
    is_public = template.operation == PUBLIC
    if status == BAD_REQUEST:
        # A name in another form may be refused as such.
        is_wrong = template.username.isalnum()
    else:
        is_wrong = exchange.ok or status not in (0, NOT_FOUND, UNAUTHORIZED)
    if is_wrong and status < SERVER_ERROR:
        _find(context, "public.not-found" if is_public else "pages.membership", exchange)
    return True


def _find(
    context: Context,
    rule: str,
    exchange: Exchange,
) -> None:
    expected = Status(NOT_FOUND, "there is no such thing")
    context.find(rule, exchange.request.operation, exchange, expected)


def _nobody(
    context: Context,
    template: RequestTemplate,
    known: object,
) -> None:
    """Judge that nobody is found by a name.

    What stands before a target may refuse such a name in a form of its own.
    """
    request = replace(context.request(template), extreme=True)
    exchange = context.client.send(request)
    if exchange.ok and not _is_another(context.body(exchange), known, template):
        _find(context, "public.not-found", exchange)


def _is_another(
    body: object,
    known: object,
    template: RequestTemplate,
) -> bool:
    """Whether there is such a user or container, unknown as it was.

    It has that very name and is not the known one.
    """
    if not isinstance(body, dict):
        return False
    if isinstance(known, dict):
        own, others = ([each.get(key) for key in SHOWN[1:]] for each in (body, known))
        nobody_can_tell = not any((*own, *others))
        return body.get("username") == template.username and (nobody_can_tell or own != others)
    is_list = template.operation == "listNotifications"
    return is_list and _is_of_container(body.get("items"), template)


def _is_of_container(items: object, template: RequestTemplate) -> bool:
    if not isinstance(items, list):
        return False
    names = {str(item.get("containerId")) for item in items if isinstance(item, dict)}
    return len(names) == 1 and ("containerId", names.pop()) in template.query
