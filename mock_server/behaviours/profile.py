"""Operations with the tag Profile."""

from mock_server.errors import ClientError, NotFound, Violation
from mock_server.world.records import DATE_PARTS, HandleTakenError, Session, World

from .handler import Answer, Call


def getProfile(
    world: World,
    session: Session,
    call: Call,
) -> tuple[World, Answer]:
    """Return exactly the requested fields of the session user's profile."""
    profile = world.users[session.username].profile
    return world, Answer(200, {field: profile[field] for field in call.parameters["fields"]})


def getPublicProfile(
    world: World,
    _session: Session,
    call: Call,
) -> tuple[World, Answer]:
    """Return the public profile of a member of a container."""
    username = call.parameters["username"]
    if not world.is_member(username, call.parameters["containerId"]):
        raise NotFound
    profile = world.users[username].profile
    public = {field: value for field, value in profile.items() if field != "dateOfBirth"}
    return world, Answer(200, public)


def updateProfile(
    world: World,
    session: Session,
    call: Call,
) -> tuple[World, Answer]:
    """Change the fields that were sent and return the whole profile."""
    profile = world.users[session.username].profile
    # The contract allows further keys, and that is all that is known of them.
    changes = {
        field: value
        for field, value in call.body.items()
        if field in profile and field != "username"
    }
    birth = changes.get("dateOfBirth")
    if birth is not None:
        # A client may write 1987.0 for the same number.
        changes["dateOfBirth"] = {part: int(birth[part]) for part in DATE_PARTS}
    try:
        world = world.update_profile(session.username, changes)
    except HandleTakenError:
        raise ClientError([Violation("body", "/handle", "is held by another user")]) from None
    return world, Answer(200, world.users[session.username].profile)


def listReferrals(
    world: World,
    session: Session,
    _call: Call,
) -> tuple[World, Answer]:
    """Return all users that the session user referred, newest first."""
    referrals = world.users[session.username].referrals
    return world, Answer(200, {"items": list(referrals), "total": len(referrals)})
