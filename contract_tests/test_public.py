"""Public profiles: of the user in the path, in a container where the user is a member, the same for every reader."""

from __future__ import annotations

from contract_tests import state
from contract_tests.answers import SERVER_ERROR
from contract_tests.lab import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Ask, Lab, public

STRANGE = ("no such user", "ünï-çødé", "a+b", "a%2Fb", "😀", "..", "%", "'", "null", "0", "a" * 300)


def test_members_have_one(lab: Lab) -> None:
    """A public profile shows that user, without the date of birth, and the same to every reader."""
    for name, container in state.members(lab):
        seen = {}
        for who in lab.roles():
            exchange = lab.accepted(public(name, container), who)
            body = lab.body(exchange)
            if not isinstance(body, dict):
                continue
            if body.get("username", name) != name:
                lab.find("public.who", "getPublicProfile", exchange.shown(), f"username {name!r}", exchange)
            if "dateOfBirth" in body:
                lab.find("public.private", "getPublicProfile", exchange.shown(), "no dateOfBirth", exchange)
            seen[who] = {key: body.get(key) for key in ("username", "displayName", "handle", "biography")}
        if len({str(value) for value in seen.values()}) > 1:
            lab.find("public.any-reader", "getPublicProfile", str(seen), "the same for every reader", exchange)


def test_others_have_their_own(lab: Lab) -> None:
    """Public and own profile of each session's user agree."""
    for who in lab.roles():
        own = state.profile(lab, who)
        for container in state.own_homes(lab, who):
            exchange = lab.accepted(public(own["username"], container), who)
            body = lab.body(exchange)
            shared = {key: body[key] for key in own if key in body} if isinstance(body, dict) else {}
            if any(own[key] != value for key, value in shared.items()):
                lab.find("update.public", "getPublicProfile", exchange.shown(), str(own), exchange)


def test_unknown_names(lab: Lab) -> None:
    """Unknown users and containers are 404 for every reader, however much they resemble known ones."""
    name, container = state.members(lab)[0]
    known = {*state.usernames(lab), *lab.target.containers}
    for who in lab.roles():
        for other in (*STRANGE, *like(name)):
            if other not in known:
                _not_found(lab, public(other, container), who)
        for other in ("no-such-container", "ünï", "😀", "a/b", "a&b", *like(container)):
            if other not in known:
                _not_found(lab, public(name, other), who)
                _not_found(lab, Ask("listNotifications", query=(("containerId", other),)), who)


def test_encoding_does_not_matter(lab: Lab) -> None:
    """Percent-encoding of a plain character changes nothing (RFC 3986, 2.3)."""
    name, container = state.members(lab)[0]
    encoded = "".join(f"%{byte:02x}" for byte in name.encode())
    query = "containerId=" + "".join(f"%{byte:02X}" for byte in container.encode())
    for ask in (public(name, container).but(raw_username=encoded), public(name, container).but(raw_query=query)):
        lab.accepted(ask, rule="input.accepted")


def test_membership_is_one(lab: Lab) -> None:
    """A container shows its notifications to those who have a public profile in it, and to nobody else."""
    members = state.members(lab)
    for who in lab.roles():
        name = state.username(lab, who)
        for container in lab.target.containers:
            exchange = lab.ask(Ask("listNotifications", query=(("containerId", container),)), who)
            member = (name, container) in members
            if exchange.status in (200, NOT_FOUND) and exchange.ok != member:
                documented = "200 for a member" if member else "404 for who is not a member"
                lab.find("pages.membership", "listNotifications", exchange.shown(), documented, exchange)


def like(name: str) -> list[str]:
    """Answer names that resemble this one."""
    others = [
        name.upper(),
        name.capitalize(),
        name[:-1],
        name + "x",
        name + " ",
        " " + name,
        name + "\u0000",
        name + "\u0301",
        "*",
        "%",
    ]
    return [other for other in dict.fromkeys(others) if other and other != name]


def _not_found(lab: Lab, ask: Ask, who: str) -> None:
    exchange = lab.ask(ask, who)
    if exchange.ok or (exchange.status not in (NOT_FOUND, BAD_REQUEST, UNAUTHORIZED) and 0 < exchange.status < SERVER_ERROR):
        rule = "public.not-found" if ask.operation == "getPublicProfile" else "pages.membership"
        lab.find(rule, ask.operation, exchange.shown(), "404: there is no such thing", exchange)
    elif exchange.status == BAD_REQUEST and ask.username.isalnum():
        lab.find("public.not-found", ask.operation, exchange.shown(), "404: there is no such thing", exchange)
