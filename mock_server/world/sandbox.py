"""A sandbox as one immutable value: a world, its clock, the rules set for it, and what it can go back to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpds import HashTrieMap

from .clock import Clock

if TYPE_CHECKING:
    from .overrides import Rule
    from .records import World

REAL = Clock()
NOTHING_KEPT: HashTrieMap[str, World] = HashTrieMap()
MOST_UNDO = 50
"""How many changes can be undone."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Whatever a request can see or change; `start` is what reset goes back to, `serial` counts what was made here."""

    world: World
    start: World
    scenario: str = "default"
    clock: Clock = REAL
    rules: tuple[Rule, ...] = ()
    snapshots: HashTrieMap[str, World] = NOTHING_KEPT
    past: tuple[World, ...] = ()
    serial: int = 0

    @classmethod
    def of(cls, world: World, scenario: str = "default") -> Sandbox:
        """Return a fresh sandbox."""
        return cls(world, world, scenario)

    def with_world(self, world: World) -> Sandbox:
        """Return the sandbox after a change of its world, which can be undone."""
        return replace(self, world=world, past=(self.world, *self.past[: MOST_UNDO - 1]))

    def reset(self) -> Sandbox:
        """Return the sandbox as it started: world, clock and rules; snapshots stay, and the reset can be undone."""
        return replace(self.with_world(self.start), clock=REAL, rules=(), serial=0)

    def undo(self, changes: int) -> Sandbox:
        """Return the sandbox before its last `changes` changes; raises `IndexError` where it does not know that many."""
        return replace(self, world=self.past[changes - 1], past=self.past[changes:])

    def name(self, seed: int, kind: str) -> tuple[str, Sandbox]:
        """Return a new name, the same in every run with the same seed, and the sandbox that will not give it again."""
        digest = hashlib.sha256(f"{seed}:{kind}:{self.serial}".encode()).hexdigest()[:16]
        return f"{kind}-{digest}", replace(self, serial=self.serial + 1)
