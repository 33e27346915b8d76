"""Public profiles: of the user in the path, in a container where the user is a member, the same for every reader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from unicodedata import normalize

from contract_tests.api import resources
from contract_tests.api.context import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Lab
from contract_tests.api.request_templates import fields, notifications, public
from contract_tests.checks.response_checks import SERVER_ERROR
from contract_tests.exceptions import NotJudgedError

if TYPE_CHECKING:
    from contract_tests.api.request_templates import Ask

STRANGE = ("no such user", "ünï-çødé", "a+b", "a%2Fb", "😀", "%", "'", "a" * 300)
WORDS = ("..", "null", "undefined", "0", "me", "self", "current")
CONTAINERS = ("no-such-container", "ünï", "😀", "a/b", "a&b", "it's", '"', "a;b", "a\\b", "100%")
NOWHERE = "no-such-container"
SHOWN = ("username", "displayName", "handle", "biography")
WIDE = 0xFEE0  # from a plain letter to its full-width form


def test_members_have_one(lab: Lab) -> None:
    """A public profile shows that user, without the date of birth, and the same to every reader."""
    for name, container in resources.members(lab):
        seen = {}
        for who in lab.roles():
            exchange = lab.ask(public(name, container), who)
            body = lab.body(exchange)
            if exchange.refused:
                documented = "the public profile, as for the other reader"
                lab.find(
                    "public.any-reader", "getPublicProfile", exchange.shown(), documented, exchange
                )
            if not exchange.ok or not isinstance(body, dict):
                continue
            if body.get("username", name) != name:
                lab.find(
                    "public.who",
                    "getPublicProfile",
                    exchange.shown(),
                    f"username {name!r}",
                    exchange,
                )
            if "dateOfBirth" in body:
                lab.find(
                    "public.private",
                    "getPublicProfile",
                    exchange.shown(),
                    "no dateOfBirth",
                    exchange,
                )
            seen[who] = {key: body.get(key) for key in SHOWN}
        if len({str(value) for value in seen.values()}) > 1:
            lab.find(
                "public.any-reader",
                "getPublicProfile",
                str(seen),
                "the same for every reader",
                exchange,
            )


def test_every_name_is_known(lab: Lab) -> None:
    """A name of the target file that is found nowhere tests nothing; said once for each."""
    found = resources.members(lab)
    here = {container for who in lab.roles() for container in _homes(lab, who)}
    for name in lab.target.usernames:
        if name not in {user for user, _ in found}:
            lab.ledger.not_judged(
                f"the user {name}", "no container of the target has a public profile of that name"
            )
    for container in lab.target.containers:
        if container not in here | {home for _, home in found}:
            lab.ledger.not_judged(
                f"the container {container}",
                "no session's user and no known user is a member of it",
            )


def _homes(lab: Lab, who: str) -> tuple[str, ...]:
    try:
        return resources.homes(lab, who)
    except NotJudgedError:
        return ()


def test_others_have_their_own(lab: Lab) -> None:
    """Public and own profile of each session's user agree."""
    for who in lab.roles():
        own = resources.profile(lab, who)
        for container in resources.own_homes(lab, who):
            exchange = lab.accepted(public(own["username"], container), who)
            body = lab.object(exchange)
            shared = resources.plain(lab, {key: body[key] for key in own if key in body})
            if any(own[key] is not None and own[key] != value for key, value in shared.items()):
                lab.find("public.who", "getPublicProfile", exchange.shown(), str(own), exchange)


def test_unknown_names(lab: Lab) -> None:
    """Unknown users and containers are 404 for every reader."""
    name, container = resources.members(lab)[0]
    known = lab.body(lab.ask(public(name, container)))
    salt = f"{lab.random('unknown').getrandbits(32):08x}"
    for who in lab.roles():
        for other in STRANGE:
            _not_found(lab, public(other + salt, container), who)
        for other in WORDS:
            if other not in resources.usernames(lab):
                _not_found(lab, public(other, container), who, known)
        for other in CONTAINERS:
            _not_found(lab, public(name, other + salt), who)
            _not_found(lab, notifications(other + salt), who)


def test_handles_are_not_names(lab: Lab) -> None:
    """A public profile is found by the username and by nothing else of a user."""
    for who in lab.roles():
        handle = lab.handle(who)
        resources.set_profile(lab, who, handle=handle)
        for container in resources.own_homes(lab, who):
            body = lab.body(lab.ask(public(resources.username(lab, who), container)))
            for other in (handle, f"@{handle}"):
                _not_found(lab, public(other, container), who, body)


def test_similar_names(lab: Lab) -> None:
    """Names that resemble known ones are other names: no folding, trimming, normalising or wildcards."""
    pairs = dict(reversed(resources.members(lab)))
    for name, container in pairs.items():
        body = lab.body(lab.ask(public(name, container)))
        for other in like(name):
            if other not in resources.usernames(lab):
                _not_found(lab, public(other, container), "primary", body)
        for other in (f"{name}/x", f"{name}\u0000"):
            _nobody(lab, public(other, container), body)
    user_of = {container: name for name, container in reversed(resources.members(lab))}
    for container, name in user_of.items():
        for other in (
            *like(container),
            f"{container}\u0000",
            f"{container},{NOWHERE}",
            f"{NOWHERE},{container}",
        ):
            if other in lab.target.containers or not all(
                _not_found(lab, notifications(other), who) for who in lab.roles()
            ):
                continue
            for who in lab.roles():
                _not_found(lab, public(name, other), who)


def test_encoding_does_not_matter(lab: Lab) -> None:
    """Percent-encoding of a plain character changes nothing (RFC 3986, 2.3)."""
    name, container = resources.members(lab)[0]
    encoded = "".join(f"%{byte:02x}" for byte in name.encode(errors="backslashreplace"))
    query = "containerId=" + _percent(container)
    asks = [
        public(name, container).but(raw_username=encoded),
        public(name, container).but(raw_query=query),
    ]
    asks += [
        notifications(home).but(raw_query=f"containerId={_percent(home)}")
        for home in resources.homes(lab, "primary")
    ]
    asks += [fields("handle").but(raw_query=f"fields={_percent('handle')}")]
    for ask in asks:
        lab.accepted(ask, rule="input.accepted")


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_membership_is_one(lab: Lab) -> None:
    """A container shows its notifications to those who have a public profile in it, and to nobody else."""
    for who in lab.roles():
        members = resources.own_homes(lab, who)
        for container in lab.target.containers:
            exchange = lab.ask(notifications(container), who)
            member = container in members
            if exchange.status in (200, NOT_FOUND) and exchange.ok != member:
                documented = "200 for a member" if member else "404 for who is not a member"
                lab.find(
                    "pages.membership",
                    "listNotifications",
                    exchange.shown(),
                    documented,
                    exchange,
                    expected_status=200 if member else NOT_FOUND,
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


def _not_found(lab: Lab, ask: Ask, who: str, known: object = None) -> bool:
    """Judge the answer about a name that is not there, unless it is after all: then False.

    `known` is the profile that the answer must not be mistaken for.
    """
    exchange = lab.ask(ask, who)
    if exchange.ok and _is_another(lab.body(exchange), known, ask):
        return False
    if exchange.ok or (
        exchange.status not in (NOT_FOUND, BAD_REQUEST, UNAUTHORIZED)
        and 0 < exchange.status < SERVER_ERROR
    ):
        rule = "public.not-found" if ask.operation == "getPublicProfile" else "pages.membership"
        lab.find(
            rule,
            ask.operation,
            exchange.shown(),
            "404: there is no such thing",
            exchange,
            expected_status=NOT_FOUND,
        )
    elif exchange.status == BAD_REQUEST and ask.username.isalnum():
        lab.find(
            "public.not-found",
            ask.operation,
            exchange.shown(),
            "404: there is no such thing",
            exchange,
            expected_status=NOT_FOUND,
        )
    return True


def _nobody(lab: Lab, ask: Ask, known: object) -> None:
    """Judge a name that what stands before a target may refuse in a form of its own: only that nobody is found by it."""
    call = lab.call(ask)
    exchange = lab.client.send(replace(call, extreme=True))
    if exchange.ok and not _is_another(lab.body(exchange), known, ask):
        lab.find(
            "public.not-found",
            ask.operation,
            exchange.shown(),
            "404: there is no such thing",
            exchange,
            expected_status=NOT_FOUND,
        )


def _is_another(body: object, known: object, ask: Ask) -> bool:
    """Whether there is such a user or container, unknown as it was: it has that very name and is not the known one."""
    if not isinstance(body, dict):
        return False
    if isinstance(known, dict):
        told = [(body.get(key), known.get(key)) for key in SHOWN[1:]]
        nobody_can_tell = not any(value for pair in told for value in pair)
        return body.get("username") == ask.username and (
            nobody_can_tell or any(one != other for one, other in told)
        )
    items = body.get("items") if ask.operation == "listNotifications" else None
    names = (
        {str(item.get("containerId")) for item in items if isinstance(item, dict)}
        if isinstance(items, list)
        else set()
    )
    return len(names) == 1 and ("containerId", names.pop()) in ask.query
