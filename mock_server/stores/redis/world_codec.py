"""Worlds on the wire: whole ones named by their content, changed ones by what was changed since."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson
from rpds import HashTrieMap

from mock_server.world.records import Session, User, World

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 64
"""How many whole worlds a process keeps at hand."""


class UnknownWorldError(LookupError):
    """A whole world is referred to that is not at hand; its digest is the argument."""


class WorldCache:
    """Whole worlds by the digest of their content; each is written and read once while it is in use. Any thread may."""

    def __init__(self) -> None:
        self._worlds: OrderedDict[str, World] = OrderedDict()
        self._digests: dict[int, str] = {}
        self._lock = Lock()

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
        return known or self.keep(world, hashlib.sha256(pack_world(world)).hexdigest()[:32])

    def keep(self, world: World, digest: str) -> str:
        """Have a whole world at hand; the one that was not asked for longest goes. Answers the digest."""
        with self._lock:
            if digest in self._worlds:
                self._digests.pop(id(self._worlds.pop(digest)), None)
            while len(self._worlds) >= KEPT:
                self._digests.pop(id(self._worlds.popitem(last=False)[1]), None)
            self._worlds[digest], self._digests[id(world)] = world, digest
            return digest


def pack_world(world: World) -> bytes:
    """Write a whole world; equal worlds give equal bytes in every process."""
    users = {
        name: [user.profile, user.referrals, _sorted(user.inbox), user.all_read]
        for name, user in sorted(world.users.items())
    }
    containers = {name: sorted(members) for name, members in sorted(world.containers.items())}
    return orjson.dumps([users, containers, _sorted(world.sessions), _sorted(world.refreshable)])


def unpack_world(raw: bytes) -> World:
    """Read a whole world."""
    users, containers, sessions, refreshable = orjson.loads(raw)
    known = {
        name: User(profile, tuple(referrals), HashTrieMap(inbox), read)
        for name, (profile, referrals, inbox, read) in users.items()
    }
    handles = {
        str(user.profile["handle"]): name
        for name, user in known.items()
        if user.profile["handle"] is not None
    }
    return World(
        HashTrieMap(known),
        HashTrieMap(handles),
        HashTrieMap({name: frozenset(members) for name, members in containers.items()}),
        HashTrieMap({token: unpack_session(each) for token, each in sessions.items()}),
        HashTrieMap(refreshable),
    )


def unpack_session(packed: dict[str, Any]) -> Session:
    """Read a session."""
    ends = {
        key: datetime.fromisoformat(packed[key])
        for key in ("expires_at", "refresh_expires_at")
        if packed[key]
    }
    return Session(**{**packed, **ends})


def difference(world: World) -> list[Any]:
    """Return what differs from the world's origin: profiles and marks of users, sessions, refresh tokens; null is gone."""
    origin = world.origin or world
    users = {
        name: _changed(origin.users[name], user)
        for name, user in _other(origin.users, world.users).items()
    }
    return [
        users,
        _other(origin.sessions, world.sessions),
        _other(origin.refreshable, world.refreshable),
    ]


def apply_difference(origin: World, packed: list[Any]) -> World:
    """Return the world that differs so from its origin."""
    changed, sessions, refreshable = packed
    if not (changed or sessions or refreshable):
        return origin
    users, handles = origin.users, origin.handles
    for name in changed:
        if (handle := users[name].profile["handle"]) is not None:
            handles = handles.remove(str(handle))
    for name, (fields, read) in changed.items():
        user = users[name]
        users = users.insert(
            name, User({**user.profile, **fields}, user.referrals, user.inbox, read)
        )
        if (handle := users[name].profile["handle"]) is not None:
            handles = handles.insert(str(handle), name)
    known = {
        token: None if each is None else unpack_session(each) for token, each in sessions.items()
    }
    parts = (
        users,
        handles,
        origin.containers,
        _merged(origin.sessions, known),
        _merged(origin.refreshable, refreshable),
    )
    return World(*parts, origin=origin)


def _sorted(held: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(held.items()))


def _changed(before: User, after: User) -> tuple[dict[str, object], bool]:
    return {
        key: value for key, value in after.profile.items() if before.profile[key] != value
    }, after.all_read


def _other(before: HashTrieMap[str, Any], after: HashTrieMap[str, Any]) -> dict[str, Any]:
    if before is after:
        return {}
    gone = {key: None for key in before if key not in after}
    return {**gone, **{key: value for key, value in after.items() if before.get(key) is not value}}


def _merged(held: HashTrieMap[str, Any], changes: Mapping[str, Any]) -> HashTrieMap[str, Any]:
    for key, value in changes.items():
        if value is not None:
            held = held.insert(key, value)
        elif key in held:
            held = held.remove(key)
    return held
