"""Reads what a target holds: profiles and memberships. A shape that is not ours is 'not judged'."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

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


# Types that can be told without bounds.
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
    """Stands for a date of birth in a shape of the target's own.

    It cannot be compared with what was sent, and so is equal to everything but null.
    """

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "a date in a shape of the target's own"


def profile(
    context: Context,
    role: str,
    *names: str,
) -> Profile:
    """Read fields of a profile, all of them if none is named."""
    wanted = names or context.contract.fields
    return profile_of(context, context.accepted(fields(*wanted), role), wanted)


def field(
    context: Context,
    role: str,
    name: str,
) -> Any:
    """Read one field of a profile."""
    return profile(context, role, name)[name]


def profile_of(
    context: Context,
    exchange: Exchange,
    wanted: tuple[str, ...],
) -> Profile:
    """Return the wanted fields of an answer, without any others."""
    return plain(context, raw_fields(context, exchange, wanted))


def raw_fields(
    context: Context,
    exchange: Exchange,
    wanted: tuple[str, ...],
) -> Profile:
    """Return the wanted fields of an answer as they are."""
    body = context.object(exchange)
    operation = exchange.request.operation
    if not body.keys() >= set(wanted):
        context.find(
            "projection.exact",
            operation,
            exchange,
            Text("the keys {}", ", ".join(wanted)),
        )
        raise NotJudgedError(f"{operation} answers in a shape of its own")
    return {name: body[name] for name in wanted}


def plain(context: Context, values: Profile) -> Profile:
    """Return the values without what a target may add to the parts of a date of birth.

    Where it has something else instead of them, that is an `UnknownFormat`.
    """
    birth = values.get("dateOfBirth")
    if birth is None:
        return values
    known = context.contract.property_schema("dateOfBirth").get("properties", {})
    if isinstance(birth, dict):
        parts = {name: birth.get(name) for name in known}
        if all(isinstance(part, int | float) for part in parts.values()):
            return {**values, "dateOfBirth": parts}
    context.collector.not_judged(
        "what becomes of a date of birth", "the target answers it in a shape of its own"
    )
    return {**values, "dateOfBirth": UnknownFormat()}


def whole(context: Context, role: str) -> Profile:
    """Read a whole profile in a form that can be written back."""
    names = context.contract.fields
    found = raw_fields(context, context.accepted(fields(*names), role), names)
    known = plain(context, found)
    return found if isinstance(known["dateOfBirth"], UnknownFormat) else known


def readable(context: Context, role: str) -> Profile:
    """Read what of a profile can be written back, whatever the shape of the whole."""
    try:
        found = whole(context, role)
    # These say that nothing can be read now, and not that the shape is another.
    except (StoppedError, BusyError):
        raise
    except NotJudgedError:
        found = _one_by_one(context, role)
    return {name: value for name, value in found.items() if _can_be_written(context, name, value)}


def _one_by_one(context: Context, role: str) -> Profile:
    found: Profile = {}
    for name in context.contract.updatable:
        with suppress(NotJudgedError):
            found |= raw_fields(context, context.accepted(fields(name), role), (name,))
    if not found:
        raise NotJudgedError("nothing of the profile can be read")
    return found


def _can_be_written(
    context: Context,
    name: str,
    value: object,
) -> bool:
    """Tell whether a value has the type that an update takes.

    Bounds do not count: they are only our guess.
    """
    if value is None or name not in context.contract.updatable:
        return True
    kind = context.contract.property_schema(name).get("type")
    return isinstance(value, JSON_TYPES.get(kind, object))


def set_profile(
    context: Context,
    role: str,
    **changes: object,
) -> Exchange:
    """Change a profile; a refusal is a finding, of our bounds: the documentation gives none."""
    return context.accepted(update(changes), role, "input.accepted")


def remember(context: Context) -> None:
    """Keep the profiles as they are, to be put back at the end."""
    for role in context.roles():
        before = context.once(f"before {role}", partial(readable, context, role))
        unread = [name for name in context.contract.updatable if name not in before]
        if unread:
            what = f"putting back {' and '.join(unread)} of ${role.upper()}"
            context.collector.not_judged(what, UNREAD)
        if not context.permission.writes:
            _note_marks(context, role, before)


def _note_marks(
    context: Context,
    role: str,
    profile: Profile,
) -> None:
    """Note what an earlier run has left in a profile that this one does not write to."""
    left = [name for name, value in profile.items() if run_marks.run_of(value) is not None]
    if not left:
        return
    others = [name for name in context.contract.updatable if name not in left]
    owner = f"${role.upper()}"
    context.collector.not_judged(f"the old {' and '.join(left)} of {owner}", NOT_PUT_BACK)
    what = f"whether {' and '.join(others)} of {owner} is the old one"
    context.collector.not_judged(what, PERHAPS_NOT)


def tell_apart(context: Context) -> None:
    """Take two sessions of one user for one."""
    names = [own_username(context, role) for role in context.roles()]
    same = len(names) > 1 and names[0] is not None and names[0] == names[1]
    if not same or _is_another_user(context, names[1]):
        return
    context.collector.not_judged(
        "what two users have to do with each other",
        "primary and secondary are sessions of one user",
    )
    sessions = dict(context.target.sessions)
    del sessions["secondary"]
    context.target = replace(context.target, sessions=sessions)


def _is_another_user(context: Context, name: str | None) -> bool:
    """Whether the second session turns out to be another user's after all.

    Then its reads are somebody else's, which is a finding.
    """
    operation, rule = "getProfile", "session.isolation"
    # A connection that is kept may have kept the first user, too.
    alone = context.client.send_alone(context.request(fields("username"), "secondary"))
    own_name = context.object(alone).get("username")
    if alone.ok and own_name not in (None, name):
        context.find(
            rule,
            operation,
            Text("on a connection that $PRIMARY was used on before, $SECONDARY is {}", name),
            Text("{}, as on one of its own", alone),
            alone,
        )
        return True
    # Our own mock has two users; one is a fault of it.
    if context.target.is_sample:
        context.find(
            rule,
            operation,
            Text("$PRIMARY and $SECONDARY are both {}", name),
            "the sample sessions are those of two users",
            alone,
        )
        return True
    if not context.permission.writes or field(context, "secondary", "biography") is None:
        return False
    # Only a write shows whether two sessions have one profile.
    text = context.marker("apart")
    written = context.send(update({"biography": text}), "secondary")
    read = context.send(fields("biography"), "secondary")
    if not written.ok or not read.ok:
        return False
    if raw_fields(context, read, ("biography",))["biography"] == text:
        return False
    context.find(
        rule,
        operation,
        Text("{}, after $SECONDARY wrote another biography", read),
        Text("the profile of $SECONDARY, with {}", Value(text)),
        written,
        read,
    )
    return True


def restore(context: Context) -> dict[str, list[str]]:
    """Put the profiles back, and return the fields that are still to be put back, by role.

    What was never set cannot be unset, by anybody.
    """
    left = {}
    for role in context.roles() if context.permission.writes else ():
        if _is_of_another(context, role):
            what = f"putting back the profile of ${role.upper()}"
            context.collector.not_judged(what, OF_ANOTHER, Reason.NOT_PUT_BACK)
            continue
        names = put_back(context, role, originals(context, role))
        if names:
            left[role] = names
    return left


def originals(context: Context, role: str) -> Profile:
    """Return what of a profile can be written as it was when the run began, as far as is known."""
    before: Profile = context.once(f"before {role}", dict)
    return {name: before[name] for name in context.contract.updatable if name in before}


def unread(context: Context) -> set[str]:
    """Return the fields that some session's user may have and that cannot be read."""
    found: set[str] = set()
    for role in context.roles():
        found |= set(context.contract.updatable) - originals(context, role).keys()
    return found


def _is_of_another(context: Context, role: str) -> bool:
    """Tell whether another run has a profile to itself.

    It will put it back, since it read it as it was, as this one did.
    """
    try:
        found = readable(context, role)
    except NotJudgedError:
        return False
    runs = {run_marks.run_of(value) for value in found.values()} - {None}
    return bool(runs) and context.client.run_id not in runs


def put_back(
    context: Context,
    role: str,
    before: Profile,
) -> list[str]:
    """Write what differs from `before`, and return what could be written and still differs."""
    left, _ = _differing(context, role, before)
    _write_back(context, role, left)
    left, why = _differing(context, role, before)
    # One value that is refused is in the way of the others.
    if len(left) > 1 and why != UNKNOWN:
        for name, value in left.items():
            _write_back(context, role, {name: value})
        left, why = _differing(context, role, before)
    for name, value in left.items():
        reason = NEVER_SET if value is None and why != UNKNOWN else why
        what = f"putting back {name} of ${role.upper()}"
        context.collector.not_judged(what, reason, Reason.NOT_PUT_BACK)
    return [name for name, value in left.items() if value is not None]


def _write_back(
    context: Context,
    role: str,
    old: Profile,
) -> None:
    # Null cannot be written.
    changes = {name: value for name, value in old.items() if value is not None}
    if changes:
        with suppress(NotJudgedError):
            context.send(update(changes), role)


def _differing(
    context: Context,
    role: str,
    before: Profile,
) -> tuple[Profile, str]:
    """Return the old values of fields that are not as they were, and why.

    All of them where that cannot be read.
    """
    try:
        now = readable(context, role)
    except NotJudgedError:
        return before, UNKNOWN
    same = [name for name, value in before.items() if name in now and now[name] == value]
    return {name: value for name, value in before.items() if name not in same}, REFUSED


def username(context: Context, role: str) -> str:
    """The user that a session belongs to."""
    name = context.once(f"username {role}", partial(field, context, role, "username"))
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


def _containers(context: Context) -> tuple[str, ...]:
    if not context.target.containers:
        raise NotJudgedError("the target gives no containers")
    return context.target.containers


def homes(context: Context, role: str) -> tuple[str, ...]:
    """The containers of which the session's user is a member, as its own calls show."""
    containers = _containers(context)

    def learn() -> tuple[str, ...]:
        return tuple(each for each in containers if _may_list(context, role, each))

    found = context.once(f"homes {role}", learn)
    if not found:
        raise NotJudgedError(f"the session {role} is a member of none of the target's containers")
    return found


def _may_list(
    context: Context,
    role: str,
    container: str,
) -> bool:
    # An answer that is wrong in another way than 404 is to be judged, not to be passed over.
    return context.send(notifications(container), role).status != NOT_FOUND


def members(context: Context) -> tuple[tuple[str, str], ...]:
    """Pairs of user and container that have a public profile."""
    containers = _containers(context)

    def learn() -> tuple[tuple[str, str], ...]:
        pairs = product(usernames(context), containers)
        return tuple(pair for pair in pairs if context.send(public(*pair)).ok)

    found = context.once("members", learn)
    if not found:
        raise NotJudgedError("no known user has a public profile in the target's containers")
    return found


def own_homes(context: Context, role: str) -> tuple[str, ...]:
    """The containers in which the session's user has a public profile, as its own calls show."""
    containers = _containers(context)
    name = username(context, role)

    def learn() -> tuple[str, ...]:
        return tuple(each for each in containers if context.send(public(name, each), role).ok)

    return context.once(f"own homes {role}", learn)


def valid(
    context: Context,
    operation: str,
    role: str,
) -> RequestTemplate:
    """Return a valid request for the operation.

    What it writes is told from everything else by its marker.
    """
    match operation:
        case "getProfile":
            return fields("handle", "displayName")
        case "updateProfile":
            return update({"biography": context.marker("valid", role)})
        case "getPublicProfile":
            known = members(context)
            name = own_username(context, role)
            own = [pair for pair in known if pair[0] == name]
            return public(*(own or known)[0])
        case "listNotifications":
            return notifications(homes(context, role)[0])
    return RequestTemplate(operation)
