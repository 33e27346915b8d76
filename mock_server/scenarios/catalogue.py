"""Catalogue of scenarios by name, and the way from a world back to a scenario."""

from pathlib import Path
from typing import Any

from mock_server.contract.compiled import Contract
from mock_server.world.clock import written
from mock_server.world.records import DATE_PARTS, Json, Session, User, World

from .loading import PROFILE_FIELDS, find_scenario, load_world, scenario_files

ITEM_FIELDS = (
    "id",
    "containerId",
    "username",
    "displayName",
    "joinedAt",
    "type",
    "title",
    "body",
    "read",
    "createdAt",
)


def scenario_of(world: World) -> dict[str, Any]:
    """Return the scenario of a world, always in the same order, and without empty fields."""
    # Names are sorted, so that two exports can be compared line by line.
    containers = [
        {"id": name, "members": sorted(world.containers[name])} for name in sorted(world.containers)
    ]
    users = [_user(world.users[name]) for name in sorted(world.users)]
    sessions = [_session(world.sessions[token]) for token in sorted(world.sessions)]
    return {
        "containers": containers,
        "users": users,
        "sessions": sessions,
    }


def _user(user: User) -> dict[str, Any]:
    fields = _profile(user.profile)
    if user.referrals:
        fields["referrals"] = list(map(_ordered, user.referrals))
    notifications: list[Json] = []
    for name in sorted(user.inbox):
        inbox, _ = user.notifications(name, 0, len(user.inbox[name]))
        notifications += map(_ordered, inbox)
    if notifications:
        fields["notifications"] = notifications
    return fields


def _ordered(item: Json) -> Json:
    """Return the item with its keys in the contract's order."""
    rest = sorted(item.keys() - ITEM_FIELDS)
    return {key: item[key] for key in (*ITEM_FIELDS, *rest) if key in item}


def _profile(profile: Json) -> dict[str, Any]:
    fields: dict[str, Any] = {name: profile[name] for name in PROFILE_FIELDS}
    birth = fields["dateOfBirth"]
    if isinstance(birth, dict):
        fields["dateOfBirth"] = {part: birth[part] for part in DATE_PARTS}
    return _without_empty(fields)


def _session(session: Session) -> dict[str, Any]:
    fields = {
        "token": session.token,
        "username": session.username,
        "expiresAt": session.expires_at and written(session.expires_at),
        "refreshExpiresAt": session.refresh_expires_at and written(session.refresh_expires_at),
        "refreshToken": session.refresh_token,
        "calls": session.calls,
        "refuseOnce": session.refuse,
    }
    return _without_empty(fields)


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


class Scenarios:
    """The scenarios of a directory (or the one of a file), each read once."""

    def __init__(self, fixtures: Path, control: Contract) -> None:
        self._fixtures = fixtures
        self._control = control
        self._is_one = not fixtures.is_dir()
        self._worlds: dict[str, World] = {}

    def names(self) -> list[str]:
        """Return the names of all scenarios; without their directory, those that were read."""
        if self._is_one:
            return [self._fixtures.stem]
        # The directory may be gone since; what was read from it still serves.
        try:
            return sorted(scenario_files(self._fixtures))
        except OSError:
            return sorted(self._worlds)

    def world(self, name: str) -> World:
        """Return the world of a scenario; raise `FileError` if there is none, or it is broken."""
        if name not in self._worlds:
            self.reload(name)
        return self._worlds[name]

    def reload(self, name: str) -> tuple[World | None, World]:
        """Read a scenario anew; return the world before, if it was read, and the one now.

        Raises `FileError` where there is none of that name, or where it is broken; the one that was
        read before stays then.
        """
        before = self._worlds.get(name)
        self._worlds[name] = load_world(find_scenario(self._fixtures, name), self._control)
        return before, self._worlds[name]
