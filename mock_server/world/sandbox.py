"""Sandbox as one immutable value: a world, its clock, its override rules, and earlier worlds."""

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
    """All that a request can see or change."""

    world: World
    start: World
    """To which a reset goes back."""
    scenario: str = "default"
    clock: Clock = REAL
    rules: tuple[Rule, ...] = ()
    snapshots: HashTrieMap[str, World] = NOTHING_KEPT
    past: tuple[World, ...] = ()
    """Earlier worlds, the latest first."""
    serial: int = 0
    """How many names were given."""

    @classmethod
    def of(cls, world: World, scenario: str = "default") -> Sandbox:
        """Return a fresh sandbox."""
        return cls(world, world, scenario)

    def with_world(self, world: World) -> Sandbox:
        """Return the sandbox after a change of its world, which can be undone."""
        return replace(self, world=world, past=(self.world, *self.past[: MOST_UNDO - 1]))

    def reset(self) -> Sandbox:
        """Return the sandbox with the world, clock and rules of its start.

        Snapshots stay, and the reset can be undone.
        """
        return replace(
            self.with_world(self.start),
            clock=REAL,
            rules=(),
            serial=0,
        )

    def undo(self, changes: int) -> Sandbox:
        """Return the sandbox before its last `changes` changes.

        Raises `IndexError` where it does not remember so many.
        """
        return replace(self, world=self.past[changes - 1], past=self.past[changes:])

    def name(self, seed: int, kind: str) -> tuple[str, Sandbox]:
        """Return a new name, and the sandbox that will not give it again.

        Every run with the same seed gives the same names.
        """
        text = f"{seed}:{kind}:{self.serial}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        after = replace(self, serial=self.serial + 1)
        return f"{kind}-{digest[:16]}", after
