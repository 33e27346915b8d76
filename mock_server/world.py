"""The world of the mock as one immutable value, and the rules by which it changes.

Whatever changes is a new value that shares with the old one all that stayed the same (`rpds.HashTrieMap`), so a change costs
the same in a small world and in a large one. Profiles, referrals and notifications keep the shape that `openapi.yaml` gives
them and are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpds import HashTrieMap

if TYPE_CHECKING:
    from datetime import datetime

Json = Mapping[str, object]


class HandleTakenError(Exception):
    """Another user holds the handle."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user. A lifetime of `None` never ends."""

    token: str
    username: str
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class User:
    """What belongs to one user.

    `profile` has every key of the contract's `Profile`, `referrals` are newest first, `inbox` holds for each container the
    notifications, newest first. `all_read` overrides what the notifications say of themselves: marking a hundred thousand as
    read is one bit.
    """

    profile: Json
    referrals: tuple[Json, ...] = ()
    inbox: Mapping[str, Sequence[Json]] = HashTrieMap()
    all_read: bool = False

    def notifications(self, container_id: str, start: int, count: int) -> tuple[list[Json], int]:
        """Answer `count` notifications of a container from position `start` on, and how many there are in all."""
        held = self.inbox.get(container_id, ())
        page = held[start : start + count]
        return [{**item, "read": True} for item in page] if self.all_read else list(page), len(held)


@dataclass(frozen=True, slots=True)
class World:
    """Everything the mock remembers: users by username, who holds which handle, members by container, sessions by token."""

    users: HashTrieMap[str, User]
    handles: HashTrieMap[str, str]
    containers: HashTrieMap[str, frozenset[str]]
    sessions: HashTrieMap[str, Session]

    def is_member(self, username: str, container_id: str) -> bool:
        """Tell whether the container exists and the user belongs to it."""
        return username in self.containers.get(container_id, frozenset())

    def update_profile(self, username: str, changes: Json) -> World:
        """Answer the world in which the user's profile has these values; raises `HandleTakenError`."""
        user = self.users[username]
        handle = changes.get("handle")
        handles = self.handles
        if isinstance(handle, str):
            if handles.get(handle, username) != username:
                raise HandleTakenError(handle)
            old = user.profile["handle"]
            handles = (handles.remove(old) if isinstance(old, str) else handles).insert(handle, username)
        changed = replace(user, profile={**user.profile, **changes})
        return replace(self, users=self.users.insert(username, changed), handles=handles)

    def mark_notifications_read(self, username: str) -> World:
        """Answer the world in which the user has read everything, in all containers."""
        return replace(self, users=self.users.insert(username, replace(self.users[username], all_read=True)))
