"""Reads what a target holds: profiles and memberships. A shape that is not ours is 'not judged'."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from contract_tests.api import run_marks
from contract_tests.api.context import NOT_FOUND, Context, Profile
from contract_tests.api.request_templates import (
    RequestTemplate,
    fields,
    notifications,
    public,
    update,
)
from contract_tests.exceptions import BusyError, NotJudgedError, Reason, StoppedError
from contract_tests.findings.evidence import Text, Value

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


class UnknownFormat:
    """Stands for a date of birth in a shape of the target's own, which cannot be compared with what was sent."""

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "a date in a shape of the target's own"


def profile(context: Context, role: str, *names: str) -> Profile:
    """Read fields of a profile, all of them if none is named; other keys of the answer are left out."""
    wanted = names or context.contract.fields
    return profile_of(context, context.accepted(fields(*wanted), role), wanted)


def profile_of(context: Context, exchange: Exchange, wanted: tuple[str, ...]) -> Profile:
    """Return the wanted fields of an answer."""
    return plain(context, answered(context, exchange, wanted))


def answered(context: Context, exchange: Exchange, wanted: tuple[str, ...]) -> Profile:
    """Return the wanted fields of an answer as they are."""
    body = context.body(exchange)
    missing = [name for name in wanted if not isinstance(body, dict) or name not in body]
    if missing:
        context.find(
            "projection.exact",
            exchange.request.operation,
            exchange,
            Text("the keys {}", ", ".join(wanted)),
        )
        raise NotJudgedError(f"{exchange.request.operation} answers in a shape of its own")
    return {name: body[name] for name in wanted}


def plain(context: Context, values: Profile) -> Profile:
    """Return the values without what a target may add to the parts of a date of birth, or to have instead of them."""
    birth = values.get("dateOfBirth")
    if birth is None:
        return values
    known = context.contract.property_schema("dateOfBirth").get("properties", {})
    if not isinstance(birth, dict) or not all(
        isinstance(birth.get(part), int | float) for part in known
    ):
        context.collector.not_judged(
            "what becomes of a date of birth", "the target answers it in a shape of its own"
        )
        return {**values, "dateOfBirth": UnknownFormat()}
    return {**values, "dateOfBirth": {part: birth[part] for part in known}}


def whole(context: Context, role: str) -> Profile:
    """Read a whole profile in a form that can be written back."""
    found = answered(
        context, context.accepted(fields(*context.contract.fields), role), context.contract.fields
    )
    known = plain(context, found)
    return found if isinstance(known["dateOfBirth"], UnknownFormat) else known


def readable(context: Context, role: str) -> Profile:
    """Read what there is to be read of a profile in a form that can be written back, whatever the shape of the whole."""
    try:
        found = whole(context, role)
    except (StoppedError, BusyError):
        raise
    except NotJudgedError:
        found = _one_by_one(context, role)
    return {name: value for name, value in found.items() if _can_be_written(context, name, value)}


def _one_by_one(context: Context, role: str) -> Profile:
    found: Profile = {}
    for name in context.contract.updatable:
        with suppress(NotJudgedError):
            found |= answered(context, context.accepted(fields(name), role), (name,))
    if not found:
        raise NotJudgedError("nothing of the profile can be read")
    return found


def _can_be_written(context: Context, name: str, value: object) -> bool:
    """Tell whether a value has the type that an update takes; bounds that are only our guess do not count."""
    if value is None or name not in context.contract.updatable:
        return True
    return isinstance(
        value, JSON_TYPES.get(context.contract.property_schema(name).get("type"), object)
    )


def set_profile(context: Context, role: str, **changes: object) -> Exchange:
    """Change a profile; a refusal is a finding, of our bounds: the documentation gives none."""
    return context.accepted(update(changes), role, "input.accepted")


def remember(context: Context) -> None:
    """Keep the profiles as they are, to be put back at the end."""
    for role in context.roles():
        before = context.once(f"before {role}", lambda role=role: readable(context, role))
        if unread := [name for name in context.contract.updatable if name not in before]:
            context.collector.not_judged(
                f"putting back {' and '.join(unread)} of ${role.upper()}", UNREAD
            )
        if not context.permission.writes:
            _say_what_is_left(
                context,
                role,
                [name for name, value in before.items() if run_marks.run_of(value) is not None],
            )


def tell_apart(context: Context) -> None:
    """Take two sessions of one user for one."""
    names = [own_username(context, role) for role in context.roles()]
    if (
        len(names) > 1
        and names[0] is not None
        and names[0] == names[1]
        and not _told_apart(context, names[1])
    ):
        context.collector.not_judged(
            "what two users have to do with each other",
            "primary and secondary are sessions of one user",
        )
        sessions = {
            role: token for role, token in context.target.sessions.items() if role != "secondary"
        }
        context.target = replace(context.target, sessions=sessions)


def _told_apart(context: Context, name: str | None) -> bool:
    """Whether the second session turns out to be another user's after all, and its reads are somebody else's."""
    alone = context.client.send_alone(context.request(fields("username"), "secondary"))
    body = context.body(alone)
    if alone.ok and isinstance(body, dict) and body.get("username") not in (None, name):
        context.find(
            "session.isolation",
            "getProfile",
            Text("on a connection that $PRIMARY was used on before, $SECONDARY is {}", name),
            Text("{}, as on one of its own", alone),
            alone,
        )
        return True
    if context.target.is_sample:
        context.find(
            "session.isolation",
            "getProfile",
            Text("$PRIMARY and $SECONDARY are both {}", name),
            "the sample sessions are those of two users",
            alone,
        )
        return True
    if (
        not context.permission.writes
        or profile(context, "secondary", "biography")["biography"] is None
    ):
        return False
    text = context.marker("apart")
    written, read = (
        context.send(update({"biography": text}), "secondary"),
        context.send(fields("biography"), "secondary"),
    )
    if (
        not written.ok
        or not read.ok
        or answered(context, read, ("biography",))["biography"] == text
    ):
        return False
    context.find(
        "session.isolation",
        "getProfile",
        Text("{}, after $SECONDARY wrote another biography", read),
        Text("the profile of $SECONDARY, with {}", Value(text)),
        written,
        read,
    )
    return True


def _say_what_is_left(context: Context, role: str, left: list[str]) -> None:
    if left:
        others = [name for name in context.contract.updatable if name not in left]
        context.collector.not_judged(
            f"the old {' and '.join(left)} of ${role.upper()}", NOT_PUT_BACK
        )
        context.collector.not_judged(
            f"whether {' and '.join(others)} of ${role.upper()} is the old one", PERHAPS_NOT
        )


def restore(context: Context) -> dict[str, list[str]]:
    """Put the profiles back; say what could not be, and return the fields that are still to be, by role.

    What was never set cannot be unset, by anybody.
    """
    left = {}
    for role in context.roles() if context.permission.writes else ():
        if _is_of_another(context, role):
            context.collector.not_judged(
                f"putting back the profile of ${role.upper()}", OF_ANOTHER, Reason.NOT_PUT_BACK
            )
        elif names := put_back(context, role, originals(context, role)):
            left[role] = names
    return left


def originals(context: Context, role: str) -> Profile:
    """Return what of a profile can be written as it was when the run began; empty where that is not known."""
    before = context.once(f"before {role}", dict)
    return {name: before[name] for name in context.contract.updatable if name in before}


def unread(context: Context) -> set[str]:
    """Return the fields that some session's user may have and that cannot be read."""
    return {
        name
        for role in context.roles()
        for name in context.contract.updatable
        if name not in originals(context, role)
    }


def _is_of_another(context: Context, role: str) -> bool:
    """Tell whether another run has a profile to itself, so that it will put it back: it read it as it was, as this one did."""
    try:
        runs = {run_marks.run_of(value) for value in readable(context, role).values()} - {None}
    except NotJudgedError:
        return False
    return bool(runs) and context.client.run_id not in runs


def put_back(context: Context, role: str, before: Profile) -> list[str]:
    """Write what differs from `before`, and return which fields still do although they could be written."""
    _write_back(context, role, _differing(context, role, before)[0])
    left, why = _differing(context, role, before)
    if len(left) > 1 and why != UNKNOWN:  # one value that is refused is in the way of the others
        for name, value in left.items():
            _write_back(context, role, {name: value})
        left, why = _differing(context, role, before)
    for name, value in left.items():
        context.collector.not_judged(
            f"putting back {name} of ${role.upper()}",
            NEVER_SET if value is None and why != UNKNOWN else why,
            Reason.NOT_PUT_BACK,
        )
    return [name for name, value in left.items() if value is not None]


def _write_back(context: Context, role: str, old: Profile) -> None:
    changes = {name: value for name, value in old.items() if value is not None}
    if changes:
        with suppress(NotJudgedError):
            context.send(update(changes), role)


def _differing(context: Context, role: str, before: Profile) -> tuple[Profile, str]:
    """Return the fields that are not as they were, with their old values, and why; all of them where that cannot be read."""
    try:
        now = readable(context, role)
    except NotJudgedError:
        return before, UNKNOWN
    return {
        name: value for name, value in before.items() if name not in now or now[name] != value
    }, REFUSED


def username(context: Context, role: str) -> str:
    """The user that a session belongs to."""
    name = context.once(f"username {role}", lambda: profile(context, role, "username")["username"])
    if not isinstance(name, str) or not name:
        raise NotJudgedError("getProfile answers in a shape of its own")
    return name


def usernames(context: Context) -> tuple[str, ...]:
    """All users that are known: those of the target and those of the sessions."""
    own = [own_username(context, role) for role in context.roles()]
    return tuple(dict.fromkeys([*filter(None, own), *context.target.usernames]))


def own_username(context: Context, role: str) -> str | None:
    """The user that a session belongs to, or None where the target's shape does not tell."""
    try:
        return username(context, role)
    except NotJudgedError:
        return None


def homes(context: Context, role: str) -> tuple[str, ...]:
    """The containers of which the session's user is a member, as its own calls show."""
    if not context.target.containers:
        raise NotJudgedError("the target gives no containers")
    found: tuple[str, ...] = context.once(f"homes {role}", lambda: _homes(context, role))
    if not found:
        raise NotJudgedError(f"the session {role} is a member of none of the target's containers")
    return found


def _homes(context: Context, role: str) -> tuple[str, ...]:
    found = []
    for container in context.target.containers:
        exchange = context.send(notifications(container), role)
        if exchange.ok or exchange.status != NOT_FOUND:
            found.append(container)
    return tuple(found)


def members(context: Context) -> tuple[tuple[str, str], ...]:
    """Pairs of user and container that have a public profile."""
    if not context.target.containers:
        raise NotJudgedError("the target gives no containers")
    found: tuple[tuple[str, str], ...] = context.once("members", lambda: _members(context))
    if not found:
        raise NotJudgedError("no known user has a public profile in the target's containers")
    return found


def _members(context: Context) -> tuple[tuple[str, str], ...]:
    pairs = [
        (name, container) for name in usernames(context) for container in context.target.containers
    ]
    return tuple(pair for pair in pairs if context.send(public(*pair)).ok)


def own_homes(context: Context, role: str) -> tuple[str, ...]:
    """The containers in which the session's user has a public profile, as its own calls show."""
    if not context.target.containers:
        raise NotJudgedError("the target gives no containers")
    name = username(context, role)
    found: tuple[str, ...] = context.once(
        f"own homes {role}",
        lambda: tuple(
            home for home in context.target.containers if context.send(public(name, home), role).ok
        ),
    )
    return found


def valid(context: Context, operation: str, role: str) -> RequestTemplate:
    """A valid request for the operation; what it writes is told from everything else by its marker."""
    match operation:
        case "getProfile":
            return fields("handle", "displayName")
        case "updateProfile":
            return update({"biography": context.marker("valid", role)})
        case "getPublicProfile":
            return public(
                *next(
                    (pair for pair in members(context) if pair[0] == own_username(context, role)),
                    members(context)[0],
                )
            )
        case "listNotifications":
            return notifications(homes(context, role)[0])
    return RequestTemplate(operation)
