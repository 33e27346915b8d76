"""Worlds as other processes read them: whole ones named by their content, and differences."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson
from rpds import HashTrieMap

from mock_server.world.records import Session, User, World, handles_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_WORLDS = 64
"""How many whole worlds a process keeps at hand."""


class UnknownWorldError(LookupError):
    """A whole world is referred to that is not at hand; its digest is the argument."""


class WorldCache:
    """Whole worlds by the digest of their content, for any thread.

    Each is written and read once while it is in use.
    """

    def __init__(self) -> None:
        self._worlds: OrderedDict[str, World] = OrderedDict()
        self._digests: dict[int, str] = {}
        self._lock = Lock()

    def has(self, digest: str) -> bool:
        """Tell whether a whole world is at hand."""
        return digest in self._worlds

    def find(self, digest: str) -> World:
        """Return a whole world; raises `UnknownWorldError`."""
        with self._lock:
            world = self._worlds.get(digest)
            if world is None:
                raise UnknownWorldError(digest)
            self._worlds.move_to_end(digest)
            return world

    def digest(self, world: World) -> str:
        """Return the digest of a whole world, which is at hand from now on."""
        known = self._digests.get(id(world))
        if known is not None:
            return known
        # 128 bits tell worlds apart, and stand in many keys.
        digest = hashlib.sha256(pack_world(world)).hexdigest()[:32]
        return self.keep(world, digest)

    def keep(self, world: World, digest: str) -> str:
        """Have a whole world at hand, and return its digest; the longest unused one goes."""
        with self._lock:
            gone = self._worlds.pop(digest, None)
            if gone is None and len(self._worlds) >= MOST_WORLDS:
                _, gone = self._worlds.popitem(last=False)
            self._digests.pop(id(gone), None)
            self._worlds[digest] = world
            self._digests[id(world)] = digest
            return digest


def pack_world(world: World) -> bytes:
    """Write a whole world; equal worlds give equal bytes in every process."""
    users = {}
    for name, user in sorted(world.users.items()):
        inbox = _sorted(user.inbox)
        users[name] = user.profile, user.referrals, inbox, user.all_read
    containers = {}
    for name, members in sorted(world.containers.items()):
        containers[name] = sorted(members)
    sessions = _sorted(world.sessions)
    refreshable = _sorted(world.refreshable)
    return orjson.dumps([users, containers, sessions, refreshable])


def unpack_world(raw: bytes) -> World:
    """Read a whole world."""
    packed, containers, sessions, refreshable = orjson.loads(raw)
    users = {}
    for name, (profile, referrals, inbox, all_read) in packed.items():
        users[name] = User(profile, tuple(referrals), HashTrieMap(inbox), all_read)
    for name, members in containers.items():
        containers[name] = frozenset(members)
    for token, session in sessions.items():
        sessions[token] = unpack_session(session)
    return World(
        HashTrieMap(users),
        handles_of(users),
        HashTrieMap(containers),
        HashTrieMap(sessions),
        HashTrieMap(refreshable),
    )


def unpack_session(packed: dict[str, Any]) -> Session:
    """Read a session."""
    for name in ("expires_at", "refresh_expires_at"):
        if packed[name]:
            packed[name] = datetime.fromisoformat(packed[name])
    return Session(**packed)


def difference(world: World) -> list[Any]:
    """Return what differs from the world's origin; `None` stands for what is gone.

    It is profiles and marks of users, sessions, and refresh tokens.
    """
    origin = world.origin or world
    users = {}
    changed = changed_items(origin.users, world.users)
    for name, user in changed.items():
        old = origin.users[name].profile
        fields = {key: value for key, value in user.profile.items() if old[key] != value}
        users[name] = fields, user.all_read
    sessions = changed_items(origin.sessions, world.sessions)
    return [users, sessions, changed_items(origin.refreshable, world.refreshable)]


def apply_difference(origin: World, packed: list[Any]) -> World:
    """Return the world that differs so from its origin."""
    changed, sessions, refreshable = packed
    if not (changed or sessions or refreshable):
        return origin
    users = origin.users
    handles = origin.handles
    # All old ones go first: users may have exchanged their handles.
    for handle in handles_of({name: users[name] for name in changed}):
        handles = handles.remove(handle)
    for name, (fields, all_read) in changed.items():
        user = users[name]
        profile = {**user.profile, **fields}
        users = users.insert(name, User(profile, user.referrals, user.inbox, all_read))
    handles = handles.update(handles_of({name: users[name] for name in changed}))
    for token, session in sessions.items():
        sessions[token] = session and unpack_session(session)
    return World(
        users,
        handles,
        origin.containers,
        with_items(origin.sessions, sessions),
        with_items(origin.refreshable, refreshable),
        origin=origin,
    )


def _sorted(unsorted: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(unsorted.items()))


def changed_items(before: HashTrieMap[str, Any], after: HashTrieMap[str, Any]) -> dict[str, Any]:
    """Return what is other than before, and `None` for what is gone."""
    if before is after:
        return {}
    gone = {key: None for key in before if key not in after}
    other = {key: value for key, value in after.items() if before.get(key) is not value}
    return gone | other


def with_items(known: HashTrieMap[str, Any], changes: Mapping[str, Any]) -> HashTrieMap[str, Any]:
    """Return a map with these items, without those whose value is `None`."""
    for key, value in changes.items():
        known = known.discard(key) if value is None else known.insert(key, value)
    return known
