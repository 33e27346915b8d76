"""Sandboxes as other processes read them: what a change changed, by what the one before held.

Everything is JSON. A world is written as a number where the sandbox before has it: 0 is its world,
1 what a reset goes back to, then what undo goes back to, then the snapshots by name. New worlds
get the numbers behind these. They are written as such a number with the steps that lead on from
it, or as the digest of a whole world with what differs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import orjson
from rpds import HashTrieMap

from mock_server.world.clock import Clock
from mock_server.world.overrides import Plan, Rule
from mock_server.world.records import World
from mock_server.world.sandbox import Sandbox

from .world_codec import (
    WorldCache,
    apply_difference,
    changed_items,
    difference,
    unpack_session,
    with_items,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MICROSECOND = timedelta(microseconds=1)
NO_ITEMS: HashTrieMap[str, Any] = HashTrieMap()
EMPTY = Sandbox.of(World(NO_ITEMS, NO_ITEMS, NO_ITEMS, NO_ITEMS, NO_ITEMS))
"""What a whole sandbox is written as a change of."""


def pack(
    before: Sandbox | None,
    after: Sandbox,
    cache: WorldCache,
) -> tuple[bytes, list[str]]:
    """Write what leads from one sandbox to the next, or a whole one.

    Return also the digests of the whole worlds that a reader needs.
    """
    worlds = _NumberedWorlds(_known_worlds(before), cache)
    if before is None:
        before = EMPTY
    packed: dict[str, Any] = {}
    # Values are compared by identity: comparing large worlds takes long, and they never change.
    # The oldest worlds come first, since each follows from the one before.
    if after.past is not before.past:
        packed["past"] = _pack_past(before.past, after.past, worlds)
    if after.start is not before.start:
        packed["start"] = worlds.number(after.start)
    if after.world is not before.world:
        packed["world"] = worlds.number(after.world)
    if after.snapshots is not before.snapshots:
        packed["snapshots"] = _pack_snapshots(before, after, worlds)
    if after.clock != before.clock:
        packed["clock"] = after.clock.ahead // MICROSECOND, after.clock.frozen
    if after.rules is not before.rules:
        packed["rules"] = _pack_rules(before.rules, after.rules)
    if after.scenario != before.scenario:
        packed["scenario"] = after.scenario
    if after.serial != before.serial:
        packed["serial"] = after.serial
    packed["new"] = worlds.new
    return orjson.dumps(packed, default=list), worlds.digests


def unpack(
    before: Sandbox | None,
    raw: bytes,
    cache: WorldCache,
) -> Sandbox:
    """Read what a change made of a sandbox.

    Raises `UnknownWorldError` where a whole world has to be fetched first.
    """
    # What is not replaced below, such as the scenario's name, is written as it is.
    parts = orjson.loads(raw)
    worlds = _unpack_worlds(before, parts.pop("new"), cache)
    if before is None:
        before = EMPTY
    for name in ("start", "world"):
        if name in parts:
            parts[name] = worlds[parts[name]]
    if "past" in parts:
        new, start, length = parts["past"]
        past = [worlds[number] for number in new]
        parts["past"] = (*past, *before.past[start:])[:length]
    if "snapshots" in parts:
        parts["snapshots"] = _unpack_snapshots(before, parts["snapshots"], worlds)
    if "clock" in parts:
        ahead, frozen = parts["clock"]
        parts["clock"] = Clock(ahead * MICROSECOND, frozen and datetime.fromisoformat(frozen))
    if "rules" in parts:
        parts["rules"] = _unpack_rules(before.rules, *parts["rules"])
    return replace(before, **parts)


def _unpack_worlds(before: Sandbox | None, new: list[Any], cache: WorldCache) -> list[World]:
    """Return all worlds by their numbers: those of a sandbox, and the new ones."""
    worlds = _known_worlds(before)
    for base, more in new:
        if isinstance(base, str):
            whole = cache.find(base)
            worlds.append(apply_difference(whole, more))
        else:
            worlds.append(_redo(worlds[base], more))
    return worlds


def digests_of(raw: bytes) -> list[str]:
    """Return which whole worlds a change needs."""
    return [base for base, _ in orjson.loads(raw)["new"] if isinstance(base, str)]


class _NumberedWorlds:
    """The worlds that a reader has, by their numbers; `new` are those that it has to be sent."""

    def __init__(self, known: list[World], cache: WorldCache) -> None:
        self._cache = cache
        self._worlds = known
        self._numbers: dict[int, int] = {}
        self._last_steps: dict[int, int] = {}
        for number, world in enumerate(known):
            self._note(number, world)
        self.new: list[tuple[int | str, Any]] = []
        self.digests: list[str] = []

    def number(self, world: World) -> int:
        """Return the number of a world, which is sent if need be."""
        number = self._numbers.get(id(world))
        if number is None:
            self.new.append(self._packed(world))
            number = len(self._worlds)
            self._worlds.append(world)
            self._note(number, world)
        return number

    def _note(self, number: int, world: World) -> None:
        last_step = world.recent[-1]
        self._numbers[id(world)] = number
        self._last_steps[id(last_step)] = number

    def _packed(self, world: World) -> tuple[int | str, Any]:
        steps = world.recent
        # The fewest steps lead on from the world that is known with the latest of them.
        for place in reversed(range(len(steps))):
            base = self._last_steps.get(id(steps[place]))
            if base is not None:
                return base, steps[place + 1 :]
        # It led on from none that the reader has, for instance after an undo of many changes.
        digest = self._cache.digest(world.origin or world)
        self.digests.append(digest)
        return digest, difference(world)


def _known_worlds(sandbox: Sandbox | None) -> list[World]:
    if sandbox is None:
        return []
    snapshots = [world for _, world in sorted(sandbox.snapshots.items())]
    return [sandbox.world, sandbox.start, *sandbox.past, *snapshots]


def _redo(world: World, steps: list[tuple[str, list[Any]]]) -> World:
    for method, arguments in steps:
        match method:
            case "with_session":
                world = world.with_session(unpack_session(*arguments))
            case "update_profile" | "mark_notifications_read" | "without_session":
                world = getattr(world, method)(*arguments)
            case _:
                raise ValueError(f"no step {method!r} is known")
    return world


def _pack_past(
    before: Sequence[World], after: Sequence[World], worlds: _NumberedWorlds
) -> tuple[list[int], int, int]:
    """Return the new worlds, from which one on the old ones follow, and how many there are."""
    places: dict[int, int] = {}
    for place, world in enumerate(before):
        places.setdefault(id(world), place)
    new = list(takewhile(lambda world: id(world) not in places, after))
    kept = after[len(new) :]
    start = places[id(kept[0])] if kept else len(before)
    end = start + len(kept)
    if before[start:end] != kept:
        # They are not in the old order.
        new = list(after)
        start = len(before)
    # The oldest comes first: each follows from the one before.
    numbers = [worlds.number(world) for world in reversed(new)]
    numbers.reverse()
    return numbers, start, len(after)


def _pack_snapshots(
    before: Sandbox, after: Sandbox, worlds: _NumberedWorlds
) -> dict[str, int | None]:
    """Return the numbers of new snapshots by name, and `None` for those that are gone."""
    packed = {}
    for name, world in changed_items(before.snapshots, after.snapshots).items():
        packed[name] = None if world is None else worlds.number(world)
    return packed


def _unpack_snapshots(
    before: Sandbox, packed: dict[str, int | None], worlds: list[World]
) -> HashTrieMap[str, World]:
    changed = {}
    for name, number in packed.items():
        changed[name] = None if number is None else worlds[number]
    return with_items(before.snapshots, changed)


def _pack_rules(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[int, Sequence[Rule], int]:
    """Return how many rules stay at the start, the new ones, and how many stay at the end."""
    head = _count_same(before, after)
    old_rest = before[head:]
    new_rest = after[head:]
    tail = _count_same(old_rest[::-1], new_rest[::-1])
    new = new_rest[: len(new_rest) - tail]
    return head, new, tail


def _count_same(before: Sequence[Rule], after: Sequence[Rule]) -> int:
    """Return how many rules are the same from the start on."""
    count = 0
    for old, new in zip(before, after, strict=False):
        if old is not new:
            break
        count += 1
    return count


def _unpack_rules(
    before: Sequence[Rule],
    head: int,
    new: list[Any],
    tail: int,
) -> tuple[Rule, ...]:
    unpacked = map(_unpack_rule, new)
    return (*before[:head], *unpacked, *before[len(before) - tail :])


def _unpack_rule(packed: dict[str, Any]) -> Rule:
    plan = Plan(*packed["plan"])
    headers = [(name, value) for name, value in plan.headers]
    packed["plan"] = plan._replace(headers=tuple(headers))
    packed["delay"] = tuple(packed["delay"])
    return Rule(**packed)
