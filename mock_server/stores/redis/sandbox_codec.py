"""Sandboxes on the wire: what a change changed, in terms of what the one before held.

Everything is JSON. A world is told as the place of one that the sandbox before knew (its world, what reset goes back to, what
undo goes back to, snapshots by name), as such a place with the steps that lead on from it, or as the digest of a whole world
with what differs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from mock_server.world.clock import Clock
from mock_server.world.overrides import Plan, Rule
from mock_server.world.sandbox import NOTHING_KEPT, Sandbox

from .world_codec import WorldCache, apply_difference, difference, unpack_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.world.records import World

MICROSECOND = timedelta(microseconds=1)


def pack(before: Sandbox | None, after: Sandbox, cache: WorldCache) -> tuple[bytes, list[str]]:
    """Write what leads from one sandbox to the next, or a whole one; return the digests of the worlds it needs."""
    table = _Table(_known(before), cache)
    said: dict[str, Any] = {}
    if before is None or after.past is not before.past:
        said["past"] = _pack_past(before.past if before else (), after.past, table)
    for name in ("start", "world"):
        if before is None or getattr(after, name) is not getattr(before, name):
            said[name] = table.place(getattr(after, name))
    if before is None or after.snapshots is not before.snapshots:
        said["snapshots"] = _pack_snapshots(before, after, table)
    if before is None or after.clock != before.clock:
        said["clock"] = after.clock.ahead // MICROSECOND, after.clock.frozen
    if before is None or after.rules is not before.rules:
        said["rules"] = _pack_rules(before.rules if before else (), after.rules)
    for name in ("scenario", "serial"):
        if before is None or getattr(after, name) != getattr(before, name):
            said[name] = getattr(after, name)
    return orjson.dumps({"new": table.new, **said}, default=list), table.digests


def unpack(before: Sandbox | None, raw: bytes, cache: WorldCache) -> Sandbox:
    """Read what a change made of a sandbox; raises `UnknownWorldError` where a whole world has to be fetched first."""
    said = orjson.loads(raw)
    worlds = _known(before)
    for base, more in said["new"]:
        worlds.append(
            _redone(worlds[base], more)
            if isinstance(base, int)
            else apply_difference(cache.find(base), more)
        )
    parts: dict[str, Any] = {
        name: worlds[said[name]] for name in ("start", "world") if name in said
    }
    parts |= {name: said[name] for name in ("scenario", "serial") if name in said}
    if "past" in said:
        new, start, length = said["past"]
        parts["past"] = (
            *(worlds[place] for place in new),
            *(before.past[start:] if before else ()),
        )[:length]
    if "snapshots" in said:
        kept = before.snapshots if before else NOTHING_KEPT
        for name, place in said["snapshots"].items():
            kept = kept.remove(name) if place is None else kept.insert(name, worlds[place])
        parts["snapshots"] = kept
    if "clock" in said:
        ahead, frozen = said["clock"]
        parts["clock"] = Clock(ahead * MICROSECOND, frozen and datetime.fromisoformat(frozen))
    if "rules" in said:
        parts["rules"] = _unpack_rules(before.rules if before else (), said["rules"])
    held = {} if before is None else {name: getattr(before, name) for name in Sandbox.__slots__}
    return Sandbox(**{**held, **parts})


def digests_of(raw: bytes) -> list[str]:
    """Return which whole worlds a change needs."""
    return [base for base, _ in orjson.loads(raw)["new"] if isinstance(base, str)]


class _Table:
    """The worlds that the reader will know, by their place; `new` are those that it has to be told of."""

    def __init__(self, known: list[World], cache: WorldCache) -> None:
        self._places = {id(world): place for place, world in enumerate(known)}
        self._known, self._cache, self.new, self.digests = (
            known,
            cache,
            list[Any](),
            list[str](),
        )
        self._last = {id(world.recent[-1]): place for place, world in enumerate(known)}

    def place(self, world: World) -> int:
        """Return the place of a world, which is told of if need be."""
        if id(world) not in self._places:
            self.new.append(self._told(world))
            self._last[id(world.recent[-1])] = self._places[id(world)] = len(self._known)
            self._known.append(world)
        return self._places[id(world)]

    def _told(self, world: World) -> tuple[int | str, Any]:
        for back, step in enumerate(reversed(world.recent)):
            if id(step) in self._last:
                return self._last[id(step)], world.recent[len(world.recent) - back :]
        digest = self._cache.digest(world.origin or world)
        self.digests.append(digest)
        return digest, difference(world)


def _known(box: Sandbox | None) -> list[World]:
    if box is None:
        return []
    return [
        box.world,
        box.start,
        *box.past,
        *(box.snapshots[name] for name in sorted(box.snapshots)),
    ]


def _redone(world: World, steps: list[tuple[str, list[Any]]]) -> World:
    for method, arguments in steps:
        match method:
            case "update_profile":
                world = world.update_profile(*arguments)
            case "mark_notifications_read":
                world = world.mark_notifications_read(*arguments)
            case "with_session":
                world = world.with_session(unpack_session(*arguments))
            case "without_session":
                world = world.without_session(*arguments)
            case _:
                raise ValueError(f"no step {method!r} is known")
    return world


def _pack_past(
    before: Sequence[World], after: Sequence[World], table: _Table
) -> tuple[list[int], int, int]:
    """Return the places of the new worlds, from which place on the old ones follow, and how many there are in all."""
    places = {id(before[place]): place for place in range(len(before) - 1, -1, -1)}
    new = next((count for count, world in enumerate(after) if id(world) in places), len(after))
    start = places[id(after[new])] if new < len(after) else len(before)
    kept = before[start : start + len(after) - new]
    if list(map(id, kept)) != list(map(id, after[new:])):
        new, start = len(after), len(before)  # not in the old order
    told = [
        table.place(world) for world in reversed(after[:new])
    ]  # the oldest first: each follows from the one before
    return told[::-1], start, len(after)


def _pack_snapshots(before: Sandbox | None, after: Sandbox, table: _Table) -> dict[str, int | None]:
    old = before.snapshots if before else NOTHING_KEPT
    gone: dict[str, int | None] = {name: None for name in old if name not in after.snapshots}
    return {
        **gone,
        **{
            name: table.place(world)
            for name, world in after.snapshots.items()
            if old.get(name) is not world
        },
    }


def _pack_rules(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[int, list[Any], int]:
    """Return how many rules stay at the start, the new ones, and how many stay at the end."""
    shorter = min(len(before), len(after))
    head = next((n for n in range(shorter) if before[n] is not after[n]), shorter)
    tail = next(
        (n for n in range(shorter - head) if before[-1 - n] is not after[-1 - n]), shorter - head
    )
    return (
        head,
        [
            {name: getattr(rule, name) for name in Rule.__slots__}
            for rule in after[head : len(after) - tail]
        ],
        tail,
    )


def _unpack_rules(before: tuple[Rule, ...], packed: tuple[int, list[Any], int]) -> tuple[Rule, ...]:
    head, new, tail = packed
    made = (
        Rule(**{**each, "plan": _unpack_plan(each["plan"]), "delay": tuple(each["delay"])})
        for each in new
    )
    return (*before[:head], *made, *before[len(before) - tail :])


def _unpack_plan(packed: list[Any]) -> Plan:
    plan = Plan(*packed)
    return plan._replace(headers=tuple((name, value) for name, value in plan.headers))
