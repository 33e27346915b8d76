"""Reads what a target holds: profiles, memberships, whole lists. A shape that is not ours is 'not judged'."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contract_tests.answers import SERVER_ERROR
from contract_tests.findings import NotJudgedError
from contract_tests.lab import (
    BAD_REQUEST,
    FULL_PAGE,
    NOT_FOUND,
    REFERRALS,
    UNAUTHORIZED,
    Ask,
    Item,
    Lab,
    Profile,
    fields,
    notifications,
    public,
    update,
)

if TYPE_CHECKING:
    from contract_tests.client import Exchange

MOST_PAGES = 100
SIZES = (FULL_PAGE, 50, 20, 10)


def profile(lab: Lab, who: str, *names: str) -> Profile:
    """Read fields of a profile, all of them if none is named; other keys of the answer are left out."""
    wanted = names or lab.contract.fields
    rule = "input.valid" if len(wanted) == 1 else "input.accepted"
    return profile_of(lab, lab.accepted(fields(*wanted), who, rule), wanted)


def profile_of(lab: Lab, exchange: Exchange, wanted: tuple[str, ...]) -> Profile:
    """Answer the wanted fields of an answer."""
    body = lab.body(exchange)
    missing = [name for name in wanted if not isinstance(body, dict) or name not in body]
    if missing:
        lab.find("projection.exact", exchange.call.operation, exchange.shown(), f"the keys {', '.join(wanted)}", exchange)
        raise NotJudgedError(f"{exchange.call.operation} answers in a shape of its own")
    if isinstance(body.get("dateOfBirth"), str):
        raise NotJudgedError(f"{exchange.call.operation} answers dateOfBirth in a shape of its own")
    return {name: body[name] for name in wanted}


def set_profile(lab: Lab, who: str, **changes: object) -> Exchange:
    """Change a profile; a refusal is a finding, of our bounds: the documentation gives none."""
    return lab.accepted(update(changes), who, "input.accepted")


def remember(lab: Lab) -> None:
    """Keep the profiles as they are, to be put back at the end."""
    for who in lab.roles():
        lab.once(f"before {who}", lambda who=who: profile(lab, who))
    names = [own_username(lab, who) for who in lab.roles()]
    if len(names) > 1 and names[0] is not None and names[0] == names[1]:
        lab.ledger.not_judged("what two users have to do with each other", "primary and secondary are sessions of one user")
        sessions = {role: token for role, token in lab.target.sessions.items() if role != "secondary"}
        lab.target = replace(lab.target, sessions=sessions)


def restore(lab: Lab) -> None:
    """Put the profiles back as far as possible: what was never set cannot be unset."""
    for who in lab.roles():
        before = lab.once(f"before {who}", dict)
        changes = {key: before[key] for key in lab.contract.updatable if before.get(key) is not None}
        if changes:
            lab.ask(update(changes), who)


def username(lab: Lab, who: str) -> str:
    """The user that a session belongs to."""
    name = lab.once(f"username {who}", lambda: profile(lab, who, "username")["username"])
    if not isinstance(name, str) or not name:
        raise NotJudgedError("getProfile answers in a shape of its own")
    return name


def usernames(lab: Lab) -> tuple[str, ...]:
    """All users that are known: those of the target and those of the sessions."""
    own = [own_username(lab, who) for who in lab.roles()]
    return tuple(dict.fromkeys([*filter(None, own), *lab.target.usernames]))


def own_username(lab: Lab, who: str) -> str | None:
    """The user that a session belongs to, or None where the target's shape does not tell."""
    try:
        return username(lab, who)
    except NotJudgedError:
        return None


def homes(lab: Lab, who: str) -> tuple[str, ...]:
    """The containers of which the session's user is a member, as its own calls show."""
    if not lab.target.containers:
        raise NotJudgedError("the target gives no containers")
    found: tuple[str, ...] = lab.once(f"homes {who}", lambda: _homes(lab, who))
    if not found:
        raise NotJudgedError(f"the session {who} is a member of none of the target's containers")
    return found


def _homes(lab: Lab, who: str) -> tuple[str, ...]:
    found = []
    for container in lab.target.containers:
        exchange = lab.ask(notifications(container), who)
        if exchange.ok or exchange.status != NOT_FOUND:
            found.append(container)
    return tuple(found)


def members(lab: Lab) -> tuple[tuple[str, str], ...]:
    """Pairs of user and container that have a public profile."""
    if not lab.target.containers:
        raise NotJudgedError("the target gives no containers")
    found: tuple[tuple[str, str], ...] = lab.once("members", lambda: _members(lab))
    if not found:
        raise NotJudgedError("no known user has a public profile in the target's containers")
    return found


def _members(lab: Lab) -> tuple[tuple[str, str], ...]:
    pairs = [(name, container) for name in usernames(lab) for container in lab.target.containers]
    return tuple(pair for pair in pairs if lab.ask(public(*pair)).ok)


def own_homes(lab: Lab, who: str) -> tuple[str, ...]:
    """The containers in which the session's user has a public profile."""
    name = username(lab, who)
    return tuple(container for member, container in members(lab) if member == name)


def items_of(lab: Lab, exchange: Exchange) -> list[Item]:
    """Answer the items of a list's answer."""
    body = lab.body(exchange)
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotJudgedError(f"{exchange.call.operation} answers in a shape of its own")
    return [_known(lab, exchange.call.operation, item) for item in items]


def page(lab: Lab, who: str, container: str, number: object = None, limit: object = None) -> tuple[Exchange, list[Item]]:
    """Read one page."""
    plain = limit is None and number in (None, 1)
    exchange = lab.accepted(notifications(container, number, limit), who, "input.valid" if plain else "input.accepted")
    return exchange, items_of(lab, exchange)


def page_size(lab: Lab, who: str, container: str) -> int:
    """The largest of some sizes that the target takes: that 100 is too much for it is judged elsewhere."""

    def learn() -> int:
        return next((size for size in SIZES if _holds(lab, who, container, size)), FULL_PAGE)

    size: int = lab.once("page size", learn)
    return size


def _holds(lab: Lab, who: str, container: str, size: int) -> bool:
    """Whether pages of this size are taken, and full while there are more items."""
    first, second = (lab.ask(notifications(container, number, size), who) for number in (1, 2))
    if not first.ok:
        return False
    return len(items_of(lab, first)) >= size or not second.ok or not items_of(lab, second)


def whole(lab: Lab, who: str, container: str, size: int = 0) -> list[Item]:
    """Read all notifications of a container, page by page until one is empty."""
    limit = size or page_size(lab, who, container)
    exchange, found = page(lab, who, container, 1, limit)
    for number in range(2, MOST_PAGES + 1):
        total = lab.body(exchange).get("total")
        exchange = lab.ask(notifications(container, number, limit), who)
        if not exchange.ok:
            _ended(lab, exchange)
            break
        items = items_of(lab, exchange)
        if items and len(found) < limit * (number - 1):
            shown = f"{len(items)} items on page {number} of {limit} after {len(found)} items on those before"
            lab.find("pages.size", exchange.call.operation, shown, "full pages before it", exchange)
        if not items:
            break
        found += items
        if len(found) == total and len(items) < limit:
            break
    else:
        if not size:
            raise NotJudgedError(f"the session {who} has more than {MOST_PAGES * limit} notifications in {container}")
    return found


def _ended(lab: Lab, exchange: Exchange) -> None:
    """A refused page past the end is no loss of items; that it is refused breaks a decision of ours only."""
    if BAD_REQUEST <= exchange.status < SERVER_ERROR and exchange.status != UNAUTHORIZED:
        lab.find("pages.past-end", exchange.call.operation, exchange.shown(), "200 with no items", exchange)


def inbox(lab: Lab, who: str) -> dict[str, list[Item]]:
    """Read all notifications of a user by container."""
    return {container: whole(lab, who, container) for container in homes(lab, who)}


def referrals(lab: Lab, who: str) -> tuple[Exchange, list[Item]]:
    """Read the referrals."""
    exchange = lab.accepted(REFERRALS, who)
    return exchange, items_of(lab, exchange)


def valid(lab: Lab, operation: str, who: str) -> Ask:
    """A valid request for the operation; what it writes is told from everything else by its marker."""
    match operation:
        case "getProfile":
            return fields("handle", "displayName")
        case "updateProfile":
            return update({"biography": lab.marker("valid", who)})
        case "getPublicProfile":
            return public(*next((pair for pair in members(lab) if pair[0] == own_username(lab, who)), members(lab)[0]))
        case "listNotifications":
            return notifications(homes(lab, who)[0])
    return Ask(operation)


def _known(lab: Lab, operation: str, item: Item) -> Item:
    view = lab.contract.full
    name = {"listNotifications": "Notification", "listReferrals": "Referral"}[operation]
    known: dict[str, Any] = view.document["components"]["schemas"][name]["properties"]
    kept = {key: item[key] for key in known if key in item}
    if "id" not in kept and operation == "listNotifications":
        raise NotJudgedError(f"{operation} answers in a shape of its own")
    return kept
