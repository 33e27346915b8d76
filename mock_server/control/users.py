"""Users as people want to see them: who there is, and the newest of what belongs to one."""

from mock_server.behaviours.handler import Answer, Call
from mock_server.world.records import User
from mock_server.world.sandbox import Sandbox

from .control_context import ControlContext, Result, not_found


def listUsers(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the users."""
    users = sandbox.world.users
    shown = [_summary(username, users[username]) for username in sorted(users)]
    return sandbox, Answer(200, {"users": shown})


def getUser(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Read what belongs to a user."""
    world = sandbox.world
    username = call.parameters["username"]
    limit = int(call.parameters["limit"])
    user = world.users.get(username)
    if user is None:
        raise not_found("path", "username", f"there is no user {username!r}")
    own = [each for each in sorted(world.containers) if world.is_member(username, each)]
    body = {
        "profile": user.profile,
        "referrals": {"items": user.referrals[:limit], "total": len(user.referrals)},
        "containers": [_inbox(user, container, limit) for container in own],
    }
    return sandbox, Answer(200, body)


def _summary(username: str, user: User) -> dict[str, object]:
    return {
        "username": username,
        "displayName": user.profile["displayName"],
        "referrals": len(user.referrals),
        "notifications": sum(map(len, user.inbox.values())),
    }


def _inbox(user: User, container: str, limit: int) -> dict[str, object]:
    """Return the newest notifications of a container, and how many there are and are unread."""
    items, total = user.notifications(container, 0, limit)
    unread = 0
    # Where all were marked at once, the stored ones still say that they are unread.
    if not user.all_read:
        stored = user.inbox.get(container, ())
        unread = sum(not item["read"] for item in stored)
    return {"id": container, "items": items, "total": total, "unread": unread}
