"""Records of the mock: its world as one immutable value, and how that changes.

A change makes a new value that shares with the old one all that stayed the same
(`rpds.HashTrieMap`), so it takes as long in a small world as in a large one. Profiles, referrals
and notifications keep the shape that `openapi.yaml` gives them and are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from rpds import HashTrieMap

if TYPE_CHECKING:
    from datetime import datetime

Json = Mapping[str, object]
Change = tuple[str, object, object]
"""A JSON pointer into the state, what stood there before, and what stands there now."""
DATE_PARTS = ("year", "month", "day")
REMEMBERED = 8
"""How many of its latest steps a world keeps."""


class WorldStep(NamedTuple):
    """How a world was made from the one before: the method of `World`, and its arguments.

    Two steps are the same only where they are the same object.
    """

    method: str
    arguments: tuple[Any, ...] = ()


def _built() -> tuple[WorldStep, ...]:
    return (WorldStep("built"),)


class HandleTakenError(Exception):
    """Another user holds the handle."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user. A lifetime of `None` never ends."""

    token: str
    username: str
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    refresh_token: str | None = None
    calls: int | None = None
    """How many calls it still admits; `None` means any number."""
    refuse: str | None = None
    """The name of the 401 with which its next call is refused, and only that one."""


@dataclass(frozen=True, slots=True)
class User:
    """What belongs to one user."""

    profile: Json
    """With every key of the contract's `Profile`."""
    referrals: tuple[Json, ...] = ()
    """The newest first."""
    inbox: Mapping[str, Sequence[Json]] = HashTrieMap()
    """The notifications by container, the newest first."""
    all_read: bool = False
    """Overrides their `read`: by one bit, a hundred thousand are marked as read."""

    def notifications(
        self,
        container_id: str,
        start: int,
        count: int,
    ) -> tuple[list[Json], int]:
        """Return `count` notifications of a container from `start` on, and how many it has."""
        notifications = self.inbox.get(container_id, ())
        page = notifications[start : start + count]
        if self.all_read:
            return [{**item, "read": True} for item in page], len(notifications)
        return list(page), len(notifications)


def handles_of(users: Mapping[str, User]) -> HashTrieMap[str, str]:
    """Return the names of users by their handles."""
    handles = {}
    for name, user in users.items():
        handle = user.profile["handle"]
        if handle is not None:
            handles[str(handle)] = name
    return HashTrieMap(handles)


@dataclass(frozen=True, slots=True)
class World:
    """Everything the mock remembers."""

    users: HashTrieMap[str, User]
    """By username."""
    handles: HashTrieMap[str, str]
    """Usernames by handle."""
    containers: HashTrieMap[str, frozenset[str]]
    """Usernames of the members by container."""
    sessions: HashTrieMap[str, Session]
    """By token."""
    refreshable: HashTrieMap[str, str]
    """Tokens by refresh token."""
    recent: tuple[WorldStep, ...] = field(default_factory=_built, compare=False, repr=False)
    """The latest steps by which it was made: a store with the world before needs no more."""
    origin: World | None = field(default=None, compare=False, repr=False)
    """The world as it was built, `None` for that one itself."""

    def is_member(self, username: str, container_id: str) -> bool:
        """Tell whether the container exists and the user belongs to it."""
        return username in self.containers.get(container_id, frozenset())

    def update_profile(self, username: str, changes: Json) -> World:
        """Return the world in which a user's profile has these values; raise `HandleTakenError`."""
        user = self.users[username]
        # The same world means that nothing has to be saved, and that there is nothing to undo.
        if all(user.profile[field] == value for field, value in changes.items()):
            return self
        handle = changes.get("handle")
        handles = self.handles
        if isinstance(handle, str):
            if handles.get(handle, username) != username:
                raise HandleTakenError(handle)
            old = user.profile["handle"]
            if isinstance(old, str):
                handles = handles.remove(old)
            handles = handles.insert(handle, username)
        changed = replace(user, profile={**user.profile, **changes})
        users = self.users.insert(username, changed)
        step = WorldStep("update_profile", (username, changes))
        return self._after(step, users=users, handles=handles)

    def mark_notifications_read(self, username: str) -> World:
        """Return the world in which the user has read everything, in all containers."""
        user = self.users[username]
        if user.all_read:
            return self
        users = self.users.insert(username, replace(user, all_read=True))
        return self._after(WorldStep("mark_notifications_read", (username,)), users=users)

    def with_session(self, session: Session) -> World:
        """Return the world in which this session is known; one with the same token is replaced."""
        refreshable = self.refreshable
        if session.refresh_token is not None:
            refreshable = refreshable.insert(session.refresh_token, session.token)
        sessions = self.sessions.insert(session.token, session)
        step = WorldStep("with_session", (session,))
        return self._after(step, sessions=sessions, refreshable=refreshable)

    def without_session(self, token: str) -> World:
        """Return the world without a session, which must exist, and without its refresh token."""
        session = self.sessions[token]
        refreshable = self.refreshable
        # Another session may have taken over the refresh token since.
        if session.refresh_token is not None and refreshable.get(session.refresh_token) == token:
            refreshable = refreshable.remove(session.refresh_token)
        sessions = self.sessions.remove(token)
        step = WorldStep("without_session", (token,))
        return self._after(step, sessions=sessions, refreshable=refreshable)

    def _after(self, step: WorldStep, **parts: Any) -> World:
        # `dataclasses.replace` takes twice as long.
        part = parts.get
        return World(
            part("users", self.users),
            part("handles", self.handles),
            self.containers,
            part("sessions", self.sessions),
            part("refreshable", self.refreshable),
            (*self.recent[1 - REMEMBERED :], step),
            self.origin or self,
        )

    def changes(self, after: World, username: str) -> tuple[Change, ...]:
        """Return the changes of a user up to a later world, each as JSON pointer, before, after."""
        old = self.users[username]
        new = after.users[username]
        if old is new:
            return ()
        key = username.replace("~", "~0").replace("/", "~1")
        place = f"/users/{key}"
        changes: list[Change] = []
        for name, value in new.profile.items():
            before = old.profile[name]
            if before != value:
                changes.append((f"{place}/{name}", before, value))
        if new.all_read and not old.all_read:
            changes.append((f"{place}/notifications/*/read", False, True))
        return tuple(changes)
