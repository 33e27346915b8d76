"""Users as people want to see them: who there is, and the newest of what belongs to one."""

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import NotFound, Violation
from mock_server.world.records import User
from mock_server.world.sandbox import Sandbox

from .control_context import ControlContext


def listUsers(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """List the users."""
    users = sandbox.world.users
    lines = [_line(username, users[username]) for username in sorted(users)]
    return sandbox, Answer(200, {"users": lines})


def getUser(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Read what belongs to a user."""
    world, username = sandbox.world, call.parameters["username"]
    limit = int(call.parameters["limit"])
    user = world.users.get(username)
    if user is None:
        raise NotFound([Violation("path", "username", f"there is no user {username!r}")])
    containers = [
        _inbox(user, each, limit)
        for each in sorted(world.containers)
        if world.is_member(username, each)
    ]
    referrals = {"items": user.referrals[:limit], "total": len(user.referrals)}
    shown = {"profile": user.profile, "referrals": referrals, "containers": containers}
    return sandbox, Answer(200, shown)


def _line(username: str, user: User) -> dict[str, object]:
    notifications = sum(map(len, user.inbox.values()))
    shown = {"username": username, "displayName": user.profile["displayName"]}
    return {**shown, "referrals": len(user.referrals), "notifications": notifications}


def _inbox(user: User, container: str, limit: int) -> dict[str, object]:
    items, total = user.notifications(container, 0, limit)
    unread = 0 if user.all_read else sum(not item["read"] for item in user.inbox.get(container, ()))
    return {"id": container, "items": items, "total": total, "unread": unread}
