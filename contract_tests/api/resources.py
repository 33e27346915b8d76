"""Reads what a target holds: profiles and memberships. A shape that is not ours is 'not judged'."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from contract_tests.api import run_marks
from contract_tests.api.context import NOT_FOUND, Lab, Profile
from contract_tests.api.request_templates import Ask, fields, notifications, public, update
from contract_tests.exceptions import BusyError, NotJudgedError, StoppedError

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange


JSON_TYPES: dict[object, type] = {"string": str, "object": dict, "array": list, "boolean": bool}
NOT_PUT_BACK = "an earlier run of the gate has not put it back"
PERHAPS_NOT = (
    "an earlier run of the gate has not put back everything, and what it wrote there has no mark"
)
UNREAD = "it cannot be read in a form that can be written back"
UNKNOWN = "the target could not be asked whether it is as it was"
OF_ANOTHER = "another run of the gate writes to it now"
NEVER_SET = "it was never set, and cannot be unset"
REFUSED = "the target did not take the old value again"


class OwnShape:
    """Stands for a date of birth in a shape of the target's own, which cannot be compared with what was sent."""

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "a date in a shape of the target's own"


def profile(lab: Lab, who: str, *names: str) -> Profile:
    """Read fields of a profile, all of them if none is named; other keys of the answer are left out."""
    wanted = names or lab.contract.fields
    return profile_of(lab, lab.accepted(fields(*wanted), who), wanted)


def profile_of(lab: Lab, exchange: Exchange, wanted: tuple[str, ...]) -> Profile:
    """Return the wanted fields of an answer."""
    return plain(lab, answered(lab, exchange, wanted))


def answered(lab: Lab, exchange: Exchange, wanted: tuple[str, ...]) -> Profile:
    """Return the wanted fields of an answer as they are."""
    body = lab.body(exchange)
    missing = [name for name in wanted if not isinstance(body, dict) or name not in body]
    if missing:
        lab.find(
            "projection.exact",
            exchange.call.operation,
            exchange.shown(),
            f"the keys {', '.join(wanted)}",
            exchange,
        )
        raise NotJudgedError(f"{exchange.call.operation} answers in a shape of its own")
    return {name: body[name] for name in wanted}


def plain(lab: Lab, values: Profile) -> Profile:
    """Return the values without what a target may add to the parts of a date of birth, or to have instead of them."""
    birth = values.get("dateOfBirth")
    if birth is None:
        return values
    known = lab.contract.property_schema("dateOfBirth").get("properties", {})
    if not isinstance(birth, dict) or not all(
        isinstance(birth.get(part), int | float) for part in known
    ):
        lab.ledger.not_judged(
            "what becomes of a date of birth", "the target answers it in a shape of its own"
        )
        return {**values, "dateOfBirth": OwnShape()}
    return {**values, "dateOfBirth": {part: birth[part] for part in known}}


def whole(lab: Lab, who: str) -> Profile:
    """Read a whole profile in a form that can be written back."""
    found = answered(lab, lab.accepted(fields(*lab.contract.fields), who), lab.contract.fields)
    known = plain(lab, found)
    return found if isinstance(known["dateOfBirth"], OwnShape) else known


def readable(lab: Lab, who: str) -> Profile:
    """Read what there is to be read of a profile in a form that can be written back, whatever the shape of the whole."""
    try:
        found = whole(lab, who)
    except (StoppedError, BusyError):
        raise
    except NotJudgedError:
        found = _one_by_one(lab, who)
    return {name: value for name, value in found.items() if _can_be_written(lab, name, value)}


def _one_by_one(lab: Lab, who: str) -> Profile:
    found: Profile = {}
    for name in lab.contract.updatable:
        with suppress(NotJudgedError):
            found |= answered(lab, lab.accepted(fields(name), who), (name,))
    if not found:
        raise NotJudgedError("nothing of the profile can be read")
    return found


def _can_be_written(lab: Lab, name: str, value: object) -> bool:
    """Tell whether a value has the type that an update takes; bounds that are only our guess do not count."""
    if value is None or name not in lab.contract.updatable:
        return True
    return isinstance(value, JSON_TYPES.get(lab.contract.property_schema(name).get("type"), object))


def set_profile(lab: Lab, who: str, **changes: object) -> Exchange:
    """Change a profile; a refusal is a finding, of our bounds: the documentation gives none."""
    return lab.accepted(update(changes), who, "input.accepted")


def remember(lab: Lab) -> None:
    """Keep the profiles as they are, to be put back at the end."""
    for who in lab.roles():
        before = lab.once(f"before {who}", lambda who=who: readable(lab, who))
        if unread := [name for name in lab.contract.updatable if name not in before]:
            lab.ledger.not_judged(f"putting back {' and '.join(unread)} of ${who.upper()}", UNREAD)
        if not lab.permission.writes:
            _say_what_is_left(
                lab,
                who,
                [name for name, value in before.items() if run_marks.run_of(value) is not None],
            )


def tell_apart(lab: Lab) -> None:
    """Take two sessions of one user for one."""
    names = [own_username(lab, who) for who in lab.roles()]
    if (
        len(names) > 1
        and names[0] is not None
        and names[0] == names[1]
        and not _told_apart(lab, names[1])
    ):
        lab.ledger.not_judged(
            "what two users have to do with each other",
            "primary and secondary are sessions of one user",
        )
        sessions = {
            role: token for role, token in lab.target.sessions.items() if role != "secondary"
        }
        lab.target = replace(lab.target, sessions=sessions)


def _told_apart(lab: Lab, name: str | None) -> bool:
    """Whether the second session turns out to be another user's after all, and its reads are somebody else's."""
    alone = lab.client.send_alone(lab.call(fields("username"), "secondary"))
    body = lab.body(alone)
    if alone.ok and isinstance(body, dict) and body.get("username") not in (None, name):
        received = f"on a connection that $PRIMARY was used on before, $SECONDARY is {name}"
        lab.find(
            "session.isolation",
            "getProfile",
            received,
            f"{alone.shown()}, as on one of its own",
            alone,
        )
        return True
    if lab.target.is_sample:
        documented = "the sample sessions are those of two users"
        lab.find(
            "session.isolation",
            "getProfile",
            f"$PRIMARY and $SECONDARY are both {name}",
            documented,
            alone,
        )
        return True
    if not lab.permission.writes or profile(lab, "secondary", "biography")["biography"] is None:
        return False
    text = lab.marker("apart")
    written, read = (
        lab.ask(update({"biography": text}), "secondary"),
        lab.ask(fields("biography"), "secondary"),
    )
    if not written.ok or not read.ok or answered(lab, read, ("biography",))["biography"] == text:
        return False
    received = f"{read.shown()}, after $SECONDARY wrote another biography"
    lab.find(
        "session.isolation",
        "getProfile",
        received,
        f"the profile of $SECONDARY, with {text!r}",
        written,
        read,
    )
    return True


def _say_what_is_left(lab: Lab, who: str, left: list[str]) -> None:
    if left:
        others = [name for name in lab.contract.updatable if name not in left]
        lab.ledger.not_judged(f"the old {' and '.join(left)} of ${who.upper()}", NOT_PUT_BACK)
        lab.ledger.not_judged(
            f"whether {' and '.join(others)} of ${who.upper()} is the old one", PERHAPS_NOT
        )


def restore(lab: Lab) -> dict[str, list[str]]:
    """Put the profiles back; say what could not be, and return the fields that are still to be, by role.

    What was never set cannot be unset, by anybody.
    """
    left = {}
    for who in lab.roles() if lab.permission.writes else ():
        if _is_of_another(lab, who):
            lab.ledger.not_judged(f"putting back the profile of ${who.upper()}", OF_ANOTHER)
        elif names := put_back(lab, who, originals(lab, who)):
            left[who] = names
    return left


def originals(lab: Lab, who: str) -> Profile:
    """Return what of a profile can be written as it was when the run began; empty where that is not known."""
    before = lab.once(f"before {who}", dict)
    return {name: before[name] for name in lab.contract.updatable if name in before}


def unread(lab: Lab) -> set[str]:
    """Return the fields that some session's user may have and that cannot be read."""
    return {
        name
        for who in lab.roles()
        for name in lab.contract.updatable
        if name not in originals(lab, who)
    }


def _is_of_another(lab: Lab, who: str) -> bool:
    """Tell whether another run has a profile to itself, so that it will put it back: it read it as it was, as this one did."""
    try:
        runs = {run_marks.run_of(value) for value in readable(lab, who).values()} - {None}
    except NotJudgedError:
        return False
    return bool(runs) and lab.client.run_id not in runs


def put_back(lab: Lab, who: str, before: Profile) -> list[str]:
    """Write what differs from `before`, and return which fields still do although they could be written."""
    _write_back(lab, who, _differing(lab, who, before)[0])
    left, why = _differing(lab, who, before)
    if len(left) > 1 and why != UNKNOWN:  # one value that is refused is in the way of the others
        for name, value in left.items():
            _write_back(lab, who, {name: value})
        left, why = _differing(lab, who, before)
    for name, value in left.items():
        lab.ledger.not_judged(
            f"putting back {name} of ${who.upper()}",
            NEVER_SET if value is None and why != UNKNOWN else why,
        )
    return [name for name, value in left.items() if value is not None]


def _write_back(lab: Lab, who: str, old: Profile) -> None:
    changes = {name: value for name, value in old.items() if value is not None}
    if changes:
        with suppress(NotJudgedError):
            lab.ask(update(changes), who)


def _differing(lab: Lab, who: str, before: Profile) -> tuple[Profile, str]:
    """Return the fields that are not as they were, with their old values, and why; all of them where that cannot be read."""
    try:
        now = readable(lab, who)
    except NotJudgedError:
        return before, UNKNOWN
    return {
        name: value for name, value in before.items() if name not in now or now[name] != value
    }, REFUSED


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
    """The containers in which the session's user has a public profile, as its own calls show."""
    if not lab.target.containers:
        raise NotJudgedError("the target gives no containers")
    name = username(lab, who)
    found: tuple[str, ...] = lab.once(
        f"own homes {who}",
        lambda: tuple(
            home for home in lab.target.containers if lab.ask(public(name, home), who).ok
        ),
    )
    return found


def valid(lab: Lab, operation: str, who: str) -> Ask:
    """A valid request for the operation; what it writes is told from everything else by its marker."""
    match operation:
        case "getProfile":
            return fields("handle", "displayName")
        case "updateProfile":
            return update({"biography": lab.marker("valid", who)})
        case "getPublicProfile":
            return public(
                *next(
                    (pair for pair in members(lab) if pair[0] == own_username(lab, who)),
                    members(lab)[0],
                )
            )
        case "listNotifications":
            return notifications(homes(lab, who)[0])
    return Ask(operation)
